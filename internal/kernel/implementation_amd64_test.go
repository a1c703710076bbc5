//go:build amd64 && !noasm

package kernel

import (
	"slices"
	"testing"

	"golang.org/x/sys/cpu"
)

// TestEveryInstructionSet fails where the processor supports an instruction set whose
// primitives no test has run, even if the operating system forbids its use.
func TestEveryInstructionSet(t *testing.T) {
	if underRaceDetector {
		t.Skip("runs the fastest implementation alone")
	}
	x := cpu.X86
	for _, set := range []struct {
		name     string
		has      bool
		float32  *primitives
		bfloat16 *bfloat16Primitives
	}{
		{"AVX2", x.HasAVX2 && x.HasFMA, &avx2, nil},
		{"AVX-512", x.HasAVX512F, &avx512, nil},
		{"AVX512_BF16", x.HasAVX512BF16, nil, &avx512BF16},
		{"AMX", x.HasAMXBF16, nil, &amx},
	} {
		ran := slices.ContainsFunc(tested(), func(impl *implementation) bool {
			return set.float32 == impl.primitives || set.bfloat16 != nil && set.bfloat16 == impl.bfloat16
		})
		if set.has && !ran {
			t.Errorf("the processor has %s, and the tests ran only %v", set.name, Implementations())
		}
	}
}

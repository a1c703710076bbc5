package kernel

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkConvolve reports the GFLOP/s of the primitive for bfloat16 convolutions on
// data in the first-level cache, an upper bound for whole convolutions.
func BenchmarkConvolve(b *testing.B) {
	const blocks, groups = 1, 4
	for _, impl := range having(BFloat16) {
		b.Run(impl.name, func(b *testing.B) {
			call := newConvolve(rand.New(rand.NewPCG(1, 2)), impl.bfloat16.rows, blocks, groups)
			for b.Loop() {
				impl.bfloat16.convolve(call)
			}
			flops := 2 * kernelArea * float64(groups*impl.bfloat16.rows*blocks*bf16Lanes*bf16Lanes) * float64(b.N)
			b.ReportMetric(flops/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

package paint

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// skipWithoutBFloat16 skips a test where the kernel does not support bfloat16.
func skipWithoutBFloat16(t *testing.T) {
	t.Helper()
	pool, err := kernel.NewPool(1)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if err := pool.Check(kernel.BFloat16); err != nil {
		t.Skip(err)
	}
}

// TestBFloat16 checks that bfloat16 gives the same bytes with any number of threads,
// and a picture about as good as that of float32.
func TestBFloat16(t *testing.T) {
	skipWithoutBFloat16(t)
	content, style := photo(64, 48), strokes(50, 70, 5)
	for _, name := range recipeNames() {
		t.Run(name, func(t *testing.T) {
			recipe := small(t, name)
			paint := func(precision Precision, threads int) *Painting {
				return mustPaint(t, content, one(style), Options{Recipe: recipe, Threads: threads, Precision: precision})
			}
			exact, rounded := paint(kernel.Float32, 2), paint(kernel.BFloat16, 2)
			if slices.Equal(exact.RGB, rounded.RGB) {
				t.Error("the precision makes no difference at all")
			}
			if !slices.Equal(paint(kernel.BFloat16, 3).RGB, rounded.RGB) {
				t.Error("3 threads paint another picture than 2")
			}
			score := func(p *Painting) float64 {
				report, err := Score(t.Context(), content, one(style), p, Options{Recipe: recipe})
				if err != nil {
					t.Fatal(err)
				}
				return report.Costs.Total
			}
			// A few iterations from the same start: the additional cost in float32 must
			// be a small part of the decrease.
			if want, got := score(exact), score(rounded); !(got <= 1.02*want) {
				t.Errorf("it costs %g, and %g in float32", got, want)
			}
		})
	}
}

// TestPrecisionIsResumed checks that a checkpoint continues in its own precision only.
func TestPrecisionIsResumed(t *testing.T) {
	skipWithoutBFloat16(t)
	var written bytes.Buffer
	opts := Options{Recipe: tiny(t), Precision: kernel.BFloat16, Progress: func(p Progress) {
		if p.Step == 1 {
			if err := p.WriteCheckpoint(&written); err != nil {
				t.Fatal(err)
			}
		}
	}}
	content, style := photo(24, 24), strokes(24, 24, 4)
	want := mustPaint(t, content, one(style), opts)
	resume := func(precision Precision) (*Painting, error) {
		checkpoint, err := ReadCheckpoint(bytes.NewReader(written.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		return Paint(t.Context(), content, one(style), Options{Recipe: tiny(t), Precision: precision, Resume: checkpoint})
	}
	if _, err := resume(kernel.Float32); !errors.Is(err, ErrCheckpoint) {
		t.Errorf("resumed in float32: %v, want ErrCheckpoint", err)
	}
	if got, err := resume(kernel.BFloat16); err != nil || !slices.Equal(got.RGB, want.RGB) {
		t.Errorf("resumed in bfloat16: another painting, or error %v", err)
	}
}

func TestPrecisionThatAKernelLacks(t *testing.T) {
	content, style := photo(24, 24), strokes(24, 24, 4)
	for _, implementation := range kernel.Implementations() {
		t.Run(implementation, func(t *testing.T) {
			t.Setenv(kernel.Variable, implementation)
			_, err := Paint(t.Context(), content, one(style), Options{Recipe: tiny(t), Precision: kernel.BFloat16})
			if err != nil {
				checkOption(t, err, "Precision")
			}
		})
	}
}

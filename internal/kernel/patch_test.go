package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestPatchDifference compares patchDifference with its definition in float64, and the
// implementations with the portable one to the bit.
func TestPatchDifference(t *testing.T) {
	eachAssembly(t, func(t *testing.T, impl *primitives) {
		for _, row := range []int{PatchSize + 1, 16, 37} {
			testPatchDifference(t, impl, rand.New(rand.NewPCG(8, uint64(row))), row)
		}
	})
}

func testPatchDifference(t testing.TB, impl *primitives, r *rand.Rand, row int) {
	t.Helper()
	// The slices end with the last element that the primitive may read.
	const last = PatchSize - 1
	plane := func() []float32 { return randoms(r, last*row+PatchSize) }
	a := patchDifference{from: plane(), gradX: plane(), gradY: plane(), to: randoms(r, PatchSize*row+PatchSize+1), row: row}
	copy(a.weights[:], randoms(r, len(a.weights)))
	want := patchDifferenceGeneric(a)
	if got := impl.patchDifference(a); got != want {
		t.Fatalf("rows of %d: got %g, want %g", row, got, want)
	}
	for x := range PatchSize {
		var sums [4]float64
		for y := range PatchSize {
			i := y*row + x
			d := -float64(a.from[i])
			for k, w := range a.weights {
				d += float64(w) * float64(a.to[i+k/2*row+k%2])
			}
			for k, v := range []float64{1, d, float64(a.gradX[i]), float64(a.gradY[i])} {
				sums[k] += v * d
			}
		}
		for k, sum := range sums {
			// Values are at most 1, so that |d| is at most 5.
			if got := want[k*PatchSize+x]; math.Abs(float64(got)-sum) > 16*unit*PatchSize*25 {
				t.Fatalf("sum %d of column %d is %g, want %g", k, x, got, sum)
			}
		}
	}
}

func TestPatchSums(t *testing.T) {
	p := newPool(1, portable)
	defer p.Close()
	const row = PatchSize + 1
	plane := func(v float32) []float32 {
		s := make([]float32, (PatchSize+1)*row)
		for i := range s {
			s[i] = v
		}
		return s
	}
	got := p.PatchDifference(plane(1), plane(2), plane(-1), plane(4), row, [4]float32{0.25, 0.25, 0.25, 0.25})
	const pixels = PatchSize * PatchSize
	if want := (PatchSums{Sum: 3 * pixels, Squares: 9 * pixels, GradX: 6 * pixels, GradY: -3 * pixels}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
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

// flowPlanes returns equations of random planes of h rows of w pixels, between guard words,
// with weights that are positive.
func flowPlanes(r *rand.Rand, w, h int) (*FlowEquations, []guarded) {
	var (
		e      = &FlowEquations{Width: w, Stride: w + 3, Origin: w + 3 + 1}
		planes []guarded
	)
	for _, plane := range []*[]float32{&e.U, &e.V, &e.U0, &e.V0, &e.XX, &e.XY, &e.XT, &e.YX, &e.YY, &e.YT,
		&e.RightWeight, &e.DownWeight, &e.B1, &e.B2, &e.Inverse11, &e.Inverse12, &e.Inverse22} {
		g := guard(randoms(r, e.Stride*(h+2)))
		*plane = g.values
		planes = append(planes, g)
	}
	for i := range e.RightWeight {
		e.RightWeight[i], e.DownWeight[i] = 0.1+e.RightWeight[i]*e.RightWeight[i], 0.1+e.DownWeight[i]*e.DownWeight[i]
	}
	return e, planes
}

// TestFlowEquations compares linearise and relax of the implementations with the portable
// ones, to the bit.
func TestFlowEquations(t *testing.T) {
	eachAssembly(t, func(t *testing.T, impl *primitives) {
		for _, w := range []int{1, 2, 15, 16, 17, 48, 67} {
			testFlowEquations(t, impl, uint64(w), w)
		}
	})
}

func testFlowEquations(t testing.TB, impl *primitives, seed uint64, w int) {
	t.Helper()
	const h = 3
	run := func(impl *primitives) []guarded {
		p := newPool(1, &implementation{"tested", impl, nil})
		defer p.Close()
		e, planes := flowPlanes(rand.New(rand.NewPCG(9, seed)), w, h)
		for y := range h {
			p.Linearise(e, y, 3, 0.1, 0.01)
		}
		for first := range 2 {
			for y := range h {
				p.Relax(e, y, (first+y)%2, 1.5)
			}
		}
		return planes
	}
	want := run(&generic)
	for i, got := range run(impl) {
		got.check(t)
		if at := different(got.values, want[i].values); at >= 0 {
			t.Fatalf("%d pixels: element %d of plane %d is %g, want %g", w, at, i, got.values[at], want[i].values[at])
		}
	}
}

// TestRelaxSolves holds both operations against the definition of their equations: after
// Linearise and many rounds of Relax, each pixel solves a linear system that the test
// computes in float64.
func TestRelaxSolves(t *testing.T) {
	const (
		w, h                     = 19, 5
		weight, epsilon, inertia = 3.0, 0.1, 0.01
	)
	p := newPool(1, portable)
	defer p.Close()
	e, _ := flowPlanes(rand.New(rand.NewPCG(10, 1)), w, h)
	present, presentV := slices.Clone(e.U), slices.Clone(e.V)
	for y := range h {
		p.Linearise(e, y, weight, epsilon, inertia)
	}
	for round := range 400 {
		for y := range h {
			p.Relax(e, y, (round+y)%2, 1.3)
		}
	}
	at := func(plane []float32, i int) float64 { return float64(plane[i]) }
	for y := range h {
		for x := range w {
			i := e.Origin + y*e.Stride + x
			// residuals returns r1 and r2 for the flow of a field.
			residuals := func(u, v []float32) (float64, float64) {
				du, dv := at(u, i)-at(e.U0, i), at(v, i)-at(e.V0, i)
				return at(e.XT, i) + at(e.XX, i)*du + at(e.XY, i)*dv, at(e.YT, i) + at(e.YX, i)*du + at(e.YY, i)*dv
			}
			// The gradient of the cost with the robust weight of the present flow.
			before1, before2 := residuals(present, presentV)
			r1, r2 := residuals(e.U, e.V)
			data := weight / 2 / math.Sqrt(before1*before1+before2*before2+epsilon*epsilon)
			gradU := data*(at(e.XX, i)*r1+at(e.YX, i)*r2) + inertia*(at(e.U, i)-at(e.U0, i))
			gradV := data*(at(e.XY, i)*r1+at(e.YY, i)*r2) + inertia*(at(e.V, i)-at(e.V0, i))
			for _, n := range []struct {
				at     int
				weight float64
			}{{i - 1, at(e.RightWeight, i-1)}, {i + 1, at(e.RightWeight, i)},
				{i - e.Stride, at(e.DownWeight, i-e.Stride)}, {i + e.Stride, at(e.DownWeight, i)}} {
				gradU += n.weight * (at(e.U, i) - at(e.U, n.at))
				gradV += n.weight * (at(e.V, i) - at(e.V, n.at))
			}
			if math.Abs(gradU) > 1e-4 || math.Abs(gradV) > 1e-4 {
				t.Errorf("pixel (%d, %d): gradient (%g, %g), want 0", x, y, gradU, gradV)
			}
		}
	}
}

package flow

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSolveInBands: the solver computes the same bits as half sweeps over the whole frame.
func TestSolveInBands(t *testing.T) {
	pool := newPool(t, 3)
	for _, h := range []int{1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 100} {
		t.Run(fmt.Sprint(h), func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, uint64(h)))
			l := newLevel(21, h)
			var banded, whole refiner
			banded.begin(l)
			e := &banded.equations
			for _, plane := range [][]float32{l.u, l.v, e.RightWeight, e.DownWeight, e.B1, e.B2, e.Inverse11, e.Inverse12, e.Inverse22} {
				for i := range plane {
					plane[i] = r.Float32() / 4
				}
			}
			whole.equations = *e
			whole.equations.U, whole.equations.V = slices.Clone(e.U), slices.Clone(e.V)
			banded.solve(pool, h)
			for half := range halfSweeps {
				for y := range h {
					pool.Relax(&whole.equations, y, (y+half)%2, relaxation)
				}
			}
			if !slices.Equal(e.U, whole.equations.U) || !slices.Equal(e.V, whole.equations.V) {
				t.Error("another flow than half sweeps over the whole frame give")
			}
		})
	}
}

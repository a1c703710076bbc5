package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestDifference(t *testing.T) {
	for _, s := range []struct{ c, h, w int }{{1, 1, 1}, {32, 4, 4}, {16, 9, 9}, {40, 5, 7}, {64, 70, 45}} {
		t.Run(fmt.Sprintf("%dx%dx%d", s.c, s.h, s.w), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			a, b, g := randoms(r, s.c*s.h*s.w), randoms(r, s.c*s.h*s.w), randoms(r, s.c*s.h*s.w)
			for i := range a {
				if i%3 == 0 {
					b[i] = a[i]
				}
			}
			var squares, absolutes float64
			want, smooth := make([]float64, len(g)), make([]float64, len(g))
			for i := range a {
				d := float64(a[i]) - float64(b[i])
				squares += d * d
				absolutes += math.Abs(d)
				smooth[i] = float64(g[i]) + 3*d
				want[i] = smooth[i]
				if d != 0 {
					want[i] += math.Copysign(0.5, -d)
				}
			}
			eachImplementation(t, func(t *testing.T, p *Pool) {
				x, y := FromCHW(s.c, s.h, s.w, a), FromCHW(s.c, s.h, s.w, b)
				gotS, gotA := p.Difference(x, y, 0, 0)
				if math.Abs(gotS-squares) > 1e-6*squares || math.Abs(gotA-absolutes) > 1e-6*absolutes {
					t.Errorf("got %v and %v, want %v and %v", gotS, gotA, squares, absolutes)
				}
				to := FromCHW(s.c, s.h, s.w, g)
				p.AddDifference(to, x, y, 0, 0, 3, -0.5)
				near(t, to.CHW(), want, 1e-6)
				to = FromCHW(s.c, s.h, s.w, g)
				p.AddDifference(to, x, y, 0, 0, 3, 0)
				near(t, to.CHW(), smooth, 1e-6)
			})
		})
	}
}

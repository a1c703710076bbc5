package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestDifference(t *testing.T) {
	const y, x = 2, 3 // the place of the part in what it is compared with
	for _, s := range []struct{ c, h, w int }{{1, 1, 1}, {32, 4, 4}, {16, 3, 5}, {40, 5, 7}, {33, 9, 37}, {64, 70, 45}} {
		t.Run(fmt.Sprintf("%dx%dx%d", s.c, s.h, s.w), func(t *testing.T) {
			var (
				r      = rand.New(rand.NewPCG(1, 2))
				h, w   = s.h + y + 1, s.w + x + 2
				a, g   = randoms(r, s.c*s.h*s.w), randoms(r, s.c*s.h*s.w)
				whole  = randoms(r, s.c*h*w)
				values = make([]float32, h*w)
			)
			for i := range values {
				values[i] = float32(i % 4)
			}
			for _, by := range []*Weights{nil, {H: h, W: w, Values: values}} {
				var sum float64
				want := make([]float64, len(g))
				for i := range a {
					c, row, col := i/(s.h*s.w), i/s.w%s.h, i%s.w
					at, weight := (y+row)*w+x+col, 1.
					if by != nil {
						weight = float64(values[at])
					}
					d := float64(a[i]) - float64(whole[c*h*w+at])
					sum += weight * d * d
					want[i] = float64(g[i]) + weight*3*d
				}
				f, target := FromCHW(s.c, s.h, s.w, a), FromCHW(s.c, h, w, whole)
				eachImplementation(t, func(t *testing.T, p *Pool) {
					if got := p.SquaredDifference(f, target, by, y, x); math.Abs(got-sum) > 1e-6*sum {
						t.Errorf("got %v, want %v", got, sum)
					}
					to := FromCHW(s.c, s.h, s.w, g)
					p.AddDifference(to, f, target, by, y, x, 3)
					near(t, to.CHW(), want, 1e-6)
				})
			}
		})
	}
}

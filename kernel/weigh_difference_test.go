package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestWeighedDifference(t *testing.T) {
	const y, x = 2, 3 // the place of the part in what it is compared with
	for _, s := range []struct{ c, h, w int }{{1, 1, 1}, {32, 4, 4}, {16, 3, 5}, {40, 5, 7}, {33, 9, 37}} {
		t.Run(fmt.Sprintf("%dx%dx%d", s.c, s.h, s.w), func(t *testing.T) {
			var (
				r      = rand.New(rand.NewPCG(1, 2))
				h, w   = s.h + y + 1, s.w + x + 2
				a, g   = randoms(r, s.c*s.h*s.w), randoms(r, s.c*s.h*s.w)
				whole  = randoms(r, s.c*h*w)
				by     = Weights{H: h, W: w, Values: make([]float32, h*w)}
				want   = make([]float64, len(g))
				sq, ab float64
			)
			for i := range by.Values {
				by.Values[i] = float32(i % 4)
			}
			for i := range a {
				c, row, col := i/(s.h*s.w), i/s.w%s.h, i%s.w
				at := (y+row)*w + x + col
				if i%3 == 0 {
					a[i] = whole[c*h*w+at]
				}
				d, weight := float64(a[i]-whole[c*h*w+at]), float64(by.Values[at])
				sq += weight * d * d
				ab += weight * math.Abs(d)
				want[i] = float64(g[i])
				if d != 0 {
					want[i] += weight * (3*d + math.Copysign(0.5, -d))
				}
			}
			f, target := FromCHW(s.c, s.h, s.w, a), FromCHW(s.c, h, w, whole)
			eachImplementation(t, func(t *testing.T, p *Pool) {
				gotS, gotA := p.WeighedDifference(f, target, by, y, x)
				if math.Abs(gotS-sq) > 1e-6*sq || math.Abs(gotA-ab) > 1e-6*ab {
					t.Errorf("got %v and %v, want %v and %v", gotS, gotA, sq, ab)
				}
				to := FromCHW(s.c, s.h, s.w, g)
				p.AddWeighedDifference(to, f, target, by, y, x, 3, -0.5)
				near(t, to.CHW(), want, 1e-6)
			})
		})
	}
}

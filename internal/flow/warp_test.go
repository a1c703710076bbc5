package flow

import (
	"math"
	"slices"
	"testing"
)

func TestWarpByWholePixels(t *testing.T) {
	const w, h = 6, 4
	pool, src := newPool(t, 2), make([]float32, 2*w*h)
	for i := range src {
		src[i] = float32(i * i % 97)
	}
	for _, by := range [][2]int{{0, 0}, {1, 0}, {-2, 1}, {5, -3}, {100, 100}, {-100, -7}} {
		f, want := NewField(w, h), make([]float32, len(src))
		for i := range f.U {
			f.U[i], f.V[i] = float32(by[0]), float32(by[1])
		}
		for i := range want {
			x, y := min(max(i%w+by[0], 0), w-1), min(max(i%(w*h)/w+by[1], 0), h-1)
			want[i] = src[i/(w*h)*w*h+y*w+x]
		}
		if got := Warp(pool, src, f); !slices.Equal(got, want) {
			t.Errorf("by %v: %v, want %v", by, got, want)
		}
	}
}

// TestWarpBetweenPixels: away from the edges, Catmull-Rom interpolation is exact for
// polynomials of the second degree.
func TestWarpBetweenPixels(t *testing.T) {
	const w, h = 12, 10
	level := func(x, y float64) float64 { return 3 + 2*x - y + 0.25*x*x - 0.5*x*y + 0.125*y*y }
	f, src := NewField(w, h), make([]float32, w*h)
	for i := range src {
		src[i] = float32(level(float64(i%w), float64(i/w)))
		f.U[i], f.V[i] = float32(i%7)/7-0.3, float32(i%5)/5-0.6
	}
	got := Warp(newPool(t, 1), src, f)
	for y := 2; y < h-2; y++ {
		for x := 2; x < w-2; x++ {
			i := y*w + x
			want := level(float64(float32(x)+f.U[i]), float64(float32(y)+f.V[i]))
			if math.Abs(float64(got[i])-want) > 1e-4 {
				t.Errorf("(%d, %d): %g, want %g", x, y, got[i], want)
			}
		}
	}
}

// TestWarpPredictsFrame: the first frame, warped by the flow back to it, is the second one
// where the flow is reliable.
func TestWarpPredictsFrame(t *testing.T) {
	s, pool := apart(t), newPool(t, 2)
	e := NewEstimator(pool)
	forward, backward := e.Flow(s.from, s.to, nil), e.Flow(s.to, s.from, nil)
	warped, reliable := Warp(pool, s.from.Levels, backward), Reliable(forward, backward)
	var still, moved, n float64
	for i, w := range reliable {
		still += float64(w) * math.Abs(float64(s.from.Levels[i]-s.to.Levels[i]))
		moved += float64(w) * math.Abs(float64(warped[i]-s.to.Levels[i]))
		n += float64(w)
	}
	t.Logf("mean difference %.2f levels, %.2f without flow", moved/n, still/n)
	if moved > still/5 {
		t.Errorf("mean difference %.2f levels, %.2f without flow", moved/n, still/n)
	}
}

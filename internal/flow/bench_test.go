package flow

import (
	"testing"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// BenchmarkFlow estimates the flow of one pair of frames of 640 x 360 on two threads.
func BenchmarkFlow(b *testing.B) {
	pool, err := kernel.NewPool(2)
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	e := NewEstimator(pool)
	from, to := NewGray(make([]float32, 3*640*360), 640, 360), NewGray(make([]float32, 3*640*360), 640, 360)
	for i := range from.Levels {
		x, y := i%640, i/640
		from.Levels[i] = float32((x*x*7+y*y*13+x*y)%97 + (x/16+y/16)%2*100)
		to.Levels[i] = float32(((x-3)*(x-3)*7+y*y*13+(x-3)*y)%97 + ((x+13)/16+y/16)%2*100)
	}
	for b.Loop() {
		e.Flow(from, to, nil)
	}
}

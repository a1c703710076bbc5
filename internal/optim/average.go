package optim

import (
	"fmt"
	"math"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// Average is an exponential moving average of vectors with bias correction. As in
// Crowson's style-transfer-pytorch, it averages the iterates of Adam, which fluctuate
// around the result.
type Average struct {
	Decay float64   // the weight of the old sum in each update: at least 0, less than 1
	Sum   []float32 // without bias correction
	Steps int       // the number of updates
}

// NewAverage returns an average of vectors of n elements. It panics unless decay is at
// least 0 and less than 1.
func NewAverage(n int, decay float64) *Average {
	if !(decay >= 0 && decay < 1) {
		panic(fmt.Sprintf("optim: average with a decay of %g", decay))
	}
	return &Average{Decay: decay, Sum: make([]float32, n)}
}

// Update adds x to the average.
func (a *Average) Update(pool *kernel.Pool, x []float32) {
	keep, take := float32(a.Decay), float32(1-a.Decay)
	pool.Chunks(len(x), func(lo, hi int) {
		sum := a.Sum[lo:hi]
		for i, v := range x[lo:hi] {
			sum[i] = keep*sum[i] + take*v
		}
	})
	a.Steps++
}

// Value writes the average to dst. It panics before the first update.
func (a *Average) Value(pool *kernel.Pool, dst []float32) {
	if a.Steps == 0 {
		panic("optim: average of nothing")
	}
	correction := float32(1 / (1 - math.Pow(a.Decay, float64(a.Steps))))
	pool.Chunks(len(dst), func(lo, hi int) {
		dst := dst[lo:hi]
		for i, v := range a.Sum[lo:hi] {
			dst[i] = correction * v
		}
	})
}

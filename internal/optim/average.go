package optim

import (
	"fmt"
	"math"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// Average is an exponential moving average of vectors, corrected for its
// beginning at zero, as Crowson's style-transfer-pytorch takes it of the iterates
// of Adam: they jump about what is left when they are averaged.
type Average struct {
	Decay float64   // the share of the old in each update, from 0 to less than 1
	Sum   []float32 // not corrected
	Steps int       // the number of updates
}

// NewAverage returns an average of vectors of n elements. It panics unless decay
// is from 0 to less than 1.
func NewAverage(n int, decay float64) *Average {
	if !(decay >= 0 && decay < 1) {
		panic(fmt.Sprintf("optim: average with a decay of %g", decay))
	}
	return &Average{Decay: decay, Sum: make([]float32, n)}
}

// Update takes x into the average.
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

// Value computes the average to dst. There has been an update.
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

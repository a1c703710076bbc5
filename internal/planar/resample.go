package planar

import (
	"math"
	"runtime"
	"sync"
)

// Opacity returns a plane of opacities, in rows of the given width, in another size. The
// result may be slightly below 0 or above 1.
func Opacity(opacity []float32, width int, columns, rows []Window) []float32 {
	to := make([]float32, len(columns)*len(rows))
	Resample(to, func(i int) float32 { return opacity[i] }, width, columns, rows)
	return to
}

// ClampOpacity limits opacities to 0 to 1 in place.
func ClampOpacity(opacity []float32) {
	for i, a := range opacity {
		opacity[i] = min(max(a, 0), 1)
	}
}

// Resample fills dst, len(rows) rows of len(columns), from a plane with rows of the
// given width, whose samples source returns: first along rows, then along columns.
func Resample(dst []float32, source func(i int) float32, width int, columns, rows []Window) {
	height := rows[len(rows)-1].end()
	w := len(columns)
	narrow := make([]float32, height*w)
	Parallel(height, func(from, to int) {
		line := make([]float32, width)
		for y := from; y < to; y++ {
			for x := range line {
				line[x] = source(y*width + x)
			}
			for x, win := range columns {
				var sum float32
				for k, v := range line[win.first:win.end()] {
					sum += v * win.weights[k]
				}
				narrow[y*w+x] = sum
			}
		}
	})
	Parallel(len(rows), func(from, to int) {
		for y := from; y < to; y++ {
			line := dst[y*w : (y+1)*w]
			clear(line)
			for k, weight := range rows[y].weights {
				from := (rows[y].first + k) * w
				for x, v := range narrow[from : from+w] {
					line[x] += v * weight
				}
			}
		}
	})
}

// A Window is the range of samples whose weighted sum is one resampled value. The weights
// add up to 1.
type Window struct {
	first   int
	weights []float32
}

func (w Window) end() int { return w.first + len(w.weights) }

// mitchellRadius is half the width of the filter's support.
const mitchellRadius = 2

// Windows returns the windows that Resample n values to m.
func Windows(n, m int) []Window {
	step := float64(n) / float64(m)
	scale := max(step, 1)
	windows := make([]Window, m)
	for i := range windows {
		center := (float64(i)+0.5)*step - 0.5
		from := int(math.Ceil(center - mitchellRadius*scale))
		to := int(math.Floor(center + mitchellRadius*scale))
		first, last := max(from, 0), min(to, n-1)
		sums := make([]float64, last-first+1)
		var total float64
		for j := from; j <= to; j++ {
			v := mitchell((float64(j) - center) / scale)
			sums[min(max(j, 0), n-1)-first] += v
			total += v
		}
		weights := make([]float32, len(sums))
		for k, v := range sums {
			weights[k] = float32(v / total)
		}
		windows[i] = Window{first, weights}
	}
	return windows
}

// mitchell is equation 8 of the paper at B = C = 1/3.
func mitchell(x float64) float64 {
	switch x = math.Abs(x); {
	case x < 1:
		return (7*x*x*x - 12*x*x + 16./3) / 6
	case x < mitchellRadius:
		return (-7./3*x*x*x + 12*x*x - 20*x + 32./3) / 6
	default:
		return 0
	}
}

// Parallel divides 0..n into consecutive parts, one for each processor, and calls do
// for each in parallel.
func Parallel(n int, do func(from, to int)) {
	parts := min(runtime.GOMAXPROCS(0), n)
	var wg sync.WaitGroup
	for i := range parts {
		wg.Go(func() { do(n*i/parts, n*(i+1)/parts) })
	}
	wg.Wait()
}

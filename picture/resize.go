package picture

import (
	"math"
	"runtime"
	"slices"
	"sync"
)

// FitLong returns the size whose longer side is long and whose aspect ratio is nearest
// to that of w by h; both sides are at least 1. It panics unless all arguments are
// positive.
func FitLong(w, h, long int) (int, int) {
	if w < 1 || h < 1 || long < 1 {
		panic("picture: sizes must be positive")
	}
	scale := float64(long) / float64(max(w, h))
	fit := func(side int) int { return max(1, int(math.Round(float64(side)*scale))) }
	return fit(w), fit(h)
}

// Resize returns the picture resampled to w by h pixels. It panics unless both
// are positive.
//
// The filter is Mitchell and Netravali's cubic (B = C = 1/3; "Reconstruction
// Filters in Computer Graphics", SIGGRAPH 1988), stretched when shrinking so
// that nothing aliases. It is applied to linear light, where averaging is what
// a lens does. There, the deeper negative lobes of Lanczos would draw dark
// rings around highlights, and a painter takes rings for texture: Mitchell's
// are a third as deep. The border pixels extend beyond the border.
//
// Colours are weighted by their opacity, so that transparent pixels do not
// bleed into visible ones; where the result is wholly transparent, colours are
// averaged as if all were opaque. The result is clamped to the range of levels, and
// does not depend on the number of processors.
func (p *Picture) Resize(w, h int) *Picture {
	if w < 1 || h < 1 {
		panic("picture: width and height must be positive")
	}
	if w == p.W && h == p.H {
		return &Picture{w, h, slices.Clone(p.RGB), slices.Clone(p.Alpha)}
	}
	columns, rows := resampling(p.W, w), resampling(p.H, h)
	out := New(w, h)
	plane, outPlane := p.W*p.H, w*h

	light := func(c int) func(i int) float32 {
		levels := p.RGB[c*plane : (c+1)*plane]
		return func(i int) float32 { return toLinear(levels[i]) }
	}
	if p.Alpha == nil {
		for c := range 3 {
			dst := out.RGB[c*outPlane : (c+1)*outPlane]
			resample(dst, light(c), p.W, columns, rows)
			toLevels(dst)
		}
		return out
	}

	out.Alpha = resampleOpacity(p.Alpha, p.W, columns, rows)
	weighted := make([]float32, outPlane)
	for c := range 3 {
		dst, source := out.RGB[c*outPlane:(c+1)*outPlane], light(c)
		resample(dst, source, p.W, columns, rows)
		resample(weighted, func(i int) float32 { return source(i) * p.Alpha[i] }, p.W, columns, rows)
		for i, a := range out.Alpha {
			if a > 0 {
				dst[i] = weighted[i] / a
			}
		}
		toLevels(dst)
	}
	clampOpacity(out.Alpha)
	return out
}

// resampleOpacity returns opacities, in rows of the given width, in another size. The
// result may be slightly below 0 or above 1.
func resampleOpacity(opacity []float32, width int, columns, rows []window) []float32 {
	to := make([]float32, len(columns)*len(rows))
	resample(to, func(i int) float32 { return opacity[i] }, width, columns, rows)
	return to
}

func clampOpacity(opacity []float32) {
	for i, a := range opacity {
		opacity[i] = min(max(a, 0), 1)
	}
}

// leastVisible is the smallest opacity that rounds to more than 0 in 8 bits.
const leastVisible = 0.5 / 255

// toLevels turns light into levels in place.
func toLevels(light []float32) {
	parallel(len(light), func(from, to int) {
		for i := from; i < to; i++ {
			light[i] = toLevel(light[i])
		}
	})
}

// resample fills dst, len(rows) rows of len(columns), from a plane with rows of the
// given width, whose samples source returns: first along rows, then along columns.
func resample(dst []float32, source func(i int) float32, width int, columns, rows []window) {
	height := rows[len(rows)-1].end()
	w := len(columns)
	narrow := make([]float32, height*w)
	parallel(height, func(from, to int) {
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
	parallel(len(rows), func(from, to int) {
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

// window is the range of samples whose weighted sum is one resampled value. The weights
// add up to 1.
type window struct {
	first   int
	weights []float32
}

func (w window) end() int { return w.first + len(w.weights) }

// mitchellRadius is half the width of the filter's support.
const mitchellRadius = 2

// resampling returns the windows that resample n values to m.
func resampling(n, m int) []window {
	step := float64(n) / float64(m)
	scale := max(step, 1)
	windows := make([]window, m)
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
		windows[i] = window{first, weights}
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

// parallel divides 0..n into consecutive parts, one for each processor, and calls do
// for each in parallel.
func parallel(n int, do func(from, to int)) {
	parts := min(runtime.GOMAXPROCS(0), n)
	var wg sync.WaitGroup
	for i := range parts {
		wg.Go(func() { do(n*i/parts, n*(i+1)/parts) })
	}
	wg.Wait()
}

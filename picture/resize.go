package picture

import (
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/internal/planar"
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
	columns, rows := planar.Windows(p.W, w), planar.Windows(p.H, h)
	out := New(w, h)
	plane, outPlane := p.W*p.H, w*h

	light := func(c int) func(i int) float32 {
		levels := p.RGB[c*plane : (c+1)*plane]
		return func(i int) float32 { return planar.Light(levels[i]) }
	}
	if p.Alpha == nil {
		for c := range 3 {
			dst := out.RGB[c*outPlane : (c+1)*outPlane]
			planar.Resample(dst, light(c), p.W, columns, rows)
			toLevels(dst)
		}
		return out
	}

	out.Alpha = planar.Opacity(p.Alpha, p.W, columns, rows)
	weighted := make([]float32, outPlane)
	for c := range 3 {
		dst, source := out.RGB[c*outPlane:(c+1)*outPlane], light(c)
		planar.Resample(dst, source, p.W, columns, rows)
		planar.Resample(weighted, func(i int) float32 { return source(i) * p.Alpha[i] }, p.W, columns, rows)
		for i, a := range out.Alpha {
			if a > 0 {
				dst[i] = weighted[i] / a
			}
		}
		toLevels(dst)
	}
	planar.ClampOpacity(out.Alpha)
	return out
}

// toLevels turns light into levels in place.
func toLevels(light []float32) {
	planar.Parallel(len(light), func(from, to int) {
		for i := from; i < to; i++ {
			light[i] = planar.Level(light[i])
		}
	})
}

package paint

import (
	"context"
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/internal/masking"
	"github.com/pastiche-art/pastiche/internal/recolor"
	"github.com/pastiche-art/pastiche/picture"
)

// Colors says which colours a painting has.
type Colors string

// The choices.
const (
	StyleColors   Colors = "style"   // those that painting produces
	ContentColors Colors = "content" // those of the content
	MatchColors   Colors = "match"   // exactly those of the styles
)

// A ColorMethod says how a painting gets the colours of another picture.
type ColorMethod = recolor.Method

// The methods.
const (
	// LuminanceColors combines the luma of the painting with the chroma of the content,
	// pixel by pixel (Gatys, Bethge, Hertzmann and Shechtman 2016, arXiv 1606.05897).
	LuminanceColors = recolor.Luminance
	// LinearColors is a linear map that gives colours the mean and the covariance of those
	// of the other picture. Of all such maps it moves the colours least (Pitié and Kokaram
	// 2007, "The linear Monge-Kantorovitch linear colour mapping").
	LinearColors = recolor.Linear
	// SymmetricColors and CholeskyColors are the linear maps x' = Cs^½ Ct^-½ (x - mu_t) +
	// mu_s of Gatys, Bethge, Hertzmann and Shechtman 2017 (arXiv 1611.07865), with
	// symmetric roots or Cholesky factors of the covariances.
	SymmetricColors = recolor.Symmetric
	CholeskyColors  = recolor.Cholesky
	// OKLabColors is LinearColors in Ottosson's OKLab, where equal distances look equal.
	OKLabColors = recolor.OKLab
	// HistogramColors gives each channel the histogram of the other picture's.
	HistogramColors = recolor.Histogram
)

// The methods that recipes use by default.
const (
	contentMethod = LuminanceColors
	matchMethod   = LinearColors
)

// colorMethod returns the method that preserves or matches colors.
func (r *Recipe) colorMethod() ColorMethod {
	switch {
	case r.ColorMethod != "":
		return r.ColorMethod
	case r.Colors == ContentColors:
		return contentMethod
	}
	return matchMethod
}

// prepareColors changes the pictures where the recipe handles colours before painting.
//
// Luminance paints in grey: the luma of the content, and the luma of the styles with
// the mean and deviation of the content's. finishColors adds the chroma of the content.
// Other methods recolour the styles with the colours of the content. prepareColors checks
// ctx before each style and fails with context.Cause(ctx) once ctx is cancelled.
func (s *session) prepareColors(ctx context.Context) error {
	if s.recipe.Colors != ContentColors {
		return nil
	}
	method := s.recipe.colorMethod()
	s.chroma = s.content
	if method == LuminanceColors {
		s.content = s.content.Luma()
	}
	palette := masking.WithOpacity(resized(s.content, min(paletteSize, max(s.content.W, s.content.H))), s.opacity)
	for _, of := range s.styles() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		p := s.largest(of)
		if method == LuminanceColors {
			of.picture = recolored(p.Luma(), of.opacity, palette, LinearColors)
		} else {
			of.picture = recolored(p, of.opacity, palette, method)
		}
	}
	return nil
}

// recolored returns an opaque picture recoloured with a palette. Each pixel is weighted
// by its opacity.
func recolored(p *picture.Picture, opacity *masking.Mask, palette *picture.Picture, method ColorMethod) *picture.Picture {
	p = recolor.Recolor(masking.WithOpacity(p, opacity), palette, method)
	p.Alpha = nil
	return p
}

// largest returns the picture of a style in the largest size of any scale, or in its
// own size where that is smaller.
func (s *session) largest(of *style) *picture.Picture {
	var long int
	for _, scale := range s.scales {
		long = max(long, s.styleSize(scale, of))
	}
	return resized(of.picture, min(long, max(of.picture.W, of.picture.H)))
}

// finishColors returns a painting with the colours of the recipe, where the recipe
// handles colours after painting.
func (s *session) finishColors(st *stage, p *picture.Picture) *picture.Picture {
	switch {
	case s.recipe.Colors == ContentColors && s.recipe.colorMethod() == LuminanceColors:
		return recolor.WithChroma(p, s.chroma.Resize(p.W, p.H))
	case s.recipe.Colors == MatchColors:
		return s.matchColors(st, p)
	}
	return p
}

// matchColors recolours the painted part of each region with the colours of its styles.
// Pixels are weighted by the opacity of the content.
func (s *session) matchColors(st *stage, p *picture.Picture) *picture.Picture {
	method := s.recipe.colorMethod()
	for _, r := range s.regions {
		if len(r.styles) == 0 {
			continue // the content is kept there
		}
		share := st.painted(r, p.W, p.H)
		if share == nil {
			p = recolored(p, s.opacity, s.palette(st, r), method)
		} else {
			matchWithin(masking.WithOpacity(p, s.opacity), share, s.palette(st, r), method)
		}
	}
	return p
}

// painted returns how much of each pixel of a painting belongs to a region and is not
// kept; nil means all of it.
func (st *stage) painted(r *region, w, h int) []float32 {
	if r.mask == nil && st.kept == nil {
		return nil
	}
	share := slices.Repeat([]float32{1}, w*h)
	if r.mask != nil {
		share = r.mask.Resize(w, h).Weight
	}
	if st.kept != nil {
		for i, kept := range st.kept.shown.Weight {
			share[i] = min(share[i], 1-kept)
		}
	}
	return share
}

// matchWithin recolours the pixels of positive share with a palette, blended by their
// share.
func matchWithin(p *picture.Picture, share []float32, palette *picture.Picture, method ColorMethod) {
	within := pixels(p, share, 0)
	if within == nil {
		return
	}
	recolored, plane, k := recolor.Recolor(within, palette, method), p.W*p.H, 0
	for i, w := range share {
		if !(w > 0) {
			continue
		}
		for c := range colors {
			at := &p.RGB[c*plane+i]
			*at += w * (recolored.RGB[c*within.W+k] - *at)
		}
		k++
	}
}

// pixels returns the pixels whose share is above a limit, as a picture of one row, or
// nil if there are none. nil shares select all pixels.
func pixels(p *picture.Picture, share []float32, above float32) *picture.Picture {
	var at []int
	for i := range p.W * p.H {
		if share == nil || share[i] > above {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return nil
	}
	row := picture.New(len(at), 1)
	for c := range colors {
		for k, i := range at {
			row.RGB[c*row.W+k] = p.RGB[c*p.W*p.H+i]
		}
	}
	if p.Alpha != nil {
		row.Alpha = make([]float32, len(at))
		for k, i := range at {
			row.Alpha[k] = p.Alpha[i]
		}
	}
	return row
}

// paletteSize is the largest long side, in pixels, at which the colours of a picture are
// measured. It limits the time that this takes.
const paletteSize = 1024

// palette returns a picture with the colours of the visible parts of the styles of a
// region, in proportion to their shares. Each style has the size that it has at the
// scale, because downscaling makes fine strokes paler.
func (s *session) palette(st *stage, r *region) *picture.Picture {
	var rows []*picture.Picture
	var most, n int
	for _, of := range r.styles {
		p := resized(of.picture, min(paletteSize, s.styleSize(st.scale, of), max(of.picture.W, of.picture.H)))
		row := pixels(p, nil, 0)
		if of.shown != nil {
			share := of.shown.Resize(p.W, p.H).Weight
			row = pixels(p, share, slices.Max(share)/2)
		}
		rows = append(rows, row)
		most = max(most, row.W)
	}
	counts := make([]int, len(rows))
	for i, share := range r.shares {
		counts[i] = max(1, int(math.Round(share*float64(most))))
		n += counts[i]
	}
	all := picture.New(n, 1)
	for c := range colors {
		at := all.RGB[c*n:]
		for i, count := range counts {
			for k := range count { // evenly spaced, or repeated
				at[k] = rows[i].RGB[c*rows[i].W+k*rows[i].W/count]
			}
			at = at[count:]
		}
	}
	return all
}

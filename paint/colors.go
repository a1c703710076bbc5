package paint

import (
	"context"
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/picture"
)

// Colors says whose colours a painting has.
type Colors string

// The choices.
const (
	StyleColors   Colors = "style"   // those that come of painting
	ContentColors Colors = "content" // those of the content
	MatchColors   Colors = "match"   // exactly those of the styles
)

// The methods that are meant where a recipe names none.
const (
	contentMethod = picture.Luminance
	matchMethod   = picture.Linear
)

// colorMethod returns the method by which colours are kept or matched.
func (r *Recipe) colorMethod() picture.ColorMethod {
	switch {
	case r.ColorMethod != "":
		return r.ColorMethod
	case r.Colors == ContentColors:
		return contentMethod
	}
	return matchMethod
}

// prepareColors changes the pictures where colours are seen to before painting.
//
// Luminance paints in grey: the luma of the styles, with the mean and deviation
// of the content's, and that of the content, whose chroma comes back at the end.
// Other methods give the content's colours to the styles, which then paint in
// them. It fails with context.Cause(ctx) where ctx is cancelled, which it checks
// before each style.
func (s *session) prepareColors(ctx context.Context) error {
	if s.recipe.Colors != ContentColors {
		return nil
	}
	method := s.recipe.colorMethod()
	s.chroma = s.content
	if method == picture.Luminance {
		s.content = s.content.Luma()
	}
	palette := resized(s.content, min(paletteSize, max(s.content.W, s.content.H))).WithOpacity(s.opacity)
	for _, of := range s.styles() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		p := s.largest(of)
		if method == picture.Luminance {
			of.picture = recolored(p.Luma(), of.opacity, palette, picture.Linear)
		} else {
			of.picture = recolored(p, of.opacity, palette, method)
		}
	}
	return nil
}

// recolored returns an opaque picture, each pixel of which counts by an opacity, with the
// colours of a palette.
func recolored(p *picture.Picture, opacity *picture.Mask, palette *picture.Picture, method picture.ColorMethod) *picture.Picture {
	p = p.WithOpacity(opacity).Recolor(palette, method)
	p.Alpha = nil
	return p
}

// largest returns the picture of a style in the largest size of any scale, or in
// its own where that is smaller.
func (s *session) largest(of *style) *picture.Picture {
	var long int
	for _, scale := range s.scales {
		long = max(long, s.styleSize(scale, of))
	}
	return resized(of.picture, min(long, max(of.picture.W, of.picture.H)))
}

// finishColors returns a painting with the colours that the recipe asks for
// where they are seen to after painting.
func (s *session) finishColors(st *stage, p *picture.Picture) *picture.Picture {
	switch {
	case s.recipe.Colors == ContentColors && s.recipe.colorMethod() == picture.Luminance:
		return p.WithChroma(s.chroma.Resize(p.W, p.H))
	case s.recipe.Colors == MatchColors:
		return s.matchColors(st, p)
	}
	return p
}

// matchColors gives what is painted of each region the colours of its styles. Pixels
// count by the opacity of the content.
func (s *session) matchColors(st *stage, p *picture.Picture) *picture.Picture {
	method := s.recipe.colorMethod()
	for _, r := range s.regions {
		if len(r.styles) == 0 {
			continue // it is kept as it is
		}
		share := st.painted(r, p.W, p.H)
		if share == nil {
			p = recolored(p, s.opacity, s.palette(st, r), method)
		} else {
			matchWithin(p.WithOpacity(s.opacity), share, s.palette(st, r), method)
		}
	}
	return p
}

// painted returns how much of each pixel of a painting belongs to a region and is
// not kept; nil is all of it.
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

// matchWithin gives the pixels that have a share the colours of a palette, as far as
// their share goes.
func matchWithin(p *picture.Picture, share []float32, palette *picture.Picture, method picture.ColorMethod) {
	within := pixels(p, share, 0)
	if within == nil {
		return
	}
	recolored, plane, k := within.Recolor(palette, method), p.W*p.H, 0
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

// pixels returns those of a picture that have more than a share, in a row; nil
// where none has, and all without shares.
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

// paletteSize is the largest long side in pixels at which the colours of a picture
// are taken, which bounds how long that takes.
const paletteSize = 1024

// palette returns a picture with the colours of what is looked at of the styles of
// a region, as many of each as it counts. They are those of the style at the size
// at which the scale shows it: a smaller one has paler ink.
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
			for k := range count { // spread over the row, or each several times
				at[k] = rows[i].RGB[c*rows[i].W+k*rows[i].W/count]
			}
			at = at[count:]
		}
	}
	return all
}

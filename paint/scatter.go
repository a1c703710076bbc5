package paint

import (
	"context"
	"math"

	"github.com/pastiche-art/pastiche/internal/cost"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/picture"
)

// scatteredPlaces is the number of places at which STROTSS (Kolkin, Salavon and
// Shakhnarovich 2019, arXiv 1904.12785) looks at a picture.
const scatteredPlaces = 1024

// Whose places are drawn: streams of numbers that have nothing to do with each
// other.
const (
	stylePlaces = iota
	contentPlaces
	canvasPlaces
	facePlaces
)

// scattered is a region whose style costs look at other places of the canvas at
// every step.
type scattered struct {
	number  uint64      // of the region
	guide   *cost.Guide // where to look; nil is anywhere
	columns []*cost.Hypercolumn
	places  []cost.Point
	palette *cost.Palette
	// Of the palette, as those of a term.
	share, overall float64
}

// addEarthMover adds the style costs of STROTSS for a region: the relaxed earth
// mover's distance and the moments of hypercolumns, at other places of the canvas
// at every step, and the palette.
func (s *session) addEarthMover(ctx context.Context, st *stage, r *region, scale Scale, layers []Layer) error {
	var (
		all    []*kernel.Matrix
		colors []cost.Color
	)
	for i, of := range r.styles {
		p := resized(of.picture, s.styleSize(scale, of))
		n := max(1, int(math.Round(scatteredPlaces*r.shares[i])))
		guide, err := guideOf(of.shown, p.H, p.W)
		if err != nil {
			return err
		}
		places := guide.SamplePoints(n, s.opts.Seed+stylePlaces, uint64(i))
		m, err := s.columns(ctx, p, places, layers, st.plan.Memory())
		if err != nil {
			return err
		}
		all = append(all, m)
		colors = append(colors, cost.Colors(p.RGB, p.H, p.W, places)...)
	}
	style := cost.Stack(all...)
	area := 1.
	if r.shown != nil {
		area = r.shown.Mean()
	}
	// Where content counts much, colours count little.
	share := area / max(scale.ContentWeight, 1)
	guide, err := guideOf(s.canvasMask(r.shown, st.w, st.h), st.h, st.w)
	if err != nil {
		return err
	}
	look := &scattered{number: uint64(len(st.scattered)), guide: guide,
		palette: cost.NewPalette(colors), share: share, overall: share * s.recipe.StyleWeight}
	st.scattered = append(st.scattered, look)
	look.scatter(s.opts.Seed, s.step)
	column := func() *cost.Hypercolumn {
		h := cost.NewHypercolumn(look.places, maps(st.plan, layers)...)
		look.columns = append(look.columns, h)
		return h
	}
	st.add(cost.NewRelaxedEMD(s.pool, column(), style), styleKind, area, s.recipe.StyleWeight, names(layers)...)
	st.add(cost.NewHypercolumnMoments(s.pool, column(), style), styleKind, area, s.recipe.StyleWeight, names(layers)...)
	return nil
}

// regionSteps is more steps than a painting has: each region draws the places of its
// steps from numbers of its own.
const regionSteps = 1 << 32

// scatter draws the places of a step.
func (l *scattered) scatter(seed uint64, step int) {
	l.places = l.guide.SamplePoints(scatteredPlaces, seed+canvasPlaces, l.number*regionSteps+uint64(step))
	for _, h := range l.columns {
		h.SetPoints(l.places)
	}
}

// addSimilarity adds the content cost of STROTSS: how places of the picture are
// like each other is to stay as it is.
func (s *session) addSimilarity(ctx context.Context, st *stage, content *picture.Picture, layers []Layer, weight float64) error {
	if err := s.addFaceSimilarity(ctx, st, content, layers, weight); err != nil {
		return err
	}
	if s.recipe.mostContent() == 0 {
		return nil // faces alone count
	}
	guide, err := guideOf(s.canvasMask(s.opacity, st.w, st.h), st.h, st.w)
	if err != nil {
		return err
	}
	places := guide.SamplePoints(scatteredPlaces, s.opts.Seed+contentPlaces, 0)
	of, err := s.columns(ctx, content, places, layers, st.plan.Memory())
	if err != nil {
		return err
	}
	cost := cost.NewSelfSimilarity(s.pool, cost.NewHypercolumn(places, maps(st.plan, layers)...), of)
	st.add(cost, contentKind, s.visibleShare(), weight, names(layers)...)
	return nil
}

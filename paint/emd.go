package paint

import (
	"context"
	"math"

	"github.com/pastiche-art/pastiche/internal/cost"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/picture"
)

// sampledPoints is the number of points at which STROTSS (Kolkin, Salavon and
// Shakhnarovich 2019, arXiv 1904.12785) samples a picture. Most tests take fewer.
var sampledPoints = 1024

// Offsets of the seed, so that each kind of points has an independent random stream.
const (
	styleSeed = iota
	contentSeed
	canvasSeed
	faceSeed
)

// sampledRegion is a region whose style costs sample other points of the canvas at
// every step.
type sampledRegion struct {
	number  uint64      // number of the region
	guide   *cost.Guide // where to sample; nil is everywhere
	columns []*cost.Hypercolumn
	points  []cost.Point
	palette *cost.Palette
	// The weights of the palette, like those of a term.
	share, overall float64
}

// addEarthMover adds the style costs of STROTSS for a region: the relaxed earth mover's
// distance and the moments of hypercolumns, and the palette. All of them sample other
// points of the canvas at every step.
func (s *session) addEarthMover(ctx context.Context, st *stage, r *region, scale Scale, layers []Layer) error {
	var (
		all    []*kernel.Matrix
		colors []cost.Color
	)
	for i, of := range r.styles {
		p := resized(of.picture, s.styleSize(scale, of))
		n := max(1, int(math.Round(float64(sampledPoints)*r.shares[i])))
		guide, err := guideOf(of.shown, p.H, p.W)
		if err != nil {
			return err
		}
		points := guide.SamplePoints(n, s.opts.Seed+styleSeed, uint64(i))
		m, err := s.columns(ctx, p, points, layers, st.plan.Memory())
		if err != nil {
			return err
		}
		all = append(all, m)
		colors = append(colors, cost.Colors(p.RGB, p.H, p.W, points)...)
	}
	style := cost.Stack(all...)
	area := 1.
	if r.shown != nil {
		area = r.shown.Mean()
	}
	// The larger the weight of the content, the smaller that of the palette.
	share := area / max(scale.ContentWeight, 1)
	guide, err := guideOf(s.canvasMask(r.shown, st.w, st.h), st.h, st.w)
	if err != nil {
		return err
	}
	look := &sampledRegion{number: uint64(len(st.sampled)), guide: guide,
		palette: cost.NewPalette(colors), share: share, overall: share * s.recipe.StyleWeight}
	st.sampled = append(st.sampled, look)
	look.sample(s.opts.Seed, s.step)
	column := func() *cost.Hypercolumn {
		h := cost.NewHypercolumn(look.points, maps(st.plan, layers)...)
		look.columns = append(look.columns, h)
		return h
	}
	st.add(cost.NewRelaxedEMD(s.pool, column(), style), styleKind, area, s.recipe.StyleWeight, names(layers)...)
	st.add(cost.NewHypercolumnMoments(s.pool, column(), style), styleKind, area, s.recipe.StyleWeight, names(layers)...)
	return nil
}

// regionSteps is more than the number of steps of any painting, so that every region
// has a random stream of its own for each step.
const regionSteps = 1 << 32

// sample draws the points of a step.
func (l *sampledRegion) sample(seed uint64, step int) {
	l.points = l.guide.SamplePoints(sampledPoints, seed+canvasSeed, l.number*regionSteps+uint64(step))
	for _, h := range l.columns {
		h.SetPoints(l.points)
	}
}

// addSimilarity adds the content cost of STROTSS, which preserves the similarities
// between points of the content.
func (s *session) addSimilarity(ctx context.Context, st *stage, content *picture.Picture, layers []Layer, weight float64) error {
	if err := s.addFaceSimilarity(ctx, st, content, layers, weight); err != nil {
		return err
	}
	if s.recipe.maxContentWeight() == 0 {
		return nil // only faces have a content cost
	}
	guide, err := guideOf(s.canvasMask(s.opacity, st.w, st.h), st.h, st.w)
	if err != nil {
		return err
	}
	points := guide.SamplePoints(sampledPoints, s.opts.Seed+contentSeed, 0)
	of, err := s.columns(ctx, content, points, layers, st.plan.Memory())
	if err != nil {
		return err
	}
	cost := cost.NewSelfSimilarity(s.pool, cost.NewHypercolumn(points, maps(st.plan, layers)...), of)
	st.add(cost, contentKind, s.visibleShare(), weight, names(layers)...)
	return nil
}

package paint

import (
	"github.com/pastiche-art/pastiche/kernel"
	"github.com/pastiche-art/pastiche/loss"
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
)

// addEarthMover adds the style costs of STROTSS for a region: the relaxed earth
// mover's distance and the moments of hypercolumns, at other places of the canvas
// at every step, and the palette.
func (s *session) addEarthMover(st *stage, r *region, scale Scale, layers []Layer) error {
	var (
		all    []*kernel.Matrix
		colors []loss.Color
	)
	for i, of := range r.styles {
		p := resized(of.picture, s.recipe.styleSize(scale, of.scale))
		places := loss.Scatter(scatteredPlaces/len(r.styles), s.opts.Seed+stylePlaces, uint64(i))
		m, err := s.columns(p, places, layers, st.plan.Memory())
		if err != nil {
			return err
		}
		all = append(all, m)
		colors = append(colors, loss.Colors(p.RGB, p.H, p.W, places)...)
	}
	style := loss.Stack(all...)
	st.scatter(s.opts.Seed, s.step)
	column := func() *loss.Hypercolumn {
		h := loss.NewHypercolumn(st.places, maps(st.plan, layers)...)
		st.scattered = append(st.scattered, h)
		return h
	}
	t := st.term(styleKind, 1, s.recipe.StyleWeight, names(layers)...)
	t.Joint = loss.NewRelaxedEMD(s.pool, column(), style, t.overall)
	t = st.term(styleKind, 1, s.recipe.StyleWeight, names(layers)...)
	t.Joint = loss.NewHypercolumnMoments(s.pool, column(), style, t.overall)
	// Where content counts much, colours count little.
	share := 1 / max(scale.ContentWeight, 1)
	st.palette = &paletteCost{loss.NewPalette(colors), share, share * s.recipe.StyleWeight}
	return nil
}

// paletteCost is the cost of the canvas's own colours.
type paletteCost struct {
	*loss.Palette
	share, overall float64 // as those of a term
}

// scatter draws the places of a step.
func (st *stage) scatter(seed uint64, step int) {
	st.places = loss.Scatter(scatteredPlaces, seed+canvasPlaces, uint64(step))
	for _, h := range st.scattered {
		h.Move(st.places)
	}
}

// addSimilarity adds the content cost of STROTSS: how places of the picture are
// like each other is to stay as it is.
func (s *session) addSimilarity(st *stage, content *picture.Picture, layers []Layer, weight float64) error {
	places := loss.Scatter(scatteredPlaces, s.opts.Seed+contentPlaces, 0)
	of, err := s.columns(content, places, layers, st.plan.Memory())
	if err != nil {
		return err
	}
	t := st.term(contentKind, 1, weight, names(layers)...)
	t.Joint = loss.NewSelfSimilarity(s.pool, loss.NewHypercolumn(places, maps(st.plan, layers)...), of, t.overall)
	return nil
}

package paint

import (
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/kernel"
	"github.com/pastiche-art/pastiche/loss"
	"github.com/pastiche-art/pastiche/picture"
	"github.com/pastiche-art/pastiche/vgg"
)

const (
	// columnStep is the distance between hypercolumns, in pixels, as NNST has it.
	columnStep = 4
	// matchedCandidates and splitCandidates are about how many columns of styles
	// the nearest is looked for among: once a scale, and at every step. NNST takes
	// all of them, which at 512 pixels and in four directions are 65,536: there
	// a step would take ten seconds and a gigabyte here.
	matchedCandidates = 16384
	splitCandidates   = 4096
)

// addMatched adds the cost of hypercolumns against the nearest of the styles,
// which are looked for once: near what the content has, and the canvas where the
// scale begins.
func (s *session) addMatched(st *stage, r *region, content, origin *picture.Picture, scale Scale, layers []Layer) error {
	candidates, err := s.candidates(r, scale, layers, matchedCandidates, st.plan.Memory())
	if err != nil {
		return err
	}
	places := loss.Grid(fields(st.h, columnStep), fields(st.w, columnStep))
	query, err := s.columns(origin, places, layers, st.plan.Memory())
	if err != nil {
		return err
	}
	if share := s.recipe.ContentShare; share > 0 {
		of, err := s.columns(content, places, layers, st.plan.Memory())
		if err != nil {
			return err
		}
		query.Scale(float32(1 - share))
		query.AddScaled(float32(share), of)
	}
	targets := loss.Select(s.pool, candidates, loss.Nearest(s.pool, query, candidates))
	t := st.term(styleKind, 1, s.recipe.StyleWeight, names(layers)...)
	t.Joint = loss.NewHypercolumnMatching(s.pool, loss.NewHypercolumn(places, maps(st.plan, layers)...), targets, t.overall)
	return nil
}

// addSplit adds the cost of each layer's columns against the nearest of the
// styles at that layer, which are looked for at every step.
func (s *session) addSplit(st *stage, r *region, scale Scale, layers []Layer) error {
	places := loss.Grid(fields(st.h, columnStep), fields(st.w, columnStep))
	for _, l := range layers {
		alone := []Layer{l}
		candidates, err := s.candidates(r, scale, alone, splitCandidates, st.plan.Memory())
		if err != nil {
			return err
		}
		t := st.term(styleKind, l.Weight, s.recipe.StyleWeight, l.Name)
		t.Joint = loss.NewNearestNeighbours(s.pool, loss.NewHypercolumn(places, maps(st.plan, alone)...), candidates, t.overall)
	}
	return nil
}

// candidates returns about so many columns of the styles of a region, in all the
// directions that the recipe asks for.
func (s *session) candidates(r *region, scale Scale, layers []Layer, most int, memory int64) (*kernel.Matrix, error) {
	var all []*kernel.Matrix
	directions := max(s.recipe.Rotations, 1)
	for _, of := range r.styles {
		p := resized(of.picture, s.recipe.styleSize(scale, of.scale))
		each := most / (len(r.styles) * directions)
		step := max(columnStep, math.Sqrt(float64(p.W*p.H)/float64(each)))
		for quarter := range directions {
			if quarter > 0 {
				p = p.Turn()
			}
			m, err := s.columns(p, loss.Grid(fields(p.H, step), fields(p.W, step)), layers, memory)
			if err != nil {
				return nil, err
			}
			all = append(all, m)
		}
	}
	return loss.Stack(all...), nil
}

// columns returns the hypercolumns of a picture at some places.
func (s *session) columns(p *picture.Picture, places []loss.Point, layers []Layer, memory int64) (*kernel.Matrix, error) {
	plan, err := s.observer(p, layers, memory)
	if err != nil {
		return nil, err
	}
	c := loss.NewHypercolumn(places, maps(plan, layers)...)
	at := make(map[string]int)
	for i, l := range layers {
		at[l.Name] = i
	}
	plan.Forward(p.RGB, func(tap string, f *kernel.Tensor, y, x int) { c.Observe(s.pool, at[tap], f, y, x) })
	return c.Columns(), nil
}

// maps returns the layers of hypercolumns: each is divided by its number
// of channels, as NNST does, and multiplied by its weight.
func maps(plan *vgg.Plan, layers []Layer) []loss.Map {
	of := make([]loss.Map, len(layers))
	for i, l := range layers {
		c, h, w := plan.Shape(l.Name)
		of[i] = loss.Map{C: c, H: h, W: w, Scale: l.Weight / float64(c)}
	}
	return of
}

// fields returns how many fields of about a step fit into so many pixels.
func fields(pixels int, step float64) int { return max(1, int(math.Round(float64(pixels)/step))) }

// columnBytes returns the memory that hypercolumns take while a canvas of h x w is
// painted.
func (s *session) columnBytes(plan *vgg.Plan, h, w int) int64 {
	if !s.recipe.looksForNearest() {
		return 0
	}
	layers, err := s.styleLayers()
	if err != nil {
		return 0 // which has been reported before
	}
	var channels int64
	for _, l := range maps(plan, layers) {
		channels += int64(l.C)
	}
	// The candidates as they are, twice of length 1, and joined; the columns of
	// the canvas, their gradient, their targets and those again of length 1.
	places := int64(fields(h, columnStep) * fields(w, columnStep))
	return levelBytes * channels * 4 * (matchedCandidates + places)
}

// looksForNearest says whether any scale compares hypercolumns.
func (r *Recipe) looksForNearest() bool {
	return slices.ContainsFunc(r.Schedule(), func(s Scale) bool {
		return s.StyleCost == NearestCost || s.StyleCost == SplitCost || s.StyleCost == EarthMoverCost
	})
}

// scatters says whether any scale compares scattered places.
func (r *Recipe) scatters() bool {
	return slices.ContainsFunc(r.Schedule(), func(s Scale) bool { return s.StyleCost == EarthMoverCost })
}

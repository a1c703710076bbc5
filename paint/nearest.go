package paint

import (
	"context"
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/internal/cost"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/picture"
)

const (
	// columnStep is the distance between hypercolumns, in pixels, as NNST has it.
	columnStep = 4
	// matchedCandidates and splitCandidates are about how many columns of styles
	// the nearest is looked for among: once a scale, and at every step. NNST takes
	// all of them, which at 512 pixels and in four directions are 65,536: a step
	// that compares as many would take ten seconds.
	matchedCandidates = 65536
	splitCandidates   = 4096
	// partCandidates are as many as are in memory at once where they are looked
	// at once a scale.
	partCandidates = 16384
)

// addMatched adds the cost of hypercolumns against the nearest of the styles,
// which are looked for once: near what the content has, and the canvas where the
// scale begins.
func (s *session) addMatched(ctx context.Context, st *stage, r *region, content, origin *picture.Picture, scale Scale, layers []Layer) error {
	places, shares, area := places(s.canvasMask(r.shown, st.w, st.h), st.h, st.w, columnStep)
	memory := st.plan.Memory()
	query, err := s.columns(ctx, origin, places, layers, memory)
	if err != nil {
		return err
	}
	if share := s.recipe.ContentShare; share > 0 {
		of, err := s.columns(ctx, content, places, layers, memory)
		if err != nil {
			return err
		}
		query.Scale(float32(1 - share))
		query.AddScaled(float32(share), of)
	}
	var mean cost.RowMean
	err = s.candidates(ctx, r, scale, layers, matchedCandidates, memory, func(of *kernel.Matrix) error {
		mean.Add(s.pool, of)
		return nil
	})
	if err != nil {
		return err
	}
	search := cost.NewSearch(s.pool, query, mean.Mean())
	err = s.candidates(ctx, r, scale, layers, matchedCandidates, memory, func(of *kernel.Matrix) error {
		return search.AddCandidates(ctx, s.pool, of)
	})
	if err != nil {
		return err
	}
	cost := cost.NewHypercolumnMatching(s.pool, cost.NewHypercolumn(places, maps(st.plan, layers)...), search.Found(), shares)
	st.add(cost, styleKind, area, s.recipe.StyleWeight, names(layers)...)
	return nil
}

// addSplit adds the cost of each layer's columns against the nearest of the
// styles at that layer, which are looked for at every step.
func (s *session) addSplit(ctx context.Context, st *stage, r *region, scale Scale, layers []Layer) error {
	places, shares, area := places(s.canvasMask(r.shown, st.w, st.h), st.h, st.w, columnStep)
	for _, l := range layers {
		var (
			alone = []Layer{l}
			all   []*kernel.Matrix
		)
		err := s.candidates(ctx, r, scale, alone, splitCandidates, st.plan.Memory(), func(of *kernel.Matrix) error {
			all = append(all, of)
			return nil
		})
		if err != nil {
			return err
		}
		cost := cost.NewNearestNeighbours(s.pool, cost.NewHypercolumn(places, maps(st.plan, alone)...), cost.Stack(all...), shares)
		st.add(cost, styleKind, l.Weight*area, s.recipe.StyleWeight, l.Name)
	}
	return nil
}

// places returns where to look at a picture of h x w, about a step apart: what its
// mask shows, the share that each place has in that, and which share of the picture
// it is. Without a mask shares are nil and all the same.
func places(mask *picture.Mask, h, w int, step float64) (at []cost.Point, shares []float64, area float64) {
	rows, cols := fields(h, step), fields(w, step)
	if mask == nil {
		return cost.Grid(rows, cols), nil, 1
	}
	at, shares = cost.WeightedGrid(rows, cols, mask.Resize(cols, rows).Weight)
	return at, shares, mask.Mean()
}

// leastShown is how much of a place of a style its mask has to show for the place
// to be one of those that the nearest are looked for among.
const leastShown = 0.5

// shownPlaces returns the places of a style that its mask shows, or where it shows
// none by more than half, all that it shows anything of.
func shownPlaces(mask *picture.Mask, h, w int, step float64) []cost.Point {
	rows, cols := fields(h, step), fields(w, step)
	if mask == nil {
		return cost.Grid(rows, cols)
	}
	weight := mask.Resize(cols, rows).Weight
	mostly := slices.Clone(weight)
	for i, v := range mostly {
		if v < leastShown {
			mostly[i] = 0
		}
	}
	if slices.Max(mostly) == 0 {
		mostly = weight
	}
	at, _ := cost.WeightedGrid(rows, cols, mostly)
	return at
}

// candidates calls do with at most about so many columns of the styles of a region,
// in all the directions that the recipe asks for, in parts. It fails as do does.
func (s *session) candidates(ctx context.Context, r *region, scale Scale, layers []Layer, most int, memory int64, do func(*kernel.Matrix) error) error {
	directions := max(s.recipe.Rotations, 1)
	shown := make([]float64, len(r.styles)) // pixels of each style
	for i, of := range r.styles {
		w, h := picture.FitLong(of.picture.W, of.picture.H, s.styleSize(scale, of))
		shown[i] = float64(w * h)
		if of.shown != nil {
			shown[i] *= of.shown.Mean()
		}
	}
	each := allot(float64(most/directions), r.shares, shown)
	for i, of := range r.styles {
		p, mask := resized(of.picture, s.styleSize(scale, of)), of.shown
		step := math.Sqrt(shown[i] / each[i])
		for quarter := range directions {
			if quarter > 0 {
				p, mask = p.Turn(), mask.Turn()
			}
			for part := range slices.Chunk(shownPlaces(mask, p.H, p.W, step), partCandidates) {
				m, err := s.columns(ctx, p, part, layers, memory)
				if err != nil {
					return err
				}
				if err := do(m); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// allot returns how many columns each style gives, at most so many in all, where
// of each so many pixels are shown. The styles with the largest share give one for
// every columnStep x columnStep pixels, if that is not too many; the others in
// proportion to their shares, as far as they have as many.
func allot(most float64, shares, pixels []float64) []float64 {
	var whole float64 // as many as there would be with a share of 1
	largest := slices.Max(shares)
	for i, share := range shares {
		if share == largest {
			whole = max(whole, pixels[i]/(columnStep*columnStep)/share)
		}
	}
	columns := make([]float64, len(shares))
	for i, share := range shares {
		columns[i] = max(1, min(pixels[i]/(columnStep*columnStep), share*min(whole, most)))
	}
	return columns
}

// columns returns the hypercolumns of a picture at some places.
func (s *session) columns(ctx context.Context, p *picture.Picture, places []cost.Point, layers []Layer, memory int64) (*kernel.Matrix, error) {
	plan, err := s.observer(p.H, p.W, layers, memory)
	if err != nil {
		return nil, err
	}
	c := cost.NewHypercolumn(places, maps(plan, layers)...)
	at := make(map[string]int)
	for i, l := range layers {
		at[l.Name] = i
	}
	err = s.pool.Interruptible(ctx, func() error {
		return plan.Forward(ctx, p.RGB, func(tap string, f *kernel.Tensor, y, x int) { c.Observe(s.pool, at[tap], f, y, x) })
	})
	if err != nil {
		return nil, err
	}
	return c.Columns(), nil
}

// maps returns the layers of hypercolumns: each is divided by its number
// of channels, as NNST does, and multiplied by its weight.
func maps(plan *vgg.Plan, layers []Layer) []cost.Map {
	of := make([]cost.Map, len(layers))
	for i, l := range layers {
		c, h, w := plan.Shape(l.Name)
		of[i] = cost.Map{C: c, H: h, W: w, Scale: l.Weight / float64(c)}
	}
	return of
}

// fields returns how many fields of about a step fit into so many pixels.
func fields(pixels int, step float64) int { return max(1, int(math.Round(float64(pixels)/step))) }

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

package paint

import (
	"context"
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/internal/cost"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/masking"
	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/picture"
)

const (
	// columnStep is the distance between hypercolumns, in pixels, as in NNST.
	columnStep = 4
	// matchedCandidates and splitCandidates are about how many hypercolumns of the
	// styles are candidates for the nearest neighbours: in the search once a scale, and
	// at every step. NNST takes all, 65,536 at 512 pixels in four directions; a step
	// with that many candidates would take ten seconds.
	matchedCandidates = 65536
	splitCandidates   = 4096
	// partCandidates is the largest number of candidates in memory during the search
	// once a scale.
	partCandidates = 16384
)

// addMatched adds the cost of hypercolumns against their nearest neighbours in the
// styles. The neighbours are searched once, for a blend of the hypercolumns of the
// content and of the canvas at the start of the scale.
func (s *session) addMatched(ctx context.Context, st *stage, r *region, content, initial *picture.Picture, scale Scale, layers []Layer) error {
	points, weights, area := points(s.canvasMask(r.shown, st.w, st.h), st.h, st.w, columnStep)
	memory := st.plan.Memory()
	query, err := s.columns(ctx, initial, points, layers, memory)
	if err != nil {
		return err
	}
	if share := s.recipe.ContentShare; share > 0 {
		of, err := s.columns(ctx, content, points, layers, memory)
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
	cost := cost.NewHypercolumnMatching(s.pool, cost.NewHypercolumn(points, maps(st.plan, layers)...), search.Found(), weights)
	st.add(cost, styleKind, area, s.recipe.StyleWeight, names(layers)...)
	return nil
}

// addSplit adds, for each layer, the cost of its columns against their nearest
// neighbours in the styles at that layer. The neighbours are searched at every step.
func (s *session) addSplit(ctx context.Context, st *stage, r *region, scale Scale, layers []Layer) error {
	points, weights, area := points(s.canvasMask(r.shown, st.w, st.h), st.h, st.w, columnStep)
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
		cost := cost.NewNearestNeighbours(s.pool, cost.NewHypercolumn(points, maps(st.plan, alone)...), cost.Stack(all...), weights)
		st.add(cost, styleKind, l.Weight*area, s.recipe.StyleWeight, l.Name)
	}
	return nil
}

// points returns a grid of points of a picture of h x w, about a step apart, where the
// mask is positive; their weights; and the share of the picture that the mask covers.
// Without a mask the weights are nil and the share is 1.
func points(mask *masking.Mask, h, w int, step float64) (at []cost.Point, weights []float64, area float64) {
	rows, cols := cellCount(h, step), cellCount(w, step)
	if mask == nil {
		return cost.Grid(rows, cols), nil, 1
	}
	at, weights = cost.WeightedGrid(rows, cols, mask.Resize(cols, rows).Weight)
	return at, weights, mask.Mean()
}

// minShown is the mask value from which a position of a style is a candidate.
const minShown = 0.5

// shownPoints returns the grid points of a style at which its mask is at least
// minShown, or if there are none, all at which it is positive.
func shownPoints(mask *masking.Mask, h, w int, step float64) []cost.Point {
	rows, cols := cellCount(h, step), cellCount(w, step)
	if mask == nil {
		return cost.Grid(rows, cols)
	}
	weight := mask.Resize(cols, rows).Weight
	candidates := slices.Clone(weight)
	for i, v := range candidates {
		if v < minShown {
			candidates[i] = 0
		}
	}
	if slices.Max(candidates) == 0 {
		candidates = weight
	}
	at, _ := cost.WeightedGrid(rows, cols, candidates)
	return at
}

// candidates computes at most about maxColumns hypercolumns of the styles of a region, in all
// directions that the recipe asks for, and calls do with parts of them. It returns the
// error of do.
func (s *session) candidates(ctx context.Context, r *region, scale Scale, layers []Layer, maxColumns int, memory int64, do func(*kernel.Matrix) error) error {
	directions := max(s.recipe.Rotations, 1)
	shown := make([]float64, len(r.styles)) // visible pixels of each style
	for i, of := range r.styles {
		w, h := picture.FitLong(of.picture.W, of.picture.H, s.styleSize(scale, of))
		shown[i] = float64(w * h)
		if of.shown != nil {
			shown[i] *= of.shown.Mean()
		}
	}
	each := allot(float64(maxColumns/directions), r.shares, shown)
	for i, of := range r.styles {
		p, mask := resized(of.picture, s.styleSize(scale, of)), of.shown
		step := math.Sqrt(shown[i] / each[i])
		for quarter := range directions {
			if quarter > 0 {
				p, mask = turned(p), turnedMask(mask)
			}
			for part := range slices.Chunk(shownPoints(mask, p.H, p.W, step), partCandidates) {
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

// allot returns the number of columns of each style, at most maxColumns in all. pixels is the
// number of visible pixels of each style. The styles with the largest share get one
// column for every columnStep x columnStep pixels, unless that exceeds maxColumns; the others
// get a number in proportion to their shares, as far as they have enough pixels.
func allot(maxColumns float64, shares, pixels []float64) []float64 {
	var whole float64 // number of columns for a share of 1
	largest := slices.Max(shares)
	for i, share := range shares {
		if share == largest {
			whole = max(whole, pixels[i]/(columnStep*columnStep)/share)
		}
	}
	columns := make([]float64, len(shares))
	for i, share := range shares {
		columns[i] = max(1, min(pixels[i]/(columnStep*columnStep), share*min(whole, maxColumns)))
	}
	return columns
}

// columns returns the hypercolumns of a picture at the given points.
func (s *session) columns(ctx context.Context, p *picture.Picture, points []cost.Point, layers []Layer, memory int64) (*kernel.Matrix, error) {
	plan, err := s.observer(p.H, p.W, layers, memory)
	if err != nil {
		return nil, err
	}
	c := cost.NewHypercolumn(points, maps(plan, layers)...)
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

// maps describes the layers of hypercolumns. Each is divided by its number of channels,
// as in NNST, and multiplied by its weight.
func maps(plan *vgg.Plan, layers []Layer) []cost.Map {
	of := make([]cost.Map, len(layers))
	for i, l := range layers {
		c, h, w := plan.Shape(l.Name)
		of[i] = cost.Map{C: c, H: h, W: w, Factor: l.Weight / float64(c)}
	}
	return of
}

// cellCount returns how many cells of about the given step fit into pixels.
func cellCount(pixels int, step float64) int { return max(1, int(math.Round(float64(pixels)/step))) }

// samplesPoints reports whether the style cost of any scale samples random points.
func (r *Recipe) samplesPoints() bool {
	return slices.ContainsFunc(r.Schedule(), func(s Scale) bool { return s.StyleCost == EarthMoverCost })
}

package paint

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/pastiche-art/pastiche/kernel"
	"github.com/pastiche-art/pastiche/loss"
	"github.com/pastiche-art/pastiche/optim"
	"github.com/pastiche-art/pastiche/picture"
	"github.com/pastiche-art/pastiche/vgg"
)

// stage is one scale: the network laid out for its canvas, and the costs there.
type stage struct {
	pool      *kernel.Pool
	plan      *vgg.Plan
	scale     Scale
	h, w      int
	terms     []*term
	variation float64      // weight
	kept      *kept        // nil where the whole canvas is painted
	scattered []*scattered // regions that are looked at elsewhere at every step
	tried     []Costs      // of the evaluations of one step
	// Where a tileable canvas is rolled to, and its gradient comes from.
	canvas, gradient []float32
	spent            Spent // on all evaluations
}

// term is a cost at one tap or several.
type term struct {
	loss.Joint
	layers  []string
	kind    kind
	share   float64 // of the layer among those of its kind, and of the canvas that it looks at
	overall float64 // the share times the weight of the kind
	cost    float64 // of the last evaluation, before its weights
}

// kind is what a term compares.
type kind string

const (
	contentKind kind = "content"
	styleKind   kind = "style"
	faceKind    kind = "faces" // the content's, in faces
)

// newStage measures a content and the styles. The content and the origin, which
// is the canvas where the scale begins, have the canvas's size. Where it fails, with
// context.Cause(ctx) if ctx is cancelled, it still returns a stage, of which only
// what is kept of the content is in place.
func (s *session) newStage(ctx context.Context, content, origin *picture.Picture, scale Scale) (*stage, error) {
	st := &stage{pool: s.pool, scale: scale, h: content.H, w: content.W, variation: s.recipe.VariationWeight}
	for _, r := range s.regions {
		if len(r.styles) == 0 {
			s.keepContent(st, r, content)
		}
	}
	return st, s.measureScale(ctx, st, content, origin, scale)
}

// measureScale lays the network out for a stage and adds the costs.
func (s *session) measureScale(ctx context.Context, st *stage, content, origin *picture.Picture, scale Scale) error {
	contentLayers, err := s.contentLayers()
	if err != nil {
		return err
	}
	styleLayers, err := s.styleLayers()
	if err != nil {
		return err
	}
	if st.plan, err = s.plan(st.h, st.w, contentLayers, styleLayers); err != nil {
		return err
	}
	if err := s.addContent(ctx, st, content, contentLayers, scale.ContentWeight); err != nil {
		return err
	}
	for _, r := range s.regions {
		if len(r.styles) == 0 || len(styleLayers) == 0 {
			continue
		}
		if err := s.addStyle(ctx, st, r, content, origin, scale, styleLayers); err != nil {
			return err
		}
	}
	// Pictures are measured in larger parts than they are painted in; release the
	// buffers of these.
	s.pool.Release()
	return nil
}

func (s *session) planOptions(taps ...string) vgg.PlanOptions {
	return vgg.PlanOptions{Taps: taps, Pooling: *s.recipe.Pooling, Replicate: s.recipe.Replicate, Precision: s.precision}
}

func (s *session) addContent(ctx context.Context, st *stage, content *picture.Picture, layers []Layer, weight float64) error {
	if len(layers) == 0 {
		return nil
	}
	if s.recipe.ContentCost == SimilarContent {
		return s.addSimilarity(ctx, st, content, layers, weight)
	}
	plan, err := s.observer(content.H, content.W, layers, st.plan.Memory())
	if err != nil {
		return err
	}
	targets, err := plan.Activations(ctx, content.RGB)
	if err != nil {
		return err
	}
	for _, l := range layers {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		target := targets[l.Name]
		opts := loss.Options{Scale: s.recipe.Factor}
		if s.recipe.Balanced {
			opts.Scale = inverse(loss.Measure(s.pool, target).MeanActivation())
		}
		if s.recipe.mostContent() > 0 {
			t := st.term(contentKind, l.Weight, weight, l.Name)
			opts.Weight = t.overall
			t.Joint = s.contentTerm(target, opts)
		}
		if guide, share := s.faceGuide(l.Name, st.h, st.w); guide != nil {
			t := st.term(faceKind, l.Weight*share, s.recipe.faceWeight(weight), l.Name)
			opts.Weight, opts.Guide = t.overall, guide
			t.Joint = s.contentTerm(target, opts)
		}
	}
	return nil
}

// addStatistics adds the costs of a region whose styles are compared by
// statistics, layer by layer.
func (s *session) addStatistics(ctx context.Context, st *stage, r *region, scale Scale, layers []Layer) error {
	guides, area, err := s.guides(s.canvasMask(r.mask, st.w, st.h), st.h, st.w, layers)
	if err != nil {
		return err
	}
	targets, err := measureRegion(ctx, s, moments, r, scale, layers, st.plan.Memory())
	if err != nil {
		return err
	}
	for _, l := range layers {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		t := st.term(styleKind, l.Weight*area, s.recipe.StyleWeight, l.Name)
		target := targets[l.Name]
		opts := loss.Options{Weight: t.overall, Scale: s.recipe.Factor, Guide: guides[l.Name]}
		if s.recipe.Balanced {
			opts.Scale = inverse(target.MeanActivation())
		}
		switch scale.StyleCost {
		case GramCost:
			t.Joint = loss.OneLayer(loss.NewGram(target, opts))
		case MomentsCost:
			t.Joint = loss.OneLayer(loss.NewMoments(target, opts))
		case WassersteinCost:
			t.Joint = loss.OneLayer(loss.NewWasserstein(s.pool, target, opts))
		}
	}
	return nil
}

// addHistograms adds the costs of a region whose styles are compared by the
// histograms of each channel.
func (s *session) addHistograms(ctx context.Context, st *stage, r *region, scale Scale, layers []Layer) error {
	guides, area, err := s.guides(s.canvasMask(r.mask, st.w, st.h), st.h, st.w, layers)
	if err != nil {
		return err
	}
	targets, err := measureRegion(ctx, s, distributions, r, scale, layers, st.plan.Memory())
	if err != nil {
		return err
	}
	means, err := measureRegion(ctx, s, moments, r, scale, layers, st.plan.Memory())
	if err != nil {
		return err
	}
	for _, l := range layers {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		t := st.term(styleKind, l.Weight*area, s.recipe.StyleWeight, l.Name)
		opts := loss.Options{Weight: t.overall, Scale: s.recipe.Factor, Guide: guides[l.Name]}
		if s.recipe.Balanced {
			opts.Scale = inverse(means[l.Name].MeanActivation())
		}
		t.Joint = loss.OneLayer(loss.NewHistogram(targets[l.Name], opts))
	}
	return nil
}

// addStyle adds the costs of the styles of a region.
func (s *session) addStyle(ctx context.Context, st *stage, r *region, content, origin *picture.Picture, scale Scale, layers []Layer) error {
	switch scale.StyleCost {
	case HistogramCost:
		return s.addHistograms(ctx, st, r, scale, layers)
	case EarthMoverCost:
		return s.addEarthMover(ctx, st, r, scale, layers)
	case NearestCost:
		return s.addMatched(ctx, st, r, content, origin, scale, layers)
	case SplitCost:
		return s.addSplit(ctx, st, r, scale, layers)
	}
	return s.addStatistics(ctx, st, r, scale, layers)
}

// measureTurned returns what is measured of a style of a long side at some
// layers, over all the directions that the recipe asks for.
func measureTurned[M any](ctx context.Context, s *session, how measuring[M], of *style, long int, layers []Layer, memory int64) (map[string]M, error) {
	var (
		p          = resized(of.picture, long)
		mask       = of.mask
		turned     = make(map[string][]M)
		directions = max(s.recipe.Rotations, 1)
	)
	for quarter := range directions {
		if quarter > 0 {
			p, mask = p.Turn(), mask.Turn()
		}
		of, err := measure(ctx, s, how, p, mask, layers, memory)
		if err != nil {
			return nil, err
		}
		for name, m := range of {
			turned[name] = append(turned[name], m)
		}
	}
	all := make(map[string]M)
	for name, of := range turned {
		all[name] = how.blend(slices.Repeat([]float64{1}, directions), of...)
	}
	return all, nil
}

// measuring is a way to measure activations: a part of one, and several together.
type measuring[M any] struct {
	part  func(g *loss.Guide, p *kernel.Pool, f *kernel.Tensor, y, x int) M
	blend func(weights []float64, of ...M) M
}

// The ways to measure a style.
var (
	moments       = measuring[*loss.Statistics]{(*loss.Guide).Measure, loss.Blend}
	distributions = measuring[*loss.Distribution]{(*loss.Guide).MeasureDistribution, loss.BlendDistributions}
)

// measure returns what is measured of what a mask shows of a picture, at some
// layers.
func measure[M any](ctx context.Context, s *session, how measuring[M], p *picture.Picture, mask *picture.Mask, layers []Layer, memory int64) (map[string]M, error) {
	guides, _, err := s.guides(mask, p.H, p.W, layers)
	if err != nil {
		return nil, err
	}
	plan, err := s.observer(p.H, p.W, layers, memory)
	if err != nil {
		return nil, err
	}
	parts, positions := make(map[string][]M), make(map[string][]float64)
	err = plan.Forward(ctx, p.RGB, func(tap string, f *kernel.Tensor, y, x int) {
		parts[tap] = append(parts[tap], how.part(guides[tap], s.pool, f, y, x))
		positions[tap] = append(positions[tap], float64(f.Positions()))
	})
	if err != nil {
		return nil, err
	}
	whole := make(map[string]M)
	for tap, of := range parts {
		whole[tap] = how.blend(positions[tap], of...)
	}
	return whole, nil
}

// measureRegion returns what is measured of the styles of a region together.
func measureRegion[M any](ctx context.Context, s *session, how measuring[M], r *region, scale Scale, layers []Layer, memory int64) (map[string]M, error) {
	parts := make(map[string][]M)
	for _, style := range r.styles {
		of, err := measureTurned(ctx, s, how, style, s.recipe.styleSize(scale, style.scale), layers, memory)
		if err != nil {
			return nil, err
		}
		for name, m := range of {
			parts[name] = append(parts[name], m)
		}
	}
	all := make(map[string]M)
	for name, of := range parts {
		all[name] = how.blend(r.shares, of...)
	}
	return all, nil
}

// contentLayers and styleLayers return the layers of costs that weigh anything,
// by their proper names.
func (s *session) contentLayers() ([]Layer, error) {
	weight := s.recipe.mostContent()
	if len(s.faces) > 0 {
		weight = max(weight, s.recipe.faceWeight(weight))
	}
	return s.layers("ContentLayers", s.recipe.ContentLayers, weight)
}

func (s *session) styleLayers() ([]Layer, error) {
	return s.layers("StyleLayers", s.recipe.StyleLayers, s.recipe.StyleWeight)
}

func (s *session) layers(option string, of []Layer, weight float64) ([]Layer, error) {
	var layers []Layer
	for _, l := range of {
		name, err := s.network.vgg.Layer(l.Name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(names(layers), name) {
			return nil, invalid(option, "%s twice", name)
		}
		if l.Weight > 0 && weight > 0 {
			layers = append(layers, Layer{name, l.Weight})
		}
	}
	return layers, nil
}

func names(layers []Layer) []string {
	n := make([]string, len(layers))
	for i, l := range layers {
		n[i] = l.Name
	}
	return n
}

// term adds a term without its cost.
func (st *stage) term(k kind, share, weight float64, layers ...string) *term {
	t := &term{layers: layers, kind: k, share: share, overall: share * weight}
	st.terms = append(st.terms, t)
	return t
}

// each calls do for the terms at a tap, with the number of the tap among theirs.
func (st *stage) each(tap string, do func(t *term, layer int)) {
	for _, t := range st.terms {
		if i := slices.Index(t.layers, tap); i >= 0 {
			do(t, i)
		}
	}
}

// inverse returns 1/x, and 1 where a picture activates nothing.
func inverse(x float64) float64 {
	if x == 0 {
		return 1
	}
	return 1 / x
}

// objective returns the total cost of a canvas, as evaluate computes it.
func (st *stage) objective(ctx context.Context) optim.Objective {
	return func(canvas, gradient []float32) float64 { return st.evaluate(ctx, canvas, gradient) }
}

// evaluate computes the gradient of the total cost with respect to a canvas,
// 3 x h x w, and returns the cost. Where ctx is cancelled meanwhile, the cost is not
// a number, so that an optimiser takes the step back.
func (st *stage) evaluate(ctx context.Context, canvas, gradient []float32) float64 {
	clock := stopwatch{last: time.Now()}
	err := st.plan.Forward(ctx, canvas, func(tap string, f *kernel.Tensor, y, x int) {
		clock.lap(&st.spent.Forward)
		st.each(tap, func(t *term, layer int) { t.Observe(st.pool, layer, f, y, x) })
		clock.lap(&st.spent.Costs)
	})
	clock.lap(&st.spent.Forward)
	if err != nil {
		return math.NaN()
	}
	var costs Costs
	for _, t := range st.terms {
		t.cost = t.Evaluate(st.pool)
		costs.Total += t.overall * t.cost
		switch t.kind {
		case contentKind:
			costs.Content += t.share * t.cost
		case styleKind:
			costs.Style += t.share * t.cost
		case faceKind:
			costs.Faces += t.share * t.cost
		}
	}
	clock.lap(&st.spent.Costs)
	err = st.plan.Backward(ctx, gradient, func(tap string, grad, f *kernel.Tensor, y, x int) {
		clock.lap(&st.spent.Backward)
		st.each(tap, func(t *term, layer int) { t.AddGradient(st.pool, layer, grad, f, y, x) })
		clock.lap(&st.spent.Costs)
	})
	clock.lap(&st.spent.Backward)
	if err != nil {
		return math.NaN()
	}
	for _, l := range st.scattered {
		colors := l.palette.Evaluate(st.pool, gradient, canvas, st.h, st.w, l.places, l.overall)
		costs.Style += l.share * colors
		costs.Total += l.overall * colors
	}
	costs.Variation = loss.TotalVariation(st.pool, gradient, canvas, st.h, st.w, st.variation)
	costs.Total += st.variation * costs.Variation
	st.hold(gradient)
	clock.lap(&st.spent.Costs)
	st.tried = append(st.tried, costs)
	return costs.Total
}

// stopwatch adds up how long things take in turn.
type stopwatch struct{ last time.Time }

func (s *stopwatch) lap(to *time.Duration) {
	now := time.Now()
	*to += now.Sub(s.last)
	s.last = now
}

// costs returns the costs behind the total where a step ended, which may be any
// that it tried, or where it began.
func (st *stage) costs(total float64, before Costs) Costs {
	for _, c := range st.tried {
		if c.Total == total {
			return c
		}
	}
	return before
}

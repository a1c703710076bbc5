package paint

import (
	"context"
	"runtime/debug"
	"slices"
	"time"

	"github.com/pastiche-art/pastiche/internal/cost"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/picture"
)

// stage holds what the iterations of one [Scale] need: the network's plan for the canvas,
// and the costs.
type stage struct {
	pool        *kernel.Pool
	plan        *vgg.Plan
	scale       Scale
	h, w        int
	terms       []*term
	variation   float64 // weight
	kept        *kept   // nil where the whole canvas is painted
	references  []target
	sampled     []*sampledRegion // regions whose points change at every step
	evaluations []Costs          // the costs of each evaluation in one step
	// The rolled canvas of a tileable texture, and its gradient.
	canvas, gradient []float32
	spent            spent // over all evaluations
}

// spent is the time of the parts of evaluations: the network forward and backward, and
// statistics and costs with their gradients.
type spent struct{ forward, backward, costs time.Duration }

// term is a cost at one or more taps, with its weights.
type term struct {
	cost.Cost
	layers []string
	kind   kind
	share  float64 // weight of the layer among those of its kind, times the share of the canvas that it covers
	weight float64 // weight of the kind
	cost   float64 // value of the last evaluation, unweighted
}

// overall returns the weight of the cost in the total.
func (t *term) overall() float64 { return t.share * t.weight }

// kind is what a term compares.
type kind string

const (
	contentKind kind = "content"
	styleKind   kind = "style"
	faceKind    kind = "faces" // the content cost within faces
)

// newStage measures the content and the styles of a scale. content and initial, the
// canvas at the start of the scale, have the size of the canvas. If newStage fails,
// with context.Cause(ctx) where ctx is cancelled, it still returns a stage, which has
// only the kept part of the content.
func (s *session) newStage(ctx context.Context, content, initial *picture.Picture, scale Scale) (*stage, error) {
	st := &stage{pool: s.pool, scale: scale, h: content.H, w: content.W, variation: s.recipe.VariationWeight}
	for _, r := range s.regions {
		if len(r.styles) == 0 {
			s.keepContent(st, r, content)
		}
	}
	s.addReferences(st)
	return st, s.measureScale(ctx, st, content, initial, scale)
}

// measureScale plans the network for a stage and adds its costs.
func (s *session) measureScale(ctx context.Context, st *stage, content, initial *picture.Picture, scale Scale) error {
	contentLayers, err := s.contentLayers()
	if err != nil {
		return err
	}
	styleLayers, err := s.styleLayers()
	if err != nil {
		return err
	}
	if st.plan, err = s.plan(scale, st.h, st.w, contentLayers, styleLayers); err != nil {
		return err
	}
	if err := s.addContent(ctx, st, content, contentLayers, scale.ContentWeight); err != nil {
		return err
	}
	for _, r := range s.regions {
		if len(r.styles) == 0 || len(styleLayers) == 0 {
			continue
		}
		if err := s.addStyle(ctx, st, r, content, initial, scale, styleLayers); err != nil {
			return err
		}
	}
	// Measuring needs other buffers than painting. Free them before painting allocates
	// its own, so that the process never holds both.
	s.pool.Release()
	s.buffers.Release()
	debug.FreeOSMemory()
	return nil
}

// visibleShare returns the mean opacity of the content.
func (s *session) visibleShare() float64 {
	if s.opacity == nil {
		return 1
	}
	return s.opacity.Mean()
}

func (s *session) planOptions(taps ...string) vgg.PlanOptions {
	return vgg.PlanOptions{Taps: taps, Pooling: *s.recipe.Pooling, Replicate: s.recipe.Replicate, Precision: s.opts.Precision, Buffers: &s.buffers}
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
	var targets map[string]*kernel.Tensor
	err = s.pool.Interruptible(ctx, func() error {
		targets, err = plan.Activations(ctx, content.RGB)
		return err
	})
	if err != nil {
		return err
	}
	guides, area, err := s.guides(s.canvasMask(s.opacity, st.w, st.h), st.h, st.w, layers)
	if err != nil {
		return err
	}
	for _, l := range layers {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		target := targets[l.Name]
		opts := cost.Options{Factor: s.recipe.Factor, Guide: guides[l.Name]}
		if s.recipe.Balanced {
			opts.Factor = inverse(opts.Guide.MeanActivation(s.pool, target))
		}
		if s.recipe.maxContentWeight() > 0 {
			// Multiplied by the visible share of the canvas, the cost has the same
			// gradient at a visible position as in an opaque picture. The same applies
			// to styles.
			st.add(s.contentCost(target, opts), contentKind, l.Weight*area, weight, l.Name)
		}
		if guide, share, ok := s.faceGuide(l.Name, st.h, st.w); ok {
			opts.Guide = guide
			st.add(s.contentCost(target, opts), faceKind, l.Weight*share, s.recipe.faceWeight(weight), l.Name)
		}
	}
	return nil
}

// addStyle adds the style costs of a region.
func (s *session) addStyle(ctx context.Context, st *stage, r *region, content, initial *picture.Picture, scale Scale, layers []Layer) error {
	switch scale.StyleCost {
	case EarthMoverCost:
		return s.addEarthMover(ctx, st, r, scale, layers)
	case NearestCost:
		return s.addMatched(ctx, st, r, content, initial, scale, layers)
	case SplitCost:
		return s.addSplit(ctx, st, r, scale, layers)
	}
	return s.addStatistics(ctx, st, r, scale, layers)
}

// contentLayers and styleLayers return the layers with a positive weight, by canonical
// name.
func (s *session) contentLayers() ([]Layer, error) {
	weight := s.recipe.maxContentWeight()
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

// add adds a cost to the stage.
func (st *stage) add(cost cost.Cost, k kind, share, weight float64, layers ...string) {
	st.terms = append(st.terms, &term{Cost: cost, layers: layers, kind: k, share: share, weight: weight})
}

// inverse returns 1/x, or 1 for 0.
func inverse(x float64) float64 {
	if x == 0 {
		return 1
	}
	return 1 / x
}

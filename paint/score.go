package paint

import (
	"cmp"
	"context"
	"errors"
	"image"
	"strings"

	"github.com/pastiche-art/pastiche/loss"
)

// A Report holds the costs of a picture.
type Report struct {
	Costs  Costs       `json:"costs"`
	Layers []LayerCost `json:"layers"`
}

// A LayerCost is the cost of a picture at one layer.
type LayerCost struct {
	Layer  string  `json:"layer"`  // or several layers, joined by +
	Kind   string  `json:"kind"`   // "content" or "style"
	Weight float64 `json:"weight"` // weight of the layer among those of its kind, times that of the region
	Cost   float64 `json:"cost"`   // unweighted
}

// Score measures the costs of any picture as a painting of content in the styles of the
// regions. The picture keeps its size. The content is resized to it, and the styles to
// its long side, so that only the recipe's network options, layers, costs and weights
// matter. Costs are measured where the content is visible. Errors are those of [Paint]
// before work begins, or context.Cause(ctx).
func Score(ctx context.Context, content image.Image, regions []Region, scored image.Image, opts Options) (report *Report, err error) {
	defer catch(&err)
	canvas, _, err := visible("picture", scored)
	if err != nil {
		return nil, &PictureError{Role: PictureRole, Err: err}
	}
	recipe := Fine()
	if opts.Recipe != nil {
		recipe = *opts.Recipe
	}
	recipe.Size, recipe.FirstSize, recipe.Scales = max(canvas.W, canvas.H), 0, nil
	recipe.FinalIterations, recipe.Margin = 0, 0
	recipe.Init, recipe.Colors, recipe.Pyramid = InitContent, StyleColors, 0
	opts.Recipe = &recipe
	s, err := newSession(content, regions, opts)
	if err != nil {
		return nil, scoreError(err)
	}
	defer s.pool.Close()
	st, err := s.newStage(ctx, s.content.Resize(canvas.W, canvas.H), canvas, s.scales[0])
	if err != nil {
		return nil, err
	}
	st.evaluate(ctx, canvas.RGB, make([]float32, len(canvas.RGB)))
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	report = &Report{Costs: st.evaluations[0]}
	for _, t := range st.terms {
		report.Layers = append(report.Layers, LayerCost{Layer: strings.Join(t.layers, "+"), Kind: string(t.kind), Weight: t.share, Cost: t.cost})
	}
	return report, nil
}

// scoreError adapts an error of a session to [Score], where a content that is too small
// has the size of the scored picture.
func scoreError(err error) error {
	var of *PictureError
	var small *SizeError
	if errors.As(err, &of) && of.Role == ContentRole && errors.As(err, &small) {
		return &PictureError{Role: PictureRole, Err: &SizeError{Err: small.Err, Help: "use a larger or less narrow one"}}
	}
	return err
}

// Features returns the activation of a layer for a picture, which is not resized. It
// uses the network and the threads of the options, and Pooling and Replicate of the
// recipe. Errors are those of [Paint] before work begins, or context.Cause(ctx).
func Features(ctx context.Context, m image.Image, layer string, opts Options) (activation *loss.Activation, err error) {
	defer catch(&err)
	p, _, err := visible("picture", m)
	if err != nil {
		return nil, &PictureError{Role: PictureRole, Err: err}
	}
	s, err := newEmptySession(opts)
	if err != nil {
		return nil, err
	}
	defer s.pool.Close()
	name, err := s.network.vgg.Layer(layer)
	if err != nil {
		return nil, err
	}
	plan, err := s.observer(p.H, p.W, []Layer{{Name: name}}, cmp.Or(s.memory, networkMemory))
	if err != nil {
		return nil, err
	}
	all, err := plan.Activations(ctx, p.RGB)
	if err != nil {
		return nil, err
	}
	f := all[name]
	return &loss.Activation{Channels: f.C, Height: f.H, Width: f.W, Values: f.CHW()}, nil
}

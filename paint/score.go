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
	Layer  string  `json:"layer"`  // or several, joined by +
	Kind   string  `json:"kind"`   // "content" or "style"
	Weight float64 `json:"weight"` // of the layer among those of its kind, and of the region in the picture
	Cost   float64 `json:"cost"`   // before that weight
}

// Score measures the costs of a picture, ours or anyone's, as a painting of
// content in the manner of the styles of the regions. The picture keeps its size; the content
// is resized to it and the styles to its long side, so that of the recipe only
// the network's use, the layers, the costs and their weights matter. Costs are measured
// where the content is visible. Errors are those of [Paint] before work begins, or
// context.Cause(ctx).
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
	report = &Report{Costs: st.tried[0]}
	for _, t := range st.terms {
		report.Layers = append(report.Layers, LayerCost{Layer: strings.Join(t.layers, "+"), Kind: string(t.kind), Weight: t.share, Cost: t.cost})
	}
	return report, nil
}

// scoreError returns the error of a session for [Score]. There a content that is too small
// has the size of the picture that is scored.
func scoreError(err error) error {
	var of *PictureError
	var small *SizeError
	if errors.As(err, &of) && of.Role == ContentRole && errors.As(err, &small) {
		return &PictureError{Role: PictureRole, Err: &SizeError{Err: small.Err, Help: "use a larger or less narrow one"}}
	}
	return err
}

// Features returns the activation of a layer over a picture, which is not
// resized. Of the options, the network, the threads, and the recipe's Pooling
// and Replicate matter. Errors are those of [Paint] before work begins, or
// context.Cause(ctx).
func Features(ctx context.Context, m image.Image, layer string, opts Options) (activation *loss.Activation, err error) {
	defer catch(&err)
	p, _, err := visible("picture", m)
	if err != nil {
		return nil, &PictureError{Role: PictureRole, Err: err}
	}
	s, err := newEasel(opts)
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

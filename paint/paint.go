package paint

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"slices"

	"github.com/pastiche-art/pastiche/internal/face"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/masking"
	"github.com/pastiche-art/pastiche/internal/optim"
	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/picture"
)

// Paint paints content in the styles of the regions.
//
// If ctx is cancelled, Paint returns the painting so far and context.Cause(ctx). It
// checks ctx before every layer of the network, so that it returns within about the
// time of one layer; while it recolours pictures before the first scale, there is no
// painting yet. If costs diverge, that is, become infinite or NaN however small the
// step, Paint returns the best painting so far and a [*DivergedError]. Any other error
// after the first step also comes with the painting so far.
//
// Errors in the arguments are found before work begins and come without a painting: an
// [*OptionError] for an option out of range, a [*vgg.LayerError] for a layer that the
// network lacks, a [*SizeError] for a picture too small for a layer, [ErrTransparent]
// for a picture without visible pixels, a [*MemoryError] for a painting that does not
// fit, or whose content and styles cannot be measured, in the memory limit, a
// [*kernel.UnavailableError] for a kernel that this machine lacks, [ErrCheckpoint] for
// a checkpoint of another painting. A [*PictureError] wraps an error of a picture or
// mask and says which one.
//
// Transparent pixels of the content and the styles are ignored: costs are measured, and
// colours matched, in proportion to the opacity of the pictures. The painting has the
// opacity of the content.
//
// A panic in any of its threads or in a callback is returned as an [*InternalError],
// without a painting.
func Paint(ctx context.Context, content image.Image, regions []Region, opts Options) (painting *Painting, err error) {
	defer catch(&err)
	s, err := newSession(content, regions, opts)
	if err != nil {
		return nil, err
	}
	defer s.pool.Close()
	return s.paint(ctx)
}

// Texture paints a texture in the styles of the regions, on a canvas of the given
// shape; the recipe sets its long side. There is no content, and a recipe of
// InitContent begins with noise around the mean colour of the styles. Errors are those
// of [Paint].
func Texture(ctx context.Context, shape image.Point, regions []Region, opts Options) (painting *Painting, err error) {
	defer catch(&err)
	s, err := newTexture(shape, regions, opts)
	if err != nil {
		return nil, err
	}
	defer s.pool.Close()
	return s.paint(ctx)
}

// newTexture prepares a texture. The caller closes the pool of the session.
func newTexture(shape image.Point, regions []Region, opts Options) (*session, error) {
	if err := checkShape("shape", shape); err != nil {
		return nil, err
	}
	if opts.Shape != (image.Point{}) {
		return nil, invalid("Shape", "with a texture, whose shape is an argument: expected none")
	}
	var err error
	if opts.Recipe, err = withoutContent(opts.Recipe); err != nil {
		return nil, err
	}
	s, err := newEmptySession(opts)
	if err != nil {
		return nil, err
	}
	return s.prepared(func() error { return s.prepareTexture(shape, regions) })
}

// withoutContent returns the recipe, or [Fine] for nil, adapted to a texture.
func withoutContent(r *Recipe) (*Recipe, error) {
	recipe := Fine()
	if r != nil {
		recipe = *r
	}
	if recipe.Colors == ContentColors {
		return nil, invalid("Colors", "%s: expected %s or %s, as a texture has no content", ContentColors, StyleColors, MatchColors)
	}
	recipe.ContentWeight, recipe.FirstContentWeight, recipe.Margin = 0, 0, 0
	recipe.Scales = slices.Clone(recipe.Scales)
	for i := range recipe.Scales {
		recipe.Scales[i].ContentWeight = 0
	}
	return &recipe, nil
}

// prepareTexture loads the styles and plans the scales.
func (s *session) prepareTexture(shape image.Point, regions []Region) error {
	var err error
	s.shape = shape
	if s.regions, err = newRegions(shape, nil, regions); err != nil {
		return err
	}
	if err := s.checkTile(); err != nil {
		return err
	}
	if err := s.planScales(); err != nil {
		return err
	}
	s.content = s.noiseContent()
	return nil
}

// A DivergedError reports that costs became infinite or NaN, however small the step.
type DivergedError struct {
	Step int // the failed iteration, counted from 1 over all scales
	Err  error
}

func (e *DivergedError) Error() string {
	return fmt.Sprintf("the costs diverged at iteration %d: %v; try a smaller learning rate or smaller weights", e.Step, e.Err)
}

func (e *DivergedError) Unwrap() error { return e.Err }

// session is one painting in progress.
type session struct {
	recipe  Recipe
	network *Network
	pool    *kernel.Pool
	buffers vgg.Buffers      // shared by all plans
	shape   image.Point      // the aspect ratio of the painting
	content *picture.Picture // opaque; for a texture, the noise that it begins with
	opacity *masking.Mask    // opacity of the original content; nil where it is opaque
	chroma  *picture.Picture // the picture whose chroma the painting gets; nil for none
	faces   []face.Face      // the faces of the content to keep
	regions []*region
	opts    Options
	memory  int64 // the memory limit in bytes, 0 for none
	scales  []Scale
	deepest int // the smallest side, in pixels, of a picture that reaches the style layers

	steps, step int
	painting    Painting
	init        *picture.Picture // the start picture of InitPicture
	digest      string           // the result of inputs
}

// newSession prepares a painting. The caller closes the pool of the session.
func newSession(content image.Image, regions []Region, opts Options) (*session, error) {
	content, regions, opts, err := cropped(content, regions, opts)
	if err != nil {
		return nil, err
	}
	s, err := newEmptySession(opts)
	if err != nil {
		return nil, err
	}
	return s.prepared(func() error { return s.prepare(content, regions) })
}

// prepared calls prepare and returns the session. If that fails or panics, it closes
// the pool.
func (s *session) prepared(prepare func() error) (*session, error) {
	done := false
	defer func() {
		if !done {
			s.pool.Close()
		}
	}()
	if err := prepare(); err != nil {
		return nil, err
	}
	done = true
	return s, nil
}

// newEmptySession returns a session without pictures.
func newEmptySession(opts Options) (*session, error) {
	s := &session{opts: opts, network: opts.Network, recipe: Fine()}
	if opts.Recipe != nil {
		s.recipe = *opts.Recipe
	}
	if err := s.recipe.Validate(); err != nil {
		return nil, err
	}
	if opts.Threads < 0 || opts.Threads > kernel.MaxThreads {
		return nil, invalid("Threads", "%d: expected 1 to %d, or 0 for one on each processor", opts.Threads, kernel.MaxThreads)
	}
	var err error
	if s.network == nil {
		if s.network, err = builtinNetwork(); err != nil {
			return nil, err
		}
	}
	if opts.Memory < 0 {
		return nil, invalid("Memory", "%d bytes: expected a positive number, or 0 for no limit", opts.Memory)
	}
	if s.memory = opts.Memory; s.memory == 0 && opts.Resume != nil {
		s.memory = opts.Resume.header.Memory // parts of another size would round differently
	}
	s.recipe.adapt(s.network)
	if s.pool, err = kernel.NewPool(opts.Threads); err != nil {
		return nil, err
	}
	if err := s.checkPrecision(); err != nil {
		s.pool.Close()
		return nil, err
	}
	return s, nil
}

// prepare loads the pictures and plans the scales.
func (s *session) prepare(content image.Image, regions []Region) error {
	if s.recipe.Tileable {
		return invalid("Tileable", "with a content picture, whose edges would not tile: expected a texture")
	}
	var err error
	if s.content, s.opacity, err = visible("content", content); err != nil {
		return &PictureError{Role: ContentRole, Err: err}
	}
	s.shape = image.Pt(s.content.W, s.content.H)
	if s.regions, err = newRegions(s.shape, s.opacity, regions); err != nil {
		return err
	}
	for i := range s.opts.References {
		if err := s.opts.References[i].check(i + 1); err != nil {
			return err
		}
	}
	s.findFaces()
	if s.opts.Shape != (image.Point{}) {
		s.shape = s.opts.Shape
	}
	return s.planScales()
}

// planScales plans the scales. It finds errors that would otherwise appear only after
// the first scale: layers that the network lacks, pictures too small to reach them or
// too large for the memory.
func (s *session) planScales() error {
	if s.recipe.Init == InitPicture {
		var err error
		if s.init, _, err = visible("Init", s.opts.Init); err != nil {
			return &PictureError{Role: InitRole, Err: err}
		}
	}
	content, err := s.contentLayers()
	if err != nil {
		return err
	}
	style, err := s.styleLayers()
	if err != nil {
		return err
	}
	if err := s.fitScales(append(content, style...)); err != nil {
		return err
	}
	if s.deepest, err = s.network.minSide(style); err != nil {
		return err
	}
	for _, scale := range s.scales {
		s.steps += scale.Iterations
		if err := s.checkStyles(scale, style); err != nil {
			return err
		}
	}
	return s.checkMemory(DefaultMemory(), content, style)
}

// styles returns the styles of all regions.
func (s *session) styles() []*style {
	var all []*style
	for _, r := range s.regions {
		all = append(all, r.styles...)
	}
	return all
}

// paint paints one scale after the other.
func (s *session) paint(ctx context.Context) (*Painting, error) {
	s.opts.Cache.begin()
	if err := s.prepareColors(ctx); err != nil {
		return nil, err
	}
	at, err := s.start()
	if err != nil {
		return nil, err
	}
	for {
		scale := s.scales[at.scale]
		w, h := s.canvasSize(scale.Size)
		if at.optimizer == nil {
			at.canvas = s.onCanvas(at.canvas, w, h)
			if scale.StyleCost == NearestCost {
				at.initial = copied(at.canvas)
			}
		}
		stage, err := s.newStage(ctx, s.onCanvas(s.content, w, h), at.initial, scale)
		if err != nil && ctx.Err() == nil && s.painting.Steps == 0 {
			return nil, err
		}
		if at.optimizer == nil {
			stage.blendKept(at.canvas.RGB)
			s.prepareProgress(at)
		}
		at.compose(stage)
		if err == nil {
			err = s.paintScale(ctx, stage, at)
		}
		if err != nil {
			s.painting.checkpoint = func(w io.Writer) error { return s.writeCheckpoint(w, at) }
			return s.finish(stage, s.average(stage, at, copied(at.canvas))), err
		}
		canvas := s.average(stage, at, at.canvas)
		if at.scale == len(s.scales)-1 {
			return s.finish(stage, canvas), nil
		}
		at = &progress{scale: at.scale + 1, canvas: withoutMargin(canvas, s.recipe.Margin)}
	}
}

// start returns the progress from which to continue, or that of a new painting.
func (s *session) start() (*progress, error) {
	if s.opts.Resume != nil {
		c := s.opts.Resume
		s.opts.Resume = nil
		return s.resume(c)
	}
	return &progress{canvas: s.begin()}, nil
}

// prepareProgress creates the optimizer and the average of a scale.
func (s *session) prepareProgress(at *progress) {
	at.variables = at.canvas.RGB
	if s.recipe.Pyramid > 1 {
		at.pyramid = newPyramid(s.pool, at.canvas.H, at.canvas.W, s.recipe.Pyramid)
		at.variables = make([]float32, at.pyramid.length())
		at.pyramid.analyse(at.variables, at.canvas.RGB)
	}
	at.optimizer = s.newOptimizer(len(at.variables), s.scales[at.scale])
	if s.recipe.Averaging > 0 {
		at.mean = optim.NewAverage(len(at.canvas.RGB), s.recipe.Averaging)
	}
}

// compose computes the canvas from the variables.
func (at *progress) compose(stage *stage) {
	if at.pyramid != nil {
		at.pyramid.compose(at.canvas.RGB, at.variables)
		stage.blendKept(at.canvas.RGB)
	}
}

// begin returns the initial canvas of the first scale, without its margin.
func (s *session) begin() *picture.Picture {
	first := s.content.Resize(picture.FitLong(s.shape.X, s.shape.Y, s.scales[0].Size))
	switch s.recipe.Init {
	case InitNoise:
		return noisy(first, s.recipe.NoiseShare, s.opts.Seed)
	case InitPicture:
		return s.init.Resize(first.W, first.H)
	}
	return first
}

// finish makes an averaged canvas the painting.
func (s *session) finish(stage *stage, canvas *picture.Picture) *Painting {
	s.painting.Picture, s.painting.Planned = s.output(stage, canvas), s.steps
	return &s.painting
}

// output removes the margin of an averaged canvas and applies the colours, the kept part
// of the content, and the content's opacity.
func (s *session) output(stage *stage, canvas *picture.Picture) *picture.Picture {
	p := s.finishColors(stage, withoutMargin(canvas, s.recipe.Margin))
	stage.restoreKept(p)
	if s.opacity != nil {
		p.Alpha = s.opacity.Resample(p.W, p.H).Weight
	}
	return p
}

// paintScale runs the iterations of a scale. If it fails, the canvas is the result of
// the last successful iteration.
func (s *session) paintScale(ctx context.Context, stage *stage, at *progress) error {
	for iterations := s.scales[at.scale].Iterations; at.iteration < iterations; {
		stage.evaluations = stage.evaluations[:0]
		for _, l := range stage.sampled {
			l.sample(s.opts.Seed, s.step)
		}
		objective := stage.objective(ctx)
		if s.recipe.Tileable {
			objective = stage.rolled(ctx, s.opts.Seed, s.step)
		}
		if at.pyramid != nil {
			objective = at.pyramid.objective(at.canvas.RGB, objective, stage.blendKept)
		}
		result, err := at.optimizer.Step(ctx, at.variables, objective)
		at.compose(stage)
		s.painting.Costs = stage.costs(result.Cost, s.painting.Costs)
		switch {
		case errors.Is(err, optim.ErrConverged):
			s.step += iterations - at.iteration // the remaining iterations would change nothing
			return nil
		case err != nil && ctx.Err() != nil: // an iteration that succeeded counts
			return context.Cause(ctx)
		case err != nil:
			return &DivergedError{Step: s.step + 1, Err: err}
		}
		if at.mean != nil {
			at.mean.Update(s.pool, at.canvas.RGB)
		}
		at.iteration++
		s.step++
		s.painting.Steps++
		if s.opts.Progress != nil {
			view := &view{
				snapshot:   func() *picture.Picture { return s.output(stage, s.average(stage, at, copied(at.canvas))) },
				checkpoint: func(w io.Writer) error { return s.writeCheckpoint(w, at) },
			}
			s.opts.Progress(Progress{
				Scale: at.scale + 1, Scales: len(s.scales),
				Iteration: at.iteration, Iterations: iterations,
				Step: s.step, Steps: s.steps,
				Width: at.canvas.W - 2*s.recipe.Margin, Height: at.canvas.H - 2*s.recipe.Margin,
				Costs: s.painting.Costs, Faces: s.painting.Faces, view: view,
			})
			view.snapshot, view.checkpoint = nil, nil
		}
	}
	return nil
}

// average replaces p, the canvas or a copy of it, by the average over iterations if
// there is one, blends the kept part of the content in, and clamps the levels if the
// recipe does.
func (s *session) average(stage *stage, at *progress, p *picture.Picture) *picture.Picture {
	if at.mean != nil && at.mean.Steps > 0 {
		at.mean.Value(s.pool, p.RGB)
	}
	stage.blendKept(p.RGB)
	if s.recipe.Clamp { // rounding may exceed the limits
		for i, v := range p.RGB {
			p.RGB[i] = min(max(v, 0), maxLevel)
		}
	}
	return p
}

// copied returns a copy of a canvas without opacity.
func copied(canvas *picture.Picture) *picture.Picture {
	p := picture.New(canvas.W, canvas.H)
	copy(p.RGB, canvas.RGB)
	return p
}

// adamEpsilon is far below the gradients of any painting. Costs are means over the
// canvas, and levels are 0 to 255, so that gradients shrink as the number of pixels
// grows: their root mean square is 3e-7 at 91 pixels and 1e-8 at 512. The 1e-8 of the
// paper would slow down large canvases; with this value the step length does not depend
// on the size of the canvas.
const adamEpsilon = 1e-18

// newOptimizer returns the optimizer of the n variables of a scale.
func (s *session) newOptimizer(n int, scale Scale) optim.Optimizer {
	if s.recipe.Optimizer == LBFGS {
		return optim.NewLBFGS(s.pool, n, optim.LBFGSOptions{})
	}
	opts := optim.AdamOptions{
		LearningRate: s.recipe.LearningRate, Beta1: s.recipe.FirstMoment, Beta2: s.recipe.SecondMoment, Epsilon: adamEpsilon,
	}
	if s.recipe.FinalRate > 0 {
		opts.FinalRate, opts.Steps = s.recipe.FinalRate, scale.Iterations
	}
	if s.recipe.Clamp && s.recipe.Pyramid <= 1 { // levels of a pyramid have no limits
		opts.High = maxLevel
	}
	return optim.NewAdam(s.pool, n, opts)
}

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
	"github.com/pastiche-art/pastiche/internal/optim"
	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/picture"
)

// Paint paints content in the manner of the styles of the regions.
//
// Where ctx is cancelled, it returns the painting as it is and the reason,
// context.Cause(ctx). It checks ctx before every layer of the network, so that this
// takes little longer than a layer does, and while it gives pictures other colours
// before the first scale; until these have them, there is no painting. Where costs
// diverge, that is, become infinite or not a number however small the step, it
// returns the best painting so far and a [*DivergedError]. Any other error after
// the first step comes with the painting so far, too.
//
// What is wrong with the arguments is found before work begins, and there is no
// painting: an [*OptionError] for an option out of range, a [*vgg.LayerError]
// for a layer that the network lacks, a [*SizeError] for a picture too
// small for a layer, [ErrTransparent] for one of which nothing is visible, a
// [*MemoryError] for a painting that does not fit or whose
// content and styles cannot be measured in the memory allowed, a
// [*kernel.UnavailableError] for a kernel that this machine lacks, [ErrCheckpoint]
// for a checkpoint of another painting. What is wrong with a picture or a mask is in a
// [*PictureError], which says with which.
//
// Transparent pixels of the content and the styles count for nothing: costs are measured
// and colours are matched where the pictures are visible, in proportion to their
// opacity, and the painting has the opacity of the content.
//
// A panic, of any of its threads or of a callback, is returned as an
// [*InternalError], without a painting.
func Paint(ctx context.Context, content image.Image, regions []Region, opts Options) (painting *Painting, err error) {
	defer catch(&err)
	s, err := newSession(content, regions, opts)
	if err != nil {
		return nil, err
	}
	defer s.pool.Close()
	return s.paint(ctx)
}

// Texture paints nothing in particular in the manner of the styles, on a canvas
// of the given shape; its long side is the recipe's. Content plays no part, and
// a recipe of InitContent begins with noise around the mean colour of the
// styles. Errors are those of [Paint].
func Texture(ctx context.Context, shape image.Point, regions []Region, opts Options) (painting *Painting, err error) {
	defer catch(&err)
	s, err := newTexture(shape, regions, opts)
	if err != nil {
		return nil, err
	}
	defer s.pool.Close()
	return s.paint(ctx)
}

// newTexture prepares a texture. Whoever gets it closes its pool.
func newTexture(shape image.Point, regions []Region, opts Options) (*session, error) {
	if err := checkShape("shape", shape); err != nil {
		return nil, err
	}
	if opts.Shape != (image.Point{}) {
		return nil, invalid("Shape", "with a texture: expected none, as it has a shape of its own")
	}
	var err error
	if opts.Recipe, err = withoutContent(opts.Recipe); err != nil {
		return nil, err
	}
	s, err := newEasel(opts)
	if err != nil {
		return nil, err
	}
	return s.prepared(func() error { return s.prepareTexture(shape, regions) })
}

// withoutContent returns a recipe, or that of [Fine] for nil, for a texture.
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

// prepareTexture takes the styles and plans the scales.
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
	s.content = s.ground()
	return nil
}

// A DivergedError says that costs became infinite or not a number, however
// small the steps.
type DivergedError struct {
	Step int // the iteration that failed, over all scales, from 1
	Err  error
}

func (e *DivergedError) Error() string {
	return fmt.Sprintf("the costs diverged at iteration %d: %v; try a smaller learning rate or smaller weights", e.Step, e.Err)
}

func (e *DivergedError) Unwrap() error { return e.Err }

// session is one painting under way.
type session struct {
	recipe  Recipe
	network *Network
	pool    *kernel.Pool
	buffers vgg.Buffers      // of all plans
	shape   image.Point      // of the painting, up to a factor
	content *picture.Picture // opaque; of a texture, the ground that it begins with
	opacity *picture.Mask    // of the content as it was given; nil where it is opaque
	chroma  *picture.Picture // whose colours are kept
	faces   []face.Face      // of the content, that are kept
	regions []*region
	opts    Options
	memory  int64 // the limit, 0 for none
	scales  []Scale
	deepest int // the least side, in pixels, of a picture that reaches the style layers

	steps, step int
	painting    Painting
	init        *picture.Picture // of a recipe with InitPicture
	digest      string           // what inputs returned
}

// newSession prepares a painting. Whoever gets it closes its pool.
func newSession(content image.Image, regions []Region, opts Options) (*session, error) {
	content, regions, opts, err := cropped(content, regions, opts)
	if err != nil {
		return nil, err
	}
	s, err := newEasel(opts)
	if err != nil {
		return nil, err
	}
	return s.prepared(func() error { return s.prepare(content, regions) })
}

// prepared prepares the session and returns it. Where that fails or panics, it closes
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

// newEasel returns a session without pictures.
func newEasel(opts Options) (*session, error) {
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
		if s.network, err = Builtin(); err != nil {
			return nil, err
		}
	}
	if opts.Memory < 0 {
		return nil, invalid("Memory", "%d bytes: expected a positive number, or 0 for no limit", opts.Memory)
	}
	if s.memory = opts.Memory; s.memory == 0 && opts.Resume != nil {
		s.memory = opts.Resume.header.Memory // parts of another size would be rounded otherwise
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

// prepare takes the pictures and plans the scales.
func (s *session) prepare(content image.Image, regions []Region) error {
	if s.recipe.Tileable {
		return invalid("Tileable", "with a content picture, which has sides: expected a texture")
	}
	var err error
	if s.content, s.opacity, err = visible("content", content); err != nil {
		return &PictureError{Role: ContentRole, Err: err}
	}
	s.shape = image.Pt(s.content.W, s.content.H)
	if s.regions, err = newRegions(s.shape, s.opacity, regions); err != nil {
		return err
	}
	s.findFaces()
	if s.opts.Shape != (image.Point{}) {
		s.shape = s.opts.Shape
	}
	return s.planScales()
}

// planScales lays out what is painted when, and finds what would fail only
// after the first scale, or later: layers that the network lacks, pictures too
// small to reach them or too large for memory.
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
	if s.deepest, err = s.network.leastSide(style); err != nil {
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

// paint paints scale after scale.
func (s *session) paint(ctx context.Context) (*Painting, error) {
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
				at.origin = copied(at.canvas)
			}
		}
		stage, err := s.newStage(ctx, s.onCanvas(s.content, w, h), at.origin, scale)
		if err != nil && ctx.Err() == nil && s.painting.Steps == 0 {
			return nil, err
		}
		if at.optimizer == nil {
			stage.keep(at.canvas.RGB)
			s.prepareProgress(at)
		}
		at.compose(stage)
		if err == nil {
			err = s.paintScale(ctx, stage, at)
		}
		if err != nil {
			s.painting.checkpoint = func(w io.Writer) error { return s.writeCheckpoint(w, at) }
			return s.finish(stage, s.settle(stage, at, copied(at.canvas))), err
		}
		canvas := s.settle(stage, at, at.canvas)
		if at.scale == len(s.scales)-1 {
			return s.finish(stage, canvas), nil
		}
		at = &progress{scale: at.scale + 1, canvas: canvas.Cut(s.recipe.Margin)}
	}
}

// start returns where to begin, or to go on.
func (s *session) start() (*progress, error) {
	if s.opts.Resume != nil {
		c := s.opts.Resume
		s.opts.Resume = nil
		return s.resume(c)
	}
	return &progress{canvas: s.begin()}, nil
}

// prepareProgress makes the optimiser and the mean of a scale ready.
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

// compose makes the canvas what the variables say.
func (at *progress) compose(stage *stage) {
	if at.pyramid != nil {
		at.pyramid.compose(at.canvas.RGB, at.variables)
		stage.keep(at.canvas.RGB)
	}
}

// begin returns the canvas of the first scale, without its margin.
func (s *session) begin() *picture.Picture {
	first := s.content.Resize(picture.FitLong(s.shape.X, s.shape.Y, s.scales[0].Size))
	switch s.recipe.Init {
	case InitNoise:
		return Noise(first, s.recipe.NoiseShare, s.opts.Seed)
	case InitPicture:
		return s.init.Resize(first.W, first.H)
	}
	return first
}

// finish makes a settled canvas the outcome.
func (s *session) finish(stage *stage, canvas *picture.Picture) *Painting {
	s.painting.Picture, s.painting.Planned = s.present(stage, canvas), s.steps
	return &s.painting
}

// present cuts the margin off a settled canvas and gives the rest its colours, what
// is kept of the content, and the content's opacity.
func (s *session) present(stage *stage, canvas *picture.Picture) *picture.Picture {
	p := s.finishColors(stage, canvas.Cut(s.recipe.Margin))
	stage.restore(p)
	if s.opacity != nil {
		p.Alpha = s.opacity.Resample(p.W, p.H).Weight
	}
	return p
}

// paintScale moves the canvas of a scale. Where it fails, the canvas is as the
// last good iteration left it.
func (s *session) paintScale(ctx context.Context, stage *stage, at *progress) error {
	for iterations := s.scales[at.scale].Iterations; at.iteration < iterations; {
		stage.tried = stage.tried[:0]
		for _, l := range stage.scattered {
			l.scatter(s.opts.Seed, s.step)
		}
		objective := stage.objective(ctx)
		if s.recipe.Tileable {
			objective = stage.rolled(ctx, s.opts.Seed, s.step)
		}
		if at.pyramid != nil {
			objective = at.pyramid.objective(at.canvas.RGB, objective, stage.keep)
		}
		result, err := at.optimizer.Step(ctx, at.variables, objective)
		at.compose(stage)
		s.painting.Costs = stage.costs(result.Cost, s.painting.Costs)
		switch {
		case errors.Is(err, optim.ErrConverged):
			s.step += iterations - at.iteration // which would change nothing
			return nil
		case err != nil && ctx.Err() != nil: // a step that was made counts
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
				snapshot:   func() *picture.Picture { return s.present(stage, s.settle(stage, at, copied(at.canvas))) },
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

// settle makes p, the canvas or a copy of it, the painting: the mean over
// iterations where there is one.
func (s *session) settle(stage *stage, at *progress, p *picture.Picture) *picture.Picture {
	if at.mean != nil && at.mean.Steps > 0 {
		at.mean.Value(s.pool, p.RGB)
	}
	stage.keep(p.RGB)
	if s.recipe.Clamp { // a mean of levels at a limit may round beyond it
		for i, v := range p.RGB {
			p.RGB[i] = min(max(v, 0), maxLevel)
		}
	}
	return p
}

// copied returns a copy of a canvas, which has no opacity.
func copied(canvas *picture.Picture) *picture.Picture {
	p := picture.New(canvas.W, canvas.H)
	copy(p.RGB, canvas.RGB)
	return p
}

// adamEpsilon is far below the gradients of any painting. They are those of means
// over the canvas with respect to levels of 0 to 255, so they fall as its pixels
// grow in number: their root mean square is 3e-7 at 91 pixels and 1e-8 at 512.
// The paper's 1e-8 would slow large canvases down; with this step lengths do not
// depend on the size of the canvas.
const adamEpsilon = 1e-18

// newOptimizer returns the optimiser of the n variables of a scale.
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

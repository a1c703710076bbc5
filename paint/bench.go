package paint

import (
	"context"
	"fmt"
	"time"

	"github.com/pastiche-art/pastiche/picture"
)

// BenchOptions are the network, the picture size and the length of a [Bench] run.
type BenchOptions struct {
	Network    *Network // nil is the built-in network
	Size       int      // width and height in pixels; 0 is 512
	Iterations int      // 0 is 5
	Threads    int      // 0 is one for each processor
	Precision  Precision
	Memory     int64 // as that of [Options]
}

// A BenchReport is the result of [Bench].
type BenchReport struct {
	Kernel     string // the implementation that ran
	Precision  Precision
	Threads    int
	Parts      int             // number of parts of the picture
	Iterations []time.Duration // each iteration's time
	// Spent is the time of the parts of all iterations: the network forward and backward,
	// statistics and costs with their gradients, and the optimizer.
	Spent      struct{ Forward, Backward, Costs, Optimizer time.Duration }
	Operations float64 // of the convolutions of an iteration, counted as direct convolutions
}

// Bench measures iterations of [Classic] on synthetic pictures: the network forward to
// conv5_1, five Gram matrices, the content cost at conv4_2, the network backward to the
// pixels, and a step of Adam. An additional first iteration is not counted. Errors are
// those of [Paint] before work begins, or context.Cause(ctx).
func Bench(ctx context.Context, opts BenchOptions) (*BenchReport, error) {
	recipe := Classic()
	if opts.Size != 0 {
		recipe.Size = opts.Size
	}
	if opts.Iterations == 0 {
		opts.Iterations = 5
	}
	if opts.Iterations < 0 {
		return nil, invalid("Iterations", "%d: expected at least 1", opts.Iterations)
	}
	recipe.Iterations = opts.Iterations
	if err := recipe.Validate(); err != nil {
		return nil, err
	}
	subject := stripes(min(recipe.Size, benchPicture))
	s, err := newSession(subject, InMannerOf(subject), Options{
		Recipe: &recipe, Network: opts.Network, Threads: opts.Threads, Precision: opts.Precision, Memory: opts.Memory,
	})
	if err != nil {
		return nil, err
	}
	defer s.pool.Close()
	canvas := s.begin()
	stage, err := s.newStage(ctx, resized(s.content, recipe.Size), canvas, s.scales[0])
	if err != nil {
		return nil, err
	}
	report := &BenchReport{
		Kernel: s.pool.Implementation(), Precision: s.opts.Precision, Threads: s.pool.Threads(),
		Parts: stage.plan.Parts(), Operations: stage.plan.Operations(),
	}
	optimizer := s.newOptimizer(len(canvas.RGB), s.scales[0])
	for i := range opts.Iterations + 1 {
		stage.evaluations, stage.spent = stage.evaluations[:0], spent{}
		begin := time.Now()
		if _, err := optimizer.Step(ctx, canvas.RGB, stage.objective(ctx)); err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return nil, fmt.Errorf("iteration %d: %w", i, err)
		}
		took := time.Since(begin)
		if i == 0 {
			continue
		}
		part := stage.spent
		report.Iterations = append(report.Iterations, took)
		report.Spent.Forward += part.forward
		report.Spent.Backward += part.backward
		report.Spent.Costs += part.costs
		report.Spent.Optimizer += took - part.forward - part.backward - part.costs
	}
	return report, nil
}

// benchPicture is the side of the synthetic pictures in pixels; larger canvases upscale
// them.
const benchPicture = 512

// stripes returns a square picture with detail everywhere.
func stripes(size int) *picture.Picture {
	p := picture.New(size, size)
	for i := range p.RGB {
		// Periods without a common factor, so that nothing repeats.
		x, y := i%size, i/size
		p.RGB[i] = float32((x*7 + y*13 + x*y/64) % (maxLevel + 1))
	}
	return p
}

package paint

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pastiche-art/pastiche/picture"
)

// A BenchReport is the result of [Bench].
type BenchReport struct {
	Network    string    `json:"network"`
	Size       int       `json:"size"` // width and height in pixels
	Threads    int       `json:"threads"`
	Kernel     string    `json:"kernel"` // the implementation that ran
	Precision  Precision `json:"precision"`
	Parts      int       `json:"parts"` // number of parts of the picture
	Iterations int       `json:"iterations"`
	// Seconds are those of the fastest and of the median iteration.
	Seconds struct {
		Min    float64 `json:"min"`
		Median float64 `json:"median"`
	} `json:"seconds_per_iteration"`
	// Share is how much of the time of all iterations the parts take. The sum is 1.
	Share struct {
		Forward   float64 `json:"forward"`  // of the network
		Backward  float64 `json:"backward"` // of the network
		Costs     float64 `json:"costs"`    // statistics, costs and their gradients
		Optimizer float64 `json:"optimizer"`
	} `json:"share"`
	// GFLOPS is the speed of the convolutions of the median iteration, counted as direct
	// convolutions, in 10^9 operations per second.
	GFLOPS float64 `json:"gflops"`
}

// Bench measures iterations of [Classic] on synthetic pictures with a side of size
// pixels: the network forward to conv5_1, five Gram matrices, the content cost at conv4_2,
// the network backward to the pixels, and a step of Adam. An additional first iteration is
// not counted. Of opts it uses Network, Threads, Precision and Memory. Errors are those of
// [Paint] before work begins, or context.Cause(ctx).
func Bench(ctx context.Context, size, iterations int, opts Options) (*BenchReport, error) {
	recipe := Classic()
	recipe.Size, recipe.Iterations = size, iterations
	if iterations < 1 {
		return nil, invalid("Iterations", "%d: expected at least 1", iterations)
	}
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
		Network: s.network.Name, Size: recipe.Size, Threads: s.pool.Threads(), Kernel: s.pool.Implementation(),
		Precision: s.opts.Precision, Parts: stage.plan.Parts(), Iterations: iterations,
	}
	var times []time.Duration
	var total time.Duration
	optimizer := s.newOptimizer(len(canvas.RGB), s.scales[0])
	for i := range iterations + 1 {
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
		times, total = append(times, took), total+took
		report.Share.Forward += stage.spent.forward.Seconds()
		report.Share.Backward += stage.spent.backward.Seconds()
		report.Share.Costs += stage.spent.costs.Seconds()
	}
	slices.Sort(times)
	report.Seconds.Min = times[0].Seconds()
	report.Seconds.Median = ((times[(len(times)-1)/2] + times[len(times)/2]) / 2).Seconds()
	share := &report.Share
	for _, part := range []*float64{&share.Forward, &share.Backward, &share.Costs} {
		*part /= total.Seconds()
	}
	share.Optimizer = max(0, 1-share.Forward-share.Backward-share.Costs)
	report.GFLOPS = stage.plan.Operations() / report.Seconds.Median / 1e9
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

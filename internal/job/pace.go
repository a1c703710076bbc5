package job

import (
	"context"
	"image"
	"slices"
	"sync"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/paint"
)

// How long paintings take is known in two parts. What is a matter of the recipe and the
// picture is computed, in the seconds of a machine that was measured once. What is a
// matter of the machine at hand is a pace: how many times as long it takes. A pace is
// learned from every job that finishes. Each recipe has one of its own, because what
// it computes most of may be faster or slower here.

// cost is the processor time that a style cost took on the machine that was measured:
// two threads of a server with AMX, the built-in network, one style of its canvas's size.
// Numbers per pixel are per million.
type cost struct {
	iteration, iterationPerPixel float64 // seconds
	// opening is what the first iteration of a scale takes besides, with the measuring
	// of the content and of one style.
	opening, openingPerPixel float64
	// matching is what comparing each place of the canvas with each of the style takes
	// where a scale begins, per pixel, for a style as large as matchedPixels or larger.
	matching float64
}

// costs of the built-in recipes' style costs, measured at five sizes from 96 to 512
// pixels. The lines through them meet what was measured within 15 %.
var costs = map[paint.StyleCost]cost{
	paint.GramCost:        {iteration: 0.0037, iterationPerPixel: 0.33, opening: 0.058, openingPerPixel: 2},
	paint.WassersteinCost: {iteration: 0.0055, iterationPerPixel: 0.43, opening: 0.2, openingPerPixel: 1.9},
	paint.NearestCost:     {iteration: 0.001, iterationPerPixel: 0.64, opening: 0.25, openingPerPixel: 8, matching: 16},
	paint.SplitCost:       {iteration: 0.003, iterationPerPixel: 2.98, opening: 0.3, openingPerPixel: 9.7},
	paint.EarthMoverCost:  {iteration: 0.1, iterationPerPixel: 0.38, opening: 0.32, openingPerPixel: 1.75},
}

// historyPerPixel is what L-BFGS takes at an iteration for the steps that it remembers,
// per pixel.
const historyPerPixel = 0.09

// matchedPixels are the pixels, in millions, of the largest style whose places are all
// compared with those of the canvas.
const matchedPixels = 0.175

// reference is how long the scales of a painting take on the machine that was measured.
type reference []scaleReference

// scaleReference is how long one scale takes there, in seconds.
type scaleReference struct {
	opening, iteration float64
	iterations         int
}

func (s *scaleReference) seconds() float64 {
	return s.opening + s.iteration*float64(s.iterations)
}

// referenceOf returns how long each scale of a recipe takes on the machine that was
// measured. shape is the width and height of the photo, of which the ratio counts, and
// styles is how many styles there are.
func referenceOf(r *paint.Recipe, shape image.Point, styles int) reference {
	long, short := float64(max(shape.X, shape.Y, 1)), float64(max(min(shape.X, shape.Y), 1))
	var all reference
	for _, s := range r.Schedule() {
		c := costs[s.StyleCost]
		if r.Optimizer == paint.LBFGS {
			c.iterationPerPixel += historyPerPixel
		}
		pixels := float64(s.Size) * float64(s.Size) * short / long / 1e6
		measured := (1 + float64(max(styles, 1))) / 2 // of the content and the styles, relative to one style
		all = append(all, scaleReference{
			opening:    c.opening + measured*c.openingPerPixel*pixels + c.matching*pixels*min(pixels/matchedPixels, 1),
			iteration:  c.iteration + c.iterationPerPixel*pixels,
			iterations: s.Iterations,
		})
	}
	return all
}

// seconds returns how long all scales take.
func (f reference) seconds() (sum float64) {
	for i := range f {
		sum += f[i].seconds()
	}
	return sum
}

// split returns the seconds of the reference that a painting has done at an iteration, and
// those that are left. A painting may leave out the first scales of its recipe.
func (f reference) split(p *api.Progress) (done, left float64) {
	for i, s := range f[max(len(f)-p.Scales, 0):] {
		switch whole := s.seconds(); {
		case i+1 < p.Scale:
			done += whole
		case i+1 > p.Scale:
			left += whole
		default:
			made := s.opening + s.iteration*float64(p.Iteration)
			done += made
			left += max(0, whole-made)
		}
	}
	return done, left
}

// reference returns how long the record's painting takes on the machine that was
// measured.
func (r *Record) reference() reference {
	shape, styles := r.Options.shape(), 0
	for _, in := range r.Inputs {
		switch in.Role {
		case api.Style:
			styles++
		case api.Content:
			shape = image.Pt(in.Width, in.Height)
		}
	}
	return referenceOf(&r.Options.Recipe, shape, styles)
}

// paces are how many times as long as on the machine that was measured paintings take
// here.
type paces struct {
	mu sync.Mutex
	// By recipe and network. The pace of looks is used where there is none of jobs.
	jobs, looks map[string]float64
	all         float64         // of all jobs; 0 where there were none
	learned     map[string]bool // the owners whose finished jobs were read
}

func newPaces() *paces {
	return &paces{jobs: make(map[string]float64), looks: make(map[string]float64), learned: make(map[string]bool)}
}

func paceName(recipe, network string) string { return recipe + " " + network }

// paceName returns the name of the pace of a record's painting. Videos have paces of their
// own, as the flow between their frames takes time besides.
func (r *Record) paceName() string {
	if r.Video != nil || r.Part != nil {
		return paceName(videoPace(r.Options.Recipe.Name), r.Network)
	}
	return paceName(r.Options.Recipe.Name, r.Network)
}

// videoPace returns what stands for a recipe in the name of a pace of videos.
func videoPace(recipe string) string { return recipe + "/video" }

// paceWeight is how much of an average one more job is.
const paceWeight = 0.3

// averaged returns an average with one more value; 0 is the average of none.
func averaged(mean, value float64) float64 {
	if mean == 0 {
		return value
	}
	return mean + paceWeight*(value-mean)
}

// observe learns from a job that is done and was painted in one attempt.
func (p *paces) observe(r *Record) {
	if r.State != api.Done || r.Attempts != 1 || r.Started == nil || r.Finished == nil {
		return
	}
	if r.Video != nil {
		return // its parts are observed
	}
	took, of := r.Finished.Sub(*r.Started).Seconds(), r.referenceSeconds()
	if took <= 0 || of <= 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	name := r.paceName()
	if r.Look {
		p.looks[name] = averaged(p.looks[name], took/of)
		return
	}
	p.jobs[name] = averaged(p.jobs[name], took/of)
	if r.Part != nil {
		return
	}
	p.all = averaged(p.all, took/of)
}

// of returns the pace of a name: what was learned of it, or else of others, or else what was measured when a worker began; 0 where nothing is known.
func (p *paces) of(name string, measured float64) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, pace := range []float64{p.jobs[name], p.looks[name], p.all, measured} {
		if pace > 0 {
			return pace
		}
	}
	return 0
}

// learnFrom is how many of an owner's newest jobs the paces are learned from when a
// server starts.
const learnFrom = 30

// learn learns from the newest jobs of an owner, once.
func (s *Service) learn(ctx context.Context, owner string) {
	p := s.paces
	p.mu.Lock()
	known := p.learned[owner]
	p.learned[owner] = true
	p.mu.Unlock()
	if known {
		return
	}
	for _, list := range []api.State{Looks, api.Done} {
		page, err := s.cfg.Store.List(ctx, Query{Owner: owner, States: []api.State{list}, Limit: learnFrom})
		if err != nil {
			s.cfg.Log.Warn("finished jobs could not be read to learn how long jobs take", "error", err)
			p.mu.Lock()
			delete(p.learned, owner)
			p.mu.Unlock()
			return
		}
		for _, r := range slices.Backward(page.Records) { // the newest counts most
			p.observe(r)
		}
	}
}

// measure returns the pace of this machine, from a few iterations on a small canvas, or
// 0 where it cannot be measured. It takes a fifth of a second of a processor.
func measure(ctx context.Context, threads int) float64 {
	const size, iterations = 96, 8
	recipe := paint.Classic()
	recipe.Size, recipe.Iterations = size, iterations
	var ends []time.Time
	canvas := image.NewGray(image.Rect(0, 0, size, size))
	for i := range canvas.Pix {
		canvas.Pix[i] = uint8(i * i >> 8) //nolint:gosec // any pattern will do
	}
	_, err := paint.Paint(ctx, canvas, paint.InMannerOf(canvas), paint.Options{
		Recipe: &recipe, Threads: threads, Progress: func(paint.Progress) { ends = append(ends, time.Now()) },
	})
	if err != nil || len(ends) < 2 {
		return 0
	}
	least := ends[1].Sub(ends[0]) // other programs make it more
	for i := 2; i < len(ends); i++ {
		least = min(least, ends[i].Sub(ends[i-1]))
	}
	return least.Seconds() / referenceOf(&recipe, image.Pt(size, size), 1)[0].iteration
}

// forecast estimates the time that a painting under way still takes, from its first
// iteration on.
type forecast struct {
	reference
	pace  float64 // what was known before the painting began; 0 for nothing
	begun time.Time
	// before is what an earlier attempt had done of the reference.
	before  float64
	started bool
}

// priorSeconds is the weight of the pace that was known before, in seconds of the
// reference. The pace of the painting itself soon outweighs it.
const priorSeconds = 2

// left returns the seconds that the painting still takes after an iteration that ended
// at a time, where they can be estimated.
func (f *forecast) left(p *api.Progress, now time.Time) (seconds float64, known bool) {
	done, left := f.split(p)
	if !f.started {
		f.started = true
		at := f.reference[min(max(len(f.reference)-p.Scales+p.Scale-1, 0), len(f.reference)-1)]
		f.before = max(0, done-at.opening-at.iteration)
	}
	took, of := now.Sub(f.begun).Seconds(), done-f.before
	if f.pace > 0 {
		took, of = took+priorSeconds*f.pace, of+priorSeconds
	}
	if of <= 0 {
		return 0, false
	}
	return left * took / of, true
}

package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/paint"
)

// A Plan is a painting whose time and memory are estimated.
type Plan struct {
	Options Options
	Content image.Point // width and height; those of the shape where the options have one
	Styles  int         // how many
	Frames  int         // of a video; 0 for a picture
	Shots   int         // of a video
}

// Estimate returns what paintings of several sizes take, each a long side in pixels: the
// memory, the seconds where the pace of this server is known, and what is in the way.
// The pace is learned from the owner's newest jobs. The error is a [*paint.OptionError] or that
// of a network that cannot be opened.
func (s *Service) Estimate(ctx context.Context, owner string, plan Plan, sizes []int) ([]api.Estimate, error) {
	if side := max(plan.Content.X, plan.Content.Y); side > longestPhoto {
		return nil, optionError("content", "%d pixels long: expected at most %d", side, longestPhoto)
	}
	s.learn(ctx, owner)
	network, err := s.networks.of(&plan.Options.Recipe)
	if err != nil {
		return nil, err
	}
	e := &estimator{service: s, plan: plan, network: network}
	name := plan.Options.Recipe.Name
	if plan.Frames > 0 {
		name = videoPace(name)
	}
	pace := s.paces.of(paceName(name, network.Name), s.dispatcher.measuredPace())
	s.estimating.Lock() // requests take the time of one processor at most
	defer s.estimating.Unlock()
	all := make([]api.Estimate, len(sizes))
	for i, size := range sizes {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		all[i].Size = size
		if all[i].Memory, all[i].Problem, err = e.try(size); err != nil {
			return nil, err
		}
		switch {
		case all[i].Problem != "":
			if all[i].Most, err = e.most(size); err != nil {
				return nil, err
			}
		case pace > 0:
			recipe := e.recipe(size)
			seconds := pace * plan.seconds(referenceOf(&recipe, plan.Content, plan.Styles))
			all[i].Seconds = &seconds
		}
	}
	return all, nil
}

// seconds returns how long a picture or a video takes by the reference of one frame.
func (p *Plan) seconds(of reference) float64 {
	if p.Frames == 0 {
		return of.seconds()
	}
	return of.videoSeconds(p.Frames, p.Shots, p.Options.Video)
}

// estimator estimates the paintings of a plan.
type estimator struct {
	service *Service
	plan    Plan
	network *paint.Network
	largest int // the greatest size that is painted, once it is known; 0 where it is not
}

// recipe returns the plan's recipe in a size.
func (e *estimator) recipe(size int) paint.Recipe {
	r := e.plan.Options.Recipe
	r.Size = size
	return r
}

const (
	// leastPicture is the long side, in pixels, that photos and styles are assumed to
	// have. The web page makes no copies that are smaller.
	leastPicture = 1024
	// longestPhoto is longer than any picture that is accepted, in pixels.
	longestPhoto = 1 << 20
	// tooLarge is what is wrong with a painting that takes more than the server allows.
	tooLarge = "Too large for this server."
)

// try returns the memory that the painting of a size takes, or what is in its way.
func (e *estimator) try(size int) (memory int64, problem string, err error) {
	cfg, shape := &e.service.cfg, e.plan.Content
	options := e.plan.Options
	options.Recipe = e.recipe(size)
	if size > cfg.MaxSize || options.videoWork(shape, e.plan.Frames, e.plan.Shots) > cfg.MaxWork {
		return 0, tooLarge, nil
	}
	content := shape
	// The web page sends a photo with twice the long side of the painting.
	if long := max(2*size, leastPicture); max(content.X, content.Y) > long {
		ratio := float64(long) / float64(max(content.X, content.Y))
		content.X = max(1, int(math.Round(float64(content.X)*ratio)))
		content.Y = max(1, int(math.Round(float64(content.Y)*ratio)))
	}
	if len(options.Shape) == 2 {
		content = image.Point{}
	}
	styles := slices.Repeat([]image.Point{{X: leastPicture, Y: leastPicture}}, e.plan.Styles)
	memory, err = paint.Needs(content, shape, styles, paint.Options{
		Recipe: &options.Recipe, Network: e.network, Memory: cfg.Memory,
	})
	var small *paint.SizeError
	switch {
	case err == nil:
		return memory, "", nil
	case errors.As(err, new(*paint.MemoryError)):
		return 0, tooLarge, nil
	case errors.As(err, &small):
		return 0, e.tooNarrow(small), nil
	}
	return 0, "", err
}

// tooNarrow says that the network sees nothing of a picture.
func (e *estimator) tooNarrow(small *paint.SizeError) string {
	long, short := max(e.plan.Content.X, e.plan.Content.Y), min(e.plan.Content.X, e.plan.Content.Y)
	ratio := cmp.Or(math.Round(float64(long)/float64(short)), 1)
	if small.Least > 0 && small.Least <= e.service.cfg.MaxSize {
		return fmt.Sprintf("This photo is too narrow (%.0f:1) for this size: paint it at %d pixels or more.", ratio, small.Least)
	}
	return fmt.Sprintf("This photo is too narrow (%.0f:1) for this method.", ratio)
}

// most returns the greatest size that can be painted below a size that cannot, or 0 where
// there is none. It searches by halves: what is too large stays so at larger sizes.
func (e *estimator) most(size int) (int, error) {
	if e.largest > 0 && e.largest < size {
		return e.largest, nil
	}
	low, high := 0, min(size, e.service.cfg.MaxSize+1)
	for high-low > 1 {
		middle := (low + high) / 2
		_, problem, err := e.try(middle)
		switch {
		case err != nil:
			return 0, err
		case problem == "":
			low, e.largest = middle, middle
		case problem == tooLarge:
			high = middle
		default: // too narrow: a larger one may be painted
			low = middle
		}
	}
	if _, problem, err := e.try(max(low, 1)); err != nil || problem != "" {
		return 0, err
	}
	return low, nil
}

package explore

import (
	"context"
	"errors"
	"image"
	"math"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// DefaultSize is the long side of a study in pixels: large enough to see strokes,
// small enough for a dozen on one screen.
const DefaultSize = 256

// The shares of its recipe's iterations that a study takes. Where the large forms of
// a style go is decided at the first of several scales: with three tenths of its
// iterations, stars stood elsewhere than in the whole painting. A small first scale
// keeps all of them, as they take little time. The later scales refine, and need few
// at this size. A dozen studies of DefaultSize then take less time than two paintings
// of 512 pixels.
const (
	firstShare = 0.3 // where the first scale is larger than half of the study
	laterShare = 0.15
)

// Options say how studies are painted. The zero value paints at DefaultSize with
// the networks that the recipes are meant for, on all processors.
type Options struct {
	Size      int            // the long side of a study in pixels; 0 is DefaultSize
	Network   *paint.Network // nil is [paint.DefaultNetwork] of each recipe
	Threads   int            // as in [paint.Options]
	Precision paint.Precision
	Memory    int64 // in bytes, as in [paint.Options]
	// Progress, where not nil, is called after each iteration.
	Progress func(Progress)
}

// Progress describes an exploration after an iteration. Scales and steps are
// counted over all studies.
type Progress struct {
	paint.Progress
	Variation Variation // that is being painted
}

// A Study is a variation, painted small.
type Study struct {
	Variation
	// Picture is nil where there is none: Err says why, or the exploration was
	// interrupted before.
	Picture *picture.Picture
	// Err is why the variation cannot be painted, such as a style that is too small
	// for a layer, or why painting it failed: a [*paint.DivergedError].
	Err error

	network *paint.Network
}

// small returns a recipe whose painting looks like r's from afar: it has r's scales,
// none of them larger than size, the long side in pixels, with fewer iterations. Sizes
// of strokes are relative to the painting in both.
func small(r paint.Recipe, size int) paint.Recipe {
	r.Scales = r.Schedule()
	for i := range r.Scales {
		s := &r.Scales[i]
		share := laterShare
		switch {
		case i == 0 && 2*s.Size <= size:
			share = 1
		case i == 0:
			share = firstShare
		}
		s.Size = min(s.Size, size)
		s.Iterations = max(1, int(math.Round(share*float64(s.Iterations))))
	}
	r.Size, r.FinalIterations = min(r.Size, size), 0 // which is one of the scales now
	return r
}

// Schedule returns the scales of all studies that can be painted, one study after
// another, for [paint.NewPace].
func Schedule(studies []Study) []paint.Scale {
	var all []paint.Scale
	for _, s := range studies {
		if s.Err == nil {
			all = append(all, s.Recipe.Schedule()...)
		}
	}
	return all
}

// Prepare returns the studies of variations, not yet painted: their recipes have
// the scales of the variation's, none of them larger than a study, and fewer
// iterations. Those that cannot be painted say why. The error is the first reason where
// that is all of them, or one of those of [paint.Paint] that concern all.
func Prepare(content image.Image, regions []paint.Region, variations []Variation, opts Options) ([]Study, error) {
	size := opts.Size
	if size == 0 {
		size = DefaultSize
	}
	if size < 1 || size > paint.MaxSize {
		return nil, invalid("Size", "%d pixels: expected 1 to %d", size, paint.MaxSize)
	}
	studies := make([]Study, len(variations))
	networks := make(map[string]*paint.Network) // by recipe
	possible := 0
	for i, v := range variations {
		s := Study{Variation: v, network: opts.Network}
		s.Recipe = small(v.Recipe, size)
		if s.network == nil {
			s.network = networks[s.Recipe.Name]
		}
		if s.network == nil {
			var err error
			if s.network, err = paint.DefaultNetwork(&s.Recipe); err != nil {
				return nil, err
			}
			networks[s.Recipe.Name] = s.network
		}
		s.Err = paint.Check(content, image.Point{}, regions, opts.of(&s))
		if s.Err == nil {
			possible++
		} else if !paint.Refused(s.Err) {
			return nil, s.Err
		}
		studies[i] = s
	}
	if possible == 0 && len(studies) > 0 {
		return nil, studies[0].Err
	}
	return studies, nil
}

// of returns the options of the painting of a study.
func (o Options) of(s *Study) paint.Options {
	return paint.Options{
		Recipe: &s.Recipe, Network: s.network, Seed: s.Seed,
		Threads: o.Threads, Precision: o.Precision, Memory: o.Memory,
	}
}

// Paint paints the studies that [Prepare] returned, one after another. Where ctx is
// cancelled, those that are done keep their pictures, and the error is
// context.Cause(ctx). Other errors are those of [paint.Paint].
func Paint(ctx context.Context, content image.Image, regions []paint.Region, studies []Study, opts Options) error {
	schedule := Schedule(studies)
	steps := iterations(schedule)
	scalesBefore, stepsBefore := 0, 0
	for i := range studies {
		s := &studies[i]
		if s.Err != nil {
			continue
		}
		options := opts.of(s)
		own := s.Recipe.Schedule()
		if opts.Progress != nil {
			options.Progress = func(p paint.Progress) {
				// A study of a narrow picture leaves out its first scales: they count as done.
				leftOut := own[:len(own)-p.Scales]
				p.Scale, p.Scales = scalesBefore+len(leftOut)+p.Scale, len(schedule)
				p.Step, p.Steps = stepsBefore+iterations(leftOut)+p.Step, steps
				opts.Progress(Progress{p, s.Variation})
			}
		}
		painting, err := paint.Paint(ctx, shrunk(content, 2*s.Recipe.Size), shrunkStyles(regions, s.Recipe), options)
		var diverged *paint.DivergedError
		switch {
		case errors.As(err, &diverged):
			s.Err = err
		case err != nil:
			return err
		default:
			s.Picture = painting.Picture
		}
		scalesBefore += len(own)
		stepsBefore += iterations(own)
	}
	return nil
}

// iterations returns the number of iterations at some scales.
func iterations(scales []paint.Scale) (n int) {
	for _, s := range scales {
		n += s.Iterations
	}
	return n
}

// shrunk returns a picture that is not much larger than the size that it will be
// resized to, over and over.
func shrunk(m image.Image, long int) image.Image {
	p := picture.FromImage(m)
	if max(p.W, p.H) <= long {
		return p
	}
	return p.Resize(picture.FitLong(p.W, p.H, long))
}

// shrunkStyles returns regions with styles that are not much larger than the recipe
// makes them.
func shrunkStyles(regions []paint.Region, r paint.Recipe) []paint.Region {
	small := make([]paint.Region, len(regions))
	for i, region := range regions {
		small[i] = region
		small[i].Styles = nil
		for _, style := range region.Styles {
			scale := r.StyleScale
			if style.Scale > 0 {
				scale *= style.Scale
			}
			style.Picture = shrunk(style.Picture, int(math.Ceil(2*scale*float64(r.Size))))
			small[i].Styles = append(small[i].Styles, style)
		}
	}
	return small
}

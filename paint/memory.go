package paint

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/picture"
)

// A MemoryError reports that a painting does not fit into the memory limit, and what
// would fit: the same painting with more memory, in smaller parts, or a smaller
// painting.
type MemoryError struct {
	Size      int    // the requested long side, in pixels
	Measuring string // the picture that cannot be measured, such as "style 2"; "" where painting does not fit
	// Need is the memory that the painting takes as requested, Least the smallest
	// [Options.Memory] that suffices, and Allowed the limit, in bytes. With a limit,
	// Need equals Least, because the painting was already divided into the smallest
	// parts.
	Need, Least, Allowed int64
	Fits                 int // the largest long side that would fit, 0 for none
}

func (e *MemoryError) Error() string {
	var s string
	if e.Least > e.Allowed {
		doing := ""
		if e.Measuring != "" {
			doing = " to measure " + e.Measuring
		}
		s = fmt.Sprintf("a painting of %d pixels needs at least %d MiB of memory%s, and %s allowed: allow as much",
			e.Size, mebibytes(e.Least), doing, allowed(e.Allowed))
	} else {
		s = fmt.Sprintf("a painting of %d pixels takes %d MiB of memory, and %s allowed, three quarters of what is free: "+
			"set a limit of %d MiB or more, for which it is computed in smaller parts",
			e.Size, mebibytes(e.Need), allowed(e.Allowed), mebibytes(e.Least))
	}
	if e.Fits > 0 {
		s += fmt.Sprintf(", or paint at %d pixels", e.Fits)
	}
	return s
}

func mebibytes(n int64) int64 { return (n + 1<<20 - 1) >> 20 }

// allowed formats a memory limit as the subject of "allowed".
func allowed(n int64) string {
	switch {
	case n == 1:
		return "1 byte is"
	case n < 1<<20:
		return fmt.Sprintf("%d bytes are", n)
	}
	return fmt.Sprintf("%d MiB are", n>>20)
}

// networkMemory is the memory of the network where no limit is set. Pictures that need
// more are computed in parts. The parts, which round differently, thus depend on sizes
// alone, not on the free memory. Parts of this size compute few pixels twice.
const networkMemory = 4 << 30

// plan plans the network for a canvas of h x w at a scale, within the memory limit.
func (s *session) plan(scale Scale, h, w int, content, style []Layer) (*vgg.Plan, error) {
	plan, _, err := s.layout(scale, h, w, s.memory, content, style)
	return plan, err
}

// layout plans the network for a canvas of h x w at a scale. limit is that of the whole
// painting, 0 for none. rest is the memory that the painting takes besides the plan.
func (s *session) layout(scale Scale, h, w int, limit int64, content, style []Layer) (plan *vgg.Plan, rest int64, err error) {
	opts := s.planOptions(append(names(content), names(style)...)...)
	if plan, err = s.network.vgg.Plan(s.pool, h, w, opts); err != nil {
		return nil, 0, err
	}
	rest = s.demand(scale, h, w, plan, content, style).total()
	opts.Memory = networkMemory
	if limit > 0 {
		opts.Memory = max(limit-rest, 1) // 0 would be no limit
	}
	plan, err = s.network.vgg.Plan(s.pool, h, w, opts)
	var small *vgg.MemoryError
	if errors.As(err, &small) {
		return nil, 0, &MemoryError{Size: scale.Size, Need: rest + small.Least, Least: rest + small.Least, Allowed: limit}
	}
	return plan, rest, err
}

// observer plans the network to measure a picture of h x w at some layers, within the
// memory of the network while painting. It fails with a [*MemoryError] where the
// picture does not fit.
func (s *session) observer(h, w int, layers []Layer, memory int64) (*vgg.Plan, error) {
	plan, err := s.planObserver(h, w, layers, memory)
	var small *vgg.MemoryError
	if errors.As(err, &small) {
		need := s.memory - memory + small.Least
		return nil, &MemoryError{Size: max(h, w), Measuring: fmt.Sprintf("a picture of %d x %d pixels", w, h),
			Need: need, Least: need, Allowed: s.memory}
	}
	return plan, err
}

// planObserver is [session.observer] with the error of [vgg.Network.Plan].
func (s *session) planObserver(h, w int, layers []Layer, memory int64) (*vgg.Plan, error) {
	opts := s.planOptions(names(layers)...)
	opts.ForwardOnly = true
	opts.Memory = memory
	return s.network.vgg.Plan(s.pool, h, w, opts)
}

// checkScale returns the memory that a scale takes within a limit, 0 for none. It fails
// where the scale does not fit, or where its content or a style, upright or rotated,
// cannot be measured in the memory of the network.
func (s *session) checkScale(scale Scale, limit int64, content, style []Layer) (takes int64, err error) {
	w, h := s.canvasSize(scale.Size)
	plan, rest, err := s.layout(scale, h, w, limit, content, style)
	if err != nil {
		return 0, err
	}
	takes = rest + plan.Bytes()
	measurable := func(called string, h, w int, layers []Layer) error {
		observer, err := s.planObserver(h, w, layers, plan.Memory())
		var small *vgg.MemoryError
		if errors.As(err, &small) {
			need := rest + small.Least
			return &MemoryError{Size: scale.Size, Measuring: called, Need: need, Least: need, Allowed: limit}
		}
		if err == nil {
			takes = max(takes, rest+observer.Bytes())
		}
		return err
	}
	if err := measurable("the content", h, w, content); err != nil {
		return 0, err
	}
	for _, of := range s.styles() {
		w, h := picture.FitLong(of.picture.W, of.picture.H, s.styleSize(scale, of))
		called := fmt.Sprintf("style %d", of.number)
		if err := measurable(called, h, w, style); err != nil {
			return 0, err
		}
		if s.recipe.Rotations > 1 {
			if err := measurable(called, w, h, style); err != nil {
				return 0, err
			}
		}
	}
	return takes, nil
}

// checkScales returns the memory that the scales take within a limit, 0 for none. It
// fails where one does not fit.
func (s *session) checkScales(scales []Scale, limit int64, content, style []Layer) (takes int64, err error) {
	for _, scale := range slices.Backward(scales) { // the last is usually the largest
		of, err := s.checkScale(scale, limit, content, style)
		if err != nil {
			return 0, err
		}
		takes = max(takes, of)
	}
	return takes, nil
}

// checkMemory fails where the painting does not fit into the memory limit or, without a
// limit, into the free memory.
func (s *session) checkMemory(free int64, content, style []Layer) error {
	fits := func(scales []Scale) error {
		takes, err := s.checkScales(scales, s.memory, content, style)
		if err == nil && s.memory == 0 && takes > free {
			return &MemoryError{Size: scales[len(scales)-1].Size, Need: takes, Allowed: free}
		}
		return err
	}
	err := fits(s.scales)
	var memory *MemoryError
	if !errors.As(err, &memory) {
		return err
	}
	memory.Least = s.leastMemory(content, style)
	if s.memory > 0 {
		memory.Need = memory.Least
	}
	// The memory grows with the size, so a bisection finds the largest size that fits.
	last := s.scales[len(s.scales)-1]
	low, high := 0, last.Size
	for high-low > 1 {
		smaller := last
		smaller.Size = (low + high) / 2
		switch err := fits([]Scale{smaller}); {
		case err == nil:
			low, memory.Fits = smaller.Size, smaller.Size
		case errors.As(err, new(*MemoryError)):
			high = smaller.Size
		default: // too small to reach a layer
			low = smaller.Size
		}
	}
	return memory
}

// leastMemory returns the smallest limit within which the painting fits.
func (s *session) leastMemory(content, style []Layer) int64 {
	limit := int64(1)
	for {
		_, err := s.checkScales(s.scales, limit, content, style)
		var memory *MemoryError
		if !errors.As(err, &memory) {
			return limit
		}
		limit = memory.Need // larger than the limit, since the painting did not fit
	}
}

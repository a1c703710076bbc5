package paint

import (
	"errors"
	"fmt"

	"github.com/pastiche-art/pastiche/kernel"
	"github.com/pastiche-art/pastiche/picture"
	"github.com/pastiche-art/pastiche/vgg"
)

// A MemoryError says that a painting does not fit into the memory allowed.
type MemoryError struct {
	Size          int    // the long side asked for, in pixels
	Measuring     string // the picture that cannot be measured, such as "style 2"; "" where painting itself does not fit
	Need, Allowed int64  // bytes; Need is what the slowest way takes
	Fits          int    // the largest long side that would fit, 0 for none
}

func (e *MemoryError) Error() string {
	doing := ""
	if e.Measuring != "" {
		doing = " while it measures " + e.Measuring
	}
	s := fmt.Sprintf("a painting of %d pixels needs %d MiB of memory%s, and %d MiB are allowed: ",
		e.Size, mebibytes(e.Need), doing, e.Allowed>>20)
	if e.Fits == 0 {
		return s + "allow more"
	}
	return s + fmt.Sprintf("allow more, or paint at %d pixels", e.Fits)
}

func mebibytes(n int64) int64 { return (n + 1<<20 - 1) >> 20 }

// workspace is what the program and the engine's threads take besides what
// grows with the picture or comes with the network.
const workspace = 96 << 20

// plan lays the network out for a canvas of h x w within the memory allowed.
func (s *session) plan(h, w int, content, style []Layer) (*vgg.Plan, error) {
	opts := s.planOptions(append(names(content), names(style)...)...)
	rest, err := s.rest(h, w, content, opts)
	if err != nil {
		return nil, err
	}
	opts.Memory = max(s.memory-rest, 1) // 0 would be no limit
	plan, err := s.network.vgg.Plan(s.pool, h, w, opts)
	var memory *vgg.MemoryError
	if errors.As(err, &memory) {
		return nil, &MemoryError{Size: max(h, w), Need: rest + memory.Least, Allowed: s.memory}
	}
	return plan, err
}

// rest returns the memory that painting a canvas of h x w takes besides what the
// network computes with.
func (s *session) rest(h, w int, content []Layer, opts vgg.PlanOptions) (int64, error) {
	plan, err := s.network.vgg.Plan(s.pool, h, w, opts)
	if err != nil {
		return 0, err
	}
	rest := workspace + plan.WeightBytes() + s.pictureBytes() + int64(s.vectors()*levelBytes*3*h*w)
	for _, l := range content { // the targets
		c, h, w := plan.Shape(l.Name)
		rest += kernel.TensorBytes(kernel.Float32, c, h, w)
	}
	return rest + s.columnBytes(plan, h, w) + s.faceBytes(plan, h, w, content), nil
}

// levelBytes is the size of a level.
const levelBytes = 4

// pictureBytes returns the memory of the content and the styles in their own
// sizes.
func (s *session) pictureBytes() int64 {
	sum := int64(len(s.content.RGB))
	for _, of := range s.styles() {
		sum += int64(len(of.picture.RGB))
	}
	return levelBytes * sum
}

// vectors returns how many vectors as long as the canvas a painting holds: the
// canvas itself, and what the optimiser and the average keep.
func (s *session) vectors() int {
	const adam, lbfgs = 5, 2*20 + 5
	n := 2 + adam // the canvas and its origin
	if s.recipe.Optimizer == LBFGS {
		n = 2 + lbfgs
	}
	if s.recipe.Averaging > 0 {
		n++
	}
	if s.recipe.Tileable {
		n += 2 // rolled, with its gradient
	}
	if s.recipe.Pyramid > 1 {
		// Levels, their sums and what moves them are 4/3 of a canvas; three more
		// are room.
		n = (n+2)*4/3 + 1 + 3
	}
	return n
}

// observer lays the network out to measure a picture of h x w at some layers, within
// the memory that the network will have to paint in. The error of one that does not
// fit is a [*MemoryError].
func (s *session) observer(h, w int, layers []Layer, memory int64) (*vgg.Plan, error) {
	opts := s.planOptions(names(layers)...)
	opts.ForwardOnly = true
	opts.Memory = memory
	plan, err := s.network.vgg.Plan(s.pool, h, w, opts)
	var small *vgg.MemoryError
	if errors.As(err, &small) {
		return nil, &MemoryError{Size: max(h, w), Measuring: fmt.Sprintf("a picture of %d x %d pixels", w, h),
			Need: s.memory - memory + small.Least, Allowed: s.memory}
	}
	return plan, err
}

// checkScale fails where a scale does not fit, or its content or a style, upright or
// turned, cannot be measured in what is left.
func (s *session) checkScale(scale Scale, content, style []Layer) error {
	w, h := s.canvasSize(scale.Size)
	plan, err := s.plan(h, w, content, style)
	if err != nil {
		return err
	}
	measurable := func(called string, h, w int, layers []Layer) error {
		_, err := s.observer(h, w, layers, plan.Memory())
		var memory *MemoryError
		if errors.As(err, &memory) {
			memory.Size, memory.Measuring = scale.Size, called
		}
		return err
	}
	if err := measurable("the content", h, w, content); err != nil {
		return err
	}
	for _, of := range s.styles() {
		w, h := picture.FitLong(of.picture.W, of.picture.H, s.recipe.styleSize(scale, of.scale))
		if err := measurable(of.called, h, w, style); err != nil {
			return err
		}
		if s.recipe.Rotations > 1 {
			if err := measurable(of.called, w, h, style); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkMemory fails where a scale does not fit.
func (s *session) checkMemory(content, style []Layer) error {
	last := len(s.scales) - 1
	var memory *MemoryError
	if err := s.checkScale(s.scales[last], content, style); !errors.As(err, &memory) {
		if err != nil {
			return err
		}
		// Styles may be larger at earlier scales.
		for _, scale := range s.scales[:last] {
			if err := s.checkScale(scale, content, style); err != nil {
				return err
			}
		}
		return nil
	}
	// What needs more memory the larger it is, is found by halving.
	low, high := 0, s.scales[last].Size
	for high-low > 1 {
		middle := (low + high) / 2
		scale := s.scales[last]
		scale.Size = middle
		switch err := s.checkScale(scale, content, style); {
		case err == nil:
			low, memory.Fits = middle, middle
		case errors.As(err, new(*MemoryError)):
			high = middle
		default: // too small to reach a layer
			low = middle
		}
	}
	return memory
}

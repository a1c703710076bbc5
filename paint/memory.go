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
	Size          int   // the long side asked for, in pixels
	Need, Allowed int64 // bytes; Need is what the slowest way takes
	Fits          int   // the largest long side that would fit, 0 for none
}

func (e *MemoryError) Error() string {
	s := fmt.Sprintf("a painting of %d pixels needs %d MiB of memory, and %d MiB are allowed: ",
		e.Size, mebibytes(e.Need), e.Allowed>>20)
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
	return rest + s.columnBytes(plan, h, w), nil
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
// the memory that the network will have to paint in.
func (s *session) observer(h, w int, layers []Layer, memory int64) (*vgg.Plan, error) {
	opts := s.planOptions(names(layers)...)
	opts.ForwardOnly = true
	opts.Memory = memory
	return s.network.vgg.Plan(s.pool, h, w, opts)
}

// checkMemory fails where the last scale does not fit.
func (s *session) checkMemory(content, style []Layer) error {
	fits := func(long int) error {
		w, h := picture.FitLong(s.content.W, s.content.H, long)
		_, err := s.plan(h, w, content, style)
		return err
	}
	largest := s.scales[len(s.scales)-1].Size
	err := fits(largest)
	var memory *MemoryError
	if !errors.As(err, &memory) {
		return err
	}
	// What needs more memory the larger it is, is found by halving.
	low, high := 0, largest
	for high-low > 1 {
		middle := (low + high) / 2
		switch err := fits(middle); {
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

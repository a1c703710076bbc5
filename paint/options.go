package paint

import (
	"fmt"
	"image"
	"io"

	"github.com/pastiche-art/pastiche/picture"
)

// Options say how to paint. The zero value paints with [Fine] and the built-in
// network on all processors.
type Options struct {
	Recipe  *Recipe  // nil is Fine()
	Network *Network // nil is the built-in network
	// Init is where a recipe with InitPicture begins; it is resized.
	Init image.Image
	// References are pictures that the painting stays near.
	References []Reference
	// Cache, where not nil, keeps what the next painting in the same styles need not
	// measure again.
	Cache *Cache
	// Shape, where not zero, is the shape of the painting of a content, and with a
	// recipe whose Size is its long side, exactly the painting's size. The content and
	// all that belongs to it, which are the masks of the regions and Init, are cropped
	// to it in the middle. Zero is the content's own shape.
	Shape image.Point
	// Seed chooses the noise of a recipe with InitNoise.
	Seed uint64
	// Threads is the number of threads, at most [kernel.MaxThreads]; 0 is one for
	// each processor.
	Threads int
	// Precision is the number format that the network computes in; the zero value is
	// float32.
	Precision Precision
	// Memory limits the memory of the process in bytes: pictures for which it does not
	// suffice are computed in parts that fit, which round differently. It holds where
	// the garbage collector has the same limit ([debug.SetMemoryLimit]) and nothing
	// else in the process takes much. 0 is no limit: then the parts depend on the size
	// of the painting alone, and one that takes more than [DefaultMemory] is refused.
	Memory int64
	// Resume is where a painting that was interrupted continues, with the same inputs,
	// or [ErrCheckpoint] is returned; nil is from the beginning. The painting takes the
	// memory of the checkpoint over, which cannot be used again.
	Resume *Checkpoint
	// Progress, where not nil, is called after each iteration, by the
	// goroutine that paints.
	Progress func(Progress)
}

// Progress describes a painting after an iteration.
type Progress struct {
	Scale      int   `json:"scale"` // from 1
	Scales     int   `json:"scales"`
	Iteration  int   `json:"iteration"` // of the scale, from 1
	Iterations int   `json:"iterations"`
	Step       int   `json:"step"` // iteration of all scales, from 1
	Steps      int   `json:"steps"`
	Width      int   `json:"width"` // of the canvas, in pixels
	Height     int   `json:"height"`
	Faces      int   `json:"faces"` // of the content, that are kept
	Costs      Costs `json:"costs"` // of the canvas as the iteration left it

	view *view
}

// view is what a [Progress] can be asked for until its callback returns. Then it is
// emptied: whoever keeps the progress does not keep the scale that it is about.
type view struct {
	snapshot   func() *picture.Picture
	checkpoint func(io.Writer) error
}

// Picture returns a copy of the painting as it is: the mean over iterations
// where the recipe takes one. It must be called before the callback returns, and
// panics after.
func (p Progress) Picture() *picture.Picture { return p.view.snapshot() }

// WriteCheckpoint writes what it takes to continue the painting from here. It
// must be called before the callback returns, and panics after; the error is that of w.
func (p Progress) WriteCheckpoint(w io.Writer) error { return p.view.checkpoint(w) }

// Costs are what a painting minimises.
type Costs struct {
	Content   float64 `json:"content"`   // before its weight
	Style     float64 `json:"style"`     // before its weight
	Variation float64 `json:"variation"` // before its weight
	// Faces is the content cost in the faces that are kept, over the whole canvas,
	// before its weight; 0 without any.
	Faces float64 `json:"faces,omitempty"`
	// References is the sum of the costs of the references, before their weights.
	References float64 `json:"references,omitempty"`
	Total      float64 `json:"total"` // the weighted sum
}

// A Painting is the outcome of [Paint].
type Painting struct {
	*picture.Picture
	// Costs are those of the canvas after the last iteration.
	Costs Costs
	// Steps is the number of iterations that were made, and Planned that of all scales. A
	// finished painting has fewer steps than planned where L-BFGS converged.
	Steps, Planned int
	// Faces is how many faces of the content were found and kept.
	Faces int

	checkpoint func(io.Writer) error
}

// WriteCheckpoint writes what it takes to continue a painting that came with an
// error. It panics for one that is finished.
func (p *Painting) WriteCheckpoint(w io.Writer) error { return p.checkpoint(w) }

// An OptionError says which option is wrong and what was expected.
type OptionError struct {
	Option string // the name of a field of Recipe or Options
	Reason string
}

func (e *OptionError) Error() string { return e.Option + ": " + e.Reason }

func invalid(option, format string, args ...any) error {
	return &OptionError{Option: option, Reason: fmt.Sprintf(format, args...)}
}

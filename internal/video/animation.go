package video

import (
	"context"
	"fmt"
	"image"
	"io"
	"time"

	"github.com/pastiche-art/pastiche/picture"
)

// A disposal is what happens to a frame before the next one is drawn.
type disposal int

const (
	keepFrame disposal = iota
	clearFrame
	restorePrevious
)

// A cel is a frame of an animation: a picture file of its own, drawn on the canvas.
type cel struct {
	file     func() []byte // the picture, of the size of place
	place    image.Rectangle
	over     bool // blended with the canvas, not replacing it
	disposal disposal
}

// animation reads cels and draws them.
type animation struct {
	name   string
	lim    Limits
	cels   []cel
	drawn  int
	canvas *picture.Picture // with opacity
	before *picture.Picture // the canvas before a cel of restorePrevious
}

// newAnimation returns the frames of a canvas. durations are the times for which the
// cels are shown, in ticks.
func newAnimation(format, name string, lim Limits, w, h int, cels []cel, durations []int64, tick Rational) (stored, error) {
	if len(cels) == 0 {
		return stored{}, corrupt("it has no frame")
	}
	if err := lim.admit(w, h); err != nil {
		return stored{}, err
	}
	t := &timing{tick: tick}
	for _, d := range durations {
		t.starts = append(t.starts, t.end)
		t.end += d
	}
	return stored{
		info:   Info{Format: format, Width: w, Height: h, Frames: len(cels), First: 1},
		timing: t,
		source: &animation{name: name, lim: lim, cels: cels, canvas: transparent(w, h)},
	}, nil
}

// leastDelay is the shortest time that browsers show a frame for; shorter ones, which
// no old computer achieved, are shown for usualDelay.
const (
	leastDelay = 11 * time.Millisecond
	usualDelay = 100 * time.Millisecond
)

func transparent(w, h int) *picture.Picture {
	p := picture.New(w, h)
	p.Alpha = make([]float32, w*h)
	return p
}

func (a *animation) next(ctx context.Context) (*picture.Picture, error) {
	if a.drawn == len(a.cels) {
		return nil, io.EOF
	}
	c := a.cels[a.drawn]
	p, err := decodeFrame(ctx, c.file(), fmt.Sprintf("%s: frame %d", a.name, a.drawn+1), a.lim, c.place.Dx(), c.place.Dy())
	if err != nil {
		return nil, err
	}
	if a.drawn > 0 {
		a.dispose(a.cels[a.drawn-1])
	}
	if c.disposal == restorePrevious {
		a.before = clone(a.canvas)
	}
	a.draw(p, c)
	a.drawn++
	frame := clone(a.canvas)
	for _, opacity := range frame.Alpha {
		if opacity != 1 {
			return frame, nil
		}
	}
	frame.Alpha = nil
	return frame, nil
}

func clone(p *picture.Picture) *picture.Picture {
	return &picture.Picture{W: p.W, H: p.H, RGB: append([]float32(nil), p.RGB...), Alpha: append([]float32(nil), p.Alpha...)}
}

// dispose removes a cel from the canvas.
func (a *animation) dispose(c cel) {
	switch c.disposal {
	case clearFrame:
		a.draw(transparent(c.place.Dx(), c.place.Dy()), cel{place: c.place})
	case restorePrevious:
		a.canvas, a.before = a.before, nil
	}
}

// draw draws a picture on the part of the canvas that it covers, in sRGB levels as
// browsers do.
func (a *animation) draw(p *picture.Picture, c cel) {
	n, m := a.canvas.W*a.canvas.H, p.W*p.H
	part := c.place.Intersect(a.canvas.Bounds())
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			to, from := y*a.canvas.W+x, (y-c.place.Min.Y)*p.W+x-c.place.Min.X
			opacity := float32(1)
			if p.Alpha != nil {
				opacity = p.Alpha[from]
			}
			under := float32(0)
			if c.over {
				under = a.canvas.Alpha[to] * (1 - opacity)
			}
			sum := opacity + under
			a.canvas.Alpha[to] = sum
			for k := range 3 {
				level := p.RGB[k*m+from]
				if under > 0 {
					level = (opacity*level + under*a.canvas.RGB[k*n+to]) / sum
				}
				a.canvas.RGB[k*n+to] = level
			}
		}
	}
}

func (a *animation) skip(ctx context.Context, n int) error { return skipByReading(ctx, a, n) }

func (a *animation) Close() error { return nil }

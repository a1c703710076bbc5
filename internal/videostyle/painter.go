package videostyle

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/internal/flow"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/recolor"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// distances are how many frames before a frame those lie whose paintings it is held to
// (Ruder, Dosovitskiy and Brox 2016, section 5.2).
var distances = []int{1, 2, 4}

// farthest is the largest of the distances.
const farthest = 4

// The learning rate of a frame that follows another one, relative to that of the recipe,
// and the share of it that is left at the end: strokes are moved a little, not laid anew.
const (
	followingRate = 0.4
	followingEnd  = 0.1
)

// A painter paints the frames of a video, one after the other.
type painter struct {
	opts      Options
	first     *moment          // the first frame of the video
	past      []*moment        // the last frames of the shot, the newest first, at most farthest
	base      *picture.Picture // the frame's levels of each pixel when it was last painted
	shot      int              // the number of the first frame of the shot
	next      int              // the number of the next frame
	pool      *kernel.Pool
	estimator *flow.Estimator
}

// moment is a frame and its painting, both of the size of the painting.
type moment struct {
	frame    *picture.Picture
	gray     *flow.Gray
	painting *picture.Picture
}

// Painted is a frame that has been painted.
type Painted struct {
	*picture.Picture
	// Begins reports whether the frame is the first of its shot, and Still whether
	// nothing in it has moved, so that it is the painting before.
	Begins, Still bool
}

// newPainter returns a painter. Its caller closes it.
func newPainter(opts Options) (*painter, error) {
	pool, err := kernel.NewPool(opts.Paint.Threads)
	if err != nil {
		return nil, err
	}
	opts.Paint.Cache = new(paint.Cache)
	return &painter{opts: opts, pool: pool, estimator: flow.NewEstimator(pool)}, nil
}

// close ends the threads of the painter.
func (p *painter) close() { p.pool.Close() }

// paint paints the next frame.
func (p *painter) paint(ctx context.Context, frame shown) (*Painted, error) {
	regions, err := p.opts.Regions(ctx, p.next)
	if err != nil {
		return nil, err
	}
	painted := &Painted{Begins: frame.begins || p.opts.Temporal == 0}
	var view *view
	if !painted.Begins {
		view = p.look(p.prepared(frame.Picture, p.past[0].painting), frame.closeness)
	}
	switch {
	case painted.Begins:
		painted.Picture, err = finish(paint.Paint(ctx, frame, regions, p.opts.Paint))
		p.past, p.base, p.shot = nil, nil, p.next
	case view.allStill():
		painted.Picture, painted.Still = p.past[0].painting, true
	default:
		opts := p.opts.Paint
		recipe := following(*opts.Recipe, p.opts.Iterations)
		opts.Recipe, opts.Init, opts.References = &recipe, view.start, view.references
		if painted.Picture, err = finish(paint.Paint(ctx, view.frame, regions, opts)); err == nil {
			view.keepStill(painted.Picture, p.past[0].painting)
		}
	}
	if err != nil {
		return nil, err
	}
	at := p.prepared(frame.Picture, painted.Picture)
	if p.base == nil {
		p.base = at
	} else {
		p.base = view.moved(at, p.base)
	}
	p.remember(at, painted.Picture)
	p.next++
	return painted, nil
}

// finish returns a painting in 8 bits.
func finish(painting *paint.Painting, err error) (*picture.Picture, error) {
	if err != nil {
		return nil, err
	}
	return rounded(painting.Picture), nil
}

// prepared returns a frame in the size of a painting, without opacity, in 8 bits.
func (p *painter) prepared(frame, painting *picture.Picture) *picture.Picture {
	return rounded(frame.Resize(painting.W, painting.H))
}

// rounded returns a picture in 8 bits, laid on white.
func rounded(p *picture.Picture) *picture.Picture {
	r := onWhite(p)
	for i, level := range r.RGB {
		r.RGB[i] = float32(math.RoundToEven(float64(min(max(level, 0), white))))
	}
	return r
}

// onWhite returns a picture without opacity, laid on white.
func onWhite(p *picture.Picture) *picture.Picture {
	w := picture.New(p.W, p.H)
	copy(w.RGB, p.RGB)
	for i, a := range p.Alpha {
		for j := i; j < len(w.RGB); j += p.W * p.H {
			w.RGB[j] = white + a*(w.RGB[j]-white)
		}
	}
	return w
}

const white = 255

// remember makes a frame and its painting the newest of the past.
func (p *painter) remember(frame, painting *picture.Picture) {
	m := &moment{frame: frame, gray: flow.NewGray(frame.RGB, frame.W, frame.H), painting: painting}
	if p.first == nil {
		p.first = m
	}
	p.past = append([]*moment{m}, p.past...)
	p.past = p.past[:min(len(p.past), farthest)]
}

// digest returns the SHA-256 of the levels of a frame.
func (m *moment) digest() string {
	h := sha256.New()
	size := binary.LittleEndian.AppendUint32(nil, uint32(m.frame.W))
	h.Write(size)
	levels := make([]byte, len(m.frame.RGB))
	for i, v := range m.frame.RGB {
		levels[i] = byte(v)
	}
	h.Write(levels)
	return hex.EncodeToString(h.Sum(nil))
}

// following returns the recipe of a frame that follows another one.
func following(r paint.Recipe, iterations int) paint.Recipe {
	scales := r.Schedule()
	last := scales[len(scales)-1]
	last.Iterations = iterations
	r.Scales = []paint.Scale{last}
	r.FinalIterations, r.FinalCost = 0, ""
	r.LearningRate *= followingRate
	r.FinalRate = followingEnd
	r.Init = paint.InitPicture
	return r
}

// view is a frame compared with those before it.
type view struct {
	frame      *picture.Picture
	start      *picture.Picture // what its painting begins with
	references []paint.Reference
	still      []bool // pixels that have not moved
}

// look compares a frame with those of the past, and with the first one as far as it is
// close to the end of a loop.
func (p *painter) look(frame *picture.Picture, closeness float64) *view {
	// What was not to be seen before begins in the colours of the painting.
	v := &view{frame: frame, start: recolor.Recolor(frame, p.past[0].painting, recolor.Linear)}
	gray := flow.NewGray(frame.RGB, frame.W, frame.H)
	uncovered := make([]float32, frame.W*frame.H)
	for i := range uncovered {
		uncovered[i] = 1
	}
	for _, d := range distances {
		if d > len(p.past) {
			break
		}
		back, reliable := p.follow(gray, p.past[d-1])
		if d == 1 {
			v.still = p.still(frame, back, reliable)
		}
		for i, r := range reliable {
			reliable[i] = r * uncovered[i]
			uncovered[i] -= reliable[i]
		}
		v.hold(p.warped(p.past[d-1].painting, back), reliable, p.opts.Temporal, true)
	}
	if closeness > 0 {
		back, reliable := p.follow(gray, p.first)
		v.hold(p.warped(p.first.painting, back), reliable, p.opts.Temporal*closeness, closeness == 1)
		v.still = make([]bool, len(v.still))
	}
	return v
}

// follow returns the flow from a frame back to a moment, and the weights of its pixels.
// Most pixels are held to the frame before, so the flow to it is the most accurate one.
func (p *painter) follow(gray *flow.Gray, m *moment) (back *flow.Field, reliable []float32) {
	if m == p.past[0] {
		back = p.estimator.Flow(gray, m.gray, nil)
	} else {
		back = p.estimator.QuickFlow(gray, m.gray)
	}
	return back, flow.Reliable(p.estimator.QuickFlow(m.gray, gray), back)
}

func (p *painter) warped(painting *picture.Picture, back *flow.Field) *picture.Picture {
	w := &picture.Picture{W: painting.W, H: painting.H, RGB: flow.Warp(p.pool, painting.RGB, back)}
	for i, level := range w.RGB {
		w.RGB[i] = min(max(level, 0), white)
	}
	return w
}

// hold adds a reference. The painting also begins with it where begin is set.
func (v *view) hold(warped *picture.Picture, weights []float32, weight float64, begin bool) {
	v.references = append(v.references, paint.Reference{
		Picture: warped, Weights: weights, Weight: weight,
	})
	if !begin {
		return
	}
	for i, level := range warped.RGB {
		v.start.RGB[i] += weights[i%len(weights)] * (level - v.start.RGB[i])
	}
}

// A pixel has not moved if its levels differ by at most stillLevels from those with which
// it was last painted, as compression makes them, and either the flow there is less than
// stillFlow pixels or nothing within stillRadius pixels has changed at all. The flow of a
// pixel beside something that moves may be wrong.
const (
	stillLevels = 3
	stillFlow   = 0.1
	stillRadius = 2
)

// still reports which pixels have not moved.
func (p *painter) still(frame *picture.Picture, back *flow.Field, reliable []float32) []bool {
	pixels := len(reliable)
	still, changed := make([]bool, pixels), make([]bool, pixels)
	for i := range still {
		still[i] = true
		for j := i; j < len(frame.RGB); j += pixels {
			d := math.Abs(float64(frame.RGB[j] - p.base.RGB[j]))
			still[i] = still[i] && d <= stillLevels
			changed[i] = changed[i] || d > 0
		}
	}
	changed = near(changed, frame.W, frame.H, stillRadius)
	for i := range still {
		rests := reliable[i] > 0 && math.Hypot(float64(back.U[i]), float64(back.V[i])) < stillFlow
		still[i] = still[i] && (rests || !changed[i])
	}
	return still
}

// near reports for each of w x h pixels whether any within radius columns and rows is set.
func near(set []bool, w, h, radius int) []bool {
	rows, all := make([]bool, len(set)), make([]bool, len(set))
	for y := range h {
		for x := range w {
			rows[y*w+x] = slices.Contains(set[y*w+max(x-radius, 0):y*w+min(x+radius+1, w)], true)
		}
	}
	for y := range h {
		for x := range w {
			for ny := max(y-radius, 0); ny < min(y+radius+1, h); ny++ {
				all[y*w+x] = all[y*w+x] || rows[ny*w+x]
			}
		}
	}
	return all
}

func (v *view) allStill() bool {
	for _, s := range v.still {
		if !s {
			return false
		}
	}
	return true
}

// keepStill gives the pixels of a painting that have not moved the levels of the painting
// before.
func (v *view) keepStill(painting, before *picture.Picture) {
	for i := range painting.RGB {
		if v.still[i%len(v.still)] {
			painting.RGB[i] = before.RGB[i]
		}
	}
}

// moved returns the frame where pixels have moved, and base elsewhere.
func (v *view) moved(frame, base *picture.Picture) *picture.Picture {
	b := picture.New(frame.W, frame.H)
	for i := range b.RGB {
		b.RGB[i] = frame.RGB[i]
		if v.still[i%len(v.still)] {
			b.RGB[i] = base.RGB[i]
		}
	}
	return b
}

package vgg

import (
	"context"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// newFrame returns a frame whose tensors and masks are empty.
func (p *Plan) newFrame(s *section) frame {
	f := frame{tensors: make([]*kernel.Tensor, s.buffers), masks: make([]*kernel.Mask, len(s.masks))}
	f.tensors[ping], f.tensors[pong] = p.buffers.in(p.precision)
	for b := input; int(b) < s.buffers; b++ {
		f.tensors[b] = &kernel.Tensor{Precision: p.precision}
	}
	for i := range f.masks {
		f.masks[i] = new(kernel.Mask)
	}
	return f
}

// forward computes the activations of a window.
func (p *Plan) forward(ctx context.Context, s *section, number int, visit func(o *operation, f *frame)) error {
	f, w := &s.frame, s.windows[number]
	f.window = w
	switch {
	case s.input == nil && len(s.windows) == 1:
		f.pixels = p.picture
	case s.input == nil:
		f.pixels = resized(f.pixels, 3*w.h*w.w)
		cropPicture(f.pixels, p.picture, w, s.h, s.w)
	case len(s.windows) == 1:
		f.tensors[input] = s.input
	default:
		p.engine.Crop(f.tensors[input], s.input, w.y, w.x, w.h, w.w)
	}
	for i, m := range s.masks {
		f.masks[i].Reshape(m.channels, w.h>>m.halvings, w.w>>m.halvings)
	}
	return p.runAll(ctx, s.forward, f, visit)
}

// backward computes the gradient of a window's input, after forward, and adds it to the
// gradient of the section's input.
func (p *Plan) backward(ctx context.Context, number int, s, next *section, gradient []float32,
	add func(tap string, grad, activation *kernel.Tensor, y, x int)) error {
	f := &s.frame
	f.gradient = gradient
	if len(s.windows) > 1 && s.input == nil {
		p.gradient = resized(p.gradient, len(f.pixels))
		f.gradient = p.gradient
	}
	err := p.runAll(ctx, s.backward, f, func(o *operation, f *frame) {
		if o.tap == s.output {
			p.loadOutputGradient(s, next, o, f)
			return
		}
		p.addTo(s, f, o, add)
	})
	switch {
	case err != nil || len(s.windows) == 1:
		return err
	case s.input == nil:
		addWindow(gradient, f.gradient, f.window, s.h, s.w)
	default:
		p.storeInputGradient(s, number, f.tensors[input])
	}
	return nil
}

func (p *Plan) runAll(ctx context.Context, list []operation, f *frame, visit func(o *operation, f *frame)) error {
	for i := range list {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		p.run(&list[i], f, visit)
	}
	return nil
}

// storeOutput copies the interior of a window of the section's output to the input of
// the next section.
func (p *Plan) storeOutput(s, next *section, o *operation, f *frame) {
	a, y, x := s.interior(f, o.tap)
	p.engine.CopyAt(next.input, a.top, a.left, f.tensors[o.src], y, x, a.bottom-a.top, a.right-a.left)
}

// loadOutputGradient copies the gradient of the interior from the input of the next
// section, which by then holds the gradient.
func (p *Plan) loadOutputGradient(s, next *section, o *operation, f *frame) {
	a, y, x := s.interior(f, o.tap)
	p.engine.CopyAt(f.tensors[o.dst], y, x, next.input, a.top, a.left, a.bottom-a.top, a.right-a.left)
}

// storeInputGradient adds the gradient of a window's input to gradientRows. It
// overwrites rows of the section's input with their gradient as soon as no later window
// reads them.
func (p *Plan) storeInputGradient(s *section, number int, grad *kernel.Tensor) {
	var (
		w     = s.windows[number]
		begin = number == 0 || s.windows[number-1].y != w.y
		last  = number == len(s.windows)-1
	)
	if begin {
		p.gradientRows.Reshape(grad.C, w.h, s.w)
		p.gradientRows.Zero()
		if number > 0 {
			p.engine.CopyAt(&p.gradientRows, 0, 0, &p.overlap, 0, 0, p.overlap.H, s.w)
		}
	}
	p.engine.AddAt(&p.gradientRows, grad, 0, w.x)
	switch {
	case last:
		p.engine.CopyAt(s.input, w.y, 0, &p.gradientRows, 0, 0, w.h, s.w)
	case s.windows[number+1].y != w.y:
		n := s.windows[number+1].y - w.y
		p.engine.CopyAt(s.input, w.y, 0, &p.gradientRows, 0, 0, n, s.w)
		p.overlap.Reshape(grad.C, w.h-n, s.w)
		p.engine.CopyAt(&p.overlap, 0, 0, &p.gradientRows, n, 0, w.h-n, s.w)
	}
}

// interior returns the interior of the frame's window at a tap: its area in the whole
// activation, and its position y, x in the window's activation.
func (s *section) interior(f *frame, t *tap) (a area, y, x int) {
	w := f.window
	a = w.interior.at(t.halvings, s.h, s.w)
	return a, a.top - w.y>>t.halvings, a.left - w.x>>t.halvings
}

// partElements is about how many elements of an activation are copied, or recomputed,
// at a time.
const partElements = 1 << 20 // 4 MiB

// partRows returns how many rows of the given width have partElements at a tap.
func partRows(t *tap, width int) int { return max(1, partElements/(t.channels*width)) }

// eachPart divides the interior of a window at a tap into parts of at most the given
// number of rows and calls do for each, with its area in the whole activation and its
// position y, x in the window's activation.
func (s *section) eachPart(f *frame, t *tap, rows int, do func(part area, y, x int)) {
	interior, y, x := s.interior(f, t)
	for top := interior.top; top < interior.bottom && interior.left < interior.right; top += rows {
		part := area{top, interior.left, min(top+rows, interior.bottom), interior.right}
		do(part, y+top-interior.top, x)
	}
}

// observe passes the activation in the interior of a window to the observer of a tap.
func (p *Plan) observe(s *section, f *frame, o *operation, observe func(tap string, activation *kernel.Tensor, y, x int)) {
	src := f.tensors[o.src]
	rows := src.H
	if s.copies(f.window.w) {
		rows = partRows(o.tap, src.W)
	}
	s.eachPart(f, o.tap, rows, func(a area, y, x int) {
		observe(o.tap.layer, p.view(s, f, src, a, y, x), a.top, a.left)
	})
}

// view returns a part of an activation in float32, without its halo: a view of the rows
// where possible, a copy otherwise.
func (p *Plan) view(s *section, f *frame, of *kernel.Tensor, a area, y, x int) *kernel.Tensor {
	if !s.copies(f.window.w) {
		return of.Rows(y, a.bottom-a.top)
	}
	p.engine.Crop(&p.part, of, y, x, a.bottom-a.top, a.right-a.left)
	return &p.part
}

// addTo calls add for the interior of a window at a tap, and adds the result to the
// window's gradient.
func (p *Plan) addTo(s *section, f *frame, o *operation, add func(tap string, grad, activation *kernel.Tensor, y, x int)) {
	var (
		grad = f.tensors[o.dst]
		of   = f.tensors[o.src]
		rows = grad.H
	)
	if o.kind == opAddRecomputed || s.copies(f.window.w) {
		rows = partRows(o.tap, grad.W)
	}
	s.eachPart(f, o.tap, rows, func(a area, y, x int) {
		from := y
		if o.kind == opAddRecomputed {
			of, from = &p.rows, 0
			of.Reshape(grad.C, a.bottom-a.top, grad.W)
			p.engine.FirstConvRows(p.first, of, f.pixels, grad.H, y)
		}
		activation := p.view(s, f, of, a, from, x)
		if !s.copies(f.window.w) {
			add(o.tap.layer, grad.Rows(y, activation.H), activation, a.top, a.left)
			return
		}
		p.partGradient.Reshape(activation.C, activation.H, activation.W)
		p.partGradient.Zero()
		add(o.tap.layer, &p.partGradient, activation, a.top, a.left)
		p.engine.AddAt(grad, &p.partGradient, y, x)
	})
}

// resized returns a slice of n elements. It reuses the memory of v where that is large
// enough.
func resized(v []float32, n int) []float32 {
	if cap(v) < n {
		return make([]float32, n)
	}
	return v[:n]
}

// cropPicture copies a window of a picture, 3 x h x w, to to.
func cropPicture(to, picture []float32, of window, h, w int) {
	for i := range 3 * of.h {
		ch, y := i/of.h, i%of.h
		copy(to[i*of.w:][:of.w], picture[(ch*h+of.y+y)*w+of.x:])
	}
}

// addWindow adds the pixels of a window, from, to a picture, 3 x h x w.
func addWindow(picture, from []float32, of window, h, w int) {
	for i := range 3 * of.h {
		ch, y := i/of.h, i%of.h
		to := picture[(ch*h+of.y+y)*w+of.x:][:of.w]
		for j, v := range from[i*of.w:][:of.w] {
			to[j] += v
		}
	}
}

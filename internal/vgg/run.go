package vgg

import (
	"context"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// newFrame returns a frame without memory.
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
func (p *Plan) forward(ctx context.Context, s *section, number int, look func(o *operation, f *frame)) error {
	f, w := &s.frame, s.windows[number]
	f.window = w
	switch {
	case s.input == nil && len(s.windows) == 1:
		f.pixels = p.picture
	case s.input == nil:
		f.pixels = resized(f.pixels, 3*w.h*w.w)
		cut(f.pixels, p.picture, w, s.h, s.w)
	case len(s.windows) == 1:
		f.tensors[input] = s.input
	default:
		p.engine.Crop(f.tensors[input], s.input, w.y, w.x, w.h, w.w)
	}
	for i, m := range s.masks {
		f.masks[i].Reshape(m.channels, w.h>>m.halvings, w.w>>m.halvings)
	}
	return p.runAll(ctx, s.forward, f, look)
}

// backward computes the gradient of a window's input, after forward, and adds it to
// that of the section's input: of the picture, or of the map whose place it takes.
func (p *Plan) backward(ctx context.Context, number int, s, behind *section, gradient []float32,
	add func(tap string, grad, activation *kernel.Tensor, y, x int)) error {
	f := &s.frame
	f.gradient = gradient
	if len(s.windows) > 1 && s.input == nil {
		p.gradient = resized(p.gradient, len(f.pixels))
		f.gradient = p.gradient
	}
	err := p.runAll(ctx, s.backward, f, func(o *operation, f *frame) {
		if o.tap == s.output {
			p.takeBack(s, behind, o, f)
			return
		}
		p.addTo(s, f, o, add)
	})
	switch {
	case err != nil || len(s.windows) == 1:
		return err
	case s.input == nil:
		mend(gradient, f.gradient, f.window, s.h, s.w)
	default:
		p.replace(s, number, f.tensors[input])
	}
	return nil
}

func (p *Plan) runAll(ctx context.Context, list []operation, f *frame, look func(o *operation, f *frame)) error {
	for i := range list {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		p.run(&list[i], f, look)
	}
	return nil
}

// handOn stores a core of the output of a section in the map that the next one takes.
func (p *Plan) handOn(s, behind *section, o *operation, f *frame) {
	a, y, x := s.core(f, o.tap)
	p.engine.CopyAt(behind.input, a.top, a.left, f.tensors[o.src], y, x, a.bottom-a.top, a.right-a.left)
}

// takeBack is the reverse of handOn: it takes the gradient.
func (p *Plan) takeBack(s, behind *section, o *operation, f *frame) {
	a, y, x := s.core(f, o.tap)
	p.engine.CopyAt(f.tensors[o.dst], y, x, behind.input, a.top, a.left, a.bottom-a.top, a.right-a.left)
}

// replace adds the gradient of a window's input to that of the map, which takes the
// place of the map as soon as no window will need the map's rows again.
func (p *Plan) replace(s *section, number int, grad *kernel.Tensor) {
	var (
		w     = s.windows[number]
		begin = number == 0 || s.windows[number-1].y != w.y
		last  = number == len(s.windows)-1
	)
	if begin {
		p.pending.Reshape(grad.C, w.h, s.w)
		p.pending.Zero()
		if number > 0 {
			p.engine.CopyAt(&p.pending, 0, 0, &p.shared, 0, 0, p.shared.H, s.w)
		}
	}
	p.engine.AddAt(&p.pending, grad, 0, w.x)
	switch {
	case last:
		p.engine.CopyAt(s.input, w.y, 0, &p.pending, 0, 0, w.h, s.w)
	case s.windows[number+1].y != w.y:
		n := s.windows[number+1].y - w.y
		p.engine.CopyAt(s.input, w.y, 0, &p.pending, 0, 0, n, s.w)
		p.shared.Reshape(grad.C, w.h-n, s.w)
		p.engine.CopyAt(&p.shared, 0, 0, &p.pending, n, 0, w.h-n, s.w)
	}
}

// core returns the core of a frame's window at a tap, in the whole activation, and its
// place in the window's.
func (s *section) core(f *frame, t *tap) (a area, y, x int) {
	w := f.window
	a = w.core.at(t.halvings, s.h, s.w)
	return a, a.top - w.y>>t.halvings, a.left - w.x>>t.halvings
}

// partElements is about how many elements of an activation are copied, or computed
// again, at once.
const partElements = 1 << 20 // 4 MiB

// partRows returns how many rows of the given width those are at a tap.
func partRows(t *tap, width int) int { return max(1, partElements/(t.channels*width)) }

// eachPart calls do for parts of at most so many rows of a window's core at a tap,
// with their places in the whole activation and in the window's.
func (s *section) eachPart(f *frame, t *tap, rows int, do func(part area, y, x int)) {
	core, y, x := s.core(f, t)
	for top := core.top; top < core.bottom && core.left < core.right; top += rows {
		part := area{top, core.left, min(top+rows, core.bottom), core.right}
		do(part, y+top-core.top, x)
	}
}

// observe calls observe with the activation of a window's core at a tap.
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

// view returns a part of an activation as taps see it: the rows themselves, or a copy
// in float32.
func (p *Plan) view(s *section, f *frame, of *kernel.Tensor, a area, y, x int) *kernel.Tensor {
	if !s.copies(f.window.w) {
		return of.Rows(y, a.bottom-a.top)
	}
	p.engine.Crop(&p.part, of, y, x, a.bottom-a.top, a.right-a.left)
	return &p.part
}

// addTo adds the gradient of a window's core at a tap.
func (p *Plan) addTo(s *section, f *frame, o *operation, add func(tap string, grad, activation *kernel.Tensor, y, x int)) {
	var (
		grad = f.tensors[o.dst]
		of   = f.tensors[o.src]
		rows = grad.H
	)
	if o.kind == opAddAgain || s.copies(f.window.w) {
		rows = partRows(o.tap, grad.W)
	}
	s.eachPart(f, o.tap, rows, func(a area, y, x int) {
		from := y
		if o.kind == opAddAgain {
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

// resized returns a slice of n elements, with the memory of another where that
// suffices.
func resized(v []float32, n int) []float32 {
	if cap(v) < n {
		return make([]float32, n)
	}
	return v[:n]
}

// cut copies a window of a picture, 3 x h x w, to to.
func cut(to, picture []float32, of window, h, w int) {
	for i := range 3 * of.h {
		ch, y := i/of.h, i%of.h
		copy(to[i*of.w:][:of.w], picture[(ch*h+of.y+y)*w+of.x:])
	}
}

// mend adds a window to a picture, 3 x h x w.
func mend(picture, from []float32, of window, h, w int) {
	for i := range 3 * of.h {
		ch, y := i/of.h, i%of.h
		to := picture[(ch*h+of.y+y)*w+of.x:][:of.w]
		for j, v := range from[i*of.w:][:of.w] {
			to[j] += v
		}
	}
}

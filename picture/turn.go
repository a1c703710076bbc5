package picture

// Turn returns a copy rotated by 90 degrees counterclockwise.
func (p *Picture) Turn() *Picture {
	t := New(p.H, p.W)
	plane := p.W * p.H
	for c := range 3 {
		turn(t.RGB[c*plane:(c+1)*plane], p.RGB[c*plane:(c+1)*plane], p.W, p.H)
	}
	if p.Alpha != nil {
		t.Alpha = make([]float32, plane)
		turn(t.Alpha, p.Alpha, p.W, p.H)
	}
	return t
}

// Turn returns a copy rotated by 90 degrees counterclockwise; nil stays nil.
func (m *Mask) Turn() *Mask {
	if m == nil {
		return nil
	}
	t := &Mask{W: m.H, H: m.W, Weight: make([]float32, len(m.Weight))}
	turn(t.Weight, m.Weight, m.W, m.H)
	return t
}

func turn(dst, src []float32, w, h int) {
	for y := range h {
		for x := range w {
			dst[(w-1-x)*h+y] = src[y*w+x]
		}
	}
}

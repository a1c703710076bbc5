package picture

// Extend returns a copy with n more pixels on each side, mirrored at the border. For n
// = 0 it returns the picture itself.
func (p *Picture) Extend(n int) *Picture {
	if n == 0 {
		return p
	}
	e := New(p.W+2*n, p.H+2*n)
	plane, wide := p.W*p.H, e.W*e.H
	for c := range 3 {
		extend(e.RGB[c*wide:(c+1)*wide], p.RGB[c*plane:(c+1)*plane], p.W, p.H, n)
	}
	if p.Alpha != nil {
		e.Alpha = make([]float32, wide)
		extend(e.Alpha, p.Alpha, p.W, p.H, n)
	}
	return e
}

// Extend returns a copy with n more pixels on each side, like [Picture.Extend].
func (m *Mask) Extend(n int) *Mask {
	e := &Mask{W: m.W + 2*n, H: m.H + 2*n}
	e.Weight = make([]float32, e.W*e.H)
	extend(e.Weight, m.Weight, m.W, m.H, n)
	return e
}

// Cut returns a copy without n pixels on each side, the inverse of Extend. For n = 0 it
// returns the picture itself. It panics where nothing is left.
func (p *Picture) Cut(n int) *Picture {
	if n == 0 {
		return p
	}
	c := New(p.W-2*n, p.H-2*n)
	plane, inner := p.W*p.H, c.W*c.H
	for k := range 3 {
		cut(c.RGB[k*inner:(k+1)*inner], p.RGB[k*plane:(k+1)*plane], p.W, n)
	}
	if p.Alpha != nil {
		c.Alpha = make([]float32, inner)
		cut(c.Alpha, p.Alpha, p.W, n)
	}
	return c
}

// Cut returns a copy without n pixels on each side, like [Picture.Cut].
func (m *Mask) Cut(n int) *Mask {
	c := &Mask{W: m.W - 2*n, H: m.H - 2*n}
	c.Weight = make([]float32, c.W*c.H)
	cut(c.Weight, m.Weight, m.W, n)
	return c
}

func extend(dst, src []float32, w, h, n int) {
	for y := range h + 2*n {
		row := src[mirrored(y-n, h)*w:][:w]
		for x := range w + 2*n {
			dst[y*(w+2*n)+x] = row[mirrored(x-n, w)]
		}
	}
}

// cut copies the rows of src, which are w wide, without n rows and columns on each
// side.
func cut(dst, src []float32, w, n int) {
	inner := w - 2*n
	for y := range len(dst) / inner {
		copy(dst[y*inner:(y+1)*inner], src[(y+n)*w+n:])
	}
}

// mirrored returns the index in 0 to n-1 whose mirror image, at mirrors on both ends,
// is at i.
func mirrored(i, n int) int {
	i %= 2 * n
	if i < 0 {
		i += 2 * n
	}
	return min(i, 2*n-1-i)
}

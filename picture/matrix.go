package picture

// matrix3 is a 3 x 3 matrix by rows.
type matrix3 [9]float64

func (m *matrix3) times(v [3]float32) (p [3]float32) {
	x, y, z := float64(v[0]), float64(v[1]), float64(v[2])
	for r := range p {
		p[r] = float32(m[3*r]*x + m[3*r+1]*y + m[3*r+2]*z)
	}
	return p
}

func (m *matrix3) after(n *matrix3) (p matrix3) {
	for r := range 3 {
		for c := range 3 {
			p[3*r+c] = m[3*r]*n[c] + m[3*r+1]*n[3+c] + m[3*r+2]*n[6+c]
		}
	}
	return p
}

// inverse returns the inverse. ok is false where there is none beyond rounding.
func (m *matrix3) inverse() (inv matrix3, ok bool) {
	const least = 1e-6 // of the determinants of spaces of colours, which are about 0.1
	cofactor := func(r, c int) float64 {
		a, b, d, e := (r+1)%3, (r+2)%3, (c+1)%3, (c+2)%3
		return m[3*a+d]*m[3*b+e] - m[3*a+e]*m[3*b+d]
	}
	det := m[0]*cofactor(0, 0) + m[1]*cofactor(0, 1) + m[2]*cofactor(0, 2)
	if !(det > least || det < -least) {
		return inv, false
	}
	for r := range 3 {
		for c := range 3 {
			inv[3*r+c] = cofactor(c, r) / det
		}
	}
	return inv, true
}

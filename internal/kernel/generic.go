package kernel

// genericRows is the number of positions, or of channels, in a block of the portable
// gemm and syrk.
const genericRows = 4

// portable is the implementation that runs on every machine.
var portable = &implementation{"generic", &generic, &genericBFloat16}

// generic holds the portable primitives. They define what the assembly computes.
var generic = primitives{
	rows: genericRows, panels: 1, syrkRows: genericRows,
	gemm:            gemmGeneric,
	syrk:            syrkGeneric,
	sum:             sumGeneric,
	firstConv:       firstConvGeneric,
	winogradWeights: winogradWeightsGeneric,
	winogradInput:   winogradInputGeneric,
	winogradOutput:  winogradOutputGeneric,
	reluMask:        reluMaskGeneric,
	applyMask:       applyMaskGeneric,
	maxPool:         maxPoolGeneric,
	maxPoolBack:     maxPoolBackGeneric,
	averagePool:     averagePoolGeneric,
	averagePoolBack: averagePoolBackGeneric,
	addScaled:       addScaledGeneric,
	addDifference:   addDifferenceGeneric,
	updateMoments:   updateMomentsGeneric,
	descend:         descendGeneric,
	dot:             dotGeneric,
	dots64:          dots64Generic,
	variation:       variationGeneric,
	difference:      differenceGeneric,
	patchDifference: patchDifferenceGeneric,
	linearise:       lineariseGeneric,
	relax:           relaxGeneric,
}

type vector = [lanes]float32

// at returns the sixteen elements of s from i on.
func at(s []float32, i int) *vector { return (*vector)(s[i:]) }

func gemmGeneric(a gemm) {
	for i := range a.products {
		multiplyGroups(a, a.out[i*a.outNext:], a.in[i*a.inNext:], a.w[i*a.wNext:])
	}
}

// multiplyGroups computes one product of a gemm.
func multiplyGroups(a gemm, out, in, w []float32) {
	for g := range a.groups {
		for p := range genericRows {
			acc := *at(a.bias, 0)
			out := at(out, g*a.outGroup+p*lanes)
			for s := range a.steps {
				in := at(in, g*a.inGroup+s*a.inStep+p*lanes)
				for c, x := range in {
					w := at(w, (s*lanes+c)*lanes)
					for k := range acc {
						acc[k] += x * w[k]
					}
				}
			}
			for k, v := range acc {
				if a.accumulate {
					v += out[k]
				}
				out[k] = floor(v, a.floor)
			}
		}
	}
}

// floor returns the larger of v and lowest, or v where v is NaN.
func floor(v, lowest float32) float32 {
	if v < lowest {
		return lowest
	}
	return v
}

func syrkGeneric(a syrk) {
	for r := range genericRows {
		out := at(a.out, r*lanes)
		acc := *out
		for p := range a.positions {
			x := a.a[p*lanes+r]
			b := at(a.b, p*lanes)
			for k := range acc {
				acc[k] += x * b[k]
			}
		}
		*out = acc
	}
}

func sumGeneric(a sum) {
	out := at(a.out, 0)
	acc := *out
	for p := range a.positions {
		in := at(a.in, p*lanes)
		for k := range acc {
			acc[k] += in[k]
		}
	}
	*out = acc
}

func firstConvGeneric(a firstConv) {
	for p := range a.positions {
		out := at(a.out, p*lanes)
		*out = *at(a.bias, 0)
		for t := range colors * kernelArea {
			x := a.in[t/kernelArea*a.plane+t%kernelArea/3*a.row+p+t%3]
			w := at(a.w, t*lanes)
			for k := range out {
				out[k] += x * w[k]
			}
		}
		for k, v := range out {
			out[k] = floor(v, 0)
		}
		if a.mask != nil {
			a.mask[p] = signs(out)
		}
	}
}

// The transforms of F(4x4, 3x3) with the interpolation points 0, 1, -1, 2, -2 and
// infinity (Lavin and Gray 2015, section 4.1 and supplementary material). Each function
// multiplies a column of vectors by one of their matrices.

// transformWeights computes u = G g.
func transformWeights(u *[6]vector, g *[3]vector) {
	for k := range lanes {
		g0, g1, g2 := g[0][k], g[1][k], g[2][k]
		even, odd := (g0+g2)*(-1./6), g1*(1./6)
		u[0][k] = g0 * (1. / 4)
		u[1][k], u[2][k] = even-odd, even+odd
		even, odd = g0*(1./24)+g2*(1./6), g1*(1./12)
		u[3][k], u[4][k] = even+odd, even-odd
		u[5][k] = g2
	}
}

// transformInput computes v = Bᵀ d.
func transformInput(v, d *[6]vector) {
	for k := range lanes {
		d0, d1, d2, d3, d4, d5 := d[0][k], d[1][k], d[2][k], d[3][k], d[4][k], d[5][k]
		even, odd := d4-4*d2, d3-4*d1
		v[0][k] = d4 - 5*d2 + 4*d0
		v[1][k], v[2][k] = even+odd, even-odd
		even, odd = d4-d2, 2*(d3-d1)
		v[3][k], v[4][k] = even+odd, even-odd
		v[5][k] = d5 - 5*d3 + 4*d1
	}
}

// transformOutput computes s = Aᵀ m.
func transformOutput(s *[4]vector, m *[6]vector) {
	for k := range lanes {
		sum1, dif1 := m[1][k]+m[2][k], m[1][k]-m[2][k]
		sum2, dif2 := m[3][k]+m[4][k], m[3][k]-m[4][k]
		s[0][k] = m[0][k] + sum1 + sum2
		s[1][k] = dif1 + 2*dif2
		s[2][k] = sum1 + 4*sum2
		s[3][k] = dif1 + 8*dif2 + m[5][k]
	}
}

func winogradWeightsGeneric(a winogradWeights) {
	for c := range a.channels {
		var oneSided [3][6]vector // [x][i]
		for x := range oneSided {
			var column [3]vector
			for y := range column {
				column[y] = *at(a.w, (c*9+y*3+x)*lanes)
			}
			transformWeights(&oneSided[x], &column)
		}
		for i := range 6 {
			var u [6]vector
			transformWeights(&u, &[3]vector{oneSided[0][i], oneSided[1][i], oneSided[2][i]})
			for j := range u {
				*at(a.u, (j*6+i)*a.uStride+c*lanes) = u[j]
			}
		}
	}
}

func winogradInputGeneric(a winogradInput) {
	for t := range a.tiles {
		var oneSided [6][6]vector // [row][j]
		for y := range oneSided {
			var window [6]vector
			for x := range window {
				i := y*a.row + (t*tile+x)*lanes
				window[x] = *at(a.in, i)
				if a.mask != nil {
					mask(&window[x], a.mask[i/lanes])
				}
			}
			transformInput(&oneSided[y], &window)
		}
		for j := range 6 {
			var column, v [6]vector
			for y := range column {
				column[y] = oneSided[y][j]
			}
			transformInput(&v, &column)
			for i := range v {
				*at(a.v, (j*6+i)*a.vStride+t*lanes) = v[i]
			}
		}
	}
}

func winogradOutputGeneric(a winogradOutput) {
	bias := at(a.bias, 0)
	for t := range a.tiles {
		var oneSided [6][4]vector // [j][y]
		for j := range oneSided {
			var column [6]vector
			for i := range column {
				column[i] = *at(a.m, (j*6+i)*a.mStride+t*lanes)
			}
			transformOutput(&oneSided[j], &column)
		}
		for y := range tile {
			var row [6]vector
			for j := range row {
				row[j] = oneSided[j][y]
			}
			var s [4]vector
			transformOutput(&s, &row)
			for x := range s {
				i := y*a.row + (t*tile+x)*lanes
				out := at(a.out, i)
				for k, v := range s[x] {
					out[k] = floor(v+bias[k], a.floor)
				}
				if a.mask != nil {
					a.mask[i/lanes] = signs(out)
				}
			}
		}
	}
}

// signs returns the bits of the positive elements of v.
func signs(v *vector) (bits uint16) {
	for k, x := range v {
		if x > 0 {
			bits |= 1 << k
		}
	}
	return bits
}

// mask sets the elements of v to zero whose bits are not set.
func mask(v *vector, bits uint16) {
	for k := range v {
		if bits>>k&1 == 0 {
			v[k] = 0
		}
	}
}

func reluMaskGeneric(a reluMask) {
	for p := range a.positions {
		a.mask[p] = signs(at(a.in, p*lanes))
	}
}

func applyMaskGeneric(a applyMask) {
	for p := range a.positions {
		out := at(a.out, p*lanes)
		*out = *at(a.in, p*lanes)
		mask(out, a.mask[p])
	}
}

// window returns the 2x2 window of output x.
func (a poolForward) window(x int) [4]*vector {
	i := 2 * x * lanes
	return [4]*vector{at(a.in0, i), at(a.in0, i+lanes), at(a.in1, i), at(a.in1, i+lanes)}
}

// gradients returns the gradients with respect to the 2x2 window of output x.
func (a poolBackward) gradients(x int) [4]*vector {
	i := 2 * x * lanes
	return [4]*vector{at(a.grad0, i), at(a.grad0, i+lanes), at(a.grad1, i), at(a.grad1, i+lanes)}
}

func averagePoolGeneric(a poolForward) {
	for x := range a.n {
		w, out := a.window(x), at(a.out, x*lanes)
		for k := range out {
			out[k] = ((w[0][k] + w[1][k]) + (w[2][k] + w[3][k])) * a.scale
		}
	}
}

func averagePoolBackGeneric(a poolBackward) {
	for x := range a.n {
		g := at(a.grad, x*lanes)
		for _, to := range a.gradients(x) {
			for k := range g {
				to[k] = g[k] * a.scale
			}
		}
	}
}

// maxPoolGeneric marks the first of equal maxima.
func maxPoolGeneric(a poolForward) {
	for x := range a.n {
		w, out := a.window(x), at(a.out, x*lanes)
		var argmax [4]uint16
		for k := range out {
			from := 0
			for i := range w {
				if w[i][k] > w[from][k] {
					from = i
				}
			}
			out[k] = w[from][k]
			argmax[from] |= 1 << k
		}
		if a.argmax0 != nil {
			a.argmax0[2*x], a.argmax0[2*x+1] = argmax[0], argmax[1]
			a.argmax1[2*x], a.argmax1[2*x+1] = argmax[2], argmax[3]
		}
	}
}

func maxPoolBackGeneric(a poolBackward) {
	for x := range a.n {
		g, to := at(a.grad, x*lanes), a.gradients(x)
		for i, bits := range [4]uint16{a.argmax0[2*x], a.argmax0[2*x+1], a.argmax1[2*x], a.argmax1[2*x+1]} {
			*to[i] = *g
			mask(to[i], bits)
		}
	}
}

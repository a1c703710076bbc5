package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// eachVector emits a loop over n elements, a multiple of sixteen, of the named
// arguments. body receives the addresses of the current vectors. bytes is the size of
// an element.
func (v *isa) eachVector(bytes int, names []string, body func(at func(name string) Mem)) {
	n := count("n")
	SHRQ(Imm(4), n)
	v.along("sixteen", n, steps(lanes*bytes, names...), func(at func(string) Mem, part int) {
		body(func(name string) Mem { return at(name).Offset(part * v.bytes) })
	})
}

func (v *isa) addScaled() {
	v.function("addScaled", "addScaled", func() {
		s := v.broadcast("s")
		v.eachVector(4, []string{"dst", "src"}, func(at func(string) Mem) {
			r := v.vec()
			VMULPS(at("src"), s, r)
			VADDPS(at("dst"), r, r)
			VMOVUPS(r, at("dst"))
		})
	})
}

func (v *isa) addDifference() {
	v.function("addDifference", "addDifference", func() {
		slope := v.broadcast("slope")
		v.eachVector(4, []string{"dst", "f", "g"}, func(at func(string) Mem) {
			d := v.vec()
			VMOVUPS(at("f"), d)
			VSUBPS(at("g"), d, d)
			VMULPS(d, slope, d)
			VADDPS(at("dst"), d, d)
			VMOVUPS(d, at("dst"))
		})
	})
}

func (v *isa) updateMoments() {
	v.function("updateMoments", "moments", func() {
		beta1, rest1, beta2, rest2 := v.broadcast("beta1"), v.broadcast("rest1"), v.broadcast("beta2"), v.broadcast("rest2")
		v.eachVector(4, []string{"mean", "square", "gradient"}, func(at func(string) Mem) {
			g, r, kept := v.vec(), v.vec(), v.vec()
			VMOVUPS(at("gradient"), g)
			VMULPS(at("mean"), beta1, kept)
			VMULPS(g, rest1, r)
			VADDPS(r, kept, r)
			VMOVUPS(r, at("mean"))
			VMULPS(at("square"), beta2, kept)
			VMULPS(g, rest2, r)
			VMULPS(g, r, r)
			VADDPS(r, kept, r)
			VMOVUPS(r, at("square"))
		})
	})
}

func (v *isa) descend() {
	v.function("descend", "descent", func() {
		rate, root, epsilon := v.broadcast("rate"), v.broadcast("root"), v.broadcast("epsilon")
		low, high := v.broadcast("low"), v.broadcast("high")
		v.eachVector(4, []string{"dst", "from", "mean", "square"}, func(at func(string) Mem) {
			width, step, r := v.vec(), v.vec(), v.vec()
			VSQRTPS(at("square"), width)
			VMULPS(width, root, width)
			VADDPS(width, epsilon, width)
			VMULPS(at("mean"), rate, step)
			VDIVPS(width, step, step)
			VMOVUPS(at("from"), r)
			VSUBPS(step, r, r)
			VMAXPS(r, low, r) // NaN stays NaN
			VMINPS(r, high, r)
			VMOVUPS(r, at("dst"))
		})
	})
}

// doubles returns zeroed registers for sixteen sums in float64.
func (v *isa) doubles() []VecVirtual {
	sums := make([]VecVirtual, lanes*8/v.bytes)
	for i := range sums {
		sums[i] = v.vec()
		v.zero(sums[i])
	}
	return sums
}

// storeDoubles stores sums to an array of the arguments.
func (v *isa) storeDoubles(sums []VecVirtual, name string) {
	for i, r := range sums {
		VMOVUPS(r, element(name, 0).Offset(i*v.bytes))
	}
}

// eachDouble emits a loop over n elements, a multiple of sixteen. body receives the
// addresses of the elements that make up the i-th vector of float64.
func (v *isa) eachDouble(bytes int, names []string, body func(at func(name string) Mem, i int)) {
	n := count("n")
	SHRQ(Imm(4), n)
	pointers := make(map[string]GPVirtual)
	for _, name := range names {
		pointers[name] = pointer(name)
	}
	loop("sixteen", n, func() {
		for i := range lanes * 8 / v.bytes {
			body(func(name string) Mem { return Mem{Base: pointers[name], Disp: i * v.bytes / 8 * bytes} }, i)
		}
		for _, name := range names {
			ADDQ(U32(lanes*bytes), pointers[name])
		}
	})
}

// half returns a register for as many float32 as a vector holds float64.
func (v *isa) half() VecVirtual {
	if v.wide() {
		return YMM()
	}
	return XMM()
}

func (v *isa) dot() {
	v.function("dot", "dot", func() {
		sums := v.doubles()
		v.eachDouble(4, []string{"a", "b"}, func(at func(string) Mem, i int) {
			x, y := v.vec(), v.vec()
			VCVTPS2PD(at("a"), x)
			VCVTPS2PD(at("b"), y)
			VFMADD231PD(x, y, sums[i]) // products are exact
		})
		v.storeDoubles(sums, "sums")
	})
}

// dots64 multiplies by four rows of b at once.
func (v *isa) dots64() {
	v.function("dots64", "dots64", func() {
		const rows = 4
		var (
			out, b  = pointer("out"), pointer("b")
			groups  = count("count")
			stride  = count("stride")
			vectors = 8 * 8 / v.bytes
		)
		SHRQ(Imm(2), groups)
		SHLQ(Imm(3), stride)
		three := times(stride, 3)
		loop("rows", groups, func() {
			a, n := pointer("a"), count("n")
			SHRQ(Imm(3), n)
			acc := v.accumulators(rows, vectors)
			for _, r := range acc {
				for _, x := range r {
					v.zero(x)
				}
			}
			from := GP64()
			MOVQ(b, from)
			loop("eight", n, func() {
				for i := range vectors {
					x := v.vec()
					VMOVUPD(Mem{Base: a, Disp: i * v.bytes}, x)
					m := Mem{Base: from, Disp: i * v.bytes}
					for j, row := range []Mem{m, m.Idx(stride, 1), m.Idx(stride, 2), m.Idx(three, 1)} {
						r := v.vec()
						VMULPD(row, x, r)
						VADDPD(r, acc[j][i], acc[j][i])
					}
				}
				ADDQ(Imm(64), a)
				ADDQ(Imm(64), from)
			})
			for j, sums := range acc {
				VMOVSD(v.total(sums), Mem{Base: out, Disp: j * 8})
			}
			LEAQ(Mem{Base: b, Index: stride, Scale: rows}, b)
			ADDQ(Imm(rows*8), out)
		})
	})
}

// total adds eight sums in pairs, at distances four, two and one.
func (v *isa) total(sums []VecVirtual) Register {
	four := sums[0].AsY()
	if v.wide() {
		high := YMM()
		VEXTRACTF64X4(Imm(1), sums[0], high)
		VADDPD(high, four, four)
	} else {
		VADDPD(sums[1], four, four)
	}
	x, upper := sums[0].AsX(), XMM()
	VEXTRACTF128(Imm(1), four, upper)
	VADDPD(upper, x, x)
	VPERMILPD(Imm(1), x, upper)
	VADDSD(upper, x, x)
	return x
}

func (v *isa) difference() {
	v.function("difference", "difference", func() {
		squares := v.doubles()
		v.eachDouble(4, []string{"a", "b"}, func(at func(string) Mem, i int) {
			d, wide := v.half(), v.vec()
			VMOVUPS(at("a"), d)
			VSUBPS(at("b"), d, d)
			VCVTPS2PD(d, wide)
			VFMADD231PD(wide, wide, squares[i]) // squares are exact
		})
		v.storeDoubles(squares, "squares")
	})
}

func (v *isa) variation() {
	v.function("variation", "variation", func() {
		straight, diagonal, sums := v.broadcast("straight"), v.broadcast("diagonal"), v.doubles()
		n := count("n")
		SHRQ(Imm(4), n)
		// The difference of two places, and the sum of the products of two vectors
		// with others.
		minus := func(a, b Mem) VecVirtual {
			r := v.vec()
			VMOVUPS(a, r)
			VSUBPS(b, r, r)
			return r
		}
		products := func(a, by, b, times VecVirtual) VecVirtual {
			r, s := v.vec(), v.vec()
			VMULPS(a, by, r)
			VMULPS(b, times, s)
			VADDPS(s, r, r)
			return r
		}
		v.along("sixteen", n, steps(laneBytes, "upper", "lower", "upperGrad", "lowerGrad"), func(at func(string) Mem, part int) {
			row := func(name string, x int) Mem { return at(name).Offset(part*v.bytes + 4*x) }
			dx, dy := minus(row("upper", 2), row("upper", 1)), minus(row("lower", 1), row("upper", 1))
			falling, rising := minus(row("lower", 2), row("upper", 1)), minus(row("lower", 1), row("upper", 2))
			squares := products(dx, dx, dy, dy)
			VMULPS(v.constant(4), squares, squares)
			VADDPS(products(falling, falling, rising, rising), squares, squares)
			v.addDoubles(squares, sums[len(sums)/v.parts()*part:])
			own := products(dx, straight, dy, straight)
			VMULPS(falling, diagonal, falling)
			VADDPS(falling, own, own)
			left, other := minus(row("upper", 1), row("upper", 0)), minus(row("lower", 0), row("upper", 1))
			VMULPS(left, straight, left)
			VMULPS(other, diagonal, other)
			VSUBPS(other, left, left)
			VADDPS(row("upperGrad", 0), left, left)
			VSUBPS(own, left, left)
			VMOVUPS(left, row("upperGrad", 0))
			own = products(dy, straight, rising, diagonal)
			left = minus(row("lower", 1), row("upper", 0))
			VMULPS(left, diagonal, left)
			VADDPS(row("lowerGrad", 0), left, left)
			VADDPS(own, left, left)
			VMOVUPS(left, row("lowerGrad", 0))
		})
		v.storeDoubles(sums, "sums")
	})
}

// addDoubles adds a vector of float32 to two of float64.
func (v *isa) addDoubles(r VecVirtual, sums []VecVirtual) {
	low, high := Register(r.AsX()), v.half()
	if v.wide() {
		low = r.AsY()
		VEXTRACTF64X4(Imm(1), r, high)
	} else {
		VEXTRACTF128(Imm(1), r, high)
	}
	for i, half := range []Register{low, high} {
		wide := v.vec()
		VCVTPS2PD(half, wide)
		VADDPD(wide, sums[i], sums[i])
	}
}

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// vectorsOf loads values from memory into registers.
func (v *isa) vectorsOf(addresses ...Mem) []VecVirtual {
	r := make([]VecVirtual, len(addresses))
	for i, m := range addresses {
		r[i] = v.vec()
		VMOVUPS(m, r[i])
	}
	return r
}

// The transforms read a column of vectors without changing it, and pass each vector of
// the result to put as soon as it is computed.

// transformWeights computes u = G g.
func (v *isa) transformWeights(g []VecVirtual, put func(i int, u VecVirtual)) {
	scaled := func(x VecVirtual, by float64) VecVirtual {
		r := v.vec()
		VMULPS(v.constant(by), x, r)
		return r
	}
	put(0, scaled(g[0], 1./4))
	put(5, g[2])
	ends := v.vec()
	VADDPS(g[0], g[2], ends)
	even, odd := scaled(ends, -1./6), scaled(g[1], 1./6)
	v.butterfly(odd, even, 2, 1, put)
	even, odd = scaled(g[0], 1./24), scaled(g[1], 1./12)
	VFMADD231PS(v.constant(1./6), g[2], even)
	v.butterfly(odd, even, 3, 4, put)
}

// butterfly puts even+odd and even-odd.
func (v *isa) butterfly(odd, even VecVirtual, plus, minus int, put func(int, VecVirtual)) {
	sum, difference := v.vec(), v.vec()
	VADDPS(odd, even, sum)
	put(plus, sum)
	VSUBPS(odd, even, difference)
	put(minus, difference)
}

// transformInput computes v = Bᵀ d.
func (v *isa) transformInput(d []VecVirtual, put func(i int, u VecVirtual)) {
	// less returns x - by*y.
	less := func(x VecVirtual, by float64, y VecVirtual) VecVirtual {
		r := v.vec()
		VMOVAPS(x, r)
		VFNMADD231PS(v.constant(by), y, r)
		return r
	}
	even, odd := less(d[4], 4, d[2]), less(d[3], 4, d[1])
	v.butterfly(odd, even, 1, 2, put)
	even, odd = v.vec(), v.vec()
	VSUBPS(d[2], d[4], even)
	VSUBPS(d[1], d[3], odd)
	VADDPS(odd, odd, odd)
	v.butterfly(odd, even, 3, 4, put)
	for i := range 2 {
		end := less(d[4+i], 5, d[2+i])
		VFMADD231PS(v.constant(4), d[i], end)
		put(5*i, end)
	}
}

// transformOutput computes s = Aᵀ m.
func (v *isa) transformOutput(m []VecVirtual, put func(i int, s VecVirtual)) {
	sum1, dif1, sum2, dif2 := v.vec(), v.vec(), v.vec(), v.vec()
	VADDPS(m[1], m[2], sum1)
	VSUBPS(m[2], m[1], dif1)
	VADDPS(m[3], m[4], sum2)
	VSUBPS(m[4], m[3], dif2)
	s := v.vec()
	VADDPS(m[0], sum1, s)
	VADDPS(sum2, s, s)
	put(0, s)
	// plus returns x + by*y.
	plus := func(x VecVirtual, by float64, y VecVirtual) VecVirtual {
		r := v.vec()
		VMOVAPS(x, r)
		VFMADD231PS(v.constant(by), y, r)
		return r
	}
	put(1, plus(dif1, 2, dif2))
	put(2, plus(sum1, 4, sum2))
	s = plus(dif1, 8, dif2)
	VADDPS(m[5], s, s)
	put(3, s)
}

func (v *isa) winogradWeights() {
	v.function("winogradWeights", "winogradWeights", func() {
		var (
			u, w, scratch = pointer("u"), pointer("w"), pointer("scratch")
			one           = stride("uStride")
			three, five   = times(one, 3), times(one, 5)
			// The 36 lie u[j*6+i], so that j steps by six strides.
			six              = times(one, 6)
			eighteen, thirty = times(six, 3), times(six, 5)
		)
		loop("channel", count("channels"), func() {
			for part := range v.parts() {
				disp := part * v.bytes
				oneSided := func(x, i int) Mem { return Mem{Base: scratch, Disp: (x*6 + i) * laneBytes} }
				for x := range 3 {
					var column []Mem
					for y := range 3 {
						column = append(column, Mem{Base: w, Disp: (y*3+x)*laneBytes + disp})
					}
					v.transformWeights(v.vectorsOf(column...), func(i int, r VecVirtual) { VMOVUPS(r, oneSided(x, i)) })
				}
				for i, m := range multiples(u, one, three, five, disp) {
					at := GP64()
					LEAQ(m, at)
					places := multiples(at, six, eighteen, thirty, 0)
					v.transformWeights(v.vectorsOf(oneSided(0, i), oneSided(1, i), oneSided(2, i)),
						func(j int, r VecVirtual) { VMOVUPS(r, places[j]) })
				}
			}
			ADDQ(U32(9*laneBytes), w)
			ADDQ(U32(laneBytes), u)
		})
	})
}

func (v *isa) winogradInput() {
	v.function("winogradInput", "winogradInput", func() {
		mask := pointer("mask")
		TESTQ(mask, mask)
		JZ(LabelRef("plain"))
		v.winogradInputLoop("maskedTile", true)
		JMP(LabelRef("done"))
		Label("plain")
		v.winogradInputLoop("plainTile", false)
		Label("done")
	})
}

func (v *isa) winogradInputLoop(name string, masked bool) {
	var (
		to, in, scratch = pointer("v"), pointer("in"), pointer("scratch")
		one             = stride("vStride")
		three, five     = times(one, 3), times(one, 5)
		mask            GPVirtual
	)
	if masked {
		mask = pointer("mask")
	}
	loop(name, count("tiles"), func() {
		for part := range v.parts() {
			disp := part * v.bytes
			oneSided := func(y, j int) Mem { return Mem{Base: scratch, Disp: (y*6 + j) * laneBytes} }
			from, words := GP64(), GP64()
			MOVQ(in, from)
			if masked {
				MOVQ(mask, words)
			}
			for y := range 6 {
				window := make([]VecVirtual, 6)
				for x := range window {
					m := Mem{Base: from, Disp: x*laneBytes + disp}
					window[x] = v.vec()
					if masked {
						v.selected(m, Mem{Base: words, Disp: x * maskBytes}, part, window[x])
					} else {
						VMOVUPS(m, window[x])
					}
				}
				v.transformInput(window, func(j int, r VecVirtual) { VMOVUPS(r, oneSided(y, j)) })
				ADDQ(stride("row"), from)
				if masked {
					ADDQ(maskStride("row"), words)
				}
			}
			at := GP64()
			MOVQ(to, at)
			for j := range 6 {
				var column []Mem
				for y := range 6 {
					column = append(column, oneSided(y, j))
				}
				places := multiples(at, one, three, five, disp)
				v.transformInput(v.vectorsOf(column...), func(i int, r VecVirtual) { VMOVUPS(r, places[i]) })
				LEAQ(Mem{Base: at, Index: three, Scale: 2}, at)
			}
		}
		ADDQ(U32(4*laneBytes), in)
		if masked {
			ADDQ(Imm(4*maskBytes), mask)
		}
		ADDQ(Imm(laneBytes), to)
	})
}

func (v *isa) winogradOutput() {
	v.function("winogradOutput", "winogradOutput", func() {
		mask := pointer("mask")
		TESTQ(mask, mask)
		JZ(LabelRef("plain"))
		v.winogradOutputLoop("maskedTile", true)
		JMP(LabelRef("done"))
		Label("plain")
		v.winogradOutputLoop("plainTile", false)
		Label("done")
	})
}

func (v *isa) winogradOutputLoop(name string, masked bool) {
	var (
		out, m, bias, scratch = pointer("out"), pointer("m"), pointer("bias"), pointer("scratch")
		one                   = stride("mStride")
		three, five           = times(one, 3), times(one, 5)
		mask                  GPVirtual
		lowest, zero          = v.vec(), v.vec()
	)
	if masked {
		mask = pointer("mask")
		v.zero(zero)
	}
	loop(name, count("tiles"), func() {
		for part := range v.parts() {
			disp := part * v.bytes
			oneSided := func(j, y int) Mem { return Mem{Base: scratch, Disp: (j*4 + y) * laneBytes} }
			from := GP64()
			MOVQ(m, from)
			for j := range 6 {
				column := multiples(from, one, three, five, disp)
				v.transformOutput(v.vectorsOf(column[:]...), func(y int, r VecVirtual) { VMOVUPS(r, oneSided(j, y)) })
				LEAQ(Mem{Base: from, Index: three, Scale: 2}, from)
			}
			VBROADCASTSS(argument("floor"), lowest)
			to, words := GP64(), GP64()
			MOVQ(out, to)
			if masked {
				MOVQ(mask, words)
			}
			for y := range 4 {
				var line []Mem
				for j := range 6 {
					line = append(line, oneSided(j, y))
				}
				v.transformOutput(v.vectorsOf(line...), func(x int, r VecVirtual) {
					VADDPS(Mem{Base: bias, Disp: disp}, r, r)
					VMAXPS(r, lowest, r)
					VMOVUPS(r, Mem{Base: to, Disp: x*laneBytes + disp})
					if masked {
						v.storeSigns(r, zero, Mem{Base: words, Disp: x * maskBytes}, part)
					}
				})
				ADDQ(stride("row"), to)
				if masked {
					ADDQ(maskStride("row"), words)
				}
			}
		}
		ADDQ(Imm(laneBytes), m)
		ADDQ(U32(4*laneBytes), out)
		if masked {
			ADDQ(Imm(4*maskBytes), mask)
		}
	})
}

package main

// The transforms read a column of vectors without changing it, and pass each vector of
// the result to put as soon as it is computed.

// weightFactors are the constants of transformWeights.
type weightFactors struct{ quarter, sixth, minusSixth, twelfth, twentyFourth vec }

// transformWeights computes u = G g.
func (a *assembler) transformWeights(f weightFactors, g []vec, put func(i int, u vec)) {
	scaled := func(x, by vec) vec {
		r := a.newVec()
		a.fmul(r, x, by)
		return r
	}
	put(0, scaled(g[0], f.quarter))
	put(5, g[2])
	ends := a.newVec()
	a.fadd(ends, g[0], g[2])
	even, odd := scaled(ends, f.minusSixth), scaled(g[1], f.sixth)
	a.butterfly(even, odd, 2, 1, put)
	even, odd = scaled(g[0], f.twentyFourth), scaled(g[1], f.twelfth)
	a.fmla(even, g[2], f.sixth)
	a.butterfly(even, odd, 3, 4, put)
}

// butterfly puts even+odd and even-odd.
func (a *assembler) butterfly(even, odd vec, plus, minus int, put func(int, vec)) {
	sum, difference := a.newVec(), a.newVec()
	a.fadd(sum, even, odd)
	put(plus, sum)
	a.fsub(difference, even, odd)
	put(minus, difference)
}

// inputFactors are the constants of transformInput.
type inputFactors struct{ four, five vec }

// transformInput computes v = Bᵀ d.
func (a *assembler) transformInput(f inputFactors, d []vec, put func(i int, v vec)) {
	// less returns x - by*y.
	less := func(x, by, y vec) vec {
		r := a.newVec()
		a.move(r, x)
		a.fmls(r, y, by)
		return r
	}
	even, odd := less(d[4], f.four, d[2]), less(d[3], f.four, d[1])
	a.butterfly(even, odd, 1, 2, put)
	a.fsub(even, d[4], d[2])
	a.fsub(odd, d[3], d[1])
	a.fadd(odd, odd, odd)
	a.butterfly(even, odd, 3, 4, put)
	for i := range 2 {
		end := less(d[4+i], f.five, d[2+i])
		a.fmla(end, d[i], f.four)
		put(5*i, end)
	}
}

// outputFactors are the constants of transformOutput.
type outputFactors struct{ two, four, eight vec }

// transformOutput computes s = Aᵀ m.
func (a *assembler) transformOutput(f outputFactors, m []vec, put func(i int, s vec)) {
	sum1, dif1, sum2, dif2 := a.newVec(), a.newVec(), a.newVec(), a.newVec()
	a.fadd(sum1, m[1], m[2])
	a.fsub(dif1, m[1], m[2])
	a.fadd(sum2, m[3], m[4])
	a.fsub(dif2, m[3], m[4])
	s := a.newVec()
	a.fadd(s, m[0], sum1)
	a.fadd(s, s, sum2)
	put(0, s)
	// plus computes x + by*y.
	plus := func(x, by, y vec) {
		a.move(s, x)
		a.fmla(s, y, by)
	}
	plus(dif1, f.two, dif2)
	put(1, s)
	plus(sum1, f.four, sum2)
	put(2, s)
	plus(dif1, f.eight, dif2)
	a.fadd(s, s, m[5])
	put(3, s)
}

// A window is transformed by columns, and the results by rows, for all four vectors of
// sixteen channels. Pointers move from one column or row to the next.

// multiples returns base + k strides for k from 0 to 5.
func (a *assembler) multiples(base, stride gpr) [6]gpr {
	var m [6]gpr
	for k := range m {
		m[k] = a.newGPR()
		if k == 0 {
			a.op("MOVD", base, m[k])
		} else {
			a.op("ADD", stride, m[k-1], m[k])
		}
	}
	return m
}

// sixTimes returns 6*r.
func (a *assembler) sixTimes(r gpr) gpr {
	six := a.newGPR()
	a.op("ADD", r.String()+"<<1", r, six)
	a.op("LSL", "$1", six)
	return six
}

// column returns n addresses that are bytes apart.
func column(first place, n, bytes int) []place {
	var c []place
	for i := range n {
		c = append(c, first.plus(i*bytes))
	}
	return c
}

func (a *assembler) winogradWeights() {
	a.function("winogradWeights", "winogradWeights", func() {
		var (
			u, w    = a.argument("u"), a.argument("w")
			one     = a.stride("uStride")
			six     = a.sixTimes(one) // the 36 lie u[j*6+i]
			factors = weightFactors{
				quarter: a.constant(1. / 4), sixth: a.constant(1. / 6), minusSixth: a.constant(-1. / 6),
				twelfth: a.constant(1. / 12), twentyFourth: a.constant(1. / 24),
			}
		)
		a.loop("channel", a.argument("channels"), func() {
			oneSided := place{a.argument("scratch"), 0} // [x][i]
			a.times("column", 3, func() {
				a.eachPart(func(_, disp int) {
					g := a.loaded(column(place{w, disp}, 3, 3*laneBytes)...)
					a.transformWeights(factors, g, func(i int, r vec) { a.store(r, oneSided.plus(i*laneBytes+disp)) })
				})
				a.add(w, laneBytes)
				a.add(oneSided.base, 6*laneBytes)
			})
			a.add(w, 6*laneBytes)
			a.add(oneSided.base, -3*6*laneBytes)
			to := a.multiples(u, six)
			a.times("row", 6, func() {
				a.eachPart(func(_, disp int) {
					g := a.loaded(column(oneSided.plus(disp), 3, 6*laneBytes)...)
					a.transformWeights(factors, g, func(j int, r vec) { a.store(r, place{to[j], disp}) })
				})
				a.add(oneSided.base, laneBytes)
				for _, p := range to {
					a.add(p, one)
				}
			})
			a.add(u, laneBytes)
		})
	})
}

func (a *assembler) winogradInput() {
	a.function("winogradInput", "winogradInput", func() {
		a.either("mask",
			func() { a.winogradInputLoop("masked", true) },
			func() { a.winogradInputLoop("plain", false) })
	})
}

func (a *assembler) winogradInputLoop(name string, masked bool) {
	var (
		to, in  = a.argument("v"), a.argument("in")
		one     = a.stride("vStride")
		six     = a.sixTimes(one)
		row     = a.stride("row")
		mask    gpr
		maskRow gpr
		bits    [parts]vec
		factors = inputFactors{four: a.constant(4), five: a.constant(5)}
	)
	if masked {
		mask, maskRow, bits = a.argument("mask"), a.maskStride("row"), a.bits()
	}
	a.loop(name+"Tile", a.argument("tiles"), func() {
		oneSided := place{a.argument("scratch"), 0} // [y][j]
		from, words := a.newGPR(), a.newGPR()
		a.op("MOVD", in, from)
		if masked {
			a.op("MOVD", mask, words)
		}
		a.times(name+"Row", 6, func() {
			var word [6]vec
			if masked {
				for x := range word {
					word[x] = a.maskWord(place{words, x * maskBytes})
				}
				a.add(words, maskRow)
			}
			a.eachPart(func(part, disp int) {
				window := a.loaded(column(place{from, disp}, 6, laneBytes)...)
				if masked {
					for x, r := range window {
						a.selected(r, r, word[x], bits[part])
					}
				}
				a.transformInput(factors, window, func(j int, r vec) { a.store(r, oneSided.plus(j*laneBytes+disp)) })
			})
			a.add(from, row)
			a.add(oneSided.base, 6*laneBytes)
		})
		a.add(oneSided.base, -6*6*laneBytes)
		v := a.multiples(to, one)
		a.times(name+"Column", 6, func() {
			a.eachPart(func(_, disp int) {
				d := a.loaded(column(oneSided.plus(disp), 6, 6*laneBytes)...)
				a.transformInput(factors, d, func(i int, r vec) { a.store(r, place{v[i], disp}) })
			})
			a.add(oneSided.base, laneBytes)
			for _, p := range v {
				a.add(p, six)
			}
		})
		a.add(in, 4*laneBytes)
		if masked {
			a.add(mask, 4*maskBytes)
		}
		a.add(to, laneBytes)
	})
}

func (a *assembler) winogradOutput() {
	a.function("winogradOutput", "winogradOutput", func() {
		a.either("mask",
			func() { a.winogradOutputLoop("masked", true) },
			func() { a.winogradOutputLoop("plain", false) })
	})
}

func (a *assembler) winogradOutputLoop(name string, masked bool) {
	const tile = 4 // the side of an output tile
	var (
		out, m  = a.argument("out"), a.argument("m")
		one     = a.stride("mStride")
		six     = a.sixTimes(one)
		row     = a.stride("row")
		mask    gpr
		maskRow gpr
		bits    [parts]vec
		factors = outputFactors{two: a.constant(2), four: a.constant(4), eight: a.constant(8)}
		lowest  = a.broadcast("floor")
		bias    = place{a.argument("bias"), 0}
	)
	if masked {
		mask, maskRow, bits = a.argument("mask"), a.maskStride("row"), a.bits()
	}
	a.loop(name+"Tile", a.argument("tiles"), func() {
		oneSided := place{a.argument("scratch"), 0} // [j][y]
		a.scope(func() {
			from := a.multiples(m, one)
			a.times(name+"Column", 6, func() {
				a.eachPart(func(_, disp int) {
					var d []place
					for _, p := range from {
						d = append(d, place{p, disp})
					}
					a.transformOutput(factors, a.loaded(d...), func(y int, r vec) { a.store(r, oneSided.plus(y*laneBytes+disp)) })
				})
				a.add(oneSided.base, tile*laneBytes)
				for _, p := range from {
					a.add(p, six)
				}
			})
		})
		a.add(oneSided.base, -6*tile*laneBytes)
		to, words := a.newGPR(), a.newGPR()
		a.op("MOVD", out, to)
		if masked {
			a.op("MOVD", mask, words)
		}
		a.times(name+"Row", tile, func() {
			var word [tile]vec
			if masked {
				for x := range word {
					word[x] = a.newVec()
				}
			}
			a.eachPart(func(part, disp int) {
				shift := a.loaded(bias.plus(disp))[0]
				line := a.loaded(column(oneSided.plus(disp), 6, tile*laneBytes)...)
				a.transformOutput(factors, line, func(x int, r vec) {
					a.fadd(r, r, shift)
					a.fmax(r, r, lowest)
					a.store(r, place{to, x*laneBytes + disp})
					if masked {
						a.collectSigns(word[x], r, bits[part], part)
					}
				})
			})
			if masked {
				for x, r := range word {
					a.storeWord(r, place{words, x * maskBytes})
				}
				a.add(words, maskRow)
			}
			a.add(oneSided.base, laneBytes)
			a.add(to, row)
		})
		a.add(m, laneBytes)
		a.add(out, tile*laneBytes)
		if masked {
			a.add(mask, tile*maskBytes)
		}
	})
}

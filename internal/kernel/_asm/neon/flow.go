package main

import "math"

// patchSize is the number of rows and of columns of a patch.
const patchSize = 8

func (a *assembler) patchDifference() {
	a.function("patchDifference", "patchDifference", func() {
		from, gradX, gradY := place{a.argument("from"), 0}, place{a.argument("gradX"), 0}, place{a.argument("gradY"), 0}
		upper, row := place{a.argument("to"), 0}, a.stride("row")
		lower := place{a.newGPR(), 0}
		a.op("ADD", row, upper.base, lower.base)
		var weights [4]vec
		for i := range weights {
			weights[i] = a.broadcastFrom(a.field("weights").plus(4 * i))
		}
		const parts = patchSize * 4 / vectorBytes // vectors of a row
		var sums [4][parts]vec
		for i := range sums {
			for part := range parts {
				sums[i][part] = a.newVec()
				a.xor(sums[i][part], sums[i][part], sums[i][part])
			}
		}
		// The weighted sum of two adjacent pixels.
		pair := func(at place, weights []vec) vec {
			r := a.loaded(at, at.plus(4))
			a.fmul(r[0], r[0], weights[0])
			a.fmul(r[1], r[1], weights[1])
			a.fadd(r[0], r[0], r[1])
			return r[0]
		}
		a.times("row", patchSize, func() {
			for part := range parts {
				a.scope(func() {
					next := func(p place) place { return p.plus(part * vectorBytes) }
					d, below := pair(next(upper), weights[:2]), pair(next(lower), weights[2:])
					a.fadd(d, d, below)
					r := a.loaded(next(from), next(gradX), next(gradY))
					a.fsub(d, d, r[0])
					a.fadd(sums[0][part], sums[0][part], d)
					a.fmul(r[0], d, d)
					for i, product := range r {
						if i > 0 {
							a.fmul(product, product, d)
						}
						a.fadd(sums[1+i][part], sums[1+i][part], product)
					}
				})
			}
			for _, p := range []place{from, gradX, gradY, upper, lower} {
				a.add(p.base, row)
			}
		})
		for i := range sums {
			for part, r := range sums[i] {
				a.store(r, a.field("sums").plus((i*parts+part)*vectorBytes))
			}
		}
	})
}

// eachFour emits a loop over n elements, a multiple of four. body receives the addresses
// of the current vectors. Their slices are too many to keep all addresses in registers.
func (a *assembler) eachFour(body func(at func(name string) place)) {
	n, i := a.argument("n"), a.newGPR()
	a.op("LSR", "$2", n)
	a.op("MOVD", "$0", i)
	a.loop("four", n, func() {
		body(func(name string) place {
			r := a.argument(name)
			a.add(r, i)
			return place{r, 0}
		})
		a.add(i, vectorBytes)
	})
}

// products returns the sum of two products.
func (a *assembler) products(x, by, y, times vec) vec {
	r := a.newVec()
	a.fmul(r, x, by)
	a.scope(func() {
		s := a.newVec()
		a.fmul(s, y, times)
		a.fadd(r, r, s)
	})
	return r
}

func (a *assembler) linearise() {
	a.function("linearise", "linearise", func() {
		weight, epsilon, inertia := a.broadcast("weight"), a.broadcast("epsilon"), a.broadcast("inertia")
		one, sign := a.constant(1), a.constant(math.Copysign(0, -1))
		a.eachFour(func(at func(string) place) {
			r := a.loaded(at("u0"), at("v0"), at("xx"), at("xy"), at("yx"), at("yy"), at("xt"), at("yt"))
			u0, v0, xx, xy, yx, yy, xt, yt := r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7]
			w := a.newVec()
			a.scope(func() {
				d := a.loaded(at("u"), at("v"))
				du, dv := d[0], d[1]
				a.fsub(du, du, u0)
				a.fsub(dv, dv, v0)
				r1, r2 := a.products(xx, du, xy, dv), a.products(yx, du, yy, dv)
				a.fadd(r1, xt, r1)
				a.fadd(r2, yt, r2)
				length := a.products(r1, r1, r2, r2)
				a.fadd(length, length, epsilon)
				a.fsqrt(length, length)
				a.fdiv(w, weight, length)
			})
			a11, a12, a22 := a.products(xx, xx, yx, yx), a.products(xx, xy, yx, yy), a.products(xy, xy, yy, yy)
			a.fmul(a11, a11, w)
			a.fmul(a12, a12, w)
			a.fmul(a22, a22, w)
			a.fadd(a11, a11, inertia)
			a.fadd(a22, a22, inertia)
			right := func(name string, p, q, x, y vec) {
				a.scope(func() {
					sum, data := a.products(p, u0, q, v0), a.products(x, xt, y, yt)
					a.fmul(data, data, w)
					a.fsub(sum, sum, data)
					a.store(sum, at(name))
				})
			}
			right("b1", a11, a12, xx, yx)
			right("b2", a12, a22, xy, yy)
			a.scope(func() {
				right := at("right")
				r := a.loaded(right, right.plus(4), at("up"), at("down"))
				sides, up := r[0], r[2]
				a.fadd(sides, sides, r[1])
				a.fadd(up, up, r[3])
				a.fadd(sides, sides, up)
				a.fadd(a11, a11, sides)
				a.fadd(a22, a22, sides)
				scale, square := sides, up
				a.fmul(scale, a11, a22)
				a.fmul(square, a12, a12)
				a.fsub(scale, scale, square)
				a.fdiv(scale, one, scale)
				a.fmul(a11, a11, scale)
				a.fmul(a12, a12, scale)
				a.fmul(a22, a22, scale)
				a.xor(a12, a12, sign)
			})
			a.store(a22, at("inverse11"))
			a.store(a12, at("inverse12"))
			a.store(a11, at("inverse22"))
		})
	})
}

func (a *assembler) relax() {
	a.function("relax", "relax", func() {
		row, factor, chosen := a.stride("row"), a.broadcast("factor"), a.loaded(a.field("chosen"))[0]
		a.eachFour(func(at func(string) place) {
			sides := at("right")
			weights := a.loaded(sides, sides.plus(4), at("up"), at("down"))
			// The address of the pixel itself, and the right side of its equation.
			sum := func(name, b string) (place, vec) {
				above := at(name).plus(4)
				pixel, below := place{a.newGPR(), 4}, place{a.newGPR(), 4}
				a.op("ADD", row, above.base, pixel.base)
				a.op("ADD", row, pixel.base, below.base)
				sum := a.loaded(at(b))[0]
				a.scope(func() {
					u := a.loaded(pixel.plus(-4), pixel.plus(4), above, below)
					a.fadd(sum, sum, a.products(u[0], weights[0], u[1], weights[1]))
					a.fadd(sum, sum, a.products(u[2], weights[2], u[3], weights[3]))
				})
				return pixel, sum
			}
			u, su := sum("u", "b1")
			v, sv := sum("v", "b2")
			inverse := a.loaded(at("inverse11"), at("inverse12"), at("inverse22"))
			move := func(to place, x, y vec) {
				before, target := a.loaded(to)[0], a.products(x, su, y, sv)
				a.fsub(target, target, before)
				a.fmul(target, target, factor)
				a.fadd(target, target, before)
				a.bit(before, target, chosen)
				a.store(before, to)
			}
			move(u, inverse[0], inverse[1])
			move(v, inverse[1], inverse[2])
		})
	})
}

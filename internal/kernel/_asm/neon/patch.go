package main

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

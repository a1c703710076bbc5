package main

const (
	lanes       = 16        // channels of a block, adjacent in memory
	laneBytes   = lanes * 4 // one position of a block
	maskBytes   = lanes / 8 // mask bits of one position of a block
	elements    = 4         // of a vector
	vectorBytes = elements * 4
	parts       = lanes / elements // vectors that hold sixteen channels

	// Of 32 registers, gemm uses 24 for sums, 6 for inputs and 2 for weights; syrk uses
	// 16 for sums.
	rows     = 6
	syrkRows = 4
)

func (a *assembler) gemm() {
	a.function("gemm", "gemm", func() {
		var (
			firstOut, firstIn = a.argument("out"), a.argument("in")
			firstW            = a.argument("w")
			inStep            = a.stride("inStep")
			acc               = a.accumulators(rows)
		)
		a.loop("gemm", a.argument("products"), func() {
			out, in, groups := a.newGPR(), a.newGPR(), a.argument("groups")
			a.op("MOVD", firstOut, out)
			a.op("MOVD", firstIn, in)
			a.loop("group", groups, func() {
				w, from, steps := a.newGPR(), a.newGPR(), a.argument("steps")
				a.op("MOVD", firstW, w)
				a.op("MOVD", in, from)
				bias := place{a.argument("bias"), 0}
				for j, r := range acc[0] {
					a.load(r, bias.plus(j*vectorBytes))
					for p := 1; p < rows; p++ {
						a.move(acc[p][j], r)
					}
				}
				a.loop("step", steps, func() {
					a.gemmStep(acc, place{from, 0}, place{w, 0})
					a.add(w, lanes*laneBytes)
					a.add(from, inStep)
				})
				a.storeOutputs(acc, place{out, 0})
				a.add(in, a.stride("inGroup"))
				a.add(out, a.stride("outGroup"))
			})
			a.add(firstOut, a.stride("outNext"))
			a.add(firstIn, a.stride("inNext"))
			a.add(firstW, a.stride("wNext"))
		})
	})
}

// accumulators returns registers for n positions of sixteen channels.
func (a *assembler) accumulators(n int) [][parts]vec {
	acc := make([][parts]vec, n)
	for p := range acc {
		for j := range parts {
			acc[p][j] = a.newVec()
		}
	}
	return acc
}

// gemmStep adds the products of sixteen channels. It reloads a register right after the
// last use of its value, so that a processor that executes in order does not wait for
// loads.
func (a *assembler) gemmStep(acc [][parts]vec, in, w place) {
	var x [rows]vec
	for p := range x {
		x[p] = a.newVec()
		a.load(x[p], in.plus(p*laneBytes))
	}
	weights := a.loaded(w, w.plus(vectorBytes))
	const all = lanes * parts
	for i := range all {
		c, j := i/parts, i%parts
		r := weights[i%len(weights)]
		for p := range x {
			a.fmlaElement(acc[p][j], r, x[p], c%elements)
			if next := c + 1; j == parts-1 && next%elements == 0 && next < lanes {
				a.load(x[p], in.plus(p*laneBytes+next*4))
			}
		}
		if next := i + len(weights); next < all {
			a.load(r, w.plus(next*vectorBytes))
		}
	}
}

func (a *assembler) storeOutputs(acc [][parts]vec, out place) {
	a.scope(func() {
		accumulate := a.newGPR()
		a.op("MOVBU", a.field("accumulate"), accumulate)
		a.op("CBZ", accumulate, "store")
		before := a.newVec()
		for p := range acc {
			for j, r := range acc[p] {
				a.load(before, out.plus(p*laneBytes+j*vectorBytes))
				a.fadd(r, r, before)
			}
		}
	})
	a.label("store")
	lowest := a.broadcast("floor")
	for p := range acc {
		for j, r := range acc[p] {
			a.fmax(r, r, lowest)
			a.store(r, out.plus(p*laneBytes+j*vectorBytes))
		}
	}
}

func (a *assembler) syrk() {
	a.function("syrk", "syrk", func() {
		var (
			out   = place{a.argument("out"), 0}
			left  = a.argument("a")
			right = a.argument("b")
			acc   = a.accumulators(syrkRows)
		)
		for r := range acc {
			for j, v := range acc[r] {
				a.load(v, out.plus(r*laneBytes+j*vectorBytes))
			}
		}
		a.loop("position", a.argument("positions"), func() {
			x := a.loaded(place{left, 0})[0]
			for j, column := range a.loaded(sixteen(place{right, 0})...) {
				for r := range acc {
					a.fmlaElement(acc[r][j], column, x, r)
				}
			}
			a.add(left, laneBytes)
			a.add(right, laneBytes)
		})
		for r := range acc {
			for j, v := range acc[r] {
				a.store(v, out.plus(r*laneBytes+j*vectorBytes))
			}
		}
	})
}

// sixteen returns the places of the vectors of sixteen channels.
func sixteen(from place) []place {
	var p []place
	for part := range parts {
		p = append(p, from.plus(part*vectorBytes))
	}
	return p
}

// eachPart emits body for each vector of sixteen channels. disp is the offset of the
// vector in bytes.
func (a *assembler) eachPart(body func(part, disp int)) {
	for part := range parts {
		a.scope(func() { body(part, part*vectorBytes) })
	}
}

func (a *assembler) sum() {
	a.function("sum", "sum", func() {
		out, in := place{a.argument("out"), 0}, place{a.argument("in"), 0}
		acc := a.loaded(sixteen(out)...)
		a.loop("position", a.argument("positions"), func() {
			for j, v := range a.loaded(sixteen(in)...) {
				a.fadd(acc[j], acc[j], v)
			}
			a.add(in.base, laneBytes)
		})
		for j, to := range sixteen(out) {
			a.store(acc[j], to)
		}
	})
}

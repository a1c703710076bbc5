package main

// The kernel of the first layer covers three rows and three columns of three channels.
const (
	colors  = 3
	taps    = 3
	rowTaps = colors * taps
)

func (a *assembler) firstConv() {
	a.function("firstConv", "firstConv", func() {
		p := pixelPointers{out: a.argument("out"), mask: a.argument("mask"), in: a.argument("in")}
		left := a.argument("positions")
		a.op("CMP", immediate(rows), left)
		a.op("BLT", "few")
		a.label("group")
		a.scope(func() { a.pixelGroup("group", p, rows) })
		a.op("SUB", immediate(rows), left)
		a.op("CMP", immediate(rows), left)
		a.op("BGE", "group")
		a.op("CBZ", left, "done")
		// The last group ends at the last position and overlaps the one before.
		a.scope(func() {
			back := a.newGPR()
			a.op("SUB", immediate(rows), left, back)
			a.op("ADD", back.String()+"<<2", p.in)
			a.op("ADD", back.String()+"<<6", p.out)
			a.op("MOVD", immediate(rows), left)
			a.op("CBZ", p.mask, "group")
			a.op("ADD", back.String()+"<<1", p.mask)
		})
		a.op("JMP", "group")
		a.label("few")
		a.scope(func() { a.pixelGroup("few", p, 1) })
		a.op("SUB", "$1", left)
		a.op("CBNZ", left, "few")
		a.label("done")
	})
}

type pixelPointers struct{ out, mask, in gpr }

// pixelGroup computes a number of positions at once and moves the pointers past them.
func (a *assembler) pixelGroup(name string, p pixelPointers, positions int) {
	acc := a.accumulators(positions)
	a.scope(func() {
		bias := place{a.argument("bias"), 0}
		for j, r := range acc[0] {
			a.load(r, bias.plus(j*vectorBytes))
			for at := 1; at < positions; at++ {
				a.move(acc[at][j], r)
			}
		}
		var (
			w, from     = place{a.argument("w"), 0}, a.newGPR()
			row         = a.stride("row")
			nextChannel = a.stride("plane")
			x           = make([]vec, positions)
			weights     = [2]vec{a.newVec(), a.newVec()}
		)
		for at := range x {
			x[at] = a.newVec()
		}
		a.op("SUB", row.String()+"<<1", nextChannel)
		a.op("MOVD", p.in, from)
		for r := range rowTaps {
			switch {
			case r%taps != 0:
				a.add(from, row)
			case r > 0:
				a.add(from, nextChannel)
			}
			for at := range x {
				a.load(x[at], place{from, at * 4})
			}
			for i := range taps {
				for j := range parts {
					b := weights[j%len(weights)]
					a.load(b, w.plus((r*taps+i)*laneBytes+j*vectorBytes))
					for at := range x {
						a.fmlaElement(acc[at][j], b, x[at], i)
					}
				}
			}
		}
	})
	zero := a.constant(0)
	for at := range acc {
		for j, r := range acc[at] {
			a.fmax(r, r, zero)
			a.store(r, place{p.out, at*laneBytes + j*vectorBytes})
		}
	}
	a.op("CBZ", p.mask, name+"Plain")
	bits := a.bits()
	for at := range acc {
		a.scope(func() {
			word := a.newVec()
			for j, r := range acc[at] {
				a.collectSigns(word, r, bits[j], j)
			}
			a.storeWord(word, place{p.mask, at * maskBytes})
		})
	}
	a.add(p.mask, positions*maskBytes)
	a.label(name + "Plain")
	a.add(p.out, positions*laneBytes)
	a.add(p.in, positions*4)
}

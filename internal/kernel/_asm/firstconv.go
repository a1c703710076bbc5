package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The kernel of the first layer covers three rows and three columns of three channels.
const (
	colors  = 3
	taps    = 3
	rowTaps = colors * taps
)

func (v *isa) firstConv() {
	v.function("firstConv", "firstConv", func() {
		p := pixelPointers{out: pointer("out"), mask: pointer("mask"), in: pointer("in")}
		left := count("positions")
		CMPQ(left, Imm(uint64(v.rows)))
		JL(LabelRef("few"))
		Label("group")
		v.pixelGroup("group", p, v.rows)
		p.advance(v.rows)
		SUBQ(Imm(uint64(v.rows)), left)
		CMPQ(left, Imm(uint64(v.rows)))
		JGE(LabelRef("group"))
		TESTQ(left, left)
		JZ(LabelRef("done"))
		// The last group ends at the last position and overlaps the one before.
		back := GP64()
		MOVQ(left, back)
		SUBQ(Imm(uint64(v.rows)), back)
		LEAQ(Mem{Base: p.in, Index: back, Scale: 4}, p.in)
		again := GP64()
		MOVQ(back, again)
		SHLQ(Imm(6), again)
		ADDQ(again, p.out)
		MOVQ(U32(uint32(v.rows)), left)
		TESTQ(p.mask, p.mask)
		JZ(LabelRef("group"))
		LEAQ(Mem{Base: p.mask, Index: back, Scale: 2}, p.mask)
		JMP(LabelRef("group"))
		Label("few")
		v.pixelGroup("few", p, 1)
		p.advance(1)
		DECQ(left)
		JNZ(LabelRef("few"))
		Label("done")
	})
}

type pixelPointers struct{ out, mask, in GPVirtual }

// advance moves the pointers by a number of positions.
func (p pixelPointers) advance(positions int) {
	ADDQ(U32(uint32(positions*laneBytes)), p.out)
	ADDQ(U32(uint32(positions*4)), p.in)
}

// pixelGroup computes a number of positions at once. It moves the mask pointer, if
// there is a mask, past them.
func (v *isa) pixelGroup(name string, p pixelPointers, positions int) {
	var (
		acc         = v.accumulators(positions, v.parts())
		w, from     = pointer("w"), GP64()
		row         = stride("row")
		nextChannel = stride("plane")
	)
	SUBQ(row, nextChannel)
	SUBQ(row, nextChannel)
	MOVQ(p.in, from)
	v.loadBias(acc)
	for r := range rowTaps {
		switch {
		case r%taps != 0:
			ADDQ(row, from)
		case r > 0:
			ADDQ(nextChannel, from)
		}
		for i := range taps {
			weights := v.accumulators(1, v.parts())[0]
			for j, b := range weights {
				VMOVUPS(Mem{Base: w, Disp: (r*taps+i)*laneBytes + j*v.bytes}, b)
			}
			for at := range acc {
				v.multiply(Mem{Base: from, Disp: (at + i) * 4}, weights, acc[at])
			}
		}
	}
	zero := v.vec()
	v.zero(zero)
	for at := range acc {
		for j, r := range acc[at] {
			VMAXPS(r, zero, r)
			VMOVUPS(r, Mem{Base: p.out, Disp: at*laneBytes + j*v.bytes})
		}
	}
	TESTQ(p.mask, p.mask)
	JZ(LabelRef(name + "Plain"))
	for at := range acc {
		for j, r := range acc[at] {
			v.storeSigns(r, zero, Mem{Base: p.mask, Disp: at * maskBytes}, j)
		}
	}
	ADDQ(Imm(uint64(positions*maskBytes)), p.mask)
	Label(name + "Plain")
}

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Tiles of sixteen rows of 64 bytes: the sums of two times sixteen positions with
// two times sixteen outputs, the values of the positions, and the weights of the
// outputs. A row of sums is the sixteen float32 of a position, one of values its
// thirty-two channels, one of weights a pair of channels of each output.
const (
	tileRows         = 16
	tileBytes        = tileRows * laneBytes
	sumTile     tile = 0
	valueTile   tile = 4
	weightTile  tile = 6
	sumRowBytes      = vectors * laneBytes
)

// tileConfiguration is the memory that LDTILECFG reads (Intel's manual, volume 1,
// section 18.2): palette 1, then, from byte 16 on, the bytes of a row of each tile
// and, from byte 48 on, its rows.
func tileConfiguration() Mem {
	const eachRow, eachTile = 0x0001_0001_0001_0001, 0x0101_0101_0101_0101
	m := GLOBL("tilesAMX", RODATA|NOPTR)
	for i, quad := range [8]uint64{0: 1, 2: laneBytes * eachRow, 3: laneBytes * eachRow, 6: tileRows * eachTile} {
		DATA(8*i, U64(quad))
	}
	return m
}

// convolveTiles is convolve on tiles: nothing stays in them from one call to the
// next, as whoever interrupts the program need not keep them.
func (v *isa) convolveTiles() {
	configuration := tileConfiguration()
	v.function("convolve", convolveSignature, "for blocks of this instruction set's size", func() {
		var (
			// The registers that encoded instructions address memory with.
			from, w, line, sums, sumLine = gpr{RAX}, gpr{RBX}, gpr{RCX}, gpr{RDX}, gpr{RSI}

			out, mask, in = pointer("out"), pointer("mask"), pointer("in")
			row, plane    = halfStride("row"), halfStride("plane")
			upper         = halfStride("upper")
			groups        = count("groups")
			nine          = GP64()
		)
		LEAQ(configuration, from.Register)
		ldtilecfg(from)
		MOVQ(U32(laneBytes), line.Register)
		MOVQ(U32(sumRowBytes), sumLine.Register)
		Load(Param("sums"), sums.Register)
		// After three taps to the next row, after nine to the next block.
		LEAQ(Mem{Base: row, Index: row, Scale: 2}, nine)
		SUBQ(nine, plane)
		SUBQ(U32(3*laneBytes), row)
		v.loadConstants()
		loop("group", groups, func() {
			blocks := count("blocks")
			MOVQ(in, from.Register)
			Load(Param("w"), w.Register)
			for t := range tile(vectors * vectors) {
				tilezero(sumTile + t)
			}
			loop("block", blocks, func() {
				rows := GP64()
				MOVQ(U32(3), rows)
				loop("row", rows, func() {
					for range 3 {
						v.multiplyTiles(from, w, line)
						ADDQ(U32(tapBytes), w.Register)
						ADDQ(U32(laneBytes), from.Register)
					}
					ADDQ(row, from.Register)
				})
				ADDQ(plane, from.Register)
			})
			for t := range tile(vectors * vectors) {
				tilestored(sumTile+t, sums, sumLine, int(t)/vectors*tileRows*sumRowBytes+int(t)%vectors*laneBytes)
			}
			v.storeTiles(sums, out, mask, upper)
			ADDQ(U32(v.rows*laneBytes), in)
		})
		tilerelease()
	})
}

// multiplyTiles adds the products of one tap. Loads and products alternate.
func (v *isa) multiplyTiles(from, w, line gpr) {
	tileloadd(weightTile, w, line, 0)
	tileloadd(valueTile, from, line, 0)
	tdpbf16ps(valueTile, weightTile, sumTile)
	tileloadd(weightTile+1, w, line, tileBytes)
	tdpbf16ps(valueTile, weightTile+1, sumTile+1)
	tileloadd(valueTile+1, from, line, tileBytes)
	tdpbf16ps(valueTile+1, weightTile, sumTile+2)
	tdpbf16ps(valueTile+1, weightTile+1, sumTile+3)
}

// storeTiles stores what the sums in memory become, position after position.
func (v *isa) storeTiles(sums gpr, out, mask, upper GPVirtual) {
	outputs := []zmm{0, 1}
	at, positions := GP64(), GP64()
	MOVQ(sums.Register, at)
	MOVQ(U32(v.rows), positions)
	loop("position", positions, func() {
		for j, r := range outputs {
			VMOVUPS(Mem{Base: at, Disp: j * laneBytes}, r.register())
			v.rectify(r, j)
		}
		TESTQ(mask, mask)
		JZ(LabelRef("round"))
		v.storePairOfSigns(outputs[0], outputs[1], mask, upper, 0)
		ADDQ(U32(maskBytes), mask)
		Label("round")
		for j, r := range outputs {
			storeRounded(r, Mem{Base: out}, j)
		}
		ADDQ(U32(sumRowBytes), at)
		ADDQ(U32(laneBytes), out)
	})
}

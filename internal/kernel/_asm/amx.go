package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A tile has sixteen rows of 64 bytes. Four tiles hold sums, of twice sixteen positions
// and twice sixteen outputs; two hold values of positions, two hold weights. A row of
// sums is sixteen float32 outputs of a position; a row of values is the thirty-two
// channels of a position; a row of weights is a pair of channels of each of sixteen
// outputs.
const (
	tileRows         = 16
	tileBytes        = tileRows * laneBytes
	sumTile     tile = 0
	valueTile   tile = 4
	weightTile  tile = 6
	sumRowBytes      = vectors * laneBytes
)

// tileConfiguration returns the memory that LDTILECFG reads (Intel's manual, volume 1,
// section 18.2): palette 1; from byte 16 on, the bytes of a row of each tile; from byte
// 48 on, the number of rows of each tile.
func tileConfiguration() Mem {
	const eachRow, eachTile = 0x0001_0001_0001_0001, 0x0101_0101_0101_0101
	m := GLOBL("tilesAMX", RODATA|NOPTR)
	for i, quad := range [8]uint64{0: 1, 2: laneBytes * eachRow, 3: laneBytes * eachRow, 6: tileRows * eachTile} {
		DATA(8*i, U64(quad))
	}
	return m
}

// convolveTiles emits convolve with AMX tiles. A call releases the tiles before it
// returns, so that the operating system need not save them when it switches threads.
//
// While the tiles multiply for one group of positions, other instructions turn the sums
// of the group before into outputs.
func (v *isa) convolveTiles() {
	configuration := tileConfiguration()
	v.function("convolve", "convolve", func() {
		c := tileConvolution{
			isa:  v,
			from: gpr{RAX}, w: gpr{RBX}, line: gpr{RCX}, sums: gpr{RDX}, sumLine: gpr{RSI},
			out: pointer("out"), mask: pointer("mask"), in: pointer("in"),
			row: bf16Stride("row"), plane: bf16Stride("plane"), upper: bf16Stride("upper"),
			maskGroup: AllocLocal(8),
		}
		groups := count("groups")
		LEAQ(configuration, c.from.Register)
		ldtilecfg(c.from)
		MOVQ(U32(laneBytes), c.line.Register)
		MOVQ(U32(sumRowBytes), c.sumLine.Register)
		Load(arguments.Field("sums").Base(), c.sums.Register)
		SUBQ(c.row, c.plane) // from the third row of kernel elements to the next block
		SUBQ(c.row, c.plane)
		v.loadConstants()
		c.chooseMask()
		c.multiply(false)
		JMP(LabelRef("next"))
		Label("group")
		c.multiply(true)
		ADDQ(U32(v.rows*laneBytes), c.out)
		ADDQ(c.maskGroup, c.mask)
		Label("next")
		c.storeSums()
		ADDQ(U32(v.rows*laneBytes), c.in)
		DECQ(groups)
		JNZ(LabelRef("group"))
		for p := range v.rows {
			c.storePosition(p)
		}
		tilerelease()
	})
}

// tileConvolution holds the registers of convolveTiles.
type tileConvolution struct {
	*isa
	from, w, line, sums, sumLine gpr // the base and index registers of encoded instructions

	out, mask, in, row, plane, upper GPVirtual

	maskGroup Mem // bytes from the mask of a group to that of the next
}

// chooseMask replaces a nil mask by an unused buffer.
func (c *tileConvolution) chooseMask() {
	unread := AllocLocal(2 * c.isa.rows * maskBytes)
	MOVQ(U32(c.isa.rows*maskBytes), c.maskGroup)
	TESTQ(c.mask, c.mask)
	JNZ(LabelRef("masked"))
	LEAQ(unread, c.mask)
	MOVQ(U32(c.isa.rows*maskBytes), c.upper)
	MOVQ(U32(0), c.maskGroup)
	Label("masked")
}

// multiply computes the sums of a group in the tiles, over all blocks. With store, it
// also turns the sums of the group before, which are in memory, into outputs during the
// first block.
func (c *tileConvolution) multiply(store bool) {
	name := "first"
	if store {
		name = "later"
	}
	blocks := count("blocks")
	MOVQ(c.in, c.from.Register)
	Load(arguments.Field("w").Base(), c.w.Register)
	for t := range tile(vectors * vectors) {
		tilezero(sumTile + t)
	}
	if store {
		c.multiplyBlock(c.storePosition)
		DECQ(blocks)
		JZ(LabelRef(name + "Done"))
	}
	loop(name+"Block", blocks, func() { c.multiplyBlock(nil) })
	Label(name + "Done")
}

// multiplyBlock adds the products of the nine kernel elements of a block. Loads and
// products alternate. store, unless nil, is called for each position in between.
func (c *tileConvolution) multiplyBlock(store func(position int)) {
	stored := 0
	between := func(n int) {
		for ; store != nil && n > 0 && stored < c.isa.rows; n-- {
			store(stored)
			stored++
		}
	}
	for t := range 9 {
		value, weight := t%3*laneBytes, t*tapBytes
		tileloadd(weightTile, c.w, c.line, weight)
		tileloadd(valueTile, c.from, c.line, value)
		tdpbf16ps(valueTile, weightTile, sumTile)
		between(1)
		tileloadd(weightTile+1, c.w, c.line, weight+tileBytes)
		between(1)
		tdpbf16ps(valueTile, weightTile+1, sumTile+1)
		if t/3 == 2 {
			c.prefetch(t % 3)
		}
		tileloadd(valueTile+1, c.from, c.line, value+tileBytes)
		tdpbf16ps(valueTile+1, weightTile, sumTile+2)
		between(2)
		tdpbf16ps(valueTile+1, weightTile+1, sumTile+3)
		if t%3 == 2 && t < 8 {
			ADDQ(c.row, c.from.Register)
		}
	}
	ADDQ(c.plane, c.from.Register)
	ADDQ(U32(9*tapBytes), c.w.Register)
}

// prefetch prefetches a third of the lowest row of the next group. The other rows are
// already in the second-level cache.
func (c *tileConvolution) prefetch(third int) {
	n := (c.isa.rows + 2) / 3
	for i := third * n; i < min((third+1)*n, c.isa.rows); i++ {
		PREFETCHT1(Mem{Base: c.from.Register, Disp: (c.isa.rows + 2 + i) * laneBytes})
	}
}

// storeSums stores the sums in memory.
func (c *tileConvolution) storeSums() {
	for t := range tile(vectors * vectors) {
		tilestored(sumTile+t, c.sums, c.sumLine, int(t)/vectors*tileRows*sumRowBytes+int(t)%vectors*laneBytes)
	}
}

// storePosition turns the sums in memory of a position into outputs.
func (c *tileConvolution) storePosition(p int) {
	outputs := []zmm{zmm(p % 4 * vectors), zmm(p%4*vectors + 1)}
	for j, r := range outputs {
		VADDPS(Mem{Base: c.sums.Register, Disp: p*sumRowBytes + j*laneBytes}, (biasZ + zmm(j)).register(), r.register())
		VMAXPS(r.register(), floorZ.register(), r.register()) // NaN stays NaN
	}
	c.storePairOfSigns(outputs[0], outputs[1], c.mask, c.upper, p*maskBytes)
	vcvtne2ps2bf16(outputs[0], outputs[1], outputs[0])
	VMOVUPS(outputs[0].register(), Mem{Base: c.out, Disp: p * laneBytes})
}

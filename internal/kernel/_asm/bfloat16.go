package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	// pairs is the number of pairs of channels at a position of a block.
	pairs = 16
	// tapBytes is the size of the weights of one kernel element between two blocks.
	tapBytes = pairs * vectors * 64
)

// The registers of convolve; the sums are in those below.
const (
	weightsZ   zmm = 28
	broadcastZ zmm = 30
	// After the last kernel element.
	biasZ  = weightsZ
	floorZ = broadcastZ
	zeroZ  = broadcastZ + 1
)

func (v *isa) convolve() {
	v.function("convolve", "convolve", func() {
		var (
			out, mask  = pointer("out"), pointer("mask")
			in         = pointer("in")
			row, plane = bf16Stride("row"), bf16Stride("plane")
			upper      = bf16Stride("upper")
			groups     = count("groups")
			sum        = func(p, j int) zmm { return zmm(p*vectors + j) }
			nextTapRow = GP64()
			nextPlane  = GP64()
		)
		// From the third kernel element of a row to the next row, from the ninth to the
		// next block.
		LEAQ(Mem{Base: row, Disp: -3 * laneBytes}, nextTapRow)
		LEAQ(Mem{Base: row, Index: row, Scale: 2}, nextPlane)
		SUBQ(nextPlane, plane)
		loop("group", groups, func() {
			w, from, blocks := pointer("w"), GP64(), count("blocks")
			MOVQ(in, from)
			for p := range v.rows {
				for j := range vectors {
					r := sum(p, j).register()
					VPXORQ(r, r, r)
				}
			}
			loop("block", blocks, func() {
				rows := GP64()
				MOVQ(U32(3), rows)
				loop("row", rows, func() {
					columns := GP64()
					MOVQ(U32(3), columns)
					loop("column", columns, func() {
						for c := range pairs {
							for j := range vectors {
								VMOVUPS(Mem{Base: w, Disp: j*tapBytes/vectors + c*laneBytes}, (weightsZ + zmm(j)).register())
							}
							for p := range v.rows {
								x := broadcastZ + zmm(p%2)
								VPBROADCASTD(Mem{Base: from, Disp: p*laneBytes + c*4}, x.register())
								for j := range vectors {
									vdpbf16ps(weightsZ+zmm(j), x, sum(p, j))
								}
							}
						}
						ADDQ(U32(tapBytes), w)
						ADDQ(U32(laneBytes), from)
					})
					ADDQ(nextTapRow, from)
				})
				ADDQ(plane, from)
			})
			v.storeBF16(out, mask, upper, sum)
			ADDQ(U32(v.rows*laneBytes), in)
			ADDQ(U32(v.rows*laneBytes), out)
		})
	})
}

// storeBF16 turns the sums of a group into outputs and stores them.
func (v *isa) storeBF16(out, mask, upper GPVirtual, sum func(p, j int) zmm) {
	v.loadConstants()
	for p := range v.rows {
		for j := range vectors {
			v.rectify(sum(p, j), j)
		}
	}
	TESTQ(mask, mask)
	JZ(LabelRef("round"))
	for p := range v.rows {
		v.storePairOfSigns(sum(p, 0), sum(p, 1), mask, upper, p*maskBytes)
	}
	ADDQ(U32(v.rows*maskBytes), mask)
	Label("round")
	for p := range v.rows {
		for j := range vectors {
			storeRounded(sum(p, j), Mem{Base: out, Disp: p * laneBytes}, j)
		}
	}
}

// loadConstants loads the bias and the floor, which turn sums into outputs.
func (v *isa) loadConstants() {
	bias := pointer("bias")
	for j := range vectors {
		VMOVUPS(Mem{Base: bias, Disp: j * v.bytes}, (biasZ + zmm(j)).register())
	}
	VBROADCASTSS(argument("floor"), floorZ.register())
	VPXORQ(zeroZ.register(), zeroZ.register(), zeroZ.register())
}

// rectify adds the bias to the sums of the j-th sixteen outputs and applies the floor.
func (v *isa) rectify(sums zmm, j int) {
	r := sums.register()
	VADDPS((biasZ + zmm(j)).register(), r, r)
	VMAXPS(r, floorZ.register(), r) // NaN stays NaN
}

// storePairOfSigns sets the mask bits of the positive ones among thirty-two outputs.
func (v *isa) storePairOfSigns(low, high zmm, mask, upper GPVirtual, disp int) {
	words := []Mem{{Base: mask, Disp: disp}, {Base: mask, Index: upper, Scale: 1, Disp: disp}}
	for j, outputs := range []zmm{low, high} {
		k := K()
		VCMPPS(Imm(lessThan), outputs.register(), zeroZ.register(), k)
		KMOVW(k, words[j])
	}
}

// storeRounded rounds a vector and stores it in the j-th half of memory.
func storeRounded(r zmm, to Mem, j int) {
	vcvtneps2bf16(r, r)
	VMOVDQU16(r.lower(), to.Offset(j*laneBytes/2))
}

func (v *isa) toBF16() {
	v.function("toBF16", "toBF16", func() {
		v.along("position", count("positions"), steps(laneBytes, "out", "low", "high"), func(at func(string) Mem, _ int) {
			for j, from := range []string{"low", "high"} {
				r := zmm(j)
				VMOVUPS(at(from), r.register())
				storeRounded(r, at("out"), j)
			}
		})
	})
}

func (v *isa) fromBF16() {
	v.function("fromBF16", "fromBF16", func() {
		v.along("position", count("positions"), steps(laneBytes, "low", "high", "in"), func(at func(string) Mem, _ int) {
			for j, to := range []string{"low", "high"} {
				r := v.vec()
				VPMOVZXWD(at("in").Offset(j*laneBytes/2), r)
				VPSLLD(Imm(16), r, r)
				VMOVUPS(r, at(to))
			}
		})
	})
}

func (v *isa) applyMaskBF16() {
	v.function("applyMaskBF16", "applyMaskBF16", func() {
		arguments := append(steps(laneBytes, "out", "in"), steps(maskBytes, "low", "high")...)
		v.along("position", count("positions"), arguments, func(at func(string) Mem, _ int) {
			low, high, both, r := K(), K(), K(), v.vec()
			KMOVW(at("low"), low)
			KMOVW(at("high"), high)
			KUNPCKWD(low, high, both)
			VMOVDQU16_Z(at("in"), both, r)
			VMOVDQU16(r, at("out"))
		})
	})
}

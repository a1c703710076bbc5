package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func (v *isa) gemm() {
	v.function("gemm", "gemm", func() { v.byPanels(v.gemmOf) })
}

// byPanels emits body for all panels of a block and, in a wide instruction set, again
// for a single panel.
func (v *isa) byPanels(body func(label string, vectors int)) {
	if !v.wide() {
		body("", vectors)
		return
	}
	CMPQ(argument("panels"), Imm(1))
	JE(LabelRef("single"))
	body("", vectors)
	JMP(LabelRef("done"))
	Label("single")
	body("single_", 1)
	Label("done")
}

func (v *isa) gemmOf(label string, vectors int) {
	var (
		firstOut, firstIn = pointer("out"), pointer("in")
		firstW            = pointer("w")
		inStep            = stride("inStep")
		wPanel            = stride("wPanel")
		outPanel          = stride("outPanel")
		acc               = v.accumulators(v.rows, vectors)
	)
	loop(label+"gemm", count("products"), func() {
		out, in, groups := GP64(), GP64(), count("groups")
		MOVQ(firstOut, out)
		MOVQ(firstIn, in)
		loop(label+"group", groups, func() {
			w, from, steps := GP64(), GP64(), count("steps")
			MOVQ(firstW, w)
			MOVQ(in, from)
			v.loadBias(acc)
			loop(label+"step", steps, func() {
				for c := range lanes {
					weights := v.accumulators(1, vectors)[0]
					for j, r := range weights {
						VMOVUPS(v.outputs(w, wPanel, c*laneBytes, j), r)
					}
					for p := range acc {
						v.multiply(Mem{Base: from, Disp: p*laneBytes + c*4}, weights, acc[p])
					}
				}
				ADDQ(U32(lanes*laneBytes), w)
				ADDQ(inStep, from)
			})
			v.storeOutputs(label, acc, out, outPanel)
			ADDQ(stride("inGroup"), in)
			ADDQ(stride("outGroup"), out)
		})
		ADDQ(stride("outNext"), firstOut)
		ADDQ(stride("inNext"), firstIn)
		ADDQ(stride("wNext"), firstW)
	})
}

// accumulators returns registers for rows of vectors.
func (v *isa) accumulators(rows, vectors int) [][]VecVirtual {
	acc := make([][]VecVirtual, rows)
	for r := range acc {
		for range vectors {
			acc[r] = append(acc[r], v.vec())
		}
	}
	return acc
}

// multiply adds the products of a number in memory and vectors to sums.
func (v *isa) multiply(x Mem, by, to []VecVirtual) {
	if v.wide() && len(by) == 1 {
		VFMADD231PS_BCST(x, by[0], to[0])
		return
	}
	r := v.vec()
	VBROADCASTSS(x, r)
	for j, b := range by {
		VFMADD231PS(r, b, to[j])
	}
}

func (v *isa) loadBias(acc [][]VecVirtual) {
	bias := pointer("bias")
	for j := range acc[0] {
		VMOVUPS(Mem{Base: bias, Disp: j * v.bytes}, acc[0][j])
		for p := 1; p < len(acc); p++ {
			VMOVAPS(acc[0][j], acc[p][j])
		}
	}
}

// outputs returns the address of the j-th vector of outputs. In a wide instruction set,
// panels are panel bytes apart.
func (v *isa) outputs(base, panel GPVirtual, disp, j int) Mem {
	m := Mem{Base: base, Disp: disp}
	switch {
	case j == 0:
		return m
	case v.wide():
		return m.Idx(panel, 1)
	}
	return m.Offset(v.bytes)
}

func (v *isa) storeOutputs(label string, acc [][]VecVirtual, out, outPanel GPVirtual) {
	accumulate := Load(arguments.Field("accumulate"), GP8())
	TESTB(accumulate, accumulate)
	JZ(LabelRef(label + "store"))
	for p := range acc {
		for j, r := range acc[p] {
			VADDPS(v.outputs(out, outPanel, p*laneBytes, j), r, r)
		}
	}
	Label(label + "store")
	lowest := v.vec()
	VBROADCASTSS(argument("floor"), lowest)
	for p := range acc {
		for j, r := range acc[p] {
			// NaN stays NaN: the instruction then returns its last operand.
			VMAXPS(r, lowest, r)
			VMOVUPS(r, v.outputs(out, outPanel, p*laneBytes, j))
		}
	}
}

func (v *isa) syrk() {
	v.function("syrk", "syrk", func() { v.byPanels(v.syrkOf) })
}

func (v *isa) syrkOf(label string, vectors int) {
	var (
		out, a, b = pointer("out"), pointer("a"), pointer("b")
		outPanel  = stride("outPanel")
		bPanel    = stride("bPanel")
		acc       = v.accumulators(v.syrkRows, vectors)
	)
	for r := range acc {
		for j, x := range acc[r] {
			VMOVUPS(v.outputs(out, outPanel, r*laneBytes, j), x)
		}
	}
	loop(label+"position", count("positions"), func() {
		columns := v.accumulators(1, vectors)[0]
		for j, r := range columns {
			VMOVUPS(v.outputs(b, bPanel, 0, j), r)
		}
		for r := range acc {
			v.multiply(Mem{Base: a, Disp: r * 4}, columns, acc[r])
		}
		ADDQ(U32(laneBytes), a)
		ADDQ(U32(laneBytes), b)
	})
	for r := range acc {
		for j, x := range acc[r] {
			VMOVUPS(x, v.outputs(out, outPanel, r*laneBytes, j))
		}
	}
}

func (v *isa) sum() {
	v.function("sum", "sum", func() {
		out, in := pointer("out"), pointer("in")
		acc := make([]VecVirtual, v.parts())
		for j := range acc {
			acc[j] = v.vec()
			VMOVUPS(Mem{Base: out, Disp: j * v.bytes}, acc[j])
		}
		loop("position", count("positions"), func() {
			for j, r := range acc {
				VADDPS(Mem{Base: in, Disp: j * v.bytes}, r, r)
			}
			ADDQ(U32(laneBytes), in)
		})
		for j, r := range acc {
			VMOVUPS(r, Mem{Base: out, Disp: j * v.bytes})
		}
	})
}

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func (v *isa) product() {
	v.function("product", "func(out, in, w, bias *float32, steps, groups, inStep, inGroup, outPanel, outGroup, wPanel int, floor float32, accumulate bool)",
		"for blocks of this instruction set's size", func() {
			var (
				out, in  = pointer("out"), pointer("in")
				inStep   = stride("inStep")
				wPanel   = stride("wPanel")
				outPanel = stride("outPanel")
				groups   = count("groups")
				acc      = make([][vectors]VecVirtual, v.rows)
			)
			for p := range acc {
				acc[p] = [vectors]VecVirtual{v.vec(), v.vec()}
			}
			loop("group", groups, func() {
				w, from, steps := pointer("w"), GP64(), count("steps")
				MOVQ(in, from)
				v.loadBias(acc)
				loop("step", steps, func() {
					for c := range lane {
						weights := [vectors]VecVirtual{v.vec(), v.vec()}
						for j, r := range weights {
							VMOVUPS(v.outputs(w, wPanel, c*laneBytes, j), r)
						}
						for p := range acc {
							x := v.vec()
							VBROADCASTSS(Mem{Base: from, Disp: p*laneBytes + c*4}, x)
							for j, r := range weights {
								VFMADD231PS(x, r, acc[p][j])
							}
						}
					}
					ADDQ(U32(lane*laneBytes), w)
					ADDQ(inStep, from)
				})
				v.storeOutputs(acc, out, outPanel)
				ADDQ(stride("inGroup"), in)
				ADDQ(stride("outGroup"), out)
			})
		})
}

func (v *isa) loadBias(acc [][vectors]VecVirtual) {
	bias := pointer("bias")
	for j := range vectors {
		VMOVUPS(Mem{Base: bias, Disp: j * v.bytes}, acc[0][j])
		for p := 1; p < len(acc); p++ {
			VMOVAPS(acc[0][j], acc[p][j])
		}
	}
}

// outputs addresses the j-th vector of outputs: the panels of a wide
// instruction set are panel bytes apart.
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

func (v *isa) storeOutputs(acc [][vectors]VecVirtual, out, outPanel GPVirtual) {
	accumulate := Load(Param("accumulate"), GP8())
	TESTB(accumulate, accumulate)
	JZ(LabelRef("store"))
	for p := range acc {
		for j := range vectors {
			VADDPS(v.outputs(out, outPanel, p*laneBytes, j), acc[p][j], acc[p][j])
		}
	}
	Label("store")
	lowest := v.vec()
	VBROADCASTSS(parameter("floor"), lowest)
	for p := range acc {
		for j, r := range acc[p] {
			// What is not a number stays so: the instruction returns its last
			// operand then.
			VMAXPS(r, lowest, r)
			VMOVUPS(r, v.outputs(out, outPanel, p*laneBytes, j))
		}
	}
}

func (v *isa) gram() {
	v.function("gram", "func(out, a, b *float32, positions, outPanel, bPanel int)",
		"for blocks of this instruction set's size", func() {
			var (
				out, a, b = pointer("out"), pointer("a"), pointer("b")
				outPanel  = stride("outPanel")
				bPanel    = stride("bPanel")
				acc       = make([][vectors]VecVirtual, v.gramRows)
			)
			for r := range acc {
				acc[r] = [vectors]VecVirtual{v.vec(), v.vec()}
				for j := range vectors {
					VMOVUPS(v.outputs(out, outPanel, r*laneBytes, j), acc[r][j])
				}
			}
			loop("position", count("positions"), func() {
				columns := [vectors]VecVirtual{v.vec(), v.vec()}
				for j, r := range columns {
					VMOVUPS(v.outputs(b, bPanel, 0, j), r)
				}
				for r := range acc {
					x := v.vec()
					VBROADCASTSS(Mem{Base: a, Disp: r * 4}, x)
					for j, c := range columns {
						VFMADD231PS(x, c, acc[r][j])
					}
				}
				ADDQ(U32(laneBytes), a)
				ADDQ(U32(laneBytes), b)
			})
			for r := range acc {
				for j, x := range acc[r] {
					VMOVUPS(x, v.outputs(out, outPanel, r*laneBytes, j))
				}
			}
		})
}

func (v *isa) sum() {
	v.function("sum", "func(out, in *float32, positions int)", "in vectors", func() {
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

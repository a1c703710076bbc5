package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// along emits a loop along n positions: body gets the places of the current one
// in the arguments named, for each part of its sixteen channels. A step is how
// many bytes an argument's pointer moves by.
func (v *isa) along(label, counter string, steps []step, body func(at func(name string) Mem, part int)) {
	pointers := make(map[string]GPVirtual)
	for _, s := range steps {
		pointers[s.name] = pointer(s.name)
	}
	loop(label, count(counter), func() {
		for part := range v.parts() {
			body(func(name string) Mem { return Mem{Base: pointers[name]} }, part)
		}
		for _, s := range steps {
			ADDQ(U32(s.bytes), pointers[s.name])
		}
	})
}

// step is an argument and how far its pointer moves at once.
type step struct {
	name  string
	bytes int
}

// steps returns the steps of several arguments that move as far.
func steps(bytes int, names ...string) []step {
	var s []step
	for _, n := range names {
		s = append(s, step{n, bytes})
	}
	return s
}

// scale loads the argument of that name into every element of a vector.
func (v *isa) scale() VecVirtual {
	r := v.vec()
	VBROADCASTSS(parameter("scale"), r)
	return r
}

// positive and masked walk along positions rather than outputs of pooling.

func (v *isa) positive() {
	v.function("positive", "func(mask *uint16, in *float32, positions int)", "in vectors", func() {
		zero := v.vec()
		v.zero(zero)
		v.along("position", "positions", append(steps(laneBytes, "in"), steps(maskBytes, "mask")...),
			func(at func(string) Mem, part int) {
				r := v.vec()
				VMOVUPS(at("in").Offset(part*v.bytes), r)
				v.storeSigns(r, zero, at("mask"), part)
			})
	})
}

func (v *isa) masked() {
	v.function("masked", "func(out, in *float32, mask *uint16, positions int)", "in vectors", func() {
		v.along("position", "positions", append(steps(laneBytes, "in", "out"), steps(maskBytes, "mask")...),
			func(at func(string) Mem, part int) {
				r := v.vec()
				v.selected(at("in").Offset(part*v.bytes), at("mask"), part, r)
				VMOVUPS(r, at("out").Offset(part*v.bytes))
			})
	})
}

// window addresses the 2x2 window in two rows.
func (v *isa) window(at func(string) Mem, row0, row1 string, part int) [4]Mem {
	disp := part * v.bytes
	return [4]Mem{
		at(row0).Offset(disp), at(row0).Offset(laneBytes + disp),
		at(row1).Offset(disp), at(row1).Offset(laneBytes + disp),
	}
}

// routes addresses the words of the mask of a 2x2 window.
func routes(at func(string) Mem) [4]Mem {
	return [4]Mem{at("route0"), at("route0").Offset(maskBytes), at("route1"), at("route1").Offset(maskBytes)}
}

func (v *isa) averagePool() {
	v.function("averagePool", "func(out, in0, in1 *float32, n int, scale float32)", "in vectors", func() {
		scale := v.scale()
		v.along("output", "n", append(steps(laneBytes, "out"), steps(2*laneBytes, "in0", "in1")...),
			func(at func(string) Mem, part int) {
				in := v.window(at, "in0", "in1", part)
				w := v.vectorsOf(in[:]...)
				VADDPS(w[1], w[0], w[0])
				VADDPS(w[3], w[2], w[2])
				VADDPS(w[2], w[0], w[0])
				VMULPS(scale, w[0], w[0])
				VMOVUPS(w[0], at("out").Offset(part*v.bytes))
			})
	})
}

func (v *isa) averagePoolBack() {
	v.function("averagePoolBack", "func(grad, grad0, grad1 *float32, n int, scale float32)", "in vectors", func() {
		scale := v.scale()
		v.along("output", "n", append(steps(laneBytes, "grad"), steps(2*laneBytes, "grad0", "grad1")...),
			func(at func(string) Mem, part int) {
				g := v.vec()
				VMULPS(at("grad").Offset(part*v.bytes), scale, g)
				for _, to := range v.window(at, "grad0", "grad1", part) {
					VMOVUPS(g, to)
				}
			})
	})
}

func (v *isa) maximumPool() {
	v.function("maximumPool", "func(out, in0, in1 *float32, route0, route1 *uint16, n int)", "in vectors", func() {
		r := pointer("route0")
		TESTQ(r, r)
		JZ(LabelRef("plain"))
		v.maximumPoolLoop("routedOutput", true)
		JMP(LabelRef("done"))
		Label("plain")
		v.maximumPoolLoop("plainOutput", false)
		Label("done")
	})
}

func (v *isa) maximumPoolLoop(label string, routed bool) {
	arguments := append(steps(laneBytes, "out"), steps(2*laneBytes, "in0", "in1")...)
	if routed {
		arguments = append(arguments, steps(2*maskBytes, "route0", "route1")...)
	}
	v.along(label, "n", arguments, func(at func(string) Mem, part int) {
		in := v.window(at, "in0", "in1", part)
		w := v.vectorsOf(in[:]...)
		highest, other := v.vec(), v.vec()
		VMAXPS(w[1], w[0], highest)
		VMAXPS(w[3], w[2], other)
		VMAXPS(other, highest, highest)
		VMOVUPS(highest, at("out").Offset(part*v.bytes))
		if routed {
			v.storeRoutes(w, highest, routes(at), part)
		}
	})
}

// storeRoutes sets the bit of the first of the inputs that is the highest.
func (v *isa) storeRoutes(w []VecVirtual, highest VecVirtual, to [4]Mem, part int) {
	if v.wide() {
		left := K()
		KXNORW(left, left, left)
		for i, word := range to {
			k := K()
			VCMPPS(Imm(equal), w[i], highest, left, k)
			KMOVW(k, word)
			KXORW(k, left, left)
		}
		return
	}
	left := v.vec()
	VPCMPEQD(left, left, left)
	for i, word := range to {
		VCMPPS(Imm(equal), w[i], highest, w[i])
		VANDPS(left, w[i], w[i])
		v.storeBits(w[i], word, part)
		VXORPS(w[i], left, left)
	}
}

func (v *isa) maximumPoolBack() {
	v.function("maximumPoolBack", "func(grad, grad0, grad1 *float32, route0, route1 *uint16, n int)", "in vectors", func() {
		arguments := append(steps(laneBytes, "grad"), steps(2*laneBytes, "grad0", "grad1")...)
		arguments = append(arguments, steps(2*maskBytes, "route0", "route1")...)
		v.along("output", "n", arguments, func(at func(string) Mem, part int) {
			g := v.vectorsOf(at("grad").Offset(part * v.bytes))[0]
			words := routes(at)
			for i, to := range v.window(at, "grad0", "grad1", part) {
				r := v.vec()
				v.selected(g, words[i], part, r)
				VMOVUPS(r, to)
			}
		})
	})
}

// squares leaves the sum of the squares of w in w[0].
func (v *isa) squares(w []VecVirtual) {
	for i := 0; i < 4; i += 2 {
		VMULPS(w[i], w[i], w[i])
		VFMADD231PS(w[i+1], w[i+1], w[i])
	}
	VADDPS(w[2], w[0], w[0])
}

func (v *isa) euclideanPool() {
	v.function("euclideanPool", "func(out, in0, in1 *float32, n int, scale float32)", "in vectors", func() {
		scale := v.scale()
		v.along("output", "n", append(steps(laneBytes, "out"), steps(2*laneBytes, "in0", "in1")...),
			func(at func(string) Mem, part int) {
				in := v.window(at, "in0", "in1", part)
				w := v.vectorsOf(in[:]...)
				v.squares(w)
				VSQRTPS(w[0], w[0])
				VMULPS(scale, w[0], w[0])
				VMOVUPS(w[0], at("out").Offset(part*v.bytes))
			})
	})
}

func (v *isa) euclideanPoolBack() {
	v.function("euclideanPoolBack", "func(grad, in0, in1, grad0, grad1 *float32, n int, scale float32)", "in vectors", func() {
		scale, zero := v.scale(), v.vec()
		v.zero(zero)
		v.along("output", "n", append(steps(laneBytes, "grad"), steps(2*laneBytes, "in0", "in1", "grad0", "grad1")...),
			func(at func(string) Mem, part int) {
				in := v.window(at, "in0", "in1", part)
				w := v.vectorsOf(in[:]...)
				v.squares(w)
				root, slope := w[0], v.vec()
				VSQRTPS(root, root)
				VMULPS(at("grad").Offset(part*v.bytes), scale, slope)
				VDIVPS(root, slope, slope)
				// Where the root is not positive, no gradient passes.
				if v.wide() {
					k := K()
					VCMPPS(Imm(lessThan), root, zero, k)
					VMOVAPS_Z(slope, k, slope)
				} else {
					VCMPPS(Imm(lessThan), root, zero, root)
					VANDPS(root, slope, slope)
				}
				for i, to := range v.window(at, "grad0", "grad1", part) {
					g := v.vec()
					VMULPS(in[i], slope, g)
					VMOVUPS(g, to)
				}
			})
	})
}

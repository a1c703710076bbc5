package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// along emits a loop over n positions. body receives the address of the current
// position in each named argument, once for each part of its sixteen channels.
func (v *isa) along(label string, n GPVirtual, steps []step, body func(at func(name string) Mem, part int)) {
	pointers := make(map[string]GPVirtual)
	for _, s := range steps {
		pointers[s.name] = pointer(s.name)
	}
	loop(label, n, func() {
		for part := range v.parts() {
			body(func(name string) Mem { return Mem{Base: pointers[name]} }, part)
		}
		for _, s := range steps {
			ADDQ(U32(s.bytes), pointers[s.name])
		}
	})
}

// step is an argument and the number of bytes by which its pointer moves at each
// position.
type step struct {
	name  string
	bytes int
}

// steps returns steps of the same size for several arguments.
func steps(bytes int, names ...string) []step {
	var s []step
	for _, n := range names {
		s = append(s, step{n, bytes})
	}
	return s
}

// broadcast loads an argument into every element of a vector.
func (v *isa) broadcast(name string) VecVirtual {
	r := v.vec()
	VBROADCASTSS(argument(name), r)
	return r
}

// For reluMask and applyMask, along loops over positions instead of outputs of pooling.

func (v *isa) reluMask() {
	v.function("reluMask", "reluMask", func() {
		zero := v.vec()
		v.zero(zero)
		v.along("position", count("positions"), append(steps(laneBytes, "in"), steps(maskBytes, "mask")...),
			func(at func(string) Mem, part int) {
				r := v.vec()
				VMOVUPS(at("in").Offset(part*v.bytes), r)
				v.storeSigns(r, zero, at("mask"), part)
			})
	})
}

func (v *isa) applyMask() {
	v.function("applyMask", "applyMask", func() {
		v.along("position", count("positions"), append(steps(laneBytes, "in", "out"), steps(maskBytes, "mask")...),
			func(at func(string) Mem, part int) {
				r := v.vec()
				v.selected(at("in").Offset(part*v.bytes), at("mask"), part, r)
				VMOVUPS(r, at("out").Offset(part*v.bytes))
			})
	})
}

// window returns the addresses of a 2x2 window in two rows.
func (v *isa) window(at func(string) Mem, row0, row1 string, part int) [4]Mem {
	disp := part * v.bytes
	return [4]Mem{
		at(row0).Offset(disp), at(row0).Offset(laneBytes + disp),
		at(row1).Offset(disp), at(row1).Offset(laneBytes + disp),
	}
}

// argmaxWords returns the addresses of the mask words of a 2x2 window.
func argmaxWords(at func(string) Mem) [4]Mem {
	return [4]Mem{at("argmax0"), at("argmax0").Offset(maskBytes), at("argmax1"), at("argmax1").Offset(maskBytes)}
}

func (v *isa) averagePool() {
	v.function("averagePool", "poolForward", func() {
		scale := v.broadcast("scale")
		v.along("output", count("n"), append(steps(laneBytes, "out"), steps(2*laneBytes, "in0", "in1")...),
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
	v.function("averagePoolBack", "poolBackward", func() {
		scale := v.broadcast("scale")
		v.along("output", count("n"), append(steps(laneBytes, "grad"), steps(2*laneBytes, "grad0", "grad1")...),
			func(at func(string) Mem, part int) {
				g := v.vec()
				VMULPS(at("grad").Offset(part*v.bytes), scale, g)
				for _, to := range v.window(at, "grad0", "grad1", part) {
					VMOVUPS(g, to)
				}
			})
	})
}

func (v *isa) maxPool() {
	v.function("maxPool", "poolForward", func() {
		r := pointer("argmax0")
		TESTQ(r, r)
		JZ(LabelRef("plain"))
		v.maxPoolLoop("routedOutput", true)
		JMP(LabelRef("done"))
		Label("plain")
		v.maxPoolLoop("plainOutput", false)
		Label("done")
	})
}

func (v *isa) maxPoolLoop(label string, withArgmax bool) {
	arguments := append(steps(laneBytes, "out"), steps(2*laneBytes, "in0", "in1")...)
	if withArgmax {
		arguments = append(arguments, steps(2*maskBytes, "argmax0", "argmax1")...)
	}
	v.along(label, count("n"), arguments, func(at func(string) Mem, part int) {
		in := v.window(at, "in0", "in1", part)
		w := v.vectorsOf(in[:]...)
		highest, other := v.vec(), v.vec()
		VMAXPS(w[1], w[0], highest)
		VMAXPS(w[3], w[2], other)
		VMAXPS(other, highest, highest)
		VMOVUPS(highest, at("out").Offset(part*v.bytes))
		if withArgmax {
			v.storeArgmax(w, highest, argmaxWords(at), part)
		}
	})
}

// storeArgmax sets the mask bit of the first input that equals the highest.
func (v *isa) storeArgmax(w []VecVirtual, highest VecVirtual, to [4]Mem, part int) {
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

func (v *isa) maxPoolBack() {
	v.function("maxPoolBack", "poolBackward", func() {
		arguments := append(steps(laneBytes, "grad"), steps(2*laneBytes, "grad0", "grad1")...)
		arguments = append(arguments, steps(2*maskBytes, "argmax0", "argmax1")...)
		v.along("output", count("n"), arguments, func(at func(string) Mem, part int) {
			g := v.vectorsOf(at("grad").Offset(part * v.bytes))[0]
			words := argmaxWords(at)
			for i, to := range v.window(at, "grad0", "grad1", part) {
				r := v.vec()
				v.selected(g, words[i], part, r)
				VMOVUPS(r, to)
			}
		})
	})
}

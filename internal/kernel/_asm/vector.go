package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/gotypes"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	lanes     = 16        // channels side by side in memory
	laneBytes = lanes * 4 // one position of one block of channels
	maskBytes = lanes / 8 // the same, one bit for each
	flush     = 0x9FC0    // MXCSR: flush to zero, denormals are zero, all exceptions masked
	lessThan  = 0x11      // VCMPPS predicate LT_OQ
	equal     = 0x00      // VCMPPS predicate EQ_OQ
)

// isa is an instruction set: the width of its vectors and the shapes of the
// register blocks that fit its registers.
type isa struct {
	suffix   string
	bytes    int // of a vector
	rows     int // positions of the block of gemm
	syrkRows int
}

// vectors is the number of vectors of outputs in the blocks of gemm and
// syrk: two panels of sixteen, or the two halves of one. A wide instruction set has
// variants for a single panel.
const vectors = 2

func (v *isa) wide() bool { return v.bytes == 64 }

// parts is the number of vectors that hold sixteen channels.
func (v *isa) parts() int { return laneBytes / v.bytes }

func (v *isa) vec() VecVirtual {
	if v.wide() {
		return ZMM()
	}
	return YMM()
}

func (v *isa) zero(r VecVirtual) {
	if v.wide() {
		VPXORQ(r, r, r)
		return
	}
	VXORPS(r, r, r)
}

// constant returns a vector of copies of x in memory.
func (v *isa) constant(x float64) Mem {
	f := float32(x)
	name := fmt.Sprintf("constant%08x%s", math.Float32bits(f), v.suffix)
	if m, ok := constants[name]; ok {
		return m
	}
	m := GLOBL(name, RODATA|NOPTR)
	for i := range v.bytes / 4 {
		DATA(i*4, F32(f))
	}
	constants[name] = m
	return m
}

var constants = map[string]Mem{}

// bits returns a vector whose elements are the bits of a mask's word that belong
// to a part of it.
func (v *isa) bits(part int) Mem {
	name := fmt.Sprintf("bits%d%s", part, v.suffix)
	if m, ok := constants[name]; ok {
		return m
	}
	m := GLOBL(name, RODATA|NOPTR)
	for i := range v.bytes / 4 {
		DATA(i*4, U32(1<<(part*v.bytes/4+i)))
	}
	constants[name] = m
	return m
}

// selected loads the elements of from, a vector or memory, whose bits are set in
// a word of a mask, and zeros.
func (v *isa) selected(from Op, word Mem, part int, to VecVirtual) {
	if v.wide() {
		k := K()
		KMOVW(word, k)
		if _, ok := from.(Mem); ok {
			VMOVUPS_Z(from, k, to)
		} else {
			VMOVAPS_Z(from, k, to)
		}
		return
	}
	VPBROADCASTW(word, to)
	VPAND(v.bits(part), to, to)
	VPCMPEQD(v.bits(part), to, to)
	VANDPS(from, to, to)
}

// storeSigns writes the bits of the positive elements of r to a word of a mask.
func (v *isa) storeSigns(r, zero VecVirtual, word Mem, part int) {
	if v.wide() {
		k := K()
		VCMPPS(Imm(lessThan), r, zero, k)
		KMOVW(k, word)
		return
	}
	above := v.vec()
	VCMPPS(Imm(lessThan), r, zero, above)
	v.storeBits(above, word, part)
}

// storeBits writes the signs of a vector that is part of sixteen channels.
func (v *isa) storeBits(r VecVirtual, word Mem, part int) {
	bits := GP32()
	VMOVMSKPS(r, bits)
	MOVB(bits.As8(), word.Offset(part))
}

// arguments is the struct that the current function takes a pointer to.
var arguments gotypes.Component

// pointer loads the address of a slice's first element, which is zero where the
// slice is nil.
func pointer(name string) GPVirtual {
	return Load(arguments.Field(name).Base(), GP64()).(GPVirtual)
}

func count(name string) GPVirtual { return Load(arguments.Field(name), GP64()).(GPVirtual) }

// stride loads a number of elements and turns it into bytes.
func stride(name string) GPVirtual {
	r := count(name)
	SHLQ(Imm(2), r)
	return r
}

// maskStride is stride for the words of a mask of the same positions.
func maskStride(name string) GPVirtual {
	r := count(name)
	SHRQ(Imm(3), r)
	return r
}

// bf16Stride is stride for elements of two bytes.
func bf16Stride(name string) GPVirtual {
	r := count(name)
	ADDQ(r, r)
	return r
}

// argument returns the place of a number.
func argument(name string) Mem {
	place, err := arguments.Field(name).Resolve()
	if err != nil {
		panic(err)
	}
	return place.Addr
}

// loop repeats body until n, which it counts down, is zero. n is not zero at
// first.
func loop(name string, n GPVirtual, body func()) {
	Label(name)
	body()
	DECQ(n)
	JNZ(LabelRef(name))
}

// multiples addresses base + disp + k strides for k from 0 to 5, given one,
// three and five strides.
func multiples(base GPVirtual, one, three, five Register, disp int) [6]Mem {
	m := Mem{Base: base, Disp: disp}
	return [6]Mem{m, m.Idx(one, 1), m.Idx(one, 2), m.Idx(three, 1), m.Idx(one, 4), m.Idx(five, 1)}
}

// times returns n times r, for n of 3, 5 or 6.
func times(r GPVirtual, n int) GPVirtual {
	p := GP64()
	if n == 6 {
		r, n = times(r, 3), 2
		LEAQ(Mem{Base: r, Index: r, Scale: 1}, p)
		return p
	}
	LEAQ(Mem{Base: r, Index: r, Scale: uint8(n - 1)}, p)
	return p
}

// function emits a function that takes a pointer to a struct of arguments and runs
// body with denormals flushed.
func (v *isa) function(name, takes string, body func()) {
	TEXT(name+v.suffix, NOSPLIT, fmt.Sprintf("func(a *%s)", takes))
	Doc(fmt.Sprintf("%s%s computes the same as %sGeneric.", name, v.suffix, name))
	Pragma("noescape")
	saved := AllocLocal(8)
	STMXCSR(saved)
	MOVL(U32(flush), saved.Offset(4))
	LDMXCSR(saved.Offset(4))
	arguments = Dereference(Param("a"))
	body()
	LDMXCSR(saved)
	VZEROUPPER()
	RET()
}

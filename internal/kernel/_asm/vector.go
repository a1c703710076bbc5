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
	lanes     = 16        // channels of a block, adjacent in memory
	laneBytes = lanes * 4 // one position of a block
	maskBytes = lanes / 8 // mask bits of one position of a block
	flush     = 0x9FC0    // MXCSR: flush to zero, denormals are zero, all exceptions masked
	lessThan  = 0x11      // VCMPPS predicate LT_OQ
	equal     = 0x00      // VCMPPS predicate EQ_OQ
)

// isa is an instruction set: its vector width, and the shapes of the register blocks
// that fit its registers.
type isa struct {
	suffix   string
	bytes    int // of a vector
	rows     int // positions of the block of gemm
	syrkRows int
}

// vectors is the number of vectors of outputs in the register blocks of gemm and syrk:
// two panels of sixteen in a wide instruction set, else the two halves of one panel. A
// wide instruction set also has variants for one panel.
const vectors = 2

func (v *isa) wide() bool { return v.bytes == 64 }

// parts is the number of vectors that sixteen channels take.
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

// constant returns the address of a vector whose elements are all x.
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

// bits returns the address of a vector whose elements are the bits of a mask word that
// belong to the given part of the sixteen channels.
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

// selected loads the elements of from, a vector or memory, whose bits are set in a mask
// word, and zeros elsewhere.
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

// storeSigns sets the bits of a mask word where r is positive.
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

// storeBits writes the sign bits of a vector, which is one part of sixteen channels.
func (v *isa) storeBits(r VecVirtual, word Mem, part int) {
	bits := GP32()
	VMOVMSKPS(r, bits)
	MOVB(bits.As8(), word.Offset(part))
}

// arguments is the struct of arguments of the current function.
var arguments gotypes.Component

// pointer loads the address of the first element of a slice, or zero for a nil slice.
func pointer(name string) GPVirtual {
	return Load(arguments.Field(name).Base(), GP64()).(GPVirtual)
}

func count(name string) GPVirtual { return Load(arguments.Field(name), GP64()).(GPVirtual) }

// stride loads a number of float32 elements and converts it to bytes.
func stride(name string) GPVirtual {
	r := count(name)
	SHLQ(Imm(2), r)
	return r
}

// maskStride is stride for mask words.
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

// argument returns the address of a number among the arguments.
func argument(name string) Mem {
	place, err := arguments.Field(name).Resolve()
	if err != nil {
		panic(err)
	}
	return place.Addr
}

// loop emits body in a loop that counts n down to zero. n is at least 1 at first.
func loop(name string, n GPVirtual, body func()) {
	Label(name)
	body()
	DECQ(n)
	JNZ(LabelRef(name))
}

// multiples returns the addresses base + disp + k*one for k from 0 to 5. three and five
// are 3 and 5 times one.
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

package main

import "fmt"

// Go's assembler lacks some arithmetic instructions. They are written as words, each
// with its mnemonic in a comment (Arm Architecture Reference Manual for A-profile,
// section C7.2). They operate on four float32 unless the name says otherwise.

func (a *assembler) fadd(d, n, m vec)  { a.words("fadd", 0x4e20d400, d, n, m) }
func (a *assembler) fsub(d, n, m vec)  { a.words("fsub", 0x4ea0d400, d, n, m) }
func (a *assembler) fmul(d, n, m vec)  { a.words("fmul", 0x6e20dc00, d, n, m) }
func (a *assembler) fdiv(d, n, m vec)  { a.words("fdiv", 0x6e20fc00, d, n, m) }
func (a *assembler) fcmgt(d, n, m vec) { a.words("fcmgt", 0x6ea0e400, d, n, m) }

// fmax and fmin return NaN where either operand is NaN.
func (a *assembler) fmax(d, n, m vec) { a.words("fmax", 0x4e20f400, d, n, m) }
func (a *assembler) fmin(d, n, m vec) { a.words("fmin", 0x4ea0f400, d, n, m) }

// faddDouble and fmulDouble operate on two float64.
func (a *assembler) faddDouble(d, n, m vec) { a.threeWords("fadd", "2d", 0x4e60d400, d, n, m) }
func (a *assembler) fmulDouble(d, n, m vec) { a.threeWords("fmul", "2d", 0x6e60dc00, d, n, m) }

func (a *assembler) words(mnemonic string, code uint32, d, n, m vec) {
	a.threeWords(mnemonic, "4s", code, d, n, m)
}

func (a *assembler) threeWords(mnemonic, arrangement string, code uint32, d, n, m vec) {
	a.word(code|uint32(m)<<16|uint32(n)<<5|uint32(d),
		"%s v%d.%s, v%d.%s, v%d.%s", mnemonic, int(d), arrangement, int(n), arrangement, int(m), arrangement)
}

func (a *assembler) fsqrt(d, n vec) { a.two("fsqrt v%d.4s, v%d.4s", 0x6ea1f800, d, n) }

// fcvtl and fcvtl2 return the float64 of the lower and of the upper two float32.
func (a *assembler) fcvtl(d, n vec)  { a.two("fcvtl v%d.2d, v%d.2s", 0x0e617800, d, n) }
func (a *assembler) fcvtl2(d, n vec) { a.two("fcvtl2 v%d.2d, v%d.4s", 0x4e617800, d, n) }

// faddpDouble adds the two float64 of a vector.
func (a *assembler) faddpDouble(d, n vec) { a.two("faddp d%d, v%d.2d", 0x7e70d800, d, n) }

func (a *assembler) two(format string, code uint32, d, n vec) {
	a.word(code|uint32(n)<<5|uint32(d), format, int(d), int(n))
}

// fcmgt0 sets the elements that are greater than zero to all ones.
func (a *assembler) fcmgt0(d, n vec) { a.two("fcmgt v%d.4s, v%d.4s, #0.0", 0x4ea0c800, d, n) }

// fmlaElement adds n times one element of m to d.
func (a *assembler) fmlaElement(d, n, m vec, element int) {
	low, high := uint32(element&1), uint32(element>>1)
	a.word(0x4f801000|low<<21|uint32(m)<<16|high<<11|uint32(n)<<5|uint32(d),
		"fmla v%d.4s, v%d.4s, v%d.s[%d]", int(d), int(n), int(m), element)
}

func (a *assembler) word(code uint32, format string, operands ...any) {
	a.op("WORD", fmt.Sprintf("$%#08x // %s", code, fmt.Sprintf(format, operands...)))
}

package main

import (
	"encoding/binary"
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Go's assembler lacks some instructions. They are written as bytes, after their
// mnemonic in the syntax of GNU as. Their registers are fixed instead of allocated: a
// function that contains such instructions uses no other registers of the same kind.

// zmm is a vector register, Z0 to Z31.
type zmm int

func (z zmm) register() reg.Register { return z.of(reg.S512) }

// lower returns the lower half of the register.
func (z zmm) lower() reg.Register { return z.of(reg.S256) }

func (z zmm) of(size reg.Spec) reg.Register {
	return reg.LookupPhysical(reg.KindVector, reg.Index(z), size)
}

// vdpbf16ps adds the products of the pairs of a and b to sum.
func vdpbf16ps(a, b, sum zmm) {
	encode(evex(2, 0x52, a, b, sum), nil, "vdpbf16ps %%zmm%d, %%zmm%d, %%zmm%d", a, b, sum)
}

// vcvtneps2bf16 rounds a vector to one of half the size.
func vcvtneps2bf16(from, to zmm) {
	encode(evex(2, 0x72, from, 0, to), nil, "vcvtneps2bf16 %%zmm%d, %%ymm%d", from, to)
}

// vcvtne2ps2bf16 rounds two vectors to one: the lower half and the upper.
func vcvtne2ps2bf16(low, high, to zmm) {
	encode(evex(3, 0x72, low, high, to), nil, "vcvtne2ps2bf16 %%zmm%d, %%zmm%d, %%zmm%d", low, high, to)
}

// evex encodes an instruction of map 0F38 on three 512-bit vectors: rm is ModRM's r/m,
// vvvv is EVEX's vvvv, reg is ModRM's reg (Intel's manual, volume 2, section 2.7). pp
// is the prefix.
func evex(pp byte, opcode byte, rm, vvvv, reg zmm) []byte {
	bit := func(r zmm, n int) byte { return ^byte(r>>n) & 1 }
	return []byte{
		0x62,
		bit(reg, 3)<<7 | bit(rm, 4)<<6 | bit(rm, 3)<<5 | bit(reg, 4)<<4 | 2,
		(^byte(vvvv)&15)<<3 | 1<<2 | pp,
		2<<5 | bit(vvvv, 4)<<3,
		opcode,
		0xc0 | byte(reg&7)<<3 | byte(rm&7),
	}
}

// tile is a tile register, TMM0 to TMM7.
type tile int

// gpr is a general-purpose register in the address of an encoded instruction: one of
// the first eight, but not SP or BP.
type gpr struct{ reg.Register }

var gprs = map[reg.Register]struct {
	number byte
	name   string
}{
	reg.RAX: {0, "rax"}, reg.RCX: {1, "rcx"}, reg.RDX: {2, "rdx"}, reg.RBX: {3, "rbx"}, reg.RSI: {6, "rsi"},
}

func (r gpr) number() byte   { return gprs[r.Register].number }
func (r gpr) String() string { return "%" + gprs[r.Register].name }

// ldtilecfg configures the tiles.
func ldtilecfg(from gpr) {
	encode(vex(0, 0x49, 0, from.number()), reads(from), "ldtilecfg (%s)", from)
}

// tilerelease releases the tiles.
func tilerelease() { encode(vex(0, 0x49, 0, 0xc0), nil, "tilerelease") }

func tilezero(t tile) { encode(vex(3, 0x49, 0, 0xc0|byte(t)<<3), nil, "tilezero %%tmm%d", t) }

// tileloadd loads a tile whose rows are index bytes apart.
func tileloadd(t tile, base, index gpr, disp int) {
	encode(vex(3, 0x4b, 0, sib(t, base, index, disp)...), reads(base, index),
		"tileloadd %d(%s,%s,1), %%tmm%d", disp, base, index, t)
}

// tilestored is the reverse of tileloadd.
func tilestored(t tile, base, index gpr, disp int) {
	encode(vex(2, 0x4b, 0, sib(t, base, index, disp)...), reads(base, index),
		"tilestored %%tmm%d, %d(%s,%s,1)", t, disp, base, index)
}

// tdpbf16ps adds the products of the pairs of a and b to sum.
func tdpbf16ps(a, b, sum tile) {
	encode(vex(2, 0x5c, b, 0xc0|byte(sum)<<3|byte(a)), nil, "tdpbf16ps %%tmm%d, %%tmm%d, %%tmm%d", b, a, sum)
}

// vex encodes an instruction of map 0F38 whose registers are among the first eight
// (Intel's manual, volume 2, section 2.3.5), from the prefix to the end.
func vex(pp, opcode byte, vvvv tile, modrm ...byte) []byte {
	return append([]byte{0xc4, 0xe2, (^byte(vvvv)&15)<<3 | pp, opcode}, modrm...)
}

// sib returns ModRM, SIB and displacement of the address base + index + disp, for a
// tile.
func sib(t tile, base, index gpr, disp int) []byte {
	address := []byte{byte(t)<<3 | 4, index.number()<<3 | base.number()}
	switch {
	case disp == 0:
		return address
	case disp == int(int8(disp)):
		address[0] |= 1 << 6
		return append(address, byte(disp))
	}
	address[0] |= 2 << 6
	return binary.LittleEndian.AppendUint32(address, uint32(disp))
}

// encoded lists the instructions written so far.
var encoded []encoding

type encoding struct {
	mnemonic string
	code     []byte
}

// reads returns the address registers of an instruction as operands, so that avo keeps
// their values until the instruction.
func reads(registers ...gpr) []operand.Op {
	var r []operand.Op
	for _, g := range registers {
		r = append(r, g.Register)
	}
	return r
}

// encode writes an instruction as bytes.
func encode(code []byte, reads []operand.Op, format string, operands ...any) {
	e := encoding{fmt.Sprintf(format, operands...), code}
	encoded = append(encoded, e)
	Comment(e.mnemonic)
	for len(code) > 0 {
		switch {
		case len(code) >= 4:
			data("LONG", operand.U32(binary.LittleEndian.Uint32(code)), reads)
			code = code[4:]
		case len(code) >= 2:
			data("WORD", operand.U16(binary.LittleEndian.Uint16(code)), reads)
			code = code[2:]
		default:
			data("BYTE", operand.U8(code[0]), reads)
			code = code[1:]
		}
	}
}

func data(directive string, value operand.Op, reads []operand.Op) {
	Instruction(&ir.Instruction{Opcode: directive, Operands: []operand.Op{value}, Inputs: reads})
}

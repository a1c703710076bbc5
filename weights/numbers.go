package weights

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// A dtype is a number format.
type dtype struct {
	bits uint64
	// decode converts len(dst) little-endian numbers to float32. It is nil for formats
	// that no convolution uses.
	decode func(dst []float32, src []byte)
	name   string // the name of a format that can be decoded
}

// dtypes are all formats of the specification of safetensors, by name.
var dtypes = map[string]dtype{
	"F16":  {16, decodeF16, "float16"},
	"BF16": {16, decodeBF16, "bfloat16"},
	"F32":  {32, decodeF32, "float32"},
	"F64":  {64, decodeF64, "float64"},

	"F4": {bits: 4}, "F6_E2M3": {bits: 6}, "F6_E3M2": {bits: 6},
	"F8_E4M3": {bits: 8}, "F8_E5M2": {bits: 8}, "F8_E8M0": {bits: 8},
	"BOOL": {bits: 8}, "I8": {bits: 8}, "U8": {bits: 8},
	"I16": {bits: 16}, "U16": {bits: 16},
	"I32": {bits: 32}, "U32": {bits: 32},
	"I64": {bits: 64}, "U64": {bits: 64}, "C64": {bits: 64},
}

func decodeF16(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = fromFloat16(binary.LittleEndian.Uint16(src[2*i:]))
	}
}

func decodeBF16(dst []float32, src []byte) {
	for i := range dst {
		// bfloat16 is the upper half of a float32.
		dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16)
	}
}

// littleEndian reports whether this machine has the byte order of the files.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

func decodeF32(dst []float32, src []byte) {
	if littleEndian {
		copy(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(dst))), 4*len(dst)), src)
		return
	}
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
	}
}

func decodeF64(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:])))
	}
}

// fromFloat16 converts an IEEE 754 binary16: 1 sign bit, 5 of exponent (bias
// 15), 10 of fraction. The conversion is exact; float32 has 8 bits of exponent
// (bias 127) and 23 of fraction.
func fromFloat16(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exponent := uint32(h>>10) & 0x1f
	fraction := uint32(h) & 0x3ff
	switch exponent {
	case 0: // zero or subnormal: a multiple of 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*0x1p-24))
	case 0x1f: // infinity or NaN
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	default:
		return math.Float32frombits(sign | (exponent-15+127)<<23 | fraction<<13)
	}
}

// toFloat16 converts a finite f to the nearest binary16, ties to even. What is
// too large for the format becomes infinite.
func toFloat16(f float32) uint16 {
	bits := math.Float32bits(f)
	sign := uint16(bits>>31) << 15
	switch a := math.Float32frombits(bits &^ (1 << 31)); {
	case a >= 65520: // halfway between the largest binary16, 65504, and 2^16
		return sign | 0x1f<<10
	case a < 0x1p-14: // subnormal: 0.5 has the spacing 2^-24, so the addition rounds
		return sign | uint16(math.Float32bits(a+0.5)-math.Float32bits(0.5))
	default:
		m := math.Float32bits(a) - (127-15)<<23
		m += 1<<12 - 1 + m>>13&1 // to nearest, ties to the even fraction
		return sign | uint16(m>>13)
	}
}

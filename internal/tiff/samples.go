package tiff

import (
	"math"
)

// unpredict reverses the predictor in a row of a strip or tile, in place. samples is
// the number of samples of a pixel. It returns the row, or a copy of it.
func (f *File) unpredict(row, spare []byte, samples int) []byte {
	size := f.bits / 8
	switch step := samples * size; f.predictor {
	case 2: // differences to the pixel on the left (TIFF 6.0, section 14)
		switch size {
		case 1:
			for i := step; i < len(row); i++ {
				row[i] += row[i-step]
			}
		case 2:
			for i := step; i < len(row); i += 2 {
				f.order.PutUint16(row[i:], f.order.Uint16(row[i:])+f.order.Uint16(row[i-step:]))
			}
		case 4:
			for i := step; i < len(row); i += 4 {
				f.order.PutUint32(row[i:], f.order.Uint32(row[i:])+f.order.Uint32(row[i-step:]))
			}
		case 8:
			for i := step; i < len(row); i += 8 {
				f.order.PutUint64(row[i:], f.order.Uint64(row[i:])+f.order.Uint64(row[i-step:]))
			}
		}
	case 3: // differences of bytes, all first bytes of the samples first (technical note 3)
		for i := samples; i < len(row); i++ {
			row[i] += row[i-samples]
		}
		n := len(row) / size
		for i := range n {
			for b := range size {
				at := i*size + b
				if f.order.Uint16([]byte{1, 0}) == 1 { // the last byte first
					at = i*size + size - 1 - b
				}
				spare[at] = row[b*n+i]
			}
		}
		return spare
	}
	return row
}

// unpack reads n samples of a row, from the most significant bits on, and stores them
// step apart. 0 maps to 0 and the largest value to 65535, for any number of bits.
func (f *File) unpack(to []uint16, step int, row []byte, n int) {
	switch {
	case f.format == formatFloat && f.bits == 64:
		for i := range n {
			to[i*step] = fromUnit(math.Float64frombits(f.order.Uint64(row[8*i:])))
		}
	case f.format == formatFloat && f.bits == 32:
		for i := range n {
			to[i*step] = fromUnit(float64(math.Float32frombits(f.order.Uint32(row[4*i:]))))
		}
	case f.format == formatFloat:
		for i := range n {
			to[i*step] = fromUnit(half(f.order.Uint16(row[2*i:])))
		}
	case f.bits == 32:
		for i := range n {
			to[i*step] = fromUnit(float64(f.order.Uint32(row[4*i:])) / math.MaxUint32)
		}
	case f.bits == 16:
		for i := range n {
			to[i*step] = f.order.Uint16(row[2*i:])
		}
	case f.bits == 8:
		for i := range n {
			to[i*step] = uint16(row[i]) * 0x101
		}
	default:
		var window, have uint32
		greatest := uint32(1)<<f.bits - 1
		at := 0
		for i := range n {
			for have < uint32(f.bits) {
				window = window<<8 | uint32(row[at])
				have += 8
				at++
			}
			have -= uint32(f.bits)
			v := window >> have & greatest
			to[i*step] = uint16((v*math.MaxUint16 + greatest/2) / greatest)
		}
	}
}

// fromUnit maps a level of 0 to 1 to one of 0 to 65535. It clips other levels and maps
// NaN to 0.
func fromUnit(v float64) uint16 {
	if !(v > 0) {
		return 0
	}
	return uint16(min(v, 1)*math.MaxUint16 + 0.5)
}

// half returns the value of a floating-point number of 16 bits (IEEE 754
// binary16).
func half(b uint16) float64 {
	const (
		fraction = 1 << 10
		bias     = 15
	)
	exponent, v := int(b>>10&0x1f), float64(b&(fraction-1))/fraction
	switch exponent {
	case 0: // subnormal
		exponent = 1
	case 0x1f:
		v = math.Inf(1)
	default:
		v++
	}
	if v = math.Ldexp(v, exponent-bias); b>>15 == 1 {
		v = -v
	}
	return v
}

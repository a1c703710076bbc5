package tiff

import (
	"io"
	"strings"
	"sync"
)

// fax decodes ITU-T T.4 (group 3), T.6 (group 4), and the modified Huffman code of TIFF
// 6.0, section 10. It returns one bit for each pixel, 1 for black, and pads rows with
// zero bits.
type fax struct {
	in       *input
	window   uint32 // the next bits, from the left
	have     int    // how many of them are data
	position uint64 // bits read so far

	kind  uint64 // of compression
	twoD  bool   // group 3 with rows that refer to the row above
	width int

	// above and row hold the positions, from the left, at which the colour changes in
	// the row above and in this one. The first change is to black. Both end with the
	// width three times.
	above, row []int
	packed     []byte // the rest of the row as bits
	buffer     []byte
}

func newFax(in *input, compression, t4Options uint64, width int) *fax {
	const twoDimensional = 1
	return &fax{
		in: in, kind: compression, width: width,
		twoD:   compression == compressionGroup3 && t4Options&twoDimensional != 0,
		above:  []int{width, width, width},
		buffer: make([]byte, (width+7)/8),
	}
}

func (x *fax) Read(p []byte) (int, error) {
	if len(x.packed) == 0 {
		if err := x.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, x.packed)
	x.packed = x.packed[n:]
	return n, nil
}

// next reads a row.
func (x *fax) next() error {
	x.row = x.row[:0]
	err := x.read()
	if err != nil {
		return err
	}
	x.row = append(x.row, x.width, x.width, x.width)
	clear(x.buffer)
	for i := 0; x.row[i] < x.width; i += 2 {
		blacken(x.buffer, x.row[i], x.row[i+1])
	}
	x.packed = x.buffer
	x.above, x.row = x.row, x.above
	return nil
}

// blacken sets the bits from first to last-1.
func blacken(row []byte, from, to int) {
	for ; from < to && from&7 != 0; from++ {
		row[from/8] |= 0x80 >> (from & 7)
	}
	for ; from+8 <= to; from += 8 {
		row[from/8] = 0xff
	}
	for ; from < to; from++ {
		row[from/8] |= 0x80 >> (from & 7)
	}
}

// read decodes the changes of a row.
func (x *fax) read() error {
	switch x.kind {
	case compressionHuffman:
		x.align(8)
		return x.read1D()
	case compressionHuffman16:
		x.align(16)
		return x.read1D()
	case compressionGroup4:
		return x.read2D()
	}
	// An end-of-line code precedes each row. Some writers omit it; that is harmless
	// except in two dimensions, where the bit after it tells how the row is coded. Two
	// such codes are the end.
	found := x.endOfLine()
	if found && !x.twoD && x.endOfLine() {
		return io.ErrUnexpectedEOF
	}
	if !x.twoD {
		return x.read1D()
	}
	if !found {
		return x.broken()
	}
	if x.take(1) == 1 {
		return x.read1D()
	}
	return x.read2D()
}

// endOfLine reads an end-of-line code: at least eleven zeros and a one.
func (x *fax) endOfLine() bool {
	if x.peek(11) != 0 || x.have < 11 {
		return false
	}
	for x.peek(1) == 0 && x.have > 0 {
		x.take(1)
	}
	return x.take(1) == 1
}

// read1D decodes alternating runs of white and black.
func (x *fax) read1D() error {
	at := 0
	for black := false; at < x.width; black = !black {
		n, err := x.run(black)
		if err != nil {
			return err
		}
		at += n
		if at > x.width {
			return damaged("a fax's run of pixels that leaves the row")
		}
		if err := x.change(at); err != nil {
			return err
		}
	}
	return nil
}

// emptyRuns is how many more runs than pixels a row may have.
const emptyRuns = 64

// change records a change of color. The ends of an empty run count as changes, too: the
// next row may refer to them, as in libtiff, and some writers rely on it.
func (x *fax) change(at int) error {
	if len(x.row) >= x.width+emptyRuns {
		return damaged("a fax's row of too many runs")
	}
	x.row = append(x.row, at)
	return nil
}

// read2D decodes changes relative to the row above (T.4, 4.2). The row is known up to
// a0. b1 is the first change above to the right of a0 and to the opposite colour; b2 is
// the change after b1.
func (x *fax) read2D() error {
	a0, black := -1, false // left of the row, so that b1 may be the first pixel
	for i := 0; a0 < x.width; {
		// Changes at even indices are to black. Changes before index i are not to the
		// right of a0, unless a0 has moved to the left.
		for i > 0 && x.above[i-1] > a0 {
			i--
		}
		for x.above[i] < x.width && (x.above[i] <= a0 || i&1 == 1 != black) {
			i++
		}
		b1, b2 := x.above[i], x.above[min(i+1, len(x.above)-1)]
		shift := 0
		switch code := x.peek(7); {
		case code>>6 == 1:
			x.take(1)
		case code>>4 == 0b011:
			x.take(3)
			shift = 1
		case code>>4 == 0b010:
			x.take(3)
			shift = -1
		case code>>4 == 0b001: // two runs
			x.take(3)
			a0 = max(a0, 0)
			for _, colour := range [2]bool{black, !black} {
				n, err := x.run(colour)
				if err != nil {
					return err
				}
				if a0 += n; a0 > x.width {
					return damaged("a fax's run of pixels that leaves the row")
				}
				if err := x.change(a0); err != nil {
					return err
				}
			}
			continue
		case code>>3 == 0b0001: // pass
			x.take(4)
			a0 = b2
			continue
		case code>>1 == 0b000011:
			x.take(6)
			shift = 2
		case code>>1 == 0b000010:
			x.take(6)
			shift = -2
		case code == 0b0000011:
			x.take(7)
			shift = 3
		case code == 0b0000010:
			x.take(7)
			shift = -3
		case code == 0b0000001 && x.have >= 7:
			return unsupported("its data is a fax with uncompressed parts")
		default:
			if x.endOfLine() {
				return io.ErrUnexpectedEOF
			}
			return x.broken()
		}
		if b1+shift < max(a0, 0) || b1+shift > x.width {
			return damaged("a fax's change of colour that leaves the row")
		}
		a0, black = b1+shift, !black
		if err := x.change(a0); err != nil {
			return err
		}
	}
	return nil
}

// run reads the length of a run: multiples of 64, and one of less than 64.
func (x *fax) run(black bool) (int, error) {
	table := &faxTables()[0]
	if black {
		table = &faxTables()[1]
	}
	for total := 0; total <= x.width; {
		code := table[x.peek(faxBits)]
		if code.bits == 0 {
			return 0, x.broken()
		}
		x.take(int(code.bits))
		total += int(code.run)
		if code.run < 64 {
			return total, x.ended()
		}
	}
	return 0, damaged("a fax's run of pixels that leaves the row")
}

// broken returns the error of an invalid code.
func (x *fax) broken() error {
	if x.have < faxBits {
		return io.ErrUnexpectedEOF
	}
	return damaged("a fax's code that is none")
}

// ended returns an error if more bits were read than exist.
func (x *fax) ended() error {
	if x.have < 0 {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// peek returns the next n bits, at most 16. Past the end they are 0.
func (x *fax) peek(n int) uint32 {
	for x.have >= 0 && x.have < n {
		b, err := x.in.ReadByte()
		if err != nil {
			break
		}
		x.window |= uint32(b) << (24 - x.have)
		x.have += 8
	}
	return x.window >> (32 - n)
}

// take returns the next n bits and advances.
func (x *fax) take(n int) uint32 {
	v := x.peek(n)
	x.window <<= n
	x.have -= n
	x.position += uint64(n)
	return v
}

// align advances to the next multiple of n bits.
func (x *fax) align(n uint64) {
	for x.position%n != 0 {
		x.take(1)
	}
}

// faxBits is the length of the longest code.
const faxBits = 13

type faxCode struct {
	run  uint16 // pixels
	bits uint8  // of the code; 0 is no code
}

// faxTables returns the codes of white and of black runs by the next faxBits
// bits.
var faxTables = sync.OnceValue(func() *[2][1 << faxBits]faxCode {
	var tables [2][1 << faxBits]faxCode
	for colour, codes := range [2]string{whiteCodes, blackCodes} {
		for i, code := range strings.Fields(codes + longCodes) {
			run := i
			if i >= 64 {
				run = 64 * (i - 63)
			}
			first := 0
			for _, bit := range code {
				first = first<<1 | int(bit-'0')
			}
			spare := faxBits - len(code)
			for rest := range 1 << spare {
				tables[colour][first<<spare|rest] = faxCode{uint16(run), uint8(len(code))}
			}
		}
	}
	return &tables
})

// The codes of runs of 0 to 63, then of 64, 128, … 1728 pixels (T.4, tables 2
// and 3a), and for both colours of 1792, 1856, … 2560 (table 3b).
const (
	whiteCodes = `
		00110101 000111 0111 1000 1011 1100 1110 1111 10011 10100 00111 01000 001000 000011 110100 110101
		101010 101011 0100111 0001100 0001000 0010111 0000011 0000100 0101000 0101011 0010011 0100100
		0011000 00000010 00000011 00011010 00011011 00010010 00010011 00010100 00010101 00010110 00010111
		00101000 00101001 00101010 00101011 00101100 00101101 00000100 00000101 00001010 00001011 01010010
		01010011 01010100 01010101 00100100 00100101 01011000 01011001 01011010 01011011 01001010 01001011
		00110010 00110011 00110100 11011 10010 010111 0110111 00110110 00110111 01100100 01100101 01101000
		01100111 011001100 011001101 011010010 011010011 011010100 011010101 011010110 011010111 011011000
		011011001 011011010 011011011 010011000 010011001 010011010 011000 010011011`
	blackCodes = `
		0000110111 010 11 10 011 0011 0010 00011 000101 000100 0000100 0000101 0000111 00000100 00000111
		000011000 0000010111 0000011000 0000001000 00001100111 00001101000 00001101100 00000110111
		00000101000 00000010111 00000011000 000011001010 000011001011 000011001100 000011001101 000001101000
		000001101001 000001101010 000001101011 000011010010 000011010011 000011010100 000011010101
		000011010110 000011010111 000001101100 000001101101 000011011010 000011011011 000001010100
		000001010101 000001010110 000001010111 000001100100 000001100101 000001010010 000001010011
		000000100100 000000110111 000000111000 000000100111 000000101000 000001011000 000001011001
		000000101011 000000101100 000001011010 000001100110 000001100111 0000001111 000011001000
		000011001001 000001011011 000000110011 000000110100 000000110101 0000001101100 0000001101101
		0000001001010 0000001001011 0000001001100 0000001001101 0000001110010 0000001110011 0000001110100
		0000001110101 0000001110110 0000001110111 0000001010010 0000001010011 0000001010100 0000001010101
		0000001011010 0000001011011 0000001100100 0000001100101`
	longCodes = `
		00000001000 00000001100 00000001101 000000010010 000000010011 000000010100 000000010101 000000010110
		000000010111 000000011100 000000011101 000000011110 000000011111`
)

package picture

import (
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"math/bits"
)

// A BMP has two headers: one of the file, then one of the picture, which begins with
// its own length.
const (
	bmpInfo         = 14 // where the second header begins
	bmpInfoOS2      = 12
	bmpInfoLen      = 40  // Windows 3; followed by masks where it is BITFIELDS
	bmpInfoMasks    = 52  // from here on the masks are part of the header
	bmpInfoAlpha    = 56  // that of opacity, too
	bmpInfoOS22     = 64  // OS/2 2; may be cut after 16 bytes
	bmpInfoLen5     = 124 // version 5
	bmpColorSpace   = 56  // in a header of version 4 or 5
	bmpProfileAt    = 112 // which counts from the second header, too
	bmpOwnProfile   = "DEBM"
	bmpOtherProfile = "KNIL" // in a file of its own, which is not looked at
)

// The compressions of a BMP. OS/2 2 has others with the numbers 3 and 4.
const (
	bmpRGB            = 0
	bmpRLE8           = 1
	bmpRLE4           = 2
	bmpBitfields      = 3
	bmpJPEG           = 4
	bmpPNG            = 5
	bmpAlphaBitfields = 6
	bmpHuffman        = 3 // of OS/2
	bmpRLE24          = 4 // of OS/2
)

// decodeBMP reads a BMP as browsers do: fields missing from a short header are 0,
// indices beyond the palette are black, pixels that runs skip are transparent, the
// fourth byte of 32 bits is opacity only if a mask says so, and opacities that are all
// 0 are ignored.
func decodeBMP(ctx context.Context, data []byte, lim Limits) (*raster, error) {
	b, err := readBMP(data)
	if err != nil {
		return nil, err
	}
	if !b.os2 && b.compression == bmpJPEG {
		return decodeJPEG(ctx, b.pixels, lim)
	}
	if !b.os2 && b.compression == bmpPNG {
		return decodePNG(ctx, b.pixels, lim)
	}
	if err := lim.admit(b.w, b.h); err != nil {
		return nil, err
	}
	m, err := b.decode(ctx)
	if err != nil {
		return nil, err
	}
	return &raster{image: m, icc: bmpProfile(data)}, nil
}

// bmpFile holds the contents of the headers.
type bmpFile struct {
	os2         bool // a header of OS/2
	w, h        int
	topDown     bool
	bits        int // a pixel
	compression uint32
	masks       [4]uint32 // of red, green, blue and opacity
	palette     [256]color.RGBA
	pixels      []byte
}

// readBMP reads the headers and the palette.
func readBMP(data []byte) (*bmpFile, error) {
	le := binary.LittleEndian
	if len(data) < bmpInfo+4 {
		return nil, io.ErrUnexpectedEOF
	}
	n := int(min(le.Uint32(data[bmpInfo:]), math.MaxInt32))
	if n < bmpInfoOS2 || n > len(data)-bmpInfo {
		return nil, io.ErrUnexpectedEOF
	}
	info, rest := make([]byte, bmpInfoLen5), data[bmpInfo+n:]
	copy(info, data[bmpInfo:][:n])

	b := &bmpFile{os2: n == bmpInfoOS2 || n < bmpInfoLen || n == bmpInfoOS22}
	entry, used := 4, 0
	if n == bmpInfoOS2 {
		entry = 3
		b.w, b.h, b.bits = int(le.Uint16(info[4:])), int(le.Uint16(info[6:])), int(le.Uint16(info[10:]))
	} else {
		b.w, b.h, b.bits = int(int32(le.Uint32(info[4:]))), int(int32(le.Uint32(info[8:]))), int(le.Uint16(info[14:]))
		b.compression = le.Uint32(info[16:])
		used = int(min(le.Uint32(info[32:]), 256))
	}
	if b.h < 0 {
		b.topDown, b.h = true, -b.h
	}
	masks := 0 // bytes after the header
	fields := !b.os2 && (b.compression == bmpBitfields || b.compression == bmpAlphaBitfields)
	if fields {
		if masks = 12; b.compression == bmpAlphaBitfields {
			masks = 16
		}
		from := info[bmpInfoLen:]
		if n >= bmpInfoMasks {
			masks = 0
		} else {
			from = make([]byte, 16)
			copy(from, rest[:min(masks, len(rest))])
		}
		for i := range b.masks {
			if i < 3 || n >= bmpInfoAlpha || masks == 16 {
				b.masks[i] = le.Uint32(from[4*i:])
			}
		}
	}
	if err := b.check(); err != nil {
		return nil, err
	}
	switch {
	case fields:
	case b.bits == 16:
		b.masks = [4]uint32{0x7c00, 0x3e0, 0x1f, 0}
	default:
		b.masks = [4]uint32{0xff0000, 0xff00, 0xff, 0}
	}
	rest = rest[min(masks, len(rest)):]
	at := int(min(uint64(le.Uint32(data[10:])), uint64(len(data))))
	indexed := b.bits > 0 && b.bits <= 8 // a JPEG or a PNG has 0 bits
	if indexed && (used == 0 || used > 1<<b.bits) {
		used = 1 << b.bits
	}
	// Without an offset, or with one that ignores the palette, the pixels follow the
	// palette.
	if headers := len(data) - len(rest); at <= headers {
		at = headers
		if indexed {
			at = min(at+entry*used, len(data))
		}
	}
	if indexed {
		end := max(at-(len(data)-len(rest)), 0)
		b.readPalette(rest[:min(end, len(rest))], entry, used)
	}
	b.pixels = data[at:]
	return b, nil
}

// check refuses unsupported kinds.
func (b *bmpFile) check() error {
	bad := func() error {
		return fmt.Errorf("compression %d with %d bits a pixel", b.compression, b.bits)
	}
	if b.os2 && b.compression == bmpHuffman {
		return unsupported("Huffman coding")
	}
	if b.bits == 64 {
		return unsupported("64 bits a pixel")
	}
	switch c := b.compression; {
	case c == bmpRGB:
		switch b.bits {
		case 1, 2, 4, 8, 16, 24, 32:
			return nil
		}
		return bad()
	case c == bmpRLE8 && b.bits == 8, c == bmpRLE4 && b.bits == 4, b.os2 && c == bmpRLE24 && b.bits == 24:
		return nil
	case b.os2:
		return bad()
	case c == bmpJPEG, c == bmpPNG:
		return nil
	case c == bmpBitfields, c == bmpAlphaBitfields:
		if b.bits != 16 && b.bits != 32 {
			return bad()
		}
		for _, m := range b.masks {
			if m>>bits.TrailingZeros32(m|1<<31)&(m>>bits.TrailingZeros32(m|1<<31)+1) != 0 {
				return fmt.Errorf("the mask %#08x of a colour has a hole", m)
			}
		}
		return nil
	case c > bmpAlphaBitfields:
		return unsupported(fmt.Sprintf("compression %d", c))
	}
	return bad()
}

// readPalette reads n colours, or as many as there are; missing ones are black.
func (b *bmpFile) readPalette(data []byte, entry, n int) {
	for i := range b.palette {
		c := color.RGBA{A: 255}
		if i < n && len(data) >= 3 {
			c.B, c.G, c.R = data[0], data[1], data[2]
			data = data[min(entry, len(data)):]
		}
		b.palette[i] = c
	}
}

// decode returns the picture.
func (b *bmpFile) decode(ctx context.Context) (image.Image, error) {
	if b.compression == bmpRLE8 || b.compression == bmpRLE4 || b.os2 && b.compression == bmpRLE24 {
		return b.decodeRuns(ctx)
	}
	bounds := image.Rect(0, 0, b.w, b.h)
	var (
		m   image.Image
		row func(y int, row []byte)
	)
	switch {
	case b.bits <= 8:
		palette := make(color.Palette, len(b.palette))
		for i, c := range b.palette {
			palette[i] = c
		}
		p := image.NewPaletted(bounds, palette)
		m, row = p, func(y int, row []byte) { unpack(p.Pix[y*p.Stride:][:b.w], row, b.bits) }
	case b.bits == 24:
		p := image.NewRGBA(bounds)
		m, row = p, func(y int, row []byte) {
			for x := range b.w {
				copy(p.Pix[y*p.Stride+4*x:], []byte{row[3*x+2], row[3*x+1], row[3*x], 255})
			}
		}
	default:
		m, row = b.masked(bounds)
	}
	stride := (b.w*b.bits + 31) / 32 * 4
	length := (b.w*b.bits + 7) / 8 // the last row may lack its padding
	for i := range b.h {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if len(b.pixels) < length {
			return nil, io.ErrUnexpectedEOF
		}
		y := b.h - 1 - i
		if b.topDown {
			y = i
		}
		row(y, b.pixels[:length])
		b.pixels = b.pixels[min(stride, len(b.pixels)):]
	}
	if p, ok := m.(*image.NRGBA); ok {
		opaqueIfClear(p.Pix, 4, 3)
	}
	if p, ok := m.(*image.NRGBA64); ok {
		opaqueIfClear(p.Pix, 8, 6)
	}
	return m, nil
}

// unpack writes len(pix) palette indices of n bits each, 1, 2, 4 or 8, from a packed
// row, the highest bits of a byte first.
func unpack(pix, row []byte, n int) {
	for x := range pix {
		at := x * n
		pix[x] = row[at/8] >> (8 - n - at%8) & (1<<n - 1)
	}
}

// opaqueIfClear makes the picture opaque if all its opacities are 0. The opacity is
// byte at of each n bytes.
func opaqueIfClear(pix []byte, n, at int) {
	for i := at; i < len(pix); i += n {
		for _, v := range pix[i : i-at+n] {
			if v != 0 {
				return
			}
		}
	}
	for i := at; i < len(pix); i += n {
		for j := i; j < i-at+n; j++ {
			pix[j] = 255
		}
	}
}

// masked returns a picture of 16 or 32 bits a pixel, with 16-bit samples where a mask
// has more than 8 bits.
func (b *bmpFile) masked(bounds image.Rectangle) (image.Image, func(y int, row []byte)) {
	deep := false
	var shift [4]int
	var most [4]uint64
	for i, m := range b.masks {
		shift[i] = bits.TrailingZeros32(m | 1<<31)
		most[i] = uint64(m) >> shift[i]
		deep = deep || most[i] > 255
	}
	sample := func(v uint32, i int, white uint64) uint64 {
		if most[i] == 0 {
			if i == 3 {
				return white // no opacity is opaque
			}
			return 0
		}
		return (uint64(v&b.masks[i])>>shift[i]*white*2 + most[i]) / (2 * most[i])
	}
	pixel := func(row []byte, x int) uint32 {
		if b.bits == 16 {
			return uint32(binary.LittleEndian.Uint16(row[2*x:]))
		}
		return binary.LittleEndian.Uint32(row[4*x:])
	}
	if deep {
		p := image.NewNRGBA64(bounds)
		return p, func(y int, row []byte) {
			for x := range b.w {
				v := pixel(row, x)
				for i := range 4 {
					binary.BigEndian.PutUint16(p.Pix[y*p.Stride+8*x+2*i:], uint16(sample(v, i, math.MaxUint16)))
				}
			}
		}
	}
	p := image.NewNRGBA(bounds)
	return p, func(y int, row []byte) {
		for x := range b.w {
			v := pixel(row, x)
			for i := range 4 {
				p.Pix[y*p.Stride+4*x+i] = byte(sample(v, i, math.MaxUint8))
			}
		}
	}
}

// decodeRuns reads runs of 4, 8 or 24 bits a pixel.
func (b *bmpFile) decodeRuns(ctx context.Context) (image.Image, error) {
	m := image.NewNRGBA(image.Rect(0, 0, b.w, b.h))
	x, y := 0, 0 // y counts the rows in the file
	size := max(b.bits/8, 1)
	// pixel returns the colour of the i-th pixel of data.
	pixel := func(data []byte, i int) [4]byte {
		if b.bits == 24 {
			return [4]byte{data[3*i+2], data[3*i+1], data[3*i], 255}
		}
		index := data[i*b.bits/8]
		if b.bits == 4 {
			index = index >> (4 - 4*(i%2)) & 15
		}
		c := b.palette[index]
		return [4]byte{c.R, c.G, c.B, c.A}
	}
	// put sets the colours of n pixels. Pixels outside the row cost nothing: a file may
	// have a run of 255 pixels for every two bytes.
	put := func(n int, colour func(i int) [4]byte) {
		row := b.h - 1 - y
		if b.topDown {
			row = y
		}
		for i := range min(n, b.w-x) {
			c := colour(i)
			copy(m.Pix[row*m.Stride+4*(x+i):], c[:])
		}
		x = min(x+n, b.w)
	}
	data := b.pixels
	for y < b.h {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if len(data) < 2 {
			if y == b.h-1 && x >= b.w {
				break // only the end marker is missing
			}
			return nil, io.ErrUnexpectedEOF
		}
		n, kind := int(data[0]), int(data[1])
		const endOfRow, endOfPicture, move = 0, 1, 2
		switch {
		case n > 0: // n pixels of one colour, or of two in turn
			if data = data[1:]; len(data) < size {
				return nil, io.ErrUnexpectedEOF
			}
			period := 1
			if b.bits == 4 {
				period = 2
			}
			put(n, func(i int) [4]byte { return pixel(data, i%period) })
			data = data[size:]
		case kind == endOfRow:
			x, y, data = 0, y+1, data[2:]
		case kind == endOfPicture:
			return m, nil
		case kind == move:
			if len(data) < 4 {
				return nil, io.ErrUnexpectedEOF
			}
			x, y, data = min(x+int(data[2]), b.w), y+int(data[3]), data[4:]
		default: // single pixels, padded to whole words
			data = data[2:]
			length := (kind*b.bits + 7) / 8
			if len(data) < length {
				return nil, io.ErrUnexpectedEOF
			}
			put(kind, func(i int) [4]byte { return pixel(data, i) })
			data = data[min(length+length%2, len(data)):]
		}
	}
	return m, nil
}

// bmpProfile returns the profile of a version 5 header. It is empty, not nil, if it is
// missing or in another file.
func bmpProfile(data []byte) []byte {
	if len(data) < bmpInfo+bmpInfoLen5 {
		return nil
	}
	info, le := data[bmpInfo:], binary.LittleEndian
	if le.Uint32(info) < bmpInfoLen5 {
		return nil
	}
	switch string(info[bmpColorSpace:][:4]) {
	case bmpOwnProfile:
		at, n := uint64(le.Uint32(info[bmpProfileAt:])), uint64(le.Uint32(info[bmpProfileAt+4:]))
		if at+n <= uint64(len(info)) {
			return info[at : at+n]
		}
		return []byte{}
	case bmpOtherProfile:
		return []byte{}
	}
	return nil
}

package picture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"math/bits"
)

// joined decodes each component as a grey JPEG and combines them. It interpolates
// smaller components linearly. libjpeg does so for half the width or height, and
// repeats samples for other factors.
func (f *jpegFile) joined(ctx context.Context) (image.Image, error) {
	files, err := f.split(ctx)
	if err != nil {
		return nil, err
	}
	planes := make([][]byte, len(files))
	for i, file := range files {
		m, err := jpeg.Decode(contextReader{ctx, bytes.NewReader(file)})
		if err != nil {
			return nil, cutShort(err)
		}
		files[i] = nil
		grey, ok := m.(*image.Gray)
		if !ok {
			return nil, errors.New("a component that is not grey")
		}
		c := f.components[i]
		planes[i] = enlarged(grey, f.width, f.height, ratio{c.h, f.hMax}, ratio{c.v, f.vMax})
	}
	bounds := image.Rect(0, 0, f.width, f.height)
	switch len(planes) {
	case 1:
		return &image.Gray{Pix: planes[0], Stride: f.width, Rect: bounds}, nil
	case 3:
		if !f.rgb() {
			return &image.YCbCr{
				Y: planes[0], Cb: planes[1], Cr: planes[2], YStride: f.width, CStride: f.width,
				SubsampleRatio: image.YCbCrSubsampleRatio444, Rect: bounds,
			}, nil
		}
		m := image.NewRGBA(bounds)
		for i := range planes[0] {
			copy(m.Pix[4*i:], []byte{planes[0][i], planes[1][i], planes[2][i], 255})
		}
		return m, nil
	}
	m := image.NewCMYK(bounds)
	for i := range planes[0] {
		c, y, k := planes[0][i], planes[1][i], planes[3][i]
		n := planes[2][i]
		if f.adobe != nil && f.adobe[adobeLen-1] != adobeWithout {
			r, g, b := color.YCbCrToRGB(c, y, n)
			c, y, n = 255-r, 255-g, 255-b
		}
		copy(m.Pix[4*i:], []byte{c, y, n, k})
	}
	if f.adobe != nil {
		invertCMYK(m)
	}
	return m, nil
}

// ratio is a component's sampling factor and the largest of the frame.
type ratio struct{ own, greatest int }

// tap returns the interpolation for a position in the picture between n centered
// samples.
func (r ratio) tap(pos, n int) tap {
	c := (float32(pos)+0.5)*float32(r.own)/float32(r.greatest) - 0.5
	i := int(c+1) - 1 // rounded down: c is at least -0.5
	return tap{min(max(i, 0), n-1), min(max(i+1, 0), n-1), c - float32(i)}
}

// enlarged returns the plane of a component at the size of the picture.
func enlarged(m *image.Gray, w, h int, x, y ratio) []byte {
	size := m.Rect.Size()
	columns := make([]tap, w)
	for i := range columns {
		columns[i] = x.tap(i, size.X)
	}
	mixed := make([]float32, size.X)
	plane := make([]byte, 0, w*h)
	for i := range h {
		t := y.tap(i, size.Y)
		row0, row1 := m.Pix[t.i0*m.Stride:], m.Pix[t.i1*m.Stride:]
		if x.own == x.greatest && y.own == y.greatest {
			plane = append(plane, row0[:w]...)
			continue
		}
		for j := range mixed {
			mixed[j] = t.mix(float32(row0[j]), float32(row1[j]))
		}
		for _, t := range columns {
			plane = append(plane, byte(t.mix(mixed[t.i0], mixed[t.i1])+0.5))
		}
	}
	return plane
}

// split returns each component as a grey JPEG of its own, with the same coefficients
// and without the features that image/jpeg lacks: uncommon sampling factors and
// misplaced restart markers.
//
// It copies the Huffman codes of the coefficients. Only the order of the blocks
// changes, from MCUs to rows, so that the differences of the DC coefficients change.
// Each row of blocks begins with a restart marker, so that none depends on a previous
// row. Scans of a progressive file without DC coefficients have a single component and
// are copied unchanged.
func (f *jpegFile) split(ctx context.Context) ([][]byte, error) {
	out := make([][]byte, len(f.components))
	for i, c := range f.components {
		own := []jpegComponent{{id: 1, quant: c.quant, h: 1, v: 1}}
		out[i] = appendSegment([]byte{0xff, markerSOI}, f.frame(divUp(f.width*c.h, f.hMax), divUp(f.height*c.v, f.vMax), own))
	}
	tables := new(huffmanTables)
	if f.sof != markerSOF2 {
		if err := tables.read(standardTables); err != nil {
			return nil, err
		}
	}
	for i := range f.scans {
		s := &f.scans[i]
		for _, t := range s.tables {
			if t.marker == markerDHT {
				if err := tables.read(t.body); err != nil {
					return nil, err
				}
				continue
			}
			for i := range out {
				out[i] = appendSegment(out[i], t)
			}
		}
		if s.first > 0 {
			if s.restarts != f.wantedRestarts(s) {
				return nil, errors.New("it lacks restart markers")
			}
			part := s.parts[0]
			o := &out[part.component]
			*o = appendSegment(*o, jpegSegment{markerDHT, tables[1][part.ac].segment(1)})
			*o = appendSegment(*o, restartInterval(s.interval))
			*o = appendSegment(*o, s.headerOfOne())
			*o = append(*o, s.numberedRight()...)
			continue
		}
		if err := f.splitScan(ctx, s, tables, out); err != nil {
			return nil, err
		}
	}
	for i := range out {
		out[i] = append(out[i], 0xff, markerEOI)
	}
	return out, nil
}

func appendSegment(b []byte, s jpegSegment) []byte {
	b = binary.BigEndian.AppendUint16(append(b, 0xff, s.marker), uint16(2+len(s.body)))
	return append(b, s.body...)
}

// headerOfOne returns the header of a scan of one component, the first, with the first
// tables.
func (s *jpegScan) headerOfOne() jpegSegment {
	return jpegSegment{markerSOS, []byte{1, 1, 0, s.first, s.last, s.high<<4 | s.low}}
}

// splitScan appends a scan with DC coefficients to the files of its components.
func (f *jpegFile) splitScan(ctx context.Context, s *jpegScan, tables *huffmanTables, out [][]byte) error {
	parts := make([]splitPart, len(s.parts))
	for i, p := range s.parts {
		c := f.components[p.component]
		if len(s.parts) == 1 {
			c.h, c.v = 1, 1
		}
		parts[i] = splitPart{c: c, dc: &tables[0][p.dc], ac: &tables[1][p.ac], lines: make([]bitWriter, c.v)}
		o := &out[p.component]
		*o = appendSegment(*o, jpegSegment{markerDHT, dcCodes})
		if s.last > 0 {
			*o = appendSegment(*o, jpegSegment{markerDHT, parts[i].ac.segment(1)})
		}
		*o = appendSegment(*o, restartInterval(c.w))
		*o = appendSegment(*o, s.headerOfOne())
	}
	across, down := f.mcus(s)
	in := intervals{scan: s, whole: s.restarts == f.wantedRestarts(s)}
	in.next()
	n := 0
	for my := range down {
		if err := ctx.Err(); err != nil {
			return err
		}
		for mx := range across {
			if s.interval > 0 && n > 0 && n%s.interval == 0 {
				if err := in.restart(n / s.interval); err != nil {
					return err
				}
				for i := range parts {
					parts[i].last = 0
				}
			}
			n++
			for i := range parts {
				if err := parts[i].copyMCU(&in.bits, s, mx); err != nil {
					return err
				}
			}
		}
		for i, p := range s.parts {
			out[p.component] = parts[i].appendLines(out[p.component], my)
		}
	}
	return nil
}

// splitPart is a component of a scan during copying.
type splitPart struct {
	c      jpegComponent
	dc, ac *huffmanTable
	last   int32       // the DC coefficient of the previous block
	lines  []bitWriter // one for each row of blocks in an MCU
}

// copyMCU copies the component's blocks of one MCU. It drops blocks beyond the rows and
// columns with pixels.
func (p *splitPart) copyMCU(in *bitReader, s *jpegScan, mx int) error {
	for y := range p.c.v {
		for x := range p.c.h {
			w := &p.lines[y]
			w.off = mx*p.c.h+x >= p.c.w
			if s.high > 0 {
				bit, err := in.take(1)
				if err != nil {
					return err
				}
				w.put(bit, 1)
				continue
			}
			if err := p.copyDC(in, w); err != nil {
				return err
			}
			if s.last > 0 {
				if err := p.copyAC(in, w); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// copyDC copies a DC coefficient as the difference to the previous one in its row of
// blocks.
func (p *splitPart) copyDC(in *bitReader, w *bitWriter) error {
	const mostBits = 16
	size, _, _, err := p.dc.next(in)
	if err != nil {
		return err
	}
	if size > mostBits {
		return errHuffman
	}
	v, err := in.take(int(size))
	if err != nil {
		return err
	}
	p.last += difference(v, int(size))
	diff := p.last - w.last
	length := bits.Len32(uint32(max(diff, -diff)))
	if length > mostBits {
		return errHuffman
	}
	if w.off {
		return nil
	}
	w.last = p.last
	w.put(uint32(length), dcCodeLen)
	if diff < 0 {
		diff += 1<<length - 1
	}
	w.put(uint32(diff), length)
	return nil
}

// copyAC copies the codes of the other coefficients of a block.
func (p *splitPart) copyAC(in *bitReader, w *bitWriter) error {
	for k := 1; k < 64; k++ {
		symbol, code, length, err := p.ac.next(in)
		if err != nil {
			return err
		}
		w.put(code, length)
		run, size := int(symbol>>4), int(symbol&15)
		if size == 0 && run == 0 { // the end of the block
			return nil
		}
		if k += run; k > 63 || size == 0 && run != 15 {
			return errHuffman
		}
		v, err := in.take(size)
		if err != nil {
			return err
		}
		w.put(v, size)
	}
	return nil
}

// appendLines appends the rows of blocks of the my-th row of MCUs.
func (p *splitPart) appendLines(out []byte, my int) []byte {
	for y := range p.lines {
		row := my*p.c.v + y
		if row < p.c.rows {
			if row > 0 {
				out = append(out, 0xff, markerRST0+byte((row-1)%8))
			}
			out = append(out, p.lines[y].end()...)
		}
		p.lines[y] = bitWriter{data: p.lines[y].data[:0]}
	}
	return out
}

// difference returns the value of the bits of a difference (T.81, table F.1).
func difference(v uint32, size int) int32 {
	if size > 0 && v>>(size-1) == 0 {
		return int32(v) - 1<<size + 1
	}
	return int32(v)
}

// intervals iterates over the parts of a scan's data between restart markers.
type intervals struct {
	scan   *jpegScan
	whole  bool // no marker is missing
	data   []byte
	marker byte // the marker after the current piece
	bits   bitReader
}

// next advances to the next piece.
func (in *intervals) next() {
	if in.data == nil {
		in.data = in.scan.data
	}
	for piece, marker := range restartPieces(in.data) {
		in.bits, in.marker = bitReader{data: piece}, marker
		in.data = in.data[len(piece):]
		if marker != 0 {
			in.data = in.data[2:]
		}
		return
	}
}

// restart begins the n-th interval. If a marker is missing, it continues at the next
// whole byte of the current piece.
func (in *intervals) restart(n int) error {
	in.bits.align()
	if !in.whole && in.bits.more() {
		return nil
	}
	if in.marker == 0 {
		return errCutJPEG
	}
	if !in.whole && in.marker != markerRST0+byte((n-1)%8) {
		return errors.New("it lacks restart markers, and what was between them")
	}
	in.next()
	return nil
}

// bitReader reads entropy-coded data without markers.
type bitReader struct {
	data  []byte
	hold  uint64
	count int // bits in hold
}

// fill adds a byte to hold.
func (r *bitReader) fill() error {
	if len(r.data) == 0 {
		return errCutJPEG
	}
	r.hold = r.hold<<8 | uint64(r.data[0])
	r.count += 8
	if r.data[0] == 0xff && len(r.data) > 1 && r.data[1] == 0 {
		r.data = r.data[1:]
	}
	r.data = r.data[1:]
	return nil
}

// take returns the next n bits, 16 at most.
func (r *bitReader) take(n int) (uint32, error) {
	for r.count < n {
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
	r.count -= n
	return uint32(r.hold>>r.count) & (1<<n - 1), nil
}

// align drops the bits up to a whole byte.
func (r *bitReader) align() { r.count -= r.count % 8 }

// more reports whether whole bytes are left, other than fill bytes.
func (r *bitReader) more() bool {
	return r.count >= 8 || len(withoutFill(r.data)) > 0
}

// bitWriter writes entropy-coded data.
type bitWriter struct {
	data  []byte
	hold  uint64
	count int
	last  int32 // the last written DC coefficient
	off   bool  // discard what is put
}

// put appends the lower n bits of v, 16 at most.
func (w *bitWriter) put(v uint32, n int) {
	if w.off {
		return
	}
	w.hold = w.hold<<n | uint64(v)
	for w.count += n; w.count >= 8; {
		w.count -= 8
		b := byte(w.hold >> w.count)
		w.data = append(w.data, b)
		if b == 0xff {
			w.data = append(w.data, 0)
		}
	}
}

// end pads the last byte with ones and returns the data.
func (w *bitWriter) end() []byte {
	w.off = false
	if w.count > 0 {
		n := 8 - w.count
		w.put(1<<n-1, n)
	}
	return w.data
}

// dcCodes is the body of a DHT segment: five-bit codes for all sizes of differences, in
// order.
var dcCodes = append([]byte{0, 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)

const dcCodeLen = 5

var errHuffman = errors.New("impossible Huffman codes")

// huffmanTables are a DC and an AC table.
type huffmanTables [2][4]huffmanTable

// huffmanTable is a table in the form of T.81, annex C and F.2.2.3.
type huffmanTable struct {
	counts  []byte // of codes of each length from 1 to 16
	symbols []byte
	first   [17]int32 // code of each length
	index   [17]int32 // of its symbol
}

// read reads the body of a DHT segment (T.81, B.2.4.2).
func (t *huffmanTables) read(b []byte) error {
	for len(b) > 0 {
		if len(b) < 17 || b[0]>>4 > 1 || b[0]&15 > 3 {
			return errors.New("a Huffman table that cannot be")
		}
		h := huffmanTable{counts: b[1:17]}
		var code, n int32
		for i, count := range h.counts {
			h.first[i+1], h.index[i+1] = code, n
			n += int32(count)
			if code += int32(count); code > 1<<(i+1) {
				return errors.New("a Huffman table with too many codes")
			}
			code <<= 1
		}
		if n > 256 || len(b) < 17+int(n) {
			return errors.New("a Huffman table that is cut short")
		}
		h.symbols = b[17 : 17+n]
		t[b[0]>>4][b[0]&15] = h
		b = b[17+n:]
	}
	return nil
}

// segment returns the table as the body of a DHT segment, with the number 0.
func (h *huffmanTable) segment(class byte) []byte {
	return join([]byte{class << 4}, h.counts, h.symbols)
}

// next reads a symbol and returns it with its code.
func (h *huffmanTable) next(in *bitReader) (symbol byte, code uint32, length int, err error) {
	for i, count := range h.counts {
		bit, err := in.take(1)
		if err != nil {
			return 0, 0, 0, err
		}
		code = code<<1 | bit
		if at := int32(code) - h.first[i+1]; at < int32(count) {
			return h.symbols[h.index[i+1]+at], code, i + 1, nil
		}
	}
	return 0, 0, 0, errHuffman
}

package picture

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/adler32"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"math"
	"slices"
)

const (
	pngSignature = "\x89PNG\r\n\x1a\n"
	pngProfileID = "iCCP"
	pngHeaderLen = 13                    // of the body of IHDR
	pngHeaderEnd = 8 + 12 + pngHeaderLen // the signature and IHDR, which always comes first
)

// The kinds of colour of an IHDR chunk.
const (
	pngGrey      = 0
	pngRGB       = 2
	pngPalette   = 3
	pngGreyAlpha = 4
	pngRGBA      = 6
)

// pngDepths are the numbers of bits that a sample of each kind may have.
var pngDepths = map[byte][]byte{
	pngGrey: {1, 2, 4, 8, 16}, pngRGB: {8, 16}, pngPalette: {1, 2, 4, 8}, pngGreyAlpha: {8, 16}, pngRGBA: {8, 16},
}

// decodePNG reads a PNG as browsers do. image/png decodes the pixels, from only the
// chunks that it needs, which [pngFile.plain] rewrites: damage in other chunks, or
// after the last row, does no harm. Of an animation it reads the first frame.
func decodePNG(ctx context.Context, data []byte, lim Limits) (*raster, error) {
	f, err := readPNG(data, lim)
	if err != nil {
		return nil, err
	}
	r := &raster{orientation: pngOrientation(data), icc: pngProfile(data)}
	if f.frame != (image.Rectangle{}) {
		r.canvas, r.at = image.Pt(f.w, f.h), f.frame.Min
		f.w, f.h = f.frame.Dx(), f.frame.Dy()
	}
	if r.image, err = png.Decode(f.plain(ctx)); err != nil {
		return nil, err
	}
	if f.apple {
		r.image = fromApple(r.image)
	}
	r.cicp, r.calibrated = pngColors(data)
	return r, nil
}

// pngFile holds the parts of a PNG that define its picture.
type pngFile struct {
	w, h         int
	depth        byte
	kind         byte
	adam7        byte
	palette      []byte
	transparency []byte
	pixels       pngPixels
	apple        bool // Apple's CgBI: BGR, premultiplied by opacity, Deflate without zlib

	// frame is the rectangle of the first frame of an animation on the canvas. It is
	// empty where the picture is the default image.
	frame image.Rectangle
}

// readPNG finds the chunks of a picture within the limits. The checksum of IDAT is
// checked when the chunk is read.
func readPNG(data []byte, lim Limits) (*pngFile, error) {
	f := new(pngFile)
	var (
		found    bool // the default picture
		animated bool
		framed   bool // the first frame, which may be the default picture
	)
	rest := data[min(len(data), len(pngSignature)):]
loop:
	for len(rest) > 0 {
		c, next := nextPNGChunk(rest)
		switch c.id {
		case "CgBI":
			f.apple = true
		case "IHDR":
			if f.depth != 0 {
				break
			}
			if len(c.body) < pngHeaderLen {
				return nil, io.ErrUnexpectedEOF
			}
			if !c.sound() {
				return nil, errors.New("the checksum of its header is wrong")
			}
			f.w, f.h = int(binary.BigEndian.Uint32(c.body)), int(binary.BigEndian.Uint32(c.body[4:]))
			if err := lim.admit(f.w, f.h); err != nil {
				return nil, err
			}
			f.depth, f.kind, f.adam7 = c.body[8], c.body[9], c.body[12]
			if c.body[10] != 0 || c.body[11] != 0 || f.adam7 > 1 {
				return nil, unsupported("an unknown compression, filter or interlacing")
			}
			if !slices.Contains(pngDepths[f.kind], f.depth) {
				return nil, fmt.Errorf("no kind of colour has the number %d and %d bits", f.kind, f.depth)
			}
		case "PLTE":
			if f.kind != pngPalette || f.palette != nil || found {
				break
			}
			if !c.sound() {
				return nil, errors.New("the checksum of its palette is wrong")
			}
			f.palette = c.body
		case "tRNS":
			if !found && c.sound() {
				f.setTransparency(c.body)
			}
		case "acTL":
			animated = animated || !found && c.sound() && animates(c.body)
		case "fcTL":
			if framed || !c.sound() {
				break
			}
			framed = true
			if found && animated {
				f.setFrame(c.body, next)
			}
		case "IDAT":
			if !found {
				f.pixels = pngPixels{id: "IDAT", rest: rest}
			}
			found = true
		case "IEND":
			break loop
		}
		rest = next
	}
	if f.depth == 0 || !found {
		return nil, io.ErrUnexpectedEOF
	}
	if f.kind == pngPalette && f.palette == nil {
		return nil, errors.New("it has no palette")
	}
	if f.apple && f.depth != 8 {
		return nil, unsupported(fmt.Sprintf("Apple's CgBI of %d bits", f.depth))
	}
	return f, nil
}

// setTransparency reads a tRNS chunk, if it is valid for the colour type and comes after
// the palette. Samples are compared in as many low bits as the picture has.
func (f *pngFile) setTransparency(body []byte) {
	switch n := len(body); f.kind {
	case pngPalette:
		if n = min(n, len(f.palette)/3); n > 0 {
			f.transparency = body[:n]
		}
	case pngGrey, pngRGB:
		if f.kind == pngGrey && n != 2 || f.kind == pngRGB && n != 6 {
			return
		}
		f.transparency = bytes.Clone(body)
		for i := 0; f.depth < 16 && i < n; i += 2 {
			f.transparency[i] = 0
			f.transparency[i+1] &= 1<<f.depth - 1
		}
	}
}

// animates reports whether the body of an acTL chunk is that of an animation: with at
// least one frame, and fewer than 2^31.
func animates(control []byte) bool {
	const controlLen = 8
	return len(control) == controlLen && int32(binary.BigEndian.Uint32(control)) > 0
}

// setFrame makes the first frame of an animation the picture, if the default image is
// not part of the animation. rest begins after the frame's fcTL chunk, whose body is
// the other argument. If the frame is invalid, the default image remains.
func (f *pngFile) setFrame(body, rest []byte) {
	const controlLen = 26
	if len(body) < controlLen {
		return
	}
	number := func(i int) int { return int(binary.BigEndian.Uint32(body[4+4*i:])) }
	w, h, x, y := number(0), number(1), number(2), number(3)
	if w < 1 || h < 1 || w > f.w-x || h > f.h-y {
		return
	}
	pixels := pngPixels{id: "fdAT", rest: rest}
	if _, err := pixels.ReadByte(); err == nil {
		f.pixels = pngPixels{id: "fdAT", rest: rest}
		f.frame = image.Rect(x, y, x+w, y+h)
	}
}

// head returns the signature and the chunks before the pixels.
func (f *pngFile) head() []byte {
	header := binary.BigEndian.AppendUint32([]byte("IHDR"), uint32(f.w))
	header = append(binary.BigEndian.AppendUint32(header, uint32(f.h)), f.depth, f.kind, 0, 0, f.adam7)
	head := append([]byte(pngSignature), pngChunk(header)...)
	if f.palette != nil {
		head = append(head, pngChunk(append([]byte("PLTE"), f.palette...))...)
	}
	if f.transparency != nil {
		head = append(head, pngChunk(append([]byte("tRNS"), f.transparency...))...)
	}
	return head
}

// plain returns the file in a form that image/png reads: the necessary chunks, and
// exactly its rows, uncompressed.
func (f *pngFile) plain(ctx context.Context) io.Reader {
	return io.MultiReader(
		bytes.NewReader(f.head()),
		&pngStored{ctx: ctx, rows: f.inflate(), left: f.rowBytes(), sum: adler32.New()},
		bytes.NewReader(pngChunk([]byte("IEND"))),
	)
}

// inflate returns a reader of the rows.
func (f *pngFile) inflate() io.Reader {
	if f.apple {
		return flate.NewReader(&f.pixels)
	}
	const (
		headerLen  = 2
		method     = 0x0f
		deflate    = 8
		dictionary = 0x20
	)
	var header [headerLen]byte
	if _, err := io.ReadFull(&f.pixels, header[:]); err != nil {
		return failing{err}
	}
	if header[0]&method != deflate || header[1]&dictionary != 0 || binary.BigEndian.Uint16(header[:])%31 != 0 {
		return failing{zlib.ErrHeader}
	}
	return flate.NewReader(&f.pixels)
}

// failing is a reader that always fails.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// rowBytes returns the size of the rows with their filter bytes.
func (f *pngFile) rowBytes() int64 {
	samples := map[byte]int64{pngGrey: 1, pngRGB: 3, pngPalette: 1, pngGreyAlpha: 2, pngRGBA: 4}[f.kind]
	bytes := func(x, y, dx, dy int) int64 { // of the pixels from x and y on, dx and dy apart
		w, h := int64(f.w-x+dx-1)/int64(dx), int64(f.h-y+dy-1)/int64(dy)
		if w <= 0 || h <= 0 {
			return 0
		}
		return h * (1 + (w*samples*int64(f.depth)+7)/8)
	}
	if f.adam7 == 0 {
		return bytes(0, 0, 1, 1)
	}
	return bytes(0, 0, 8, 8) + bytes(4, 0, 8, 8) + bytes(0, 4, 4, 8) + bytes(2, 0, 4, 4) +
		bytes(0, 2, 2, 4) + bytes(1, 0, 2, 2) + bytes(0, 1, 1, 2)
}

// fromApple returns a picture of Apple's CgBI with red and blue exchanged.
func fromApple(m image.Image) image.Image {
	swap := func(pix []byte) {
		for i := 0; i+4 <= len(pix); i += 4 {
			pix[i], pix[i+2] = pix[i+2], pix[i]
		}
	}
	switch m := m.(type) {
	case *image.RGBA: // of RGB, which is opaque
		swap(m.Pix)
	case *image.NRGBA:
		swap(m.Pix)
		return &image.RGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect} // multiplied
	}
	return m
}

// pngPixels reads the data of chunks of one type: of all IDAT chunks, or of the fdAT
// chunks of one frame without their sequence numbers.
type pngPixels struct {
	id   string
	rest []byte // chunks
	body []byte // the rest of the current one
}

func (p *pngPixels) ReadByte() (byte, error) {
	if err := p.next(); err != nil {
		return 0, err
	}
	b := p.body[0]
	p.body = p.body[1:]
	return b, nil
}

func (p *pngPixels) Read(b []byte) (int, error) {
	if err := p.next(); err != nil {
		return 0, err
	}
	n := copy(b, p.body)
	p.body = p.body[n:]
	return n, nil
}

// next advances to the next chunk when the current one is used up. A truncated chunk
// has no checksum and yields what exists.
func (p *pngPixels) next() error {
	const frameNumberLen = 4
	for len(p.body) == 0 {
		if len(p.rest) == 0 {
			return io.EOF
		}
		var c pngPart
		c, p.rest = nextPNGChunk(p.rest)
		switch {
		case c.id == "IEND", c.id == "fcTL" && p.id == "fdAT":
			return io.EOF
		case c.id != p.id:
			continue
		case !c.cut && !c.sound():
			return errors.New("the checksum of its pixels is wrong")
		}
		p.body = c.body
		if c.id == "fdAT" {
			p.body = c.body[min(len(c.body), frameNumberLen):]
		}
	}
	return nil
}

// pngStored reads the rows in the form of IDAT chunks without compression.
type pngStored struct {
	ctx   context.Context
	rows  io.Reader
	left  int64 // remaining bytes of the rows
	sum   hash.Hash32
	typed []byte // the type and the body of a chunk
	ready []byte // the rest of the current chunk
}

func (s *pngStored) Read(b []byte) (int, error) {
	if len(s.ready) == 0 {
		if s.left == 0 {
			return 0, io.EOF
		}
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	n := copy(b, s.ready)
	s.ready = s.ready[n:]
	return n, nil
}

// next creates a chunk that is a stored block of Deflate (RFC 1951, 3.2.4). The first
// begins with the zlib header, the last ends with its checksum.
func (s *pngStored) next() error {
	if s.ctx.Err() != nil {
		return context.Cause(s.ctx)
	}
	const most = math.MaxUint16
	n := min(s.left, most)
	first := s.typed == nil
	s.typed = append(s.typed[:0], "IDAT"...)
	if first {
		s.typed = append(s.typed, 0x78, 0x01)
	}
	var last byte
	if s.left -= n; s.left == 0 {
		last = 1
	}
	s.typed = binary.LittleEndian.AppendUint16(append(s.typed, last), uint16(n))
	s.typed = binary.LittleEndian.AppendUint16(s.typed, ^uint16(n))
	at := len(s.typed)
	s.typed = slices.Grow(s.typed, int(n)+adler32.Size)[:at+int(n)]
	if _, err := io.ReadFull(s.rows, s.typed[at:]); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	s.sum.Write(s.typed[at:])
	if s.left == 0 {
		s.typed = s.sum.Sum(s.typed)
	}
	s.ready = pngChunk(s.typed)
	return nil
}

// pngOrientation finds the eXIf chunk anywhere in the file.
func pngOrientation(data []byte) orientation {
	for id, body := range pngChunks(data) {
		if id == "eXIf" {
			return exifOrientation(body)
		}
	}
	return upright
}

// pngPart is a chunk.
type pngPart struct {
	id    string
	body  []byte
	typed []byte // the type and the body, of which sum is the checksum
	sum   uint32
	cut   bool // truncated by the end of the file
}

func (c pngPart) sound() bool { return !c.cut && crc32.ChecksumIEEE(c.typed) == c.sum }

// nextPNGChunk returns the first chunk of data and what follows it.
func nextPNGChunk(data []byte) (c pngPart, rest []byte) {
	const head, tail = 8, 4 // the length and the type, the checksum
	if len(data) < head {
		return pngPart{cut: true}, nil
	}
	n := uint64(binary.BigEndian.Uint32(data))
	if end := head + n; end+tail <= uint64(len(data)) {
		return pngPart{string(data[4:head]), data[head:end], data[4:end], binary.BigEndian.Uint32(data[end:]), false}, data[end+tail:]
	}
	body := data[head:]
	return pngPart{id: string(data[4:head]), body: body[:min(n, uint64(len(body)))], cut: true}, nil
}

// pngChunks yields the whole chunks of a PNG until the data ends.
func pngChunks(data []byte) func(yield func(id string, body []byte) bool) {
	return func(yield func(string, []byte) bool) {
		for data = data[min(len(data), len(pngSignature)):]; len(data) > 0; {
			var c pngPart
			if c, data = nextPNGChunk(data); c.cut || !yield(c.id, c.body) {
				return
			}
		}
	}
}

// pngProfile returns the profile of a file, or nil.
func pngProfile(data []byte) []byte {
	for id, body := range pngChunks(data) {
		if id == pngProfileID {
			return inflatedProfile(body)
		}
		if id == "IDAT" {
			break
		}
	}
	return nil
}

// inflatedProfile returns the profile in an iCCP chunk, which holds a name, the number
// 0 of the compression, and the profile. It truncates a profile that is too large to be
// read, and returns an empty one that is too damaged.
func inflatedProfile(chunk []byte) []byte {
	_, compressed, found := bytes.Cut(chunk, []byte{0})
	profile := []byte{}
	if !found || len(compressed) < 1 || compressed[0] != 0 {
		return profile
	}
	r, err := zlib.NewReader(bytes.NewReader(compressed[1:]))
	if err != nil {
		return profile
	}
	profile, err = io.ReadAll(io.LimitReader(r, maxProfile+1))
	if err != nil {
		return profile[:0]
	}
	return profile
}

// pngChunk returns a chunk, given its type and its data.
func pngChunk(typed []byte) []byte {
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(typed)-4))
	chunk = append(chunk, typed...)
	return binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(typed))
}

func deflated(data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		panic(err) // which memory never returns
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// pngRecord returns the chunk of a record: a keyword, no compression, no language and
// no translated keyword.
func pngRecord(record string) []byte {
	return pngChunk(append([]byte("iTXt"+recordKeyword+"\x00\x00\x00\x00\x00"), record...))
}

package picture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"io"

	"golang.org/x/image/webp"
)

// The container is described at
// https://developers.google.com/speed/webp/docs/riff_container.
const (
	riffHeaderLen = 12 // "RIFF", size, "WEBP"
	vp8xLen       = 10 // flags, three reserved bytes, width-1, height-1
	anmfLen       = 16 // x/2, y/2, width-1, height-1, duration, flags

	vp8xAnimationBit = 0x02
	vp8xXMPBit       = 0x04
	vp8xEXIFBit      = 0x08
	vp8xAlphaBit     = 0x10
	vp8xProfileBit   = 0x20

	webpProfileID = "ICCP"
	webpEXIFID    = "EXIF"
)

var errChunks = errors.New("no picture among its chunks")

// decodeWebP reads a still, or the first frame of an animation on its canvas. It passes
// only the chunks of that picture to x/image, in a container of its own: x/image reads
// no animations, and refuses stills that others accept.
func decodeWebP(ctx context.Context, data []byte, lim Limits) (*raster, error) {
	var (
		canvas, at  image.Point
		frame       webpFrame
		animated    bool
		orientation = upright
		icc         []byte
	)
	for id, body := range riffChunks(data[riffHeaderLen:]) {
		switch id {
		case "VP8X":
			if len(body) < vp8xLen {
				return nil, io.ErrUnexpectedEOF
			}
			canvas = image.Pt(int(uint24(body[4:]))+1, int(uint24(body[7:]))+1)
		case "ANMF":
			if frame.bitstream != nil {
				continue
			}
			if len(body) < anmfLen {
				return nil, io.ErrUnexpectedEOF
			}
			animated = true
			at = image.Pt(2*int(uint24(body)), 2*int(uint24(body[3:])))
			for id, body := range riffChunks(body[anmfLen:]) {
				frame.take(id, body)
			}
		case webpProfileID:
			if icc == nil {
				icc = body
			}
		case webpEXIFID:
			// Some writers keep the prefix that EXIF has in JPEG.
			orientation = exifOrientation(bytes.TrimPrefix(body, []byte(exifPrefix)))
		default:
			if !animated {
				frame.take(id, body)
			}
		}
	}
	size, err := frame.size()
	if err != nil {
		return nil, err
	}
	if canvas == (image.Point{}) || !animated {
		canvas = size
	}
	if err := lim.admit(canvas.X, canvas.Y); err != nil {
		return nil, err
	}
	if at.X+size.X > canvas.X || at.Y+size.Y > canvas.Y {
		return nil, errors.New("its first frame leaves the canvas")
	}
	m, err := webp.Decode(contextReader{ctx, bytes.NewReader(frame.container(size))})
	if err != nil {
		return nil, err
	}
	if animated {
		return &raster{image: m, ycc: studioRange, canvas: canvas, at: at, icc: icc}, nil
	}
	return &raster{image: m, ycc: studioRange, orientation: orientation, icc: icc}, nil
}

// riffChunks yields the chunks of data with their bodies until the data ends. The last
// body may be truncated.
func riffChunks(data []byte) func(yield func(id string, body []byte) bool) {
	return func(yield func(string, []byte) bool) {
		for len(data) >= 8 {
			id, n := string(data[:4]), uint64(binary.LittleEndian.Uint32(data[4:]))
			data = data[8:]
			body := data[:min(n, uint64(len(data)))]
			if !yield(id, body) {
				return
			}
			data = data[min(n+n&1, uint64(len(data))):] // bodies are padded to even lengths
		}
	}
}

func uint24(b []byte) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
}

func appendUint24(b []byte, v uint32) []byte {
	return append(b, byte(v), byte(v>>8), byte(v>>16))
}

// webpFrame is one picture: a VP8 bitstream with or without an alpha chunk, or
// a VP8L bitstream.
type webpFrame struct {
	kind      string // the bitstream's chunk
	bitstream []byte
	alpha     []byte
}

// take stores the first chunk of each kind that a picture consists of.
func (f *webpFrame) take(id string, body []byte) {
	switch {
	case f.bitstream != nil:
	case id == "ALPH":
		f.alpha = body
	case id == "VP8 ", id == "VP8L":
		f.kind, f.bitstream = id, body
	}
}

// size reads the picture's size from its bitstream's header (RFC 6386 section
// 9.1; WebP lossless bitstream specification section 3).
func (f *webpFrame) size() (image.Point, error) {
	b := f.bitstream
	switch {
	case b == nil:
		return image.Point{}, errChunks
	case f.kind == "VP8 " && len(b) >= 10:
		return image.Pt(int(binary.LittleEndian.Uint16(b[6:])&0x3fff), int(binary.LittleEndian.Uint16(b[8:])&0x3fff)), nil
	case f.kind == "VP8L" && len(b) >= 5:
		bits := binary.LittleEndian.Uint32(b[1:])
		return image.Pt(int(bits&0x3fff)+1, int(bits>>14&0x3fff)+1), nil
	default:
		return image.Point{}, io.ErrUnexpectedEOF
	}
}

// container returns the picture as a WebP file.
func (f *webpFrame) container(size image.Point) []byte {
	var chunks []byte
	if f.kind == "VP8 " && f.alpha != nil {
		chunks = append(vp8x(vp8xAlphaBit, size.X, size.Y), riffChunk("ALPH", f.alpha)...)
	}
	return webpFile(append(chunks, riffChunk(f.kind, f.bitstream)...))
}

// webpWith converts a simple WebP to an extended one, which may contain further chunks.
func webpWith(file []byte, p *Picture, opt SaveOptions) []byte {
	var flags byte
	if p.Alpha != nil {
		flags |= vp8xAlphaBit
	}
	if opt.Profile != nil {
		flags |= vp8xProfileBit
	}
	exif := opt.Metadata.exif()
	if exif != nil {
		flags |= vp8xEXIFBit
	}
	if opt.Record != "" {
		flags |= vp8xXMPBit
	}
	chunks := vp8x(flags, p.W, p.H)
	if opt.Profile != nil {
		chunks = append(chunks, riffChunk(webpProfileID, opt.Profile.data)...)
	}
	for id, data := range riffChunks(file[riffHeaderLen:]) {
		if id != "VP8X" {
			chunks = append(chunks, riffChunk(id, data)...)
		}
	}
	if exif != nil {
		chunks = append(chunks, riffChunk(webpEXIFID, exif)...)
	}
	if opt.Record != "" {
		chunks = append(chunks, riffChunk("XMP ", xmpPacket(opt.Record))...)
	}
	return webpFile(chunks)
}

// vp8x returns the first chunk of an extended WebP of the given size.
func vp8x(flags byte, w, h int) []byte {
	body := []byte{flags, 0, 0, 0}
	return riffChunk("VP8X", appendUint24(appendUint24(body, uint32(w-1)), uint32(h-1)))
}

// riffChunk returns a chunk with its header, padded to an even length.
func riffChunk(id string, body []byte) []byte {
	chunk := binary.LittleEndian.AppendUint32([]byte(id), uint32(len(body)))
	return append(append(chunk, body...), make([]byte, len(body)&1)...)
}

// webpFile returns the file of chunks.
func webpFile(chunks []byte) []byte {
	return riffChunk("RIFF", append([]byte("WEBP"), chunks...))
}

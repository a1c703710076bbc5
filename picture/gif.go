package picture

import (
	"compress/lzw"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
)

const (
	gifProfileID  = "ICCRGBG1012"
	gifScreenLen  = 13 // of the signature and the description of the screen
	gifFrameLen   = 9  // of the description of a frame
	gifExtension  = 0x21
	gifFrame      = 0x2c
	gifEnd        = 0x3b
	gifControl    = 0xf9 // the kind of an extension
	gifApp        = 0xff // the kind of an extension
	gifColorsBit  = 0x80 // of the flags of the screen or of a frame: colours follow it
	gifColorsMask = 0x07 // two to the power of one more than this, of three bytes each
	gifInterlaced = 0x40 // of the flags of a frame
	gifClearBit   = 0x01 // of the flags of a control: a colour is transparent
)

// decodeGIF draws the first frame on its logical screen, which is transparent
// elsewhere, as browsers do. Like browsers it enlarges the screen if the frame exceeds
// it, takes missing colours for black, and ignores everything after the frame's last
// pixel. It parses everything before the frame; compress/lzw decodes the pixels.
func decodeGIF(ctx context.Context, data []byte, lim Limits) (*raster, error) {
	if len(data) < gifScreenLen {
		return nil, io.ErrUnexpectedEOF
	}
	var (
		le     = binary.LittleEndian
		canvas = image.Pt(int(le.Uint16(data[6:])), int(le.Uint16(data[8:])))
		hidden = -1 // the colour that is transparent
		icc    []byte
	)
	colors, rest := gifColors(data[10], data[gifScreenLen:])
	for {
		if len(rest) == 0 {
			return nil, io.ErrUnexpectedEOF
		}
		kind := rest[0]
		rest = rest[1:]
		switch kind {
		case gifExtension:
			if len(rest) == 0 {
				return nil, io.ErrUnexpectedEOF
			}
			var first []byte
			kind := rest[0]
			blocks := gifBlocks{rest: rest[1:]}
			if blocks.next() == nil {
				first = blocks.block
			}
			switch {
			case kind == gifControl && len(first) >= 4:
				hidden = -1
				if first[0]&gifClearBit != 0 {
					hidden = int(first[3])
				}
			case kind == gifApp && string(first) == gifProfileID && icc == nil:
				icc = []byte{}
				for blocks.next() == nil {
					icc = append(icc, blocks.block...)
				}
			}
			blocks.skip()
			rest = blocks.rest
		case gifFrame:
			if len(rest) < gifFrameLen {
				return nil, io.ErrUnexpectedEOF
			}
			at := image.Pt(int(le.Uint16(rest)), int(le.Uint16(rest[2:])))
			size := image.Pt(int(le.Uint16(rest[4:])), int(le.Uint16(rest[6:])))
			canvas = image.Pt(max(canvas.X, at.X+size.X), max(canvas.Y, at.Y+size.Y))
			if err := lim.admit(size.X, size.Y); err != nil {
				return nil, err
			}
			if err := lim.admit(canvas.X, canvas.Y); err != nil {
				return nil, err
			}
			flags := rest[8]
			own, rest := gifColors(flags, rest[gifFrameLen:])
			if own != nil {
				colors = own
			}
			m, err := gifPixels(ctx, rest, size, flags&gifInterlaced != 0)
			if err != nil {
				return nil, err
			}
			m.Palette = gifPalette(colors, hidden)
			return &raster{image: m, canvas: canvas, at: at, icc: icc}, nil
		case gifEnd:
			return nil, errors.New("it ends before its first frame")
		case 0: // between blocks that are a byte too long
		default:
			return nil, fmt.Errorf("a block of the unknown kind %#02x", kind)
		}
	}
}

// gifColors returns the colour table that the flags announce, and the data after it.
func gifColors(flags byte, data []byte) (colors, rest []byte) {
	if flags&gifColorsBit == 0 {
		return nil, data
	}
	n := min(3<<(flags&gifColorsMask+1), len(data))
	return data[:n], data[n:]
}

// gifPalette returns a colour table as a palette, with black beyond its end.
func gifPalette(colors []byte, hidden int) color.Palette {
	p := make(color.Palette, 256)
	for i := range p {
		c := color.RGBA{A: 255}
		if 3*i+3 <= len(colors) {
			c.R, c.G, c.B = colors[3*i], colors[3*i+1], colors[3*i+2]
		}
		if i == hidden {
			c = color.RGBA{}
		}
		p[i] = c
	}
	return p
}

// gifPixels reads the pixels of a frame.
func gifPixels(ctx context.Context, data []byte, size image.Point, interlaced bool) (*image.Paletted, error) {
	if len(data) == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	width := int(data[0]) // of the shortest codes
	if width < 2 || width > 8 {
		return nil, fmt.Errorf("pixels of %d bits", width)
	}
	r := lzw.NewReader(&gifBlocks{rest: data[1:]}, lzw.LSB, width)
	defer r.Close()
	m := image.NewPaletted(image.Rectangle{Max: size}, nil)
	passes := []struct{ first, step int }{{0, 1}}
	if interlaced {
		passes = []struct{ first, step int }{{0, 8}, {4, 8}, {2, 4}, {1, 2}}
	}
	for _, pass := range passes {
		for y := pass.first; y < size.Y; y += pass.step {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if _, err := io.ReadFull(r, m.Pix[y*m.Stride:][:size.X]); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

// gifBlocks reads the bytes of length-prefixed blocks up to an empty one.
type gifBlocks struct {
	block []byte // the rest of the current one
	rest  []byte
	ended bool
}

// next advances to the next block. It returns io.EOF at the empty one.
func (b *gifBlocks) next() error {
	if b.ended || len(b.rest) == 0 {
		return io.EOF
	}
	if b.rest[0] == 0 {
		b.ended, b.rest = true, b.rest[1:]
		return io.EOF
	}
	end := min(1+int(b.rest[0]), len(b.rest))
	b.block, b.rest = b.rest[1:end], b.rest[end:]
	return nil
}

// skip skips to the end of the empty block.
func (b *gifBlocks) skip() {
	for b.next() == nil {
		b.block = nil
	}
}

func (b *gifBlocks) ReadByte() (byte, error) {
	for len(b.block) == 0 {
		if err := b.next(); err != nil {
			return 0, err
		}
	}
	v := b.block[0]
	b.block = b.block[1:]
	return v, nil
}

// Read exists for lzw.NewReader, which uses ReadByte.
func (b *gifBlocks) Read(p []byte) (int, error) {
	for i := range p {
		v, err := b.ReadByte()
		if err != nil {
			return i, err
		}
		p[i] = v
	}
	return len(p), nil
}

package tiff

import (
	"context"
	"errors"
	"image"
	"io"
)

// Decode returns the pixels, in rows as they are stored:
//
//   - grey as Gray or Gray16;
//   - RGB, palettes and Lab as NRGBA or NRGBA64, or as RGBA or RGBA64 where the
//     colours are multiplied by the opacity;
//   - CMYK as CMYK, with 16 bits reduced to 8;
//   - YCbCr as YCbCr where that type can represent it, else as NRGBA64.
//
// The ICC profile defines the meaning of the levels; Lab is converted to sRGB.
//
// Decode checks ctx before each row and, for JPEG, before each strip or tile. The
// errors are that of ctx, a FormatError, an UnsupportedError, io.ErrUnexpectedEOF where
// the file ends early, and those of the decompressors, which mean damage.
func (f *File) Decode(ctx context.Context) (image.Image, error) {
	l, err := f.layout()
	if err != nil {
		return nil, err
	}
	var m image.Image
	if f.photometric == photometricYCbCr && !f.planar && (f.isJPEG() || f.samples == 3 && f.bits == 8 && f.format == formatUint) {
		m, err = f.decodeYCbCr(ctx, l)
	} else {
		m, err = f.decodeSamples(ctx, l)
	}
	if errors.Is(err, io.EOF) { // at the beginning of a row
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// plane reads the strips or tiles of a plane, or of all samples where they are not
// separate.
type plane struct {
	codec
	first int // index of the first sample
	n     int // samples of a pixel
	rows  io.Reader
	row   []byte
	spare []byte // a second row, for predictors
}

// planes returns the planes to read, without those of extra samples.
func (f *File) planes(l layout) []*plane {
	add := func(first, n int) *plane {
		size := (l.width*n*f.bits + 7) / 8
		return &plane{codec: codec{f: f, l: l}, first: first, n: n, row: make([]byte, size), spare: make([]byte, size)}
	}
	if !f.planar {
		return []*plane{add(0, f.samples)}
	}
	var planes []*plane
	for i := range f.colours {
		planes = append(planes, add(i, 1))
	}
	if f.alpha > 0 {
		planes = append(planes, add(f.alpha, 1))
	}
	return planes
}

// part returns the data of the i-th strip or tile of the plane.
func (p *plane) part(i int) part {
	if p.f.stream != nil {
		return part{}
	}
	if p.f.planar {
		i += p.first * p.l.across * p.l.down
	}
	return p.l.parts[i]
}

// decodeSamples decodes a picture whose pixels have all their samples.
func (f *File) decodeSamples(ctx context.Context, l layout) (image.Image, error) {
	c := f.newCanvas()
	planes := f.planes(l)
	defer func() {
		for _, p := range planes {
			p.close()
		}
	}()
	samples := make([]uint16, min(l.width, f.Width)*f.samples)
	for i := range l.across * l.down {
		x, y := i%l.across*l.width, i/l.across*l.height
		columns, rows := min(l.width, f.Width-x), min(l.height, f.Height-y)
		for _, p := range planes {
			var err error
			if p.rows, err = p.open(p.part(i)); err != nil {
				return nil, err
			}
		}
		for r := range rows {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			for _, p := range planes {
				if _, err := io.ReadFull(p.rows, p.row); err != nil {
					return nil, err
				}
				f.work += int64(len(p.row) + columns*p.n)
				row := f.unpredict(p.row, p.spare, p.n)
				f.unpack(samples[p.first:], f.samples/p.n, row, columns*p.n)
			}
			c.put(x, y+r, samples[:columns*f.samples])
		}
	}
	return c.image, nil
}

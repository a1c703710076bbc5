package tiff

import (
	"context"
	"image"
	"image/color"
	"io"
	"slices"
)

// decodeYCbCr decodes a picture of YCbCr whose chroma may be subsampled: JPEG,
// or data units of TIFF 6.0, section 21.
func (f *File) decodeYCbCr(ctx context.Context, l layout) (image.Image, error) {
	c := codec{f: f, l: l}
	defer c.close()
	var m *ycbcr
	for i := range l.across * l.down {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		at := image.Pt(i%l.across*l.width, i/l.across*l.height)
		var p part
		if f.stream == nil {
			p = l.parts[i]
		}
		if f.isJPEG() {
			if err := f.addJPEG(&m, at, p, l); err != nil {
				return nil, err
			}
			continue
		}
		if m == nil {
			m = newYCbCr(f.Width, f.Height, f.subX, f.subY)
		}
		if at.X%f.subX != 0 || at.Y%f.subY != 0 {
			return nil, damaged("strips or tiles of %dx%d pixels, which divide chroma samples of %dx%d", l.width, l.height, f.subX, f.subY)
		}
		r, err := c.open(p)
		if err != nil {
			return nil, err
		}
		if err := f.addUnits(ctx, m, at, r, l); err != nil {
			return nil, err
		}
	}
	return f.finish(m), nil
}

// ycbcr is a YCbCr image. TIFF has chroma subsamplings that image.YCbCr lacks. Such an
// image is stored with a weaker subsampling, and each chroma sample of the file is
// repeated.
type ycbcr struct {
	*image.YCbCr
	repeatX, repeatY int // columns and rows of the image for each chroma sample of the file
}

var subsampleRatios = map[image.Point]image.YCbCrSubsampleRatio{
	{X: 1, Y: 1}: image.YCbCrSubsampleRatio444,
	{X: 2, Y: 1}: image.YCbCrSubsampleRatio422,
	{X: 2, Y: 2}: image.YCbCrSubsampleRatio420,
	{X: 1, Y: 2}: image.YCbCrSubsampleRatio440,
	{X: 4, Y: 1}: image.YCbCrSubsampleRatio411,
	{X: 4, Y: 2}: image.YCbCrSubsampleRatio410,
}

func newYCbCr(w, h, subX, subY int) *ycbcr {
	repeat := image.Pt(1, 1)
	ratio, ok := subsampleRatios[image.Pt(subX, subY)]
	if !ok {
		repeat = image.Pt(subX, subY)
	}
	return &ycbcr{image.NewYCbCr(image.Rect(0, 0, w, h), ratio), repeat.X, repeat.Y}
}

// addUnits adds a strip or tile of data units. A data unit has the luma samples of a
// block, then one sample of Cb and one of Cr.
func (f *File) addUnits(ctx context.Context, m *ycbcr, at image.Point, r io.Reader, l layout) error {
	block := f.subX * f.subY
	row := make([]byte, (l.width-1)/f.subX*(block+2)+block+2)
	spare := make([]byte, len(row))
	for y := at.Y; y < min(at.Y+l.height, f.Height); y += f.subY {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := io.ReadFull(r, row); err != nil {
			return err
		}
		f.work += int64(len(row))
		units := f.unpredict(row, spare, block+2)
		for x := at.X; x < min(at.X+l.width, f.Width); x += f.subX {
			for i, luma := range units[:block] {
				if p := image.Pt(x+i%f.subX, y+i/f.subX); p.In(m.Rect) {
					m.Y[m.YOffset(p.X, p.Y)] = luma
				}
			}
			m.setChroma(x, y, units[block], units[block+1])
			units = units[block+2:]
		}
	}
	return nil
}

// setChroma sets the chroma of the block whose first pixel is (x, y).
func (m *ycbcr) setChroma(x, y int, cb, cr byte) {
	for dy := range m.repeatY {
		for dx := range m.repeatX {
			if p := image.Pt(x+dx, y+dy); p.In(m.Rect) {
				i := m.COffset(p.X, p.Y)
				m.Cb[i], m.Cr[i] = cb, cr
			}
		}
	}
}

// addJPEG adds a strip or tile of JPEG. The first one creates the picture, because the
// JPEG data defines the subsampling.
func (f *File) addJPEG(to **ycbcr, at image.Point, p part, l layout) error {
	if p.length == 0 && f.stream == nil {
		return damaged("an empty strip or tile")
	}
	decoded, err := f.decodeJPEG(&input{f.data[p.offset : p.offset+p.length], f.reversed, &f.work}, l)
	if err != nil {
		return err
	}
	m, ok := decoded.(*image.YCbCr)
	if !ok {
		return damaged("a JPEG whose components are not Y, Cb and Cr")
	}
	if *to == nil {
		*to = &ycbcr{image.NewYCbCr(image.Rect(0, 0, f.Width, f.Height), m.SubsampleRatio), 1, 1}
	}
	whole := *to
	columns, rows := min(l.width, f.Width-at.X), min(l.height, f.Height-at.Y)
	if m.Rect.Dx() < columns || m.Rect.Dy() < rows {
		return io.ErrUnexpectedEOF
	}
	// Chroma is copied unchanged, so a chroma sample must begin where the strip or tile
	// does.
	sub := image.Pt(1, 1)
	for s, ratio := range subsampleRatios {
		if ratio == m.SubsampleRatio {
			sub = s
		}
	}
	if m.SubsampleRatio != whole.SubsampleRatio || at.X%sub.X != 0 || at.Y%sub.Y != 0 {
		return damaged("JPEGs whose chroma samples do not fit together")
	}
	for y := range rows {
		copy(whole.Y[whole.YOffset(at.X, at.Y+y):][:columns], m.Y[m.YOffset(m.Rect.Min.X, m.Rect.Min.Y+y):])
		if y%sub.Y == 0 {
			n := (columns + sub.X - 1) / sub.X
			from, to := m.COffset(m.Rect.Min.X, m.Rect.Min.Y+y), whole.COffset(at.X, at.Y+y)
			copy(whole.Cb[to:to+n], m.Cb[from:])
			copy(whole.Cr[to:to+n], m.Cr[from:])
		}
	}
	return nil
}

// finish returns the picture as YCbCr where its codes have the same meaning as in JPEG,
// and converted otherwise.
func (f *File) finish(m *ycbcr) image.Image {
	weights, reference := f.yccWeights(), f.yccReference()
	const rounding = 0.001 // of weights, which are often rounded
	same := slices.Equal(reference, fullRange)
	for i, w := range weights {
		same = same && w > bt601[i]-rounding && w < bt601[i]+rounding
	}
	if same {
		return m.YCbCr
	}
	convert := yccConverter(weights, reference)
	to := image.NewNRGBA64(m.Rect)
	for y := range f.Height {
		for x := range f.Width {
			c := m.COffset(x, y)
			r, g, b := convert(float64(m.Y[m.YOffset(x, y)]), float64(m.Cb[c]), float64(m.Cr[c]))
			to.SetNRGBA64(x, y, color.NRGBA64{R: r, G: g, B: b, A: 0xffff})
		}
	}
	return to
}

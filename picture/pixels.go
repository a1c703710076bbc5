package picture

import (
	"image"
	"image/color"
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/internal/planar"
)

// FromImage returns the picture in m with full precision: 16-bit samples keep fractions
// of a level, and colours are never rounded by their opacity. It interpolates subsampled
// chroma linearly, as libjpeg and libwebp do, instead of repeating it. It returns a
// *Picture unchanged. It panics if m is empty.
func FromImage(m image.Image) *Picture {
	if p, ok := m.(*Picture); ok {
		return p
	}
	return oriented(m, fullRange, upright)
}

// oriented returns the picture in m, upright.
func oriented(m image.Image, ycc yccSpace, o orientation) *Picture {
	w, h, at := o.upend(m.Bounds().Dx(), m.Bounds().Dy())
	p := New(w, h)
	if !opaque(m) {
		p.Alpha = make([]float32, w*h)
	}
	p.fill(m, ycc, at)
	return p
}

// onCanvas returns m at a point of a larger transparent canvas.
func onCanvas(m image.Image, ycc yccSpace, canvas, at image.Point) *Picture {
	p := New(canvas.X, canvas.Y)
	if m.Bounds().Size() != canvas || !opaque(m) {
		p.Alpha = make([]float32, p.W*p.H)
	}
	p.fill(m, ycc, place{at.Y*p.W + at.X, 1, p.W})
	return p
}

func opaque(m image.Image) bool {
	o, ok := m.(interface{ Opaque() bool })
	return ok && o.Opaque()
}

// fill copies the pixels of m to their places. It copies opacity only if p has an alpha
// plane.
func (p *Picture) fill(m image.Image, ycc yccSpace, at place) {
	if y, ok := m.(*image.YCbCr); ok {
		p.fillYCbCr(y, ycc, at)
		p.fillAlpha(m, at)
		return
	}
	if y, ok := m.(*image.NYCbCrA); ok {
		p.fillYCbCr(&y.YCbCr, ycc, at)
		p.fillAlpha(m, at)
		return
	}
	get := reader(m)
	plane := p.W * p.H
	b := m.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		i := at.origin + (y-b.Min.Y)*at.stepY
		for x := b.Min.X; x < b.Max.X; x++ {
			s := get(x, y)
			p.RGB[i], p.RGB[plane+i], p.RGB[2*plane+i] = s.r, s.g, s.b
			if p.Alpha != nil {
				p.Alpha[i] = s.a
			}
			i += at.stepX
		}
	}
}

// fillAlpha copies the opacity of a YCbCr image if p has an alpha plane.
func (p *Picture) fillAlpha(m image.Image, at place) {
	if p.Alpha == nil {
		return
	}
	withAlpha, _ := m.(*image.NYCbCrA)
	b := m.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		i := at.origin + (y-b.Min.Y)*at.stepY
		for x := b.Min.X; x < b.Max.X; x++ {
			p.Alpha[i] = 1
			if withAlpha != nil {
				p.Alpha[i] = float32(withAlpha.A[withAlpha.AOffset(x, y)]) / math.MaxUint8
			}
			i += at.stepX
		}
	}
}

// sample is one pixel: three levels and an opacity.
type sample struct{ r, g, b, a float32 }

// reader returns a function that reads the pixels of m. Types without premultiplication
// are read as they are stored, since a conversion to RGBA would round their colours and
// lose those of transparent pixels.
func reader(m image.Image) func(x, y int) sample {
	switch m := m.(type) {
	case *image.NRGBA:
		return func(x, y int) sample {
			s := m.Pix[m.PixOffset(x, y):]
			return sample{float32(s[0]), float32(s[1]), float32(s[2]), float32(s[3]) / math.MaxUint8}
		}
	case *image.NRGBA64:
		return func(x, y int) sample { return sampleNRGBA64(m.NRGBA64At(x, y)) }
	case *image.Paletted:
		var palette [256]sample
		for i, c := range m.Palette[:min(len(m.Palette), len(palette))] {
			palette[i] = sampleColor(c)
		}
		return func(x, y int) sample { return palette[m.Pix[m.PixOffset(x, y)]] }
	case image.RGBA64Image:
		return func(x, y int) sample { return sampleRGBA64(m.RGBA64At(x, y)) }
	default:
		return func(x, y int) sample { return sampleColor(m.At(x, y)) }
	}
}

func sampleColor(c color.Color) sample {
	switch c := c.(type) {
	case color.NRGBA:
		return sample{float32(c.R), float32(c.G), float32(c.B), float32(c.A) / math.MaxUint8}
	case color.NRGBA64:
		return sampleNRGBA64(c)
	default:
		r, g, b, a := c.RGBA()
		return sampleRGBA64(color.RGBA64{R: uint16(r), G: uint16(g), B: uint16(b), A: uint16(a)})
	}
}

func sampleNRGBA64(c color.NRGBA64) sample {
	return sample{float32(c.R) / per8, float32(c.G) / per8, float32(c.B) / per8, float32(c.A) / math.MaxUint16}
}

// sampleRGBA64 divides by the opacity.
func sampleRGBA64(c color.RGBA64) sample {
	if c.A == math.MaxUint16 {
		return sample{float32(c.R) / per8, float32(c.G) / per8, float32(c.B) / per8, 1}
	}
	if c.A == 0 {
		return sample{}
	}
	a := float32(c.A) / math.MaxUint16
	level := func(v uint16) float32 { return min(float32(v)/per8/a, maxLevel) }
	return sample{level(c.R), level(c.G), level(c.B), a}
}

// yccSpace defines the meaning of codes of Y, Cb and Cr: the codes of black, white and
// full chroma, and the conversion to colors.
type yccSpace struct {
	black          float32 // the code of black
	yScale, cScale float32 // from codes to levels

	crToR, cbToG, crToG, cbToB float32
}

// newYCCSpace returns the space with the luma weights of red and blue. Codes are full
// range, 0 to 255, or studio range, 16 to 235 and 16 to 240.
func newYCCSpace(full bool, red, blue float64) yccSpace {
	s := yccSpace{yScale: 1, cScale: 1}
	if !full {
		s.black, s.yScale, s.cScale = 16, 255./(235-16), 255./(240-16)
	}
	green, crToR, cbToB := 1-red-blue, 2*(1-red), 2*(1-blue)
	s.crToR, s.crToG = float32(crToR), float32(-crToR*red/green)
	s.cbToB, s.cbToG = float32(cbToB), float32(-cbToB*blue/green)
	return s
}

// JPEG (JFIF) and lossy WebP use the weights of ITU-R BT.601.
var (
	fullRange   = newYCCSpace(true, 0.299, 0.114)
	studioRange = newYCCSpace(false, 0.299, 0.114)
)

// fillYCbCr converts the colours of m.
func (p *Picture) fillYCbCr(m *image.YCbCr, ycc yccSpace, at place) {
	sx, sy := subsampling(m.SubsampleRatio)
	b := m.Rect
	left := b.Min.X / sx
	cw := (b.Max.X-1)/sx - left + 1
	columns := make([]tap, b.Dx())
	for i := range columns {
		columns[i] = chromaTap(b.Min.X+i, sx, left, cw)
	}
	top := b.Min.Y / sy
	ch := (b.Max.Y-1)/sy - top + 1
	cb, cr := make([]float32, cw), make([]float32, cw)

	plane := p.W * p.H
	for y := b.Min.Y; y < b.Max.Y; y++ {
		t := chromaTap(y, sy, top, ch)
		row0, row1 := t.i0*m.CStride, t.i1*m.CStride
		for x := range cw {
			cb[x] = t.mix(float32(m.Cb[row0+x]), float32(m.Cb[row1+x])) - chromaZero
			cr[x] = t.mix(float32(m.Cr[row0+x]), float32(m.Cr[row1+x])) - chromaZero
		}
		luma := m.Y[m.YOffset(b.Min.X, y):]
		i := at.origin + (y-b.Min.Y)*at.stepY
		for x, t := range columns {
			l := (float32(luma[x]) - ycc.black) * ycc.yScale
			u := t.mix(cb[t.i0], cb[t.i1]) * ycc.cScale
			v := t.mix(cr[t.i0], cr[t.i1]) * ycc.cScale
			p.RGB[i] = planar.Clamp(l + ycc.crToR*v)
			p.RGB[plane+i] = planar.Clamp(l + ycc.cbToG*u + ycc.crToG*v)
			p.RGB[2*plane+i] = planar.Clamp(l + ycc.cbToB*u)
			i += at.stepX
		}
	}
}

// chromaZero is the code of zero chroma.
const chromaZero = 128

// tap is a linear interpolation between two neighbours.
type tap struct {
	i0, i1 int
	f      float32 // weight of i1
}

func (t tap) mix(a, b float32) float32 { return a + t.f*(b-a) }

// chromaTap returns the interpolation for the luma position pos between n chroma
// samples. Each is centered between the s luma samples that share it; the first has the
// number first.
func chromaTap(pos, s, first, n int) tap {
	c := (float64(pos)+0.5)/float64(s) - 0.5 - float64(first)
	i := int(math.Floor(c))
	return tap{min(max(i, 0), n-1), min(max(i+1, 0), n-1), float32(c - float64(i))}
}

// subsampling returns how many luma columns and rows share a chroma sample.
func subsampling(r image.YCbCrSubsampleRatio) (x, y int) {
	switch r {
	case image.YCbCrSubsampleRatio422:
		return 2, 1
	case image.YCbCrSubsampleRatio420:
		return 2, 2
	case image.YCbCrSubsampleRatio440:
		return 1, 2
	case image.YCbCrSubsampleRatio411:
		return 4, 1
	case image.YCbCrSubsampleRatio410:
		return 4, 2
	default:
		return 1, 1
	}
}

// colors is the number of channels.
const colors = planar.Channels

// Luma returns a grey copy of p.
func (p *Picture) Luma() *Picture {
	r := New(p.W, p.H)
	r.Alpha = slices.Clone(p.Alpha)
	plane := p.W * p.H
	for i := range plane {
		y := planar.Luma(p.RGB, i)
		r.RGB[i], r.RGB[plane+i], r.RGB[2*plane+i] = y, y, y
	}
	return r
}

// leastChroma is the difference between the channels of a pixel from which it has a
// colour: far more than lossy compression adds to grey.
const leastChroma = 64

// Grey reports whether a picture has no colours, apart from compression noise.
func (p *Picture) Grey() bool {
	for i := range p.W * p.H {
		c := p.rgb(i)
		if int(max(c[0], c[1], c[2]))-int(min(c[0], c[1], c[2])) >= leastChroma {
			return false
		}
	}
	return true
}

// rgb returns a pixel as whole levels.
func (p *Picture) rgb(i int) [3]uint8 {
	plane := p.W * p.H
	var c [3]uint8
	for k := range c {
		c[k] = uint8(min(max(math.Round(float64(p.RGB[k*plane+i])), 0), maxLevel))
	}
	return c
}

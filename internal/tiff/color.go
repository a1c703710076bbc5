package tiff

import (
	"image"
	"math"
)

// converter turns the samples of a pixel into red, green and blue.
type converter func(pixel []uint16) (r, g, b uint16)

// converter returns the converter of the photometric interpretation.
func (f *File) converter() converter {
	switch f.photometric {
	case whiteIsZero:
		return func(p []uint16) (r, g, b uint16) { return ^p[0], ^p[0], ^p[0] }
	case blackIsZero:
		return func(p []uint16) (r, g, b uint16) { return p[0], p[0], p[0] }
	case photometricIndex:
		return f.palette()
	case photometricYCbCr:
		const per8 = 0x101
		convert := yccConverter(f.yccWeights(), f.yccReference())
		return func(p []uint16) (r, g, b uint16) {
			return convert(float64(p[0])/per8, float64(p[1])/per8, float64(p[2])/per8)
		}
	case photometricLab, photometricICC:
		return f.lab
	default:
		return func(p []uint16) (r, g, b uint16) { return p[0], p[1], p[2] }
	}
}

// palette returns the converter of a palette. Palette colours have 16 bits, but only the
// upper eight are meaningful, because writers differ in the lower ones. Some old
// writers use only the lower eight.
func (f *File) palette() converter {
	n := 1 << f.bits
	values := f.uints(tagColorMap, 3*n)
	eight := true
	for _, v := range values {
		eight = eight && v < 256
	}
	colours := make([]uint16, 3*n)
	for i, v := range values {
		if !eight {
			v >>= 8
		}
		colours[i] = uint16(v&0xff) * 0x101
	}
	spare := 16 - f.bits
	return func(p []uint16) (r, g, b uint16) {
		i := int(p[0] >> spare) // unpack has moved the index to the top bits
		return colours[i], colours[n+i], colours[2*n+i]
	}
}

// lab converts CIE Lab with the white D50 to sRGB. In TIFF Lab, a and b are signed; in
// ICC Lab their codes begin at -128.
func (f *File) lab(p []uint16) (r, g, b uint16) {
	var l float64
	var ab [2]float64
	for i := range ab {
		switch v := p[1+i]; {
		case f.photometric == photometricICC && f.bits == 8:
			ab[i] = float64(v>>8) - 128
		case f.photometric == photometricICC:
			ab[i] = float64(v)/256 - 128
		case f.bits == 8:
			ab[i] = float64(int8(v >> 8))
		default:
			ab[i] = float64(int16(v)) / 256
		}
	}
	if l = 100 * float64(p[0]) / math.MaxUint16; f.photometric == photometricICC && f.bits == 16 {
		l = min(100, 100*float64(p[0])/0xff00)
	}
	return labToSRGB(l, ab[0], ab[1])
}

// labToSRGB converts CIE Lab with the white D50 to sRGB, by ISO 11664-4, the Bradford
// adaptation to D65 and IEC 61966-2-1. Colours outside sRGB are clipped.
func labToSRGB(l, a, b float64) (red, green, blue uint16) {
	const (
		whiteX, whiteZ = 0.96422, 0.82521 // of D50, as in ICC profiles
		knee           = 6. / 29
	)
	cube := func(t float64) float64 {
		if t > knee {
			return t * t * t
		}
		return 3 * knee * knee * (t - 4./29)
	}
	fy := (l + 16) / 116
	x, y, z := whiteX*cube(fy+a/500), cube(fy), whiteZ*cube(fy-b/200)
	gamma := func(v float64) uint16 {
		if v > 0.0031308 {
			return fromUnit(1.055*math.Pow(v, 1/2.4) - 0.055)
		}
		return fromUnit(12.92 * v)
	}
	return gamma(3.1338561*x - 1.6168667*y - 0.4906146*z),
		gamma(-0.9787684*x + 1.9161415*y + 0.0334540*z),
		gamma(0.0719453*x - 0.2289914*y + 1.4052427*z)
}

// The luma weights of red, green and blue in ITU-R BT.601, and the codes of black and
// white of Y, Cb and Cr in JPEG: TIFF's defaults.
var (
	bt601     = []float64{0.299, 0.587, 0.114}
	fullRange = []float64{0, 255, 128, 255, 128, 255}
)

// yccWeights returns the luma weights of the file. JPEG always uses those of BT.601.
func (f *File) yccWeights() []float64 {
	w := f.Floats(tagYCbCrWeights, 3)
	if f.isJPEG() || len(w) < 3 || !(w[0] > 0 && w[1] > 0 && w[2] > 0 && w[0]+w[1]+w[2] < 2) {
		return bt601
	}
	return w
}

// yccReference returns the codes of black and white of Y, Cb and Cr. JPEG always uses
// the full range.
func (f *File) yccReference() []float64 {
	r := f.Floats(tagReferenceBW, 6)
	if f.isJPEG() || len(r) < 6 {
		return fullRange
	}
	for i := 0; i < 6; i += 2 {
		if !(r[i] >= 0 && r[i+1] > r[i] && r[i+1] < 1<<16) {
			return fullRange
		}
	}
	return r
}

// yccConverter returns a converter of codes of 0 to 255 (TIFF 6.0, section 21).
func yccConverter(weights, reference []float64) func(y, cb, cr float64) (r, g, b uint16) {
	red, green, blue := weights[0], weights[1], weights[2]
	code := func(v float64, i int, span float64) float64 {
		return (v - reference[i]) * span / (reference[i+1] - reference[i])
	}
	return func(y, cb, cr float64) (uint16, uint16, uint16) {
		y, cb, cr = code(y, 0, 255), code(cb, 2, 127), code(cr, 4, 127)
		r := y + cr*(2-2*red)
		b := y + cb*(2-2*blue)
		g := (y - blue*b - red*r) / green
		return fromUnit(r / 255), fromUnit(g / 255), fromUnit(b / 255)
	}
}

// canvas is the picture under construction.
type canvas struct {
	image image.Image
	// put sets the pixels of a row from (x, y) on. samples holds the samples of one
	// pixel after the other.
	put func(x, y int, samples []uint16)
}

// newCanvas returns an image of the type for the file's samples: 8 bits where they have
// at most 8, alpha as it is stored.
func (f *File) newCanvas() canvas {
	size := image.Rect(0, 0, f.Width, f.Height)
	n, alpha := f.samples, f.alpha
	deep := 8%f.bits != 0 && f.photometric != photometricIndex || f.colours == 3 && f.photometric != photometricRGB
	if f.colours == 4 {
		m := image.NewCMYK(size)
		return canvas{m, func(x, y int, s []uint16) {
			for pix := m.Pix[m.PixOffset(x, y):]; len(s) >= n; pix, s = pix[4:], s[n:] {
				pix[0], pix[1], pix[2], pix[3] = round8(s[0]), round8(s[1]), round8(s[2]), round8(s[3])
			}
		}}
	}
	convert := f.converter()
	grey := f.colours == 1 && alpha == 0 && f.photometric != photometricIndex
	switch {
	case grey && deep:
		m := image.NewGray16(size)
		return canvas{m, func(x, y int, s []uint16) {
			for pix := m.Pix[m.PixOffset(x, y):]; len(s) >= n; pix, s = pix[2:], s[n:] {
				v, _, _ := convert(s)
				pix[0], pix[1] = byte(v>>8), byte(v)
			}
		}}
	case grey:
		m := image.NewGray(size)
		return canvas{m, func(x, y int, s []uint16) {
			for pix := m.Pix[m.PixOffset(x, y):]; len(s) >= n; pix, s = pix[1:], s[n:] {
				v, _, _ := convert(s)
				pix[0] = byte(v >> 8)
			}
		}}
	case deep:
		m := image.NewNRGBA64(size)
		var made image.Image = m
		if f.associated {
			made = &image.RGBA64{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect}
		}
		return canvas{made, func(x, y int, s []uint16) {
			for pix := m.Pix[m.PixOffset(x, y):]; len(s) >= n; pix, s = pix[8:], s[n:] {
				r, g, b := convert(s)
				a := opacity(s, alpha)
				pix[0], pix[1], pix[2], pix[3] = byte(r>>8), byte(r), byte(g>>8), byte(g)
				pix[4], pix[5], pix[6], pix[7] = byte(b>>8), byte(b), byte(a>>8), byte(a)
			}
		}}
	default:
		m := image.NewNRGBA(size)
		var made image.Image = m
		if f.associated {
			made = &image.RGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect}
		}
		return canvas{made, func(x, y int, s []uint16) {
			for pix := m.Pix[m.PixOffset(x, y):]; len(s) >= n; pix, s = pix[4:], s[n:] {
				r, g, b := convert(s)
				pix[0], pix[1], pix[2], pix[3] = byte(r>>8), byte(g>>8), byte(b>>8), byte(opacity(s, alpha)>>8)
			}
		}}
	}
}

// opacity returns the alpha of a pixel, or full opacity where the file has none.
func opacity(pixel []uint16, alpha int) uint16 {
	if alpha == 0 {
		return math.MaxUint16
	}
	return pixel[alpha]
}

// round8 returns the nearest 8-bit level.
func round8(v uint16) byte { return byte((uint32(v)*255 + 32767) / 65535) }

package picture

import (
	"context"
	"errors"
	"image"
	"math"

	"github.com/pastiche-art/pastiche/internal/heif"
	"github.com/pastiche-art/pastiche/internal/planar"
)

// maxUntrusted is the largest number of pixels of an untrusted HEIC or AVIF: those of a
// 12-megapixel photo. Interruptible decoding takes up to two seconds a megapixel.
const maxUntrusted = 12_500_000

// decodeHEIF reads HEIC and AVIF.
func decodeHEIF(ctx context.Context, data []byte, lim Limits) (*raster, error) {
	p, err := heif.Parse(data)
	if err != nil {
		return nil, inHEIF(err)
	}
	if lim.Untrusted {
		lim.MaxPixels = min(lim.MaxPixels, maxUntrusted)
	}
	if err := lim.admit(p.W, p.H); err != nil {
		return nil, err
	}
	m, err := p.Decode(ctx, lim.Untrusted)
	if err != nil {
		return nil, inHEIF(err)
	}
	if err := lim.admit(m.Bounds().Dx(), m.Bounds().Dy()); err != nil {
		return nil, err
	}
	r := &raster{image: m, orientation: orientation(p.Turn()), icc: p.ICC, exif: p.EXIF}
	if c := p.Color; c != nil && p.ICC == nil && (c.Primaries != cicpUnspecified || c.Transfer != cicpUnspecified) {
		// The samples are already R, G and B of full range.
		r.cicp = &cicp{primaries: uint8(c.Primaries), transfer: uint8(c.Transfer), matrix: matrixRGB, fullRange: true}
	}
	switch m := m.(type) {
	case *image.YCbCr:
		if r.ycc, err = heifSpace(p.Color); err != nil {
			return nil, err
		}
		if p.Alpha {
			r.warnings = append(r.warnings, "its transparency is left out, which is not read from HEIC: save it as a PNG where it matters")
		}
	case *image.Gray:
		if p.Color != nil && !p.Color.FullRange {
			for i, y := range m.Pix {
				m.Pix[i] = uint8(math.Round(float64(planar.Clamp((float32(y) - studioRange.black) * studioRange.yScale))))
			}
		}
	}
	return r, nil
}

// inHEIF converts an error of package heif.
func inHEIF(err error) error {
	var lacks heif.UnsupportedError
	if errors.As(err, &lacks) {
		return unsupported(lacks)
	}
	return err
}

// heifSpace returns the meaning of the codes of a HEIC. The default is that of JPEG,
// which phones use.
func heifSpace(c *heif.Color) (yccSpace, error) {
	if c == nil {
		return fullRange, nil
	}
	// MatrixCoefficients of ITU-T H.273.
	switch c.Matrix {
	case 1: // BT.709
		return newYCCSpace(c.FullRange, 0.2126, 0.0722), nil
	case 2, 5, 6: // unspecified, BT.601
		return newYCCSpace(c.FullRange, 0.299, 0.114), nil
	case 9: // BT.2020
		return newYCCSpace(c.FullRange, 0.2627, 0.0593), nil
	}
	return yccSpace{}, unsupported("its colours are stored in a way that is not known")
}

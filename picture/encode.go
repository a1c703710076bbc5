package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/HugoSmits86/nativewebp"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/internal/planar"
)

// DefaultQuality is the JPEG quality of SaveOptions' zero value.
const DefaultQuality = 95

// maxWebPSide is the greatest side that a WebP bitstream can express.
const maxWebPSide = 1 << 14

// SaveOptions configure the encoding. The zero value is a good default.
type SaveOptions struct {
	Quality int // of a JPEG, 1 to 100; 0 means DefaultQuality
	Depth   int // bits per channel, 8 or, in PNG and TIFF, 16; 0 means 8
	// Record is a text to store in the file, at most MaxRecord bytes, which
	// [OpenRecord] returns; "" is none.
	Record string
	// Profile, unless nil, defines the meaning of the levels and is stored in the file.
	Profile *Profile
	// Metadata is stored in the file, except zero values.
	Metadata Metadata
}

// Check returns an ErrFormat if the options are not valid for a format, or nil.
func (o SaveOptions) Check(f Format) error {
	if err := o.validate(f); err != nil {
		return fail(ErrFormat, nil, "%v", err)
	}
	return nil
}

func (o SaveOptions) validate(f Format) error {
	if o.Quality < 0 || o.Quality > 100 {
		return fmt.Errorf("JPEG quality is %d; expected 1 to 100", o.Quality)
	}
	if o.Depth != 0 && o.Depth != 8 && o.Depth != 16 {
		return fmt.Errorf("depth is %d bits; expected 8 or 16", o.Depth)
	}
	if o.Quality != 0 && f != JPEG {
		return fmt.Errorf("quality is %d; expected none, as %s loses nothing: choose JPEG", o.Quality, f)
	}
	if o.Depth == 16 && f != PNG && f != TIFF {
		return fmt.Errorf("depth is 16 bits; expected 8, which is all that %s holds: choose PNG or TIFF", f)
	}
	if len(o.Record) > MaxRecord || strings.ContainsRune(o.Record, 0) || !utf8.ValidString(o.Record) {
		return fmt.Errorf("record of %d bytes; expected UTF-8 text of at most %d", len(o.Record), MaxRecord)
	}
	return o.Metadata.validate()
}

// Save writes the picture to a file in the format of its extension (FormatOf). The
// file appears whole or not at all: the bytes go to a temporary file in the same
// folder, which is synced and renamed over path. On any failure an existing file stays
// as it is and nothing is left behind.
//
// A new file has the permissions that os.Create gives; a replaced file keeps its own. A
// symbolic link is followed, so the link stays and its target is replaced. Devices,
// such as /dev/stdout, and files over which the system allows no rename, such as a file
// mounted into a container, are written in place.
//
// The errors are ErrFormat (options out of range too), ErrNotFinite and
// ErrTooLarge, each before the file system is touched, and ErrWrite.
func Save(path string, p *Picture, opt SaveOptions) error {
	format, err := FormatOf(path)
	if err != nil {
		return err
	}
	encode, err := encoder(p, format, opt)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return atomicfile.Write(path, encode)
}

// Encode writes the picture to w in one of the formats JPEG, PNG, WebP and
// TIFF. Levels are rounded to the nearest that the format has.
//
//   - PNG and TIFF (Deflate) keep opacity and have 8 or 16 bits per channel. An
//     opaque TIFF has no alpha channel.
//   - WebP is lossless with 8 bits and keeps opacity.
//   - JPEG has no opacity: the picture is laid on white. Its chroma is
//     subsampled 4:2:0, which is what the standard library writes and what
//     viewers expect; use a lossless format to keep all of it.
//
// The same picture and options always give the same bytes. The errors are
// ErrNotFinite, ErrTooLarge, ErrFormat, or what w returned.
func Encode(w io.Writer, p *Picture, format Format, opt SaveOptions) error {
	encode, err := encoder(p, format, opt)
	if err != nil {
		return err
	}
	return encode(w)
}

// encoder checks everything that can be checked before the first byte is written.
func encoder(p *Picture, format Format, opt SaveOptions) (func(io.Writer) error, error) {
	if err := opt.Check(format); err != nil {
		return nil, err
	}
	if !planar.Finite(p.RGB) || !planar.Finite(p.Alpha) {
		return nil, fail(ErrNotFinite, nil, "the picture holds a NaN or an infinity and is not saved: the computation that made it diverged")
	}
	side := MaxSide
	if format == WebP {
		side = maxWebPSide
	}
	if p.W > side || p.H > side {
		return nil, fail(ErrTooLarge, nil, "the picture is %dx%d pixels and %s allows %d on a side: shrink it or choose another format", p.W, p.H, format, side)
	}
	var encode func(io.Writer) error
	switch format {
	case PNG:
		encode = func(w io.Writer) error { return png.Encode(w, p.deep(opt)) }
	case TIFF:
		return func(w io.Writer) error { return encodeTIFF(w, p, opt) }, nil
	case WebP:
		encode = func(w io.Writer) error { return nativewebp.Encode(w, p.Image(), nil) }
	case JPEG:
		quality := opt.Quality
		if quality == 0 {
			quality = DefaultQuality
		}
		encode = func(w io.Writer) error { return jpeg.Encode(w, p.onWhite(), &jpeg.Options{Quality: quality}) }
	default:
		return nil, fail(ErrFormat, nil, "pictures are not saved as %s (expected JPEG, PNG, WebP or TIFF): choose one of these", format)
	}
	return func(w io.Writer) error {
		// Metadata have their place near the beginning, and not every library
		// reports the errors of its writer.
		var b bytes.Buffer
		if err := encode(&b); err != nil {
			return err
		}
		_, err := w.Write(withMetadata(b.Bytes(), format, p, opt))
		return err
	}, nil
}

func (p *Picture) deep(opt SaveOptions) image.Image {
	if opt.Depth == 16 {
		return p.Image16()
	}
	return p.Image()
}

// onWhite returns the picture composited on white, in sRGB levels as browsers do.
func (p *Picture) onWhite() image.Image {
	m := image.NewRGBA(image.Rect(0, 0, p.W, p.H))
	draw.Draw(m, m.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(m, m.Rect, p.Image(), image.Point{}, draw.Over)
	return m
}

package picture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"

	"github.com/pastiche-art/pastiche/internal/tiff"
)

// Defaults of Limits.
const (
	DefaultMaxPixels = 50_000_000
	// DefaultMaxBytes holds an uncompressed 16-bit picture with alpha of
	// DefaultMaxPixels (400 MB), with room for metadata.
	DefaultMaxBytes = 512 << 20
)

// Limits limits the cost of reading a picture. Peak memory is below 64 bytes for each
// of MaxPixels pixels, plus twice the file (at most MaxBytes), plus 64 MiB.
type Limits struct {
	// MaxPixels is the greatest width times height; 0 means DefaultMaxPixels.
	MaxPixels int64
	// MaxBytes is the greatest size of the file; 0 means DefaultMaxBytes, or
	// what MaxPixels of 16 bits with alpha need, if that is more.
	MaxBytes int64
	// Untrusted is for files from strangers. Only decoders that stop as soon as the
	// context ends are used. HEIC and AVIF then take three times as long and may have
	// at most 12.5 megapixels.
	Untrusted bool
	// Size, unless nil, is called with a size from the header before anything of that
	// size is allocated. It may be called again. Decode returns its error.
	Size func(w, h int) error
}

// bytesPerPixel is the size of a pixel of 16 bits with alpha, with room for
// metadata.
const bytesPerPixel = 9

func (l Limits) orDefault() Limits {
	if l.MaxPixels == 0 {
		l.MaxPixels = DefaultMaxPixels
	}
	if l.MaxBytes == 0 {
		l.MaxBytes = max(DefaultMaxBytes, bytesPerPixel*min(l.MaxPixels, MaxSide*MaxSide))
	}
	return l
}

// A File is the result of Decode.
type File struct {
	Format Format

	// Picture is upright. Its levels are those of Profile, or of sRGB where that
	// is nil.
	Picture *Picture

	// Profile is the colour profile of the file, if a painting can keep it: an RGB
	// profile of three curves and a matrix.
	Profile *Profile

	// NotKept describes, as a clause, how the file specifies its colours if not by a
	// Profile: by a CMYK profile, for example. If the specification is supported, the
	// picture has been converted to sRGB; otherwise Warnings say so.
	NotKept string

	// Deep reports whether the samples have more than 8 bits.
	Deep bool

	// Metadata is the metadata in the file.
	Metadata Metadata

	// Data is the whole file.
	Data []byte

	// Warnings are sentences that say what the picture loses, such as an unsupported
	// colour profile. They do not name the file.
	Warnings []string
}

// SRGB returns the picture converted to sRGB.
func (f *File) SRGB() *Picture {
	if f.Profile == nil {
		return f.Picture
	}
	return f.Profile.ToSRGB(f.Picture)
}

// Decode reads a picture: JPEG, PNG, WebP, GIF, TIFF, BMP, HEIC or AVIF, recognized by
// its content. name is the name in errors. Of an animation it reads the first frame, on
// its canvas. The picture is upright: Decode applies the EXIF or TIFF orientation, and
// ignores a damaged one. Samples of 16 bits keep their precision. Colours that the file
// specifies, by an ICC profile or otherwise, are converted to sRGB, unless File.Profile
// describes them.
//
// The errors are ErrFormat, ErrTooLarge and ErrCorrupt, that of r, or the cause of ctx.
func Decode(ctx context.Context, r io.Reader, name string, lim Limits) (*File, error) {
	data, format, err := readAll(ctx, r, name, lim.orDefault())
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("%s: %w", name, context.Cause(ctx))
	}
	if err != nil {
		return nil, err
	}
	stored, err := contain(ctx, decoders[format], data, lim.orDefault())
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%s: %w", name, context.Cause(ctx))
	}
	if err != nil {
		return nil, explain(name, format, lim, err)
	}
	f := &File{Format: format, Data: data, Metadata: readMetadata(data, format, stored.exif)}
	if err := f.setPicture(ctx, stored); err != nil {
		return nil, fmt.Errorf("%s: %w", name, context.Cause(ctx))
	}
	return f, nil
}

// readAll reads a file whose first bytes are those of a supported format.
func readAll(ctx context.Context, r io.Reader, name string, lim Limits) ([]byte, Format, error) {
	r = contextReader{ctx, r}
	head := make([]byte, sniffLen)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, "", cannotRead(name, err)
	}
	if n == 0 {
		return nil, "", fail(ErrCorrupt, nil, "%s: the file is empty (expected %s): get another copy", name, readable)
	}
	head = head[:n]
	format := sniff(head)
	if decoders[format] == nil {
		return nil, "", fail(ErrFormat, nil, "%s: not a picture pastiche can read (found %s; expected %s): %s", name, format, readable, lim.advice(format))
	}
	data, err := io.ReadAll(io.LimitReader(io.MultiReader(bytes.NewReader(head), r), lim.MaxBytes+1))
	if err != nil {
		return nil, "", cannotRead(name, err)
	}
	if int64(len(data)) > lim.MaxBytes {
		return nil, "", tooManyBytes(name, lim)
	}
	return data, format, nil
}

// contextReader fails once its context has ended.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(b []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(b)
}

// A raster is the result of a decoder: the pixels as they are stored, and their
// meaning.
type raster struct {
	image image.Image
	ycc   yccSpace // of an image of Y, Cb and Cr; the zero value is fullRange

	// canvas is the size of the picture if the image is only a part of it, at the point
	// at; zero means the size of the image.
	canvas, at image.Point

	orientation orientation // the zero value is upright
	icc         []byte      // the ICC profile; nil where there is none, empty where it is lost
	exif        []byte      // of a format whose EXIF readMetadata does not find by itself
	cicp        *cicp       // the code points of the colours, or nil
	calibrated  *rgbSpace   // the space that numbers of the header describe; nil where it is sRGB
	warnings    []string    // as File.Warnings
}

// picture returns the raster as an upright picture.
func (r *raster) picture() *Picture {
	if r.ycc == (yccSpace{}) {
		r.ycc = fullRange
	}
	if r.canvas != (image.Point{}) {
		return onCanvas(r.image, r.ycc, r.canvas, r.at)
	}
	return oriented(r.image, r.ycc, r.orientation)
}

// deep reports whether an image has samples of more than 8 bits.
func deep(m image.Image) bool {
	switch m.(type) {
	case *image.Gray16, *image.NRGBA64, *image.RGBA64:
		return true
	}
	return false
}

// decoder reads the file in data. It checks the size in the header against the limits
// before it allocates pixels, and stops when the context ends.
type decoder func(ctx context.Context, data []byte, lim Limits) (*raster, error)

var decoders = map[Format]decoder{
	JPEG: decodeJPEG,
	PNG:  decodePNG,
	WebP: decodeWebP,
	GIF:  decodeGIF,
	TIFF: decodeTIFF,
	BMP:  decodeBMP,
	HEIC: decodeHEIF,
	AVIF: decodeHEIF,
}

// contain runs a decoder and converts a panic to an error. Format libraries have
// panicked on malformed files, and an upload must not end a server. No memory of the
// decoder is used afterwards.
func contain(ctx context.Context, decode decoder, data []byte, lim Limits) (r *raster, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			r, err = nil, fmt.Errorf("decoder panicked: %v", reason)
		}
	}()
	return decode(ctx, data, lim)
}

// sizeError reports a size in a header that exceeds the limits.
type sizeError struct {
	w, h int
	lim  Limits
}

func (e sizeError) Error() string {
	if e.w > MaxSide || e.h > MaxSide {
		return fmt.Sprintf("%dx%d pixels, more than %d on a side", e.w, e.h, MaxSide)
	}
	return fmt.Sprintf("%dx%d pixels, %.1f megapixels, more than the limit of %g", e.w, e.h, float64(e.w)*float64(e.h)/1e6, float64(e.lim.MaxPixels)/1e6)
}

// unsupported names a feature of a supported format that its decoder lacks.
type unsupported string

func (e unsupported) Error() string { return string(e) }

// admit checks a size in a header.
func (l Limits) admit(w, h int) error {
	if w < 1 || h < 1 {
		return fmt.Errorf("impossible size %dx%d", w, h)
	}
	if w > MaxSide || h > MaxSide || int64(w)*int64(h) > l.MaxPixels {
		return sizeError{w, h, l}
	}
	if l.Size != nil {
		if err := l.Size(w, h); err != nil {
			return refusedSizeError{err}
		}
	}
	return nil
}

// refusedSizeError is an error of Limits.Size.
type refusedSizeError struct{ error }

func (e refusedSizeError) Unwrap() error { return e.error }

// advice says what to do about a file in an unsupported format. It suggests no commands
// to users of a server, who may have no shell.
func (l Limits) advice(f Format) string {
	if l.Untrusted {
		return "save it as JPEG or PNG"
	}
	return advice(f)
}

// smaller says what to do about a file that is too large.
func (l Limits) smaller() string {
	if l.Untrusted {
		return "make it smaller"
	}
	return "shrink it or raise the limit"
}

// explain adds the sentence and the kind to a decoder's error.
func explain(name string, format Format, lim Limits, err error) error {
	var (
		size    sizeError
		refused refusedSizeError
		ours    unsupported
		inJPG   jpeg.UnsupportedError
		inPNG   png.UnsupportedError
		inTIF   tiff.UnsupportedError
	)
	switch {
	case errors.As(err, &refused):
		return fmt.Errorf("%s: %w", name, refused.error)
	case errors.As(err, &size):
		return fail(ErrTooLarge, err, "%s: this %s is too large (%v): %s", name, format, err, lim.smaller())
	case errors.As(err, &ours), errors.As(err, &inJPG), errors.As(err, &inPNG), errors.As(err, &inTIF):
		return fail(ErrFormat, err, "%s: this kind of %s is not supported (%v): %s", name, format, err, lim.advice(format))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fail(ErrCorrupt, err, "%s: this %s ends before the picture does: get a complete copy", name, format)
	default:
		return fail(ErrCorrupt, err, "%s: this %s is damaged (%v): get another copy", name, format, err)
	}
}

func cannotRead(name string, err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err // the message repeats the name
	}
	return fmt.Errorf("%s: cannot be read: %w", name, err)
}

func tooManyBytes(name string, lim Limits) error {
	return fail(ErrTooLarge, nil, "%s: the file is larger than the limit of %.1f MB: %s", name, float64(lim.MaxBytes)/1e6, lim.smaller())
}

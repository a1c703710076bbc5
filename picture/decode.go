package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// Defaults of Limits.
const (
	DefaultMaxPixels = 50_000_000
	// DefaultMaxBytes holds an uncompressed 16-bit picture with alpha of
	// DefaultMaxPixels (400 MB), with room for metadata.
	DefaultMaxBytes = 512 << 20
)

// Limits bounds what reading one picture may cost. Peak memory stays below
// 64 bytes per pixel of MaxPixels, plus the file itself (at most MaxBytes)
// twice, plus 64 MiB.
type Limits struct {
	MaxPixels int64 // greatest width times height; 0 means DefaultMaxPixels
	MaxBytes  int64 // greatest size of the file; 0 means DefaultMaxBytes
}

func (l Limits) orDefault() Limits {
	if l.MaxPixels == 0 {
		l.MaxPixels = DefaultMaxPixels
	}
	if l.MaxBytes == 0 {
		l.MaxBytes = DefaultMaxBytes
	}
	return l
}

// Open reads the picture in a file. Besides the errors of Decode it returns
// those of the file system, which errors.Is finds (fs.ErrNotExist, …).
func Open(path string, lim Limits) (*Picture, error) {
	return managed(OpenAsStored(path, lim))
}

// OpenAsStored is DecodeAsStored for a file, with the errors of Open.
func OpenAsStored(path string, lim Limits) (*Picture, *Profile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, cannotRead(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, cannotRead(path, err)
	}
	if info.IsDir() {
		return nil, nil, fail(ErrFormat, nil, "%s: not a picture pastiche can read (found a directory; expected a file): name a picture in it", path)
	}
	if l := lim.orDefault(); info.Mode().IsRegular() && info.Size() > l.MaxBytes {
		return nil, nil, tooManyBytes(path, l)
	}
	return DecodeAsStored(f, path, lim)
}

// managed gives a picture the levels of sRGB.
func managed(p *Picture, f *Profile, err error) (*Picture, error) {
	if f != nil {
		p = f.ToSRGB(p)
	}
	return p, err
}

// Decode reads one picture: JPEG, PNG, WebP, GIF, TIFF or BMP, recognised by
// its content. name is what errors call it. Of an animation it reads the first
// frame, on its canvas. The picture comes upright: an EXIF (or TIFF)
// orientation is obeyed, and ignored where it is damaged. Samples of 16 bits
// keep their precision. Levels are those of sRGB, whatever the file's ICC profile,
// unless that is not understood ([Profile.Err]).
//
// The errors are ErrFormat, ErrTooLarge and ErrCorrupt, or what r returned.
func Decode(r io.Reader, name string, lim Limits) (*Picture, error) {
	return managed(DecodeAsStored(r, name, lim))
}

// DecodeAsStored is Decode but for the levels, which are those of the profile that
// comes with them; without one it is nil and they are sRGB's.
func DecodeAsStored(r io.Reader, name string, lim Limits) (*Picture, *Profile, error) {
	lim = lim.orDefault()
	head := make([]byte, sniffLen)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, nil, cannotRead(name, err)
	}
	if n == 0 {
		return nil, nil, fail(ErrCorrupt, nil, "%s: the file is empty (expected %s): get another copy", name, readable)
	}
	head = head[:n]
	format := sniff(head)
	decode, known := decoders[format]
	if !known {
		return nil, nil, fail(ErrFormat, nil, "%s: not a picture pastiche can read (found %s; expected %s): convert it first", name, format, readable)
	}
	data, err := io.ReadAll(io.LimitReader(io.MultiReader(bytes.NewReader(head), r), lim.MaxBytes+1))
	if err != nil {
		return nil, nil, cannotRead(name, err)
	}
	if int64(len(data)) > lim.MaxBytes {
		return nil, nil, tooManyBytes(name, lim)
	}
	p, err := contain(decode, data, lim)
	if err != nil {
		return nil, nil, explain(name, format, err)
	}
	profile := findProfile(data, format)
	if profile == nil {
		return p, nil, nil
	}
	f := newProfile(profile)
	if f.grey && f.problem == "" && !p.Grey() {
		f.problem = "is for greys, which the picture is not"
	}
	return p, f, nil
}

// decoder reads the whole file data. It checks the size in the header against
// the limits before it allocates for the pixels.
type decoder func(data []byte, lim Limits) (*Picture, error)

var decoders = map[Format]decoder{
	JPEG: decodeJPEG,
	PNG:  decodePNG,
	WebP: decodeWebP,
	GIF:  decodeGIF,
	TIFF: decodeTIFF,
	BMP:  decodeBMP,
}

// contain runs a decoder and turns its panic into an error. Format libraries
// have a history of index panics on malformed files, and a bad upload must not
// end a process that paints for others. Nothing a decoder touches outlives it.
func contain(decode decoder, data []byte, lim Limits) (p *Picture, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("decoder panicked: %v", r)
		}
	}()
	return decode(data, lim)
}

// sizeError is a size from a header beyond the limits.
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

// unsupported is a feature of a readable format that its decoder lacks.
type unsupported string

func (e unsupported) Error() string { return string(e) }

// admit checks a size from a header.
func (l Limits) admit(w, h int) error {
	if w < 1 || h < 1 {
		return fmt.Errorf("impossible size %dx%d", w, h)
	}
	if w > MaxSide || h > MaxSide || int64(w)*int64(h) > l.MaxPixels {
		return sizeError{w, h, l}
	}
	return nil
}

// errPNGOverflow is how image/png calls a size whose product it cannot hold.
const errPNGOverflow = png.UnsupportedError("dimension overflow")

// explain gives a decoder's error its sentence and its kind.
func explain(name string, format Format, err error) error {
	var (
		size  sizeError
		ours  unsupported
		inJPG jpeg.UnsupportedError
		inPNG png.UnsupportedError
		inTIF tiff.UnsupportedError
	)
	switch {
	case errors.As(err, &size):
		return fail(ErrTooLarge, err, "%s: this %s is too large (%v): shrink it or raise the limit", name, format, err)
	case errors.Is(err, errPNGOverflow):
		return fail(ErrTooLarge, err, "%s: this %s is too large (it claims more pixels than can be counted): get another copy", name, format)
	case errors.As(err, &ours), errors.As(err, &inJPG), errors.As(err, &inPNG), errors.As(err, &inTIF), errors.Is(err, bmp.ErrUnsupported):
		return fail(ErrFormat, err, "%s: this kind of %s is not supported (%v): save it as a plain PNG first", name, format, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fail(ErrCorrupt, err, "%s: this %s ends before the picture does: get a complete copy", name, format)
	default:
		return fail(ErrCorrupt, err, "%s: this %s is damaged (%v): get another copy", name, format, err)
	}
}

func cannotRead(name string, err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err // it would repeat the name
	}
	return fmt.Errorf("%s: cannot be read: %w", name, err)
}

func tooManyBytes(name string, lim Limits) error {
	return fail(ErrTooLarge, nil, "%s: the file is larger than the limit of %.1f MB: shrink it or raise the limit", name, float64(lim.MaxBytes)/1e6)
}

// A progressive JPEG of a few bytes per scan makes the decoder walk all
// coefficients again for each. Real files have about ten scans. As the marker
// may also occur by chance in metadata or after the end (once in 64 KiB of
// noise), the allowance grows with the file.
const (
	maxScans     = 500
	bytesPerScan = 16 << 10
)

func decodeJPEG(data []byte, lim Limits) (*Picture, error) {
	c, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if err := lim.admit(c.Width, c.Height); err != nil {
		return nil, err
	}
	if n := bytes.Count(data, []byte{0xff, 0xda}); n > maxScans+len(data)/bytesPerScan {
		return nil, fmt.Errorf("%d scans", n)
	}
	m, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return oriented(m, fullRange, jpegOrientation(data)), nil
}

func decodePNG(data []byte, lim Limits) (*Picture, error) {
	c, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if err := lim.admit(c.Width, c.Height); err != nil {
		return nil, err
	}
	m, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return oriented(m, fullRange, pngOrientation(data)), nil
}

// decodeGIF puts the first frame on its logical screen, transparent where the
// frame does not reach, as browsers do. gif.Decode stops after that frame and
// refuses one that leaves the screen, so the screen's size bounds both.
func decodeGIF(data []byte, lim Limits) (*Picture, error) {
	c, err := gif.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if err := lim.admit(c.Width, c.Height); err != nil {
		return nil, err
	}
	m, err := gif.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return onCanvas(m, fullRange, image.Pt(c.Width, c.Height), m.Bounds().Min), nil
}

func decodeBMP(data []byte, lim Limits) (*Picture, error) {
	c, err := bmp.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if err := lim.admit(c.Width, c.Height); err != nil {
		return nil, err
	}
	m, err := bmp.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return FromImage(m), nil
}

func decodeTIFF(data []byte, lim Limits) (*Picture, error) {
	c, err := tiff.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if err := lim.admit(c.Width, c.Height); err != nil {
		return nil, err
	}
	dir, err := readIFD(data)
	if err != nil {
		return nil, err
	}
	if dir.value(tagNewSubfileType)&reducedResolution != 0 {
		return nil, unsupported("its first picture is only a thumbnail, as in a camera's raw photograph")
	}
	if dir.value(tagPlanarConfiguration) == separatePlanes {
		return nil, unsupported("its colours are stored in separate planes")
	}
	m, err := tiff.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if fax := dir.value(tagCompression); (fax == faxGroup3 || fax == faxGroup4) && dir.value(tagPhotometric) == blackIsZero {
		// A fax's black runs are ones, so where zero is black they are white.
		// x/image takes them for black; libtiff and all who use it do not.
		if grey, ok := m.(*image.Gray); ok {
			for i := range grey.Pix {
				grey.Pix[i] = ^grey.Pix[i]
			}
		}
	}
	return oriented(m, fullRange, dir.orientation()), nil
}

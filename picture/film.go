package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/png"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/HugoSmits86/nativewebp"
)

// A Film is pictures of one size shown one after another, for ever.
type Film struct {
	W, H     int
	FrameFor time.Duration // how long each is shown
	LastFor  time.Duration // how long the last one is

	frames [][]byte // the compressed pixels of each, as PNG has them
	images []image.Image
	webp   bool
}

// NewFilm returns an empty film in the format of a file's extension: .png or
// .apng is an animated PNG, which every browser shows and other viewers take
// for its first frame; .webp is an animated WebP. Both are lossless. The error is
// ErrFormat.
func NewFilm(path string, w, h int) (*Film, error) {
	f := &Film{W: w, H: h, FrameFor: 100 * time.Millisecond, LastFor: 2 * time.Second}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png", ".apng":
	case ".webp":
		f.webp = true
	default:
		return nil, fail(ErrFormat, nil, "%s: a film is an animated PNG or WebP: choose a name that ends in .png, .apng or .webp", path)
	}
	return f, nil
}

// Add adds a picture, resized to the film's size and laid on white.
func (f *Film) Add(p *Picture) error {
	frame := p.Resize(f.W, f.H).onWhite()
	if f.webp {
		f.images = append(f.images, frame)
		return nil
	}
	var b bytes.Buffer
	if err := png.Encode(&b, frame); err != nil {
		return err
	}
	var pixels []byte
	for id, body := range pngChunks(b.Bytes()) {
		if id == "IDAT" {
			pixels = append(pixels, body...)
		}
	}
	f.frames = append(f.frames, pixels)
	return nil
}

// Frames returns the number of pictures.
func (f *Film) Frames() int { return len(f.frames) + len(f.images) }

// Encode writes the film. There is at least one picture.
func (f *Film) Encode(w io.Writer) error {
	if f.Frames() == 0 {
		panic("picture: a film of nothing")
	}
	if f.webp {
		return f.encodeWebP(w)
	}
	return f.encodePNG(w)
}

func (f *Film) encodeWebP(w io.Writer) error {
	a := &nativewebp.Animation{Images: f.images}
	for i := range f.images {
		a.Durations = append(a.Durations, uint(f.duration(i).Milliseconds()))
		a.Disposals = append(a.Disposals, 0)
	}
	var b bytes.Buffer // the library does not report the errors of its writer
	if err := nativewebp.EncodeAll(&b, a, nil); err != nil {
		return err
	}
	_, err := b.WriteTo(w)
	return err
}

// duration returns how long a frame is shown.
func (f *Film) duration(i int) time.Duration {
	if i == f.Frames()-1 {
		return f.LastFor
	}
	return f.FrameFor
}

// encodePNG writes an animated PNG (PNG specification, third edition, section
// 11.3.6): frames are those of PNGs of their own, in other chunks.
func (f *Film) encodePNG(w io.Writer) error {
	c := &chunkWriter{w: w}
	c.write("\x89PNG\r\n\x1a\n")
	const trueColor = 2
	be := binary.BigEndian
	c.chunk("IHDR", be.AppendUint32(be.AppendUint32(nil, uint32(f.W)), uint32(f.H)), []byte{8, trueColor, 0, 0, 0})
	c.chunk("acTL", be.AppendUint32(nil, uint32(len(f.frames))), []byte{0, 0, 0, 0}) // for ever
	sequence := uint32(0)
	next := func() []byte {
		sequence++
		return be.AppendUint32(nil, sequence-1)
	}
	for i, pixels := range f.frames {
		const perSecond = 1000
		control := be.AppendUint32(be.AppendUint32(nil, uint32(f.W)), uint32(f.H))
		control = append(control, 0, 0, 0, 0, 0, 0, 0, 0) // at the corner
		control = be.AppendUint16(control, uint16(f.duration(i).Milliseconds()))
		control = be.AppendUint16(control, perSecond)
		control = append(control, 0, 0) // take the place of what was there
		c.chunk("fcTL", next(), control)
		if i == 0 {
			c.chunk("IDAT", pixels)
		} else {
			c.chunk("fdAT", next(), pixels)
		}
	}
	c.chunk("IEND")
	return c.err
}

// chunkWriter writes PNG chunks until something fails.
type chunkWriter struct {
	w   io.Writer
	err error
}

func (c *chunkWriter) write(s string) {
	if c.err == nil {
		_, c.err = io.WriteString(c.w, s)
	}
}

func (c *chunkWriter) chunk(id string, parts ...[]byte) {
	c.write(string(pngChunk(append([]byte(id), join(parts...)...))))
}

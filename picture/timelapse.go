package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/png"
	"io"
	"math"
	"path/filepath"
	"strings"
	"time"

	"github.com/HugoSmits86/nativewebp"
)

// A Timelapse is an endless animation of pictures of one size.
type Timelapse struct {
	FrameFor time.Duration // how long each picture is shown; 0.1 s in a new timelapse, at most a minute
	LastFor  time.Duration // how long the last one is; 2 s in a new timelapse, at most a minute

	long   int // the long side
	w, h   int // 0 before the first picture
	format timelapseFormat
	frames [][]byte // the compressed pixels of each
}

// timelapseFormat is a format of animations. Frames are compressed when they are added, to
// save memory.
type timelapseFormat interface {
	// compress returns the pixels of a frame.
	compress(m image.Image) ([]byte, error)
	// encode writes the timelapse.
	encode(w io.Writer, t *Timelapse) error
}

// NewTimelapse returns an empty timelapse in the format of a file extension: .png or .apng is an
// animated PNG, which every browser plays, and of which other viewers show the first
// frame; .webp is an animated WebP. Both are lossless. The timelapse takes the shape of its
// first picture, with a long side of so many pixels. The error is ErrFormat.
func NewTimelapse(path string, long int) (*Timelapse, error) {
	t := &Timelapse{long: long, FrameFor: 100 * time.Millisecond, LastFor: 2 * time.Second}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png", ".apng":
		t.format = animatedPNG{}
	case ".webp":
		t.format = animatedWebP{}
	default:
		return nil, fail(ErrFormat, nil, "%s: a timelapse is an animated PNG or WebP: choose a name that ends in .png, .apng or .webp", path)
	}
	return t, nil
}

// Add adds a picture, resized to the size of the timelapse and composited on white.
func (t *Timelapse) Add(p *Picture) error {
	if len(t.frames) == 0 {
		t.w, t.h = FitLong(p.W, p.H, t.long)
	}
	pixels, err := t.format.compress(p.Resize(t.w, t.h).onWhite())
	if err != nil {
		return err
	}
	t.frames = append(t.frames, pixels)
	return nil
}

// Encode writes the timelapse. It panics if there is no picture.
func (t *Timelapse) Encode(w io.Writer) error {
	if len(t.frames) == 0 {
		panic("picture: a timelapse without pictures")
	}
	return t.format.encode(w, t)
}

// milliseconds returns a duration as 16-bit milliseconds, clamped.
func (t *Timelapse) milliseconds(i int) uint16 {
	d := t.FrameFor
	if i == len(t.frames)-1 {
		d = t.LastFor
	}
	return uint16(min(max(d.Milliseconds(), 0), math.MaxUint16))
}

// animatedWebP is a WebP with a chunk for each frame, which holds the lossless pixels
// of a still.
type animatedWebP struct{}

func (animatedWebP) compress(m image.Image) ([]byte, error) {
	var b bytes.Buffer
	if err := nativewebp.Encode(&b, m, nil); err != nil {
		return nil, err
	}
	var frame webpFrame
	for id, body := range riffChunks(b.Bytes()[riffHeaderLen:]) {
		frame.take(id, body)
	}
	return riffChunk(frame.kind, frame.bitstream), nil
}

func (animatedWebP) encode(w io.Writer, t *Timelapse) error {
	chunks := vp8x(vp8xAnimationBit, t.w, t.h)
	// The background colour, and the number of repetitions: endless.
	chunks = append(chunks, riffChunk("ANIM", make([]byte, 6))...)
	for i, pixels := range t.frames {
		control := make([]byte, 6, anmfLen) // at the corner
		control = appendUint24(appendUint24(control, uint32(t.w-1)), uint32(t.h-1))
		control = append(appendUint24(control, uint32(t.milliseconds(i))), 0)
		chunks = append(chunks, riffChunk("ANMF", append(control, pixels...))...)
	}
	_, err := w.Write(webpFile(chunks))
	return err
}

// animatedPNG is a PNG with frames (PNG specification, third edition, section 11.3.6).
// Each frame is encoded as a PNG, whose pixel data is then moved to other chunks.
type animatedPNG struct{}

func (animatedPNG) compress(m image.Image) ([]byte, error) {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		return nil, err
	}
	var pixels []byte
	for id, body := range pngChunks(b.Bytes()) {
		if id == "IDAT" {
			pixels = append(pixels, body...)
		}
	}
	return pixels, nil
}

func (animatedPNG) encode(w io.Writer, t *Timelapse) error {
	c := &chunkWriter{w: w}
	c.write("\x89PNG\r\n\x1a\n")
	const trueColor = 2
	be := binary.BigEndian
	c.chunk("IHDR", be.AppendUint32(be.AppendUint32(nil, uint32(t.w)), uint32(t.h)), []byte{8, trueColor, 0, 0, 0})
	c.chunk("acTL", be.AppendUint32(nil, uint32(len(t.frames))), []byte{0, 0, 0, 0}) // endless
	sequence := uint32(0)
	next := func() []byte {
		sequence++
		return be.AppendUint32(nil, sequence-1)
	}
	for i, pixels := range t.frames {
		const perSecond = 1000
		control := be.AppendUint32(be.AppendUint32(nil, uint32(t.w)), uint32(t.h))
		control = append(control, 0, 0, 0, 0, 0, 0, 0, 0) // at the corner
		control = be.AppendUint16(control, t.milliseconds(i))
		control = be.AppendUint16(control, perSecond)
		control = append(control, 0, 0) // replace the previous frame
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

// chunkWriter writes PNG chunks. It keeps the first error.
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

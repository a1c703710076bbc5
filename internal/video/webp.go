package video

import (
	"bytes"
	"encoding/binary"
	"image"
	"math"
	"time"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/picture"
)

// The container is described at
// https://developers.google.com/speed/webp/docs/riff_container.
const (
	vp8xLen       = 10 // flags, three reserved bytes, width-1, height-1
	vp8xAnimation = 0x02
	vp8xAlpha     = 0x10
	anmfLen       = 16 // x/2, y/2, width-1, height-1, duration, flags
	anmfClear     = 0x01
	anmfReplace   = 0x02
	maxWebPSide   = 1 << 14
)

// openWebP finds the frames of an animated WebP. Each is then read by package picture
// as a WebP of its own.
func openWebP(data []byte, name string, lim Limits) (stored, error) {
	var (
		w, h      int
		profile   []byte
		cels      []cel
		durations []int64
	)
	for id, body := range riffChunks(data[riffHeaderLen:]) {
		switch id {
		case "VP8X":
			if len(body) < vp8xLen {
				return stored{}, corrupt("it ends in its header")
			}
			w, h = uint24(body[4:])+1, uint24(body[7:])+1
			if body[0]&vp8xAnimation == 0 {
				return stored{}, still("WebP")
			}
			if err := lim.admit(w, h); err != nil {
				return stored{}, err
			}
		case "ICCP":
			profile = body
		case "ANMF":
			if len(body) < anmfLen {
				return stored{}, corrupt("it ends in frame %d", len(cels)+1)
			}
			at := image.Pt(2*uint24(body), 2*uint24(body[3:]))
			size := image.Pt(uint24(body[6:])+1, uint24(body[9:])+1)
			c := cel{place: image.Rectangle{at, at.Add(size)}, over: body[15]&anmfReplace == 0}
			if !c.place.In(image.Rect(0, 0, w, h)) {
				return stored{}, corrupt("frame %d leaves the canvas", len(cels)+1)
			}
			if body[15]&anmfClear != 0 {
				c.disposal = clearFrame
			}
			duration := int64(uint24(body[12:]))
			if time.Duration(duration)*time.Millisecond < leastDelay {
				duration = usualDelay.Milliseconds()
			}
			c.file = webpFrameFile(body[anmfLen:], profile, size)
			cels, durations = append(cels, c), append(durations, duration)
			if err := lim.frames(len(cels)); err != nil {
				return stored{}, err
			}
		}
	}
	if w == 0 {
		return stored{}, still("WebP")
	}
	if n := int64(binary.LittleEndian.Uint32(data[4:])); n > int64(len(data))-chunkHeadLen+1 {
		return stored{}, corrupt("it ends after %d frames", len(cels))
	}
	return newAnimation("an animated WebP", name, lim, w, h, cels, durations, Rational{1, 1000})
}

// webpFrameFile returns a function that returns the WebP of a frame, given the chunks
// of its pixels.
func webpFrameFile(pixels, profile []byte, size image.Point) func() []byte {
	return func() []byte {
		const profileBit = 0x20
		flags := byte(vp8xAlpha)
		var color []byte
		if profile != nil {
			flags |= profileBit
			color = riffChunk("ICCP", profile)
		}
		return riffChunk("RIFF", []byte("WEBP"), vp8x(flags, size.X, size.Y), color, pixels)
	}
}

// vp8x returns the first chunk of a WebP.
func vp8x(flags byte, w, h int) []byte {
	return riffChunk("VP8X", appendUint24(appendUint24([]byte{flags, 0, 0, 0}, w-1), h-1))
}

// webpSink writes an animated WebP that repeats for ever. Pixels are lossless. Times
// are whole milliseconds, which add up to those of the rate.
type webpSink struct {
	file   *atomicfile.File
	info   Info
	frames int
	size   int64
	last   int64 // the offset of the duration of the last frame
	hold   time.Duration
}

func newWebPSink(f *atomicfile.File, info Info, opt WriteOptions) (*webpSink, error) {
	if info.Width > maxWebPSide || info.Height > maxWebPSide {
		return nil, tooLarge("frames of %dx%d; a WebP allows %d on a side", info.Width, info.Height, maxWebPSide)
	}
	s := &webpSink{file: f, info: info, hold: opt.HoldLast}
	// The background color, and the number of repetitions: endless.
	return s, s.append(append([]byte("RIFF\x00\x00\x00\x00WEBP"), append(vp8x(vp8xAnimation, info.Width, info.Height), riffChunk("ANIM", make([]byte, 6))...)...))
}

func (s *webpSink) append(b []byte) error {
	if s.size+int64(len(b)) > math.MaxUint32 {
		return tooLarge("the video exceeds the 4 GiB that a WebP may have")
	}
	_, err := s.file.Write(b)
	s.size += int64(len(b))
	return err
}

func (s *webpSink) write(p *picture.Picture) error {
	var b bytes.Buffer
	if err := picture.Encode(&b, p, picture.WebP, picture.SaveOptions{}); err != nil {
		return err
	}
	control := make([]byte, 6, anmfLen) // at the corner
	control = appendUint24(appendUint24(control, s.info.Width-1), s.info.Height-1)
	control = append(appendUint24(control, int(milliseconds(s.info.Rate, s.frames))), anmfReplace)
	for id, body := range riffChunks(b.Bytes()[riffHeaderLen:]) {
		if id == "VP8L" {
			s.last = s.size + chunkHeadLen + 12
			s.frames++
			return s.append(riffChunk("ANMF", control, riffChunk(id, body)))
		}
	}
	panic("video: a lossless WebP without pixels")
}

func (s *webpSink) close() error {
	if s.hold > 0 {
		if _, err := s.file.WriteAt(appendUint24(nil, int(min(s.hold.Milliseconds(), 1<<24-1))), s.last); err != nil {
			return err
		}
	}
	_, err := s.file.WriteAt(binary.LittleEndian.AppendUint32(nil, uint32(s.size-chunkHeadLen)), 4)
	return err
}

func (s *webpSink) abort() {}

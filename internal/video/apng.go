package video

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"math"
	"time"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/picture"
)

// The parts of an animated PNG (PNG specification, third edition, section 11.3.6).
const (
	pngSignature  = "\x89PNG\r\n\x1a\n"
	pngChunkExtra = 12 // the length, the type and the checksum
	pngHeaderLen  = 13
	pngControlLen = 26 // of fcTL
	pngNumberLen  = 4  // of the sequence number in fcTL and fdAT

	pngDisposalClear    = 1
	pngDisposalPrevious = 2
	pngBlendOver        = 1
)

// openAPNG finds the frames of an animated PNG. Each is then read by package picture as
// a PNG of its own with the same palette and color space.
func openAPNG(data []byte, name string, lim Limits) (stored, error) {
	var (
		header    []byte
		common    []byte // chunks that every frame needs
		cels      []cel
		durations []fraction
		animated  bool
		declared  int      // frames
		pixels    [][]byte // the chunks of the current cel
		w, h      int
	)
	be := binary.BigEndian
	flush := func() error {
		if len(cels) > 0 && cels[len(cels)-1].file == nil {
			if len(pixels) == 0 {
				return corrupt("frame %d has no pixels", len(cels))
			}
			c := &cels[len(cels)-1]
			c.file = pngFile(header, common, c.place.Size(), pixels)
		}
		pixels = nil
		return nil
	}
	cut := true
	for rest := data[len(pngSignature):]; len(rest) >= pngChunkExtra; {
		n := int64(be.Uint32(rest))
		if n+pngChunkExtra > int64(len(rest)) {
			break
		}
		chunk := rest[:n+pngChunkExtra]
		id, body := string(chunk[4:8]), chunk[8:8+n]
		rest = rest[len(chunk):]
		switch id {
		case "IHDR":
			if n < pngHeaderLen || header != nil {
				return stored{}, corrupt("its header is invalid")
			}
			header = body
			w, h = int(be.Uint32(header)), int(be.Uint32(header[4:]))
			if err := lim.admit(w, h); err != nil {
				return stored{}, err
			}
		case "acTL":
			animated = true
			if n >= 8 {
				declared = int(be.Uint32(body))
			}
		case "fcTL":
			if header == nil || n < pngControlLen {
				return stored{}, corrupt("a frame is invalid")
			}
			if err := flush(); err != nil {
				return stored{}, err
			}
			c, duration := pngFrame(body[pngNumberLen:])
			if !c.place.In(image.Rect(0, 0, w, h)) || c.place.Empty() {
				return stored{}, corrupt("frame %d leaves the canvas", len(cels)+1)
			}
			cels, durations = append(cels, c), append(durations, duration)
			if err := lim.frames(len(cels)); err != nil {
				return stored{}, err
			}
		case "IDAT":
			pixels = append(pixels, body)
		case "fdAT":
			if len(body) > pngNumberLen {
				pixels = append(pixels, body[pngNumberLen:])
			}
		case "IEND":
			cut = false
			rest = nil
		case "PLTE", "tRNS", "iCCP", "sRGB", "gAMA", "cHRM", "cICP", "sBIT", "CgBI":
			common = append(common, chunk...)
		}
	}
	switch {
	case header == nil:
		return stored{}, corrupt("it ends in its header")
	case !animated && cut:
		return stored{}, corrupt("it ends before its last frame")
	case !animated:
		return stored{}, still("PNG")
	}
	if err := flush(); err != nil {
		return stored{}, err
	}
	if len(cels) < declared {
		return stored{}, corrupt("it ends after %d of %d frames", len(cels), declared)
	}
	ticks, tick := inTicks(durations)
	return newAnimation("an animated PNG", name, lim, w, h, cels, ticks, tick)
}

// pngFrame reads the body of fcTL after the sequence number.
func pngFrame(body []byte) (cel, fraction) {
	be := binary.BigEndian
	number := func(i int) int { return int(int32(be.Uint32(body[4*i:]))) }
	at, size := image.Pt(number(2), number(3)), image.Pt(number(0), number(1))
	c := cel{place: image.Rectangle{at, at.Add(size)}, over: body[21] == pngBlendOver}
	switch body[20] {
	case pngDisposalClear:
		c.disposal = clearFrame
	case pngDisposalPrevious:
		c.disposal = restorePrevious
	}
	f := fraction{int64(be.Uint16(body[16:])), int64(be.Uint16(body[18:]))}
	if f.den == 0 {
		f.den = 100
	}
	if time.Duration(f.num)*time.Second/time.Duration(f.den) < leastDelay {
		f = fraction{int64(usualDelay / time.Millisecond), 1000}
	}
	return c, f
}

// fraction is a duration in seconds.
type fraction struct{ num, den int64 }

// inTicks returns durations in common ticks: exact, unless the ticks would be shorter
// than a microsecond.
func inTicks(durations []fraction) ([]int64, Rational) {
	const most = 1_000_000
	den := int64(1)
	for _, f := range durations {
		if den = den / gcd(den, f.den) * f.den; den > most {
			den = most
			break
		}
	}
	ticks := make([]int64, len(durations))
	for i, f := range durations {
		ticks[i] = max(1, int64(math.Round(float64(f.num)*float64(den)/float64(f.den))))
	}
	return ticks, Rational{1, den}
}

// pngFile returns a function that returns the PNG of a frame.
func pngFile(header, common []byte, size image.Point, pixels [][]byte) func() []byte {
	return func() []byte {
		head := bytes.Clone(header)
		binary.BigEndian.PutUint32(head, uint32(size.X))
		binary.BigEndian.PutUint32(head[4:], uint32(size.Y))
		file := appendPNGChunk([]byte(pngSignature), "IHDR", head)
		file = append(file, common...)
		file = appendPNGChunk(file, "IDAT", bytes.Join(pixels, nil))
		return appendPNGChunk(file, "IEND", nil)
	}
}

func appendPNGChunk(b []byte, id string, body []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(body)))
	at := len(b)
	b = append(append(b, id...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[at:]))
}

// apngSink writes an animated PNG that repeats for ever. A frame goes to the file when
// it is encoded; the number of frames is filled in at the end.
type apngSink struct {
	file     *atomicfile.File
	info     Info
	duration func(frame int) fraction
	frames   uint32
	sequence uint32
	control  int64 // the offset of acTL
	lastTime int64 // the offset of the last fcTL
	last     []byte
	hold     time.Duration
	offset   int64
}

func newAPNGSink(f *atomicfile.File, info Info, opt WriteOptions) (*apngSink, error) {
	s := &apngSink{file: f, info: info, hold: opt.HoldLast}
	s.duration = func(int) fraction { return fraction{info.Rate.Den, info.Rate.Num} }
	if max(info.Rate.Num, info.Rate.Den) > math.MaxUint16 {
		s.duration = func(frame int) fraction { return fraction{milliseconds(info.Rate, frame), 1000} }
	}
	be := binary.BigEndian
	const trueColor = 2
	header := be.AppendUint32(be.AppendUint32(nil, uint32(info.Width)), uint32(info.Height))
	head := appendPNGChunk([]byte(pngSignature), "IHDR", append(header, 8, trueColor, 0, 0, 0))
	s.control = int64(len(head))
	return s, s.append(appendPNGChunk(head, "acTL", make([]byte, 8)))
}

func (s *apngSink) append(b []byte) error {
	_, err := s.file.Write(b)
	s.offset += int64(len(b))
	return err
}

// number appends the next sequence number.
func (s *apngSink) number() []byte {
	s.sequence++
	return binary.BigEndian.AppendUint32(nil, s.sequence-1)
}

func (s *apngSink) write(p *picture.Picture) error {
	var b bytes.Buffer
	if err := picture.Encode(&b, p, picture.PNG, picture.SaveOptions{}); err != nil {
		return err
	}
	be := binary.BigEndian
	control := be.AppendUint32(be.AppendUint32(s.number(), uint32(s.info.Width)), uint32(s.info.Height))
	control = append(control, 0, 0, 0, 0, 0, 0, 0, 0) // at the corner
	d := s.duration(int(s.frames))
	control = be.AppendUint16(be.AppendUint16(control, uint16(d.num)), uint16(d.den))
	control = append(control, 0, 0) // kept, and replacing the frame before
	s.last = control
	s.lastTime = s.offset
	chunks := appendPNGChunk(nil, "fcTL", s.last)
	for rest := b.Bytes()[len(pngSignature):]; len(rest) >= pngChunkExtra; {
		n := be.Uint32(rest)
		if string(rest[4:8]) == "IDAT" {
			body := rest[8 : 8+n]
			if s.frames == 0 {
				chunks = appendPNGChunk(chunks, "IDAT", body)
			} else {
				chunks = appendPNGChunk(chunks, "fdAT", append(s.number(), body...))
			}
		}
		rest = rest[n+pngChunkExtra:]
	}
	s.frames++
	return s.append(chunks)
}

func (s *apngSink) close() error {
	if err := s.append(appendPNGChunk(nil, "IEND", nil)); err != nil {
		return err
	}
	if s.hold > 0 {
		be := binary.BigEndian
		be.PutUint16(s.last[20:], uint16(min(s.hold.Milliseconds(), math.MaxUint16)))
		be.PutUint16(s.last[22:], 1000)
		if _, err := s.file.WriteAt(appendPNGChunk(nil, "fcTL", s.last), s.lastTime); err != nil {
			return err
		}
	}
	endless := []byte{0, 0, 0, 0}
	_, err := s.file.WriteAt(appendPNGChunk(nil, "acTL", append(binary.BigEndian.AppendUint32(nil, s.frames), endless...)), s.control)
	return err
}

// milliseconds returns how long a frame is shown at a rate, so that the sum over the
// frames is never more than half a millisecond off.
func milliseconds(rate Rational, frame int) int64 {
	at := func(i int) int64 { return int64(math.Round(1000 * float64(i) / rate.Float())) }
	return min(max(at(frame+1)-at(frame), 1), math.MaxUint16)
}

func (s *apngSink) abort() {}

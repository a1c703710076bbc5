package video

import (
	"encoding/binary"
	"image"
	"time"
)

// The parts of a GIF89a.
const (
	gifScreenLen  = 13 // of the signature and the description of the screen
	gifFrameLen   = 9  // of the description of a frame
	gifExtension  = 0x21
	gifFrame      = 0x2c
	gifEnd        = 0x3b
	gifControl    = 0xf9 // the kind of an extension
	gifColorsBit  = 0x80 // of the flags of the screen or of a frame: colours follow it
	gifColorsMask = 0x07 // two to the power of one more than this, of three bytes each

	gifTick = 10 * time.Millisecond
)

// openGIF finds the frames of a GIF. Each is then read by package picture as a GIF of
// its own. Like browsers it enlarges the screen to hold the first frame, clears to
// transparency, and ignores what follows the last whole frame.
func openGIF(data []byte, name string, lim Limits) (stored, error) {
	if len(data) < gifScreenLen {
		return stored{}, corrupt("it ends in its header")
	}
	le := binary.LittleEndian
	screen := image.Pt(int(le.Uint16(data[6:])), int(le.Uint16(data[8:])))
	headLen := gifScreenLen + gifColors(data[10])
	if len(data) < headLen {
		return stored{}, corrupt("it ends in its colors")
	}
	head := data[:headLen]
	var (
		cels      []cel
		durations []int64
		control   []byte // the extension that describes the next frame
	)
	cut := true
	for rest := data[len(head):]; len(rest) > 0; {
		switch rest[0] {
		case gifEnd:
			cut, rest = false, nil
		case gifExtension:
			n := 2 + gifBlocks(rest[min(2, len(rest)):])
			if n > len(rest) {
				rest = nil
				break
			}
			if rest[1] == gifControl && n >= 7 {
				control = rest[:n]
			}
			rest = rest[n:]
		case gifFrame:
			n := 1 + gifFrameLen
			if n > len(rest) {
				rest = nil
				break
			}
			body := rest[1:]
			n += gifColors(body[8])
			n += 1 + gifBlocks(rest[min(n+1, len(rest)):]) // the size of codes comes first
			if n > len(rest) && len(cels) > 0 {
				rest = nil // as browsers, which end with the last whole frame
				break
			}
			at := image.Pt(int(le.Uint16(body)), int(le.Uint16(body[2:])))
			size := image.Pt(int(le.Uint16(body[4:])), int(le.Uint16(body[6:])))
			c := cel{place: image.Rectangle{at, at.Add(size)}, over: true}
			if len(cels) == 0 {
				screen = image.Pt(max(screen.X, c.place.Max.X), max(screen.Y, c.place.Max.Y))
			}
			delay := int64(0)
			if control != nil {
				delay = int64(le.Uint16(control[4:]))
				c.disposal = map[byte]disposal{2: clearFrame, 3: restorePrevious}[control[3]>>2&7]
			}
			if time.Duration(delay)*gifTick < leastDelay {
				delay = int64(usualDelay / gifTick)
			}
			c.file = gifFile(head, control, rest[:min(n, len(rest))])
			cels, durations, control = append(cels, c), append(durations, delay), nil
			if err := lim.frames(len(cels)); err != nil {
				return stored{}, err
			}
			if err := lim.admit(size.X, size.Y); err != nil {
				return stored{}, err
			}
			rest = rest[min(n, len(rest)):]
		case 0: // between blocks that are a byte too long
			rest = rest[1:]
		default:
			if len(cels) == 0 {
				return stored{}, corrupt("it has a block of the unknown kind %#02x", rest[0])
			}
			rest = nil
		}
	}
	st, err := newAnimation("an animated GIF", name, lim, screen.X, screen.Y, cels, durations, Rational{1, int64(time.Second / gifTick)})
	if cut {
		st.info.Warnings = append(st.info.Warnings, incomplete(len(cels)))
	}
	return st, err
}

// gifFile returns a function that returns a GIF of one frame at the corner of a screen
// of its size.
func gifFile(head, control, frame []byte) func() []byte {
	return func() []byte {
		file := append([]byte(nil), head...)
		copy(file[6:], frame[5:9]) // the size
		file = append(file, control...)
		at := len(file) + 1
		file = append(file, frame...)
		clear(file[at : at+4]) // the position
		return append(file, gifEnd)
	}
}

// gifColors returns the size of the color table that flags announce.
func gifColors(flags byte) int {
	if flags&gifColorsBit == 0 {
		return 0
	}
	return 3 << (flags&gifColorsMask + 1)
}

// gifBlocks returns the size of the blocks at the beginning of data with the empty one
// that ends them, or more than len(data) if that is missing.
func gifBlocks(data []byte) int {
	n := 0
	for n < len(data) && data[n] != 0 {
		n += 1 + int(data[n])
	}
	return n + 1
}

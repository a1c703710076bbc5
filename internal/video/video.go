// Package video reads and writes videos: a file or a sequence of files in, pictures of
// one size at one rate through, a file or a sequence out.
//
//	Open    -> a source (one file a format) -> a Reader -> pictures
//	Create  <- a sink   (one file a format) <- a Writer <- pictures
//
// A source yields the stored frames. The [Reader] shows each as often as a constant rate
// requires, compares their number with the header's, and keeps to the limits. A sink
// stores frames. The [Writer] checks their size and lays them on white, and adds the
// sound at the end.
//
//	YUV4MPEG2 of 8 bits    .y4m, or - for a stream
//	numbered pictures      a pattern such as frames/%04d.png, or a folder
//	animated GIF           .gif, which is only read
//	animated PNG           .png and .apng
//	animated WebP          .webp
//	Motion JPEG in AVI     .avi
//	the others             .mp4, .mov, .mkv, .webm and what else FFmpeg has
//
// A file that is read is recognized by its first bytes, not by its name.
//
// All but the last work without another program. For the last, ffmpeg and ffprobe run as
// child processes with fixed arguments and without a shell. They may open files and
// pipes but no network, and a playlist is refused before they see it.
//
// # Time
//
// A video has a constant rate, a fraction of frames a second that is kept exactly, and a
// number of frames that is exact where it is known. A file of variable rate is read at a
// constant one, at which frames are repeated, and [Info.Warnings] says so. A repeated
// frame is the same *picture.Picture again.
//
// # Color
//
// Pictures have sRGB levels. In Y'CbCr files without a matrix, as all YUV4MPEG2 are, the
// colors are those of ITU-R BT.709 from 1280 columns or 577 rows on and those of BT.601
// below: players assume the same of files that do not say. YUV4MPEG2 without
// XCOLORRANGE has limited range. Chroma is interpolated linearly from where the file
// places its samples, and averaged with a triangle filter. JPEG frames have BT.601 and
// full range, as JFIF says.
//
// # Interruption
//
// Nothing appears at the path of a video before [Writer.Close], which also completes a
// video that has fewer frames than planned. After [Writer.Abort], a crash or a power
// failure an older file is still there. Of a numbered sequence each picture appears
// whole, one after the other. A stream has what was written to it.
package video

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pastiche-art/pastiche/picture"
)

// Info describes a video.
type Info struct {
	Format string // a phrase for messages, such as "a YUV4MPEG2"

	Width, Height int
	Rate          Rational // frames a second
	Frames        int      // the number of frames; -1 if it is unknown before the end

	// PixelAspect is the width of a pixel divided by its height; the zero value means
	// square.
	PixelAspect Rational

	// Chroma and FullRange are those of a YUV4MPEG2: 420jpeg, 420mpeg2, 420paldv, 411,
	// 422, 444 or mono. Create keeps them; "" means 420jpeg.
	Chroma    string
	FullRange bool

	// First is the number of the first picture of a sequence; Create begins with it.
	First int

	// Sound reports whether the file has sound, which WriteOptions.Sound copies.
	Sound bool

	// Warnings are sentences that say what is read otherwise than stored. They name the
	// file.
	Warnings []string
}

// Limits limits the cost of reading a video. Peak memory is that of picture.Limits for a
// frame, twice, plus the file for GIF, PNG and WebP. Time is limited by the contexts.
type Limits struct {
	MaxPixels int64 // width times height of a frame; 0 means picture.DefaultMaxPixels
	MaxFrames int   // after repetition; 0 means DefaultMaxFrames
	MaxBytes  int64 // of a file; 0 means DefaultMaxBytes, and picture.DefaultMaxBytes for GIF, PNG and WebP
	// Untrusted is for files from strangers: messages then suggest no commands.
	Untrusted bool
}

// Defaults of Limits.
const (
	DefaultMaxFrames = 1_000_000 // nine hours of 30 frames a second
	DefaultMaxBytes  = 1 << 40
)

func (l Limits) orDefault() Limits {
	if l.MaxPixels == 0 {
		l.MaxPixels = picture.DefaultMaxPixels
	}
	if l.MaxFrames == 0 {
		l.MaxFrames = DefaultMaxFrames
	}
	if l.MaxBytes == 0 {
		l.MaxBytes = DefaultMaxBytes
	}
	return l
}

// admit checks the size of frames.
func (l Limits) admit(w, h int) error {
	switch {
	case w < 1 || h < 1:
		return corrupt("its frames have the impossible size %dx%d", w, h)
	case w > picture.MaxSide || h > picture.MaxSide || int64(w)*int64(h) > l.MaxPixels:
		return tooLarge("its frames of %dx%d have more than the %.1f megapixels allowed", w, h, float64(l.MaxPixels)/1e6)
	}
	return nil
}

// frames checks a number of frames.
func (l Limits) frames(n int) error {
	if n > l.MaxFrames {
		return tooLarge("it has more than the %d frames allowed", l.MaxFrames)
	}
	return nil
}

// tooLong is the error of a video whose number of frames exceeds the limit.
func (l Limits) tooLong() error { return l.frames(l.MaxFrames + 1) }

// picture returns the limits of a frame.
func (l Limits) picture() picture.Limits {
	return picture.Limits{MaxPixels: l.MaxPixels, MaxBytes: min(l.MaxBytes, picture.DefaultMaxBytes), Untrusted: l.Untrusted}
}

// decodeFrame decodes a frame that is a picture file of the given size. name names the
// frame in errors, which are sentences.
func decodeFrame(ctx context.Context, file []byte, name string, lim Limits, w, h int) (*picture.Picture, error) {
	l := lim.picture()
	l.Size = func(gotW, gotH int) error {
		if gotW != w || gotH != h {
			return corrupt("it has %dx%d pixels; expected %dx%d", gotW, gotH, w, h)
		}
		return nil
	}
	f, err := picture.Decode(ctx, bytes.NewReader(file), name, l)
	if err != nil {
		return nil, sentence{err}
	}
	p := f.SRGB()
	if p.W != w || p.H != h { // an orientation in the frame
		return nil, sentence{named(name, l.Size(p.W, p.H))}
	}
	return p, nil
}

// problem is an error about a file: a clause without the name of the file.
type problem struct {
	kind   error // picture.ErrFormat, picture.ErrTooLarge or picture.ErrCorrupt
	clause string
	advice string // what to do; "" stands for that of the kind
}

func corrupt(format string, args ...any) error {
	return &problem{kind: picture.ErrCorrupt, clause: fmt.Sprintf(format, args...)}
}

func tooLarge(format string, args ...any) error {
	return &problem{kind: picture.ErrTooLarge, clause: fmt.Sprintf(format, args...)}
}

// unsupported returns an error about a file of a kind that is not read, and what to do.
func unsupported(advice, format string, args ...any) error {
	return &problem{kind: picture.ErrFormat, clause: fmt.Sprintf(format, args...), advice: advice}
}

func (p *problem) Error() string {
	advice := p.advice
	switch {
	case advice != "":
	case errors.Is(p.kind, picture.ErrTooLarge):
		advice = "make it smaller or raise the limit"
	default:
		advice = "get another copy"
	}
	return p.clause + ": " + advice
}

func (p *problem) Unwrap() error { return p.kind }

// sentence is an error that names its file already.
type sentence struct{ error }

func (s sentence) Unwrap() error { return s.error }

// named returns an error as a sentence that begins with the name of the file.
func named(name string, err error) error {
	if err == nil {
		return nil
	}
	var (
		ours  *problem
		whole sentence
	)
	if errors.As(err, &whole) {
		return whole.error
	}
	if errors.As(err, &ours) {
		return fmt.Errorf("%s: %w", name, ours)
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err // the message repeats the name
	}
	return fmt.Errorf("%s: cannot be read: %w", name, err)
}

package video

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/pastiche-art/pastiche/picture"
)

// ReadOptions configure Open. The zero value is a good default.
type ReadOptions struct {
	Limits Limits
	// Rate is the rate of numbered pictures, which have none; the zero value means 25.
	Rate Rational
	// Stdin is the stream that the path "-" stands for.
	Stdin io.Reader
}

// A Reader reads the frames of a video, one after the other.
type Reader struct {
	name   string
	info   Info
	lim    Limits
	source source
	plan   []int // see cadence

	next   int // the number of the next frame
	loaded int // frames taken from the source
	last   *picture.Picture
	err    error // the first, for good
}

// source reads the stored frames of a file. Errors do not name the file.
type source interface {
	// next returns a frame, or io.EOF after the last one.
	next(ctx context.Context) (*picture.Picture, error)
	// skip skips n frames, all of which exist if the number of frames is known.
	skip(ctx context.Context, n int) error
	io.Closer
}

// stored describes the frames of a source.
type stored struct {
	info   Info    // with the number of stored frames; of the rate where that is constant
	timing *timing // of the frames, if the rate is not known to be constant
	source source
}

// Open opens a video. ctx limits Open, not the Reader. The path is a file, a pattern for
// numbered pictures such as frames/%04d.png, a folder of them, or "-" for a YUV4MPEG2
// on ReadOptions.Stdin.
//
// An error is a sentence that names the file: picture.ErrFormat, picture.ErrTooLarge,
// picture.ErrCorrupt, that of the file system, or the cause of ctx.
func Open(ctx context.Context, path string, opt ReadOptions) (*Reader, error) {
	lim := opt.Limits.orDefault()
	name := path
	if path == "-" {
		name = "standard input"
	}
	s, err := openSource(ctx, path, name, lim, opt)
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("%s: %w", name, context.Cause(ctx))
	}
	if err != nil {
		return nil, named(name, err)
	}
	r := &Reader{name: name, info: s.info, lim: lim, source: s.source}
	if err := r.setTiming(s.timing); err != nil {
		_ = s.source.Close()
		return nil, named(name, err)
	}
	for i, w := range r.info.Warnings {
		r.info.Warnings[i] = name + ": " + w
	}
	return r, nil
}

func openSource(ctx context.Context, path, name string, lim Limits, opt ReadOptions) (stored, error) {
	if path == "-" {
		if opt.Stdin == nil {
			return stored{}, unsupported("name a file", "no stream is connected")
		}
		return openY4M(opt.Stdin, lim)
	}
	if s, ok, err := openSequence(ctx, path, lim, opt); ok || err != nil {
		return s, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return stored{}, err
	}
	f, err := os.Open(path)
	if err != nil {
		return stored{}, err
	}
	if !info.Mode().IsRegular() { // a named pipe
		s, err := openY4M(f, lim)
		return withFile(s, err, f)
	}
	if info.Size() > lim.MaxBytes {
		_ = f.Close()
		return stored{}, tooLarge("the file is larger than the limit of %.1f MB", float64(lim.MaxBytes)/1e6)
	}
	head := make([]byte, sniffLen)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		_ = f.Close()
		return stored{}, err
	}
	head = head[:n]
	err = nil // of a file that is shorter than sniffLen
	switch {
	case n == 0:
		err = corrupt("the file is empty")
	case bytes.HasPrefix(head, []byte(y4mMagic)):
		s, err := openY4MFile(ctx, f, info.Size(), lim)
		return withFile(s, err, f)
	case bytes.HasPrefix(head, []byte("GIF8")):
		return openWhole(f, name, lim, openGIF)
	case bytes.HasPrefix(head, []byte(pngSignature)):
		return openWhole(f, name, lim, openAPNG)
	case isRIFF(head, "WEBP"):
		return openWhole(f, name, lim, openWebP)
	case isRIFF(head, "AVI "):
		s, err := openAVI(ctx, f, info.Size(), name, lim)
		if !errors.As(err, new(otherCodecError)) {
			return withFile(s, err, f)
		}
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		err = still("JPEG")
	case isText(head):
		err = unsupported("name a video", "it is text, perhaps a playlist")
	}
	_ = f.Close()
	if err != nil {
		return stored{}, err
	}
	return openFFmpeg(ctx, path, lim)
}

// sniffLen is the number of first bytes by which formats are recognized.
const sniffLen = 512

// isText reports whether the first bytes of a file are text. No video is, except a
// YUV4MPEG2; playlists are.
func isText(head []byte) bool {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	for _, b := range head {
		if b < ' ' && b != '\n' && b != '\r' && b != '\t' || b == 0x7f {
			return false
		}
	}
	return true
}

// still is the error of a file that holds one picture.
func still(format string) error {
	return unsupported("paint it as a picture", "this %s is a still picture, not a video", format)
}

// incomplete is the warning of a file that is cut after so many frames.
func incomplete(frames int) string {
	return fmt.Sprintf("the file is incomplete: the video ends with frame %d", frames)
}

// withFile makes a source close its file, or closes it after an error.
func withFile(s stored, err error, f *os.File) (stored, error) {
	if err != nil {
		_ = f.Close()
		return stored{}, err
	}
	s.source = fileSource{s.source, f}
	return s, nil
}

type fileSource struct {
	source
	f *os.File
}

func (s fileSource) Close() error { return errors.Join(s.source.Close(), s.f.Close()) }

// openWhole opens a format whose file is kept in memory, and closes the file.
func openWhole(f *os.File, name string, lim Limits, open func(data []byte, name string, lim Limits) (stored, error)) (stored, error) {
	defer f.Close()
	most := min(lim.MaxBytes, picture.DefaultMaxBytes)
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return stored{}, err
	}
	if int64(len(data)) > most {
		return stored{}, tooLarge("the file is larger than the limit of %.1f MB", float64(most)/1e6)
	}
	return open(data, name, lim)
}

// setTiming makes the rate constant.
func (r *Reader) setTiming(t *timing) error {
	if t == nil {
		return r.lim.frames(r.info.Frames)
	}
	c, variable, err := t.cadence(r.lim)
	if err != nil {
		return err
	}
	r.info.Rate, r.plan = c.rate, c.plan
	if c.plan != nil {
		r.info.Frames = len(c.plan)
		r.info.Warnings = append(r.info.Warnings, fmt.Sprintf("the rate is variable (%s): it is read as %d frames at %v a second, with frames repeated", variable, len(c.plan), c.rate))
	}
	return nil
}

// Info describes the video.
func (r *Reader) Info() Info { return r.info }

// Next returns the next frame, which the caller must not change, or io.EOF after the
// last one. Besides those of Open its errors include that of a video that ends early.
func (r *Reader) Next(ctx context.Context) (*picture.Picture, error) {
	if r.err != nil {
		return nil, r.err
	}
	p, err := r.frame(ctx)
	if err == nil {
		r.next++
		return p, nil
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("%s: %w", r.name, context.Cause(ctx))
	} else if !errors.Is(err, io.EOF) {
		err = named(r.name, err)
	}
	r.err, r.last = err, nil
	return nil, err
}

func (r *Reader) frame(ctx context.Context) (*picture.Picture, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if r.info.Frames >= 0 && r.next >= r.info.Frames {
		return nil, io.EOF
	}
	if r.info.Frames < 0 && r.next >= r.lim.MaxFrames {
		// One frame more may be the end.
		if _, err := r.source.next(ctx); err != nil {
			return nil, err
		}
		return nil, r.lim.tooLong()
	}
	want := r.next
	if r.plan != nil {
		want = r.plan[r.next]
	}
	if want == r.loaded-1 && r.last != nil {
		return r.last, nil
	}
	if want > r.loaded {
		if err := r.source.skip(ctx, want-r.loaded); err != nil {
			return nil, r.early(err)
		}
		r.loaded = want
	}
	p, err := r.source.next(ctx)
	if err != nil {
		return nil, r.early(err)
	}
	r.loaded++
	if r.plan != nil {
		r.last = p
	}
	return p, nil
}

// early returns the error of a video that ends before its known number of frames.
func (r *Reader) early(err error) error {
	if r.info.Frames >= 0 && errors.Is(err, io.EOF) {
		return corrupt("it ends after %d of %d frames", r.next, r.info.Frames)
	}
	return err
}

// Skip skips n frames. It does not decode them where the format allows that. If the
// number of frames is known and lower, it skips all.
func (r *Reader) Skip(ctx context.Context, n int) error {
	if r.err != nil && !errors.Is(r.err, io.EOF) {
		return r.err
	}
	if r.info.Frames >= 0 {
		r.next = min(r.next+n, r.info.Frames)
		return nil // the next frame is found when it is read
	}
	for range n {
		if _, err := r.Next(ctx); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
	return nil
}

// Close releases the file or ends the child process.
func (r *Reader) Close() error { return r.source.Close() }

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

// skipByReading implements source.skip for sources that must decode every frame.
func skipByReading(ctx context.Context, s source, n int) error {
	for range n {
		if _, err := s.next(ctx); err != nil {
			return err
		}
	}
	return nil
}

// readBuffer is the size of buffers of files.
const readBuffer = 1 << 16

func buffered(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, readBuffer) }

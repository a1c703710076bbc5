package video

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/internal/planar"
	"github.com/pastiche-art/pastiche/picture"
)

// WriteOptions configure Create. The zero value is a good default.
type WriteOptions struct {
	// Quality is that of JPEG frames, 1 to 100; 0 means picture.DefaultQuality.
	Quality int
	// HoldLast is how long an animated PNG or WebP shows its last frame, if not for the
	// time of a frame; at most a minute.
	HoldLast time.Duration
	// Sound, unless nil, is copied into the video, bit by bit, by FFmpeg.
	Sound *Sound
	// Stdout is the stream that the path "-" stands for, which receives a YUV4MPEG2.
	Stdout io.Writer
}

// Sound is the sound of another video.
type Sound struct {
	Path   string // the video
	Frames int    // how many it has, at the rate of the new video
	Skip   int    // how many of them come before the first frame of the new video
	// Untrusted is that of the Limits with which the other video is read.
	Untrusted bool
}

// A Writer writes a video. Whoever creates one calls Close or Abort.
type Writer struct {
	name    string
	info    Info
	sink    sink
	file    *atomicfile.File // nil for streams and sequences
	sound   *soundtrack      // nil without sound
	written int
	err     error // the first, for good
}

// sink stores frames of one size without opacity, except in sequences. Errors do not
// name the file, except those of package atomicfile.
type sink interface {
	write(p *picture.Picture) error
	// close completes the file.
	close() error
	// abort ends processes.
	abort()
}

// Create creates a video of the size, the rate and, where the format has them, the
// aspect, chroma, range and first number of info. The path is a file name with an
// extension, a pattern for numbered pictures such as out/%04d.png, an existing folder
// or a name that ends in a slash, for PNGs in it, or "-" for a YUV4MPEG2 on
// WriteOptions.Stdout.
//
// What can fail later, such as an encoder that is missing or sound that the format
// cannot hold, is tried on a single frame first, while ctx lasts. An error is a
// sentence that names the file: picture.ErrFormat, picture.ErrTooLarge or
// picture.ErrWrite.
func Create(ctx context.Context, path string, info Info, opt WriteOptions) (*Writer, error) {
	w := &Writer{name: path, info: info}
	if path == "-" {
		w.name = "standard output"
	}
	switch {
	case info.Width < 1 || info.Height < 1 || !info.Rate.valid():
		panic("video: a video without size or rate")
	case opt.Quality < 0 || opt.Quality > 100:
		return nil, w.named(unsupported("choose one of these", "JPEG quality is %d; expected 1 to 100", opt.Quality))
	}
	if err := w.create(ctx, path, opt); err != nil {
		if w.file != nil {
			w.file.Discard()
		}
		return nil, w.named(err)
	}
	return w, nil
}

func (w *Writer) create(ctx context.Context, path string, opt WriteOptions) error {
	p, isSequence := sequencePattern(path)
	var (
		newSink func(*atomicfile.File) (sink, error)
		err     error
	)
	switch {
	case path == "-":
		if opt.Stdout == nil {
			return unsupported("name a file", "no stream is connected")
		}
		newSink = func(*atomicfile.File) (sink, error) { return newY4MSink(opt.Stdout, w.info) }
	case isSequence:
		newSink = func(*atomicfile.File) (sink, error) { return newSequenceSink(p, w.info, opt) }
	default:
		if newSink, err = fileSink(ctx, path, w.info, opt); err != nil {
			return err
		}
		if w.file, err = atomicfile.Create(path); err != nil {
			return err
		}
	}
	if opt.Sound != nil {
		if w.file == nil || !holdsSound(path) {
			return unsupported("choose a name that ends in .mp4, .mov, .mkv, .webm or .avi, or leave the sound out", "videos of this kind hold no sound")
		}
		if w.sound, err = newSoundtrack(ctx, w.info, opt.Sound); err != nil {
			return err
		}
		if err := w.tryFrame(ctx, path, newSink); err != nil {
			return err
		}
	}
	w.sink, err = newSink(w.file)
	return err
}

// fileSink returns the function that begins a file of the format of an extension.
func fileSink(ctx context.Context, path string, info Info, opt WriteOptions) (func(*atomicfile.File) (sink, error), error) {
	ext := strings.ToLower(filepath.Ext(path))
	if !info.PixelAspect.square() && (ext == ".png" || ext == ".apng" || ext == ".webp") {
		return nil, unsupported("write .y4m, .avi or .mp4", "its pixels are not square (%v), which animated pictures cannot record", info.PixelAspect)
	}
	switch ext {
	case ".y4m":
		return func(f *atomicfile.File) (sink, error) { return newY4MSink(f, info) }, nil
	case ".png", ".apng":
		return seekable(func(f *atomicfile.File) (sink, error) { return newAPNGSink(f, info, opt) }), nil
	case ".webp":
		return seekable(func(f *atomicfile.File) (sink, error) { return newWebPSink(f, info, opt) }), nil
	case ".avi":
		return seekable(func(f *atomicfile.File) (sink, error) { return newAVISink(f, info, opt) }), nil
	case ".gif":
		return nil, unsupported("write .webp or .png, which browsers play too", "a GIF has 256 colors a frame, too few for a painting")
	case ".jpg", ".jpeg", ".tif", ".tiff", ".bmp":
		return nil, unsupported("write numbered pictures, as in frames/%04d"+ext, "%s files hold a single picture", ext)
	case "":
		return nil, unsupported("add one, such as .avi or .mp4", "the name has no extension to choose a format by")
	}
	newSink, err := newEncoder(ctx, path, info)
	return seekable(newSink), err
}

// seekable refuses streams for formats that are completed at their beginning.
func seekable(newSink func(*atomicfile.File) (sink, error)) func(*atomicfile.File) (sink, error) {
	return func(f *atomicfile.File) (sink, error) {
		if f.Streams() {
			return nil, unsupported("write a YUV4MPEG2 (.y4m) there, or name a file", "this format cannot be written to a device or a pipe")
		}
		return newSink(f)
	}
}

// sequencePattern returns the pattern of numbered pictures that a path stands for.
func sequencePattern(path string) (pattern, bool) {
	if p, ok := parsePattern(path); ok {
		return p, true
	}
	info, err := os.Stat(path)
	if err == nil && info.IsDir() || path != "" && os.IsPathSeparator(path[len(path)-1]) {
		p, _ := parsePattern(sequenceFolderName)
		p.prefix = filepath.Join(path, p.prefix) + string(filepath.Separator)
		return p, true
	}
	return pattern{}, false
}

// holdsSound reports whether the format of an extension holds sound.
func holdsSound(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".y4m", ".png", ".apng", ".webp":
		return false
	}
	return true
}

// tryFrame writes a video of one black frame with sound, and discards it.
func (w *Writer) tryFrame(ctx context.Context, path string, newSink func(*atomicfile.File) (sink, error)) error {
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Discard()
	s, err := newSink(f)
	if err != nil {
		return err
	}
	if err := s.write(picture.New(w.info.Width, w.info.Height)); err != nil {
		s.abort()
		return err
	}
	if err := s.close(); err != nil {
		return err
	}
	if w.sound == nil {
		return nil
	}
	out, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer out.Discard()
	return w.sound.add(ctx, f.Name(), out.Name(), 1)
}

// named returns an error of Create, Write or Close with the name of the video.
func (w *Writer) named(err error) error {
	if err == nil || errors.Is(err, atomicfile.ErrWrite) || errors.As(err, new(sentence)) {
		return err
	}
	return fmt.Errorf("%s: %w", w.name, err)
}

// Info describes the video. Frames is the number of frames written so far.
func (w *Writer) Info() Info {
	i := w.info
	i.Frames = w.written
	return i
}

// Write writes the next frame, laid on white except in PNG sequences. After an error
// only Close, which keeps the frames before, and Abort are useful. It panics for a
// picture of another size.
func (w *Writer) Write(p *picture.Picture) error {
	if p.W != w.info.Width || p.H != w.info.Height {
		panic(fmt.Sprintf("video: a frame of %dx%d in a video of %dx%d", p.W, p.H, w.info.Width, w.info.Height))
	}
	if w.err != nil {
		return w.err
	}
	if !planar.Finite(p.RGB) {
		return w.named(picture.ErrNotFinite)
	}
	if _, sequence := w.sink.(*sequenceSink); !sequence {
		p = onWhite(p)
	}
	if w.err = w.named(w.sink.write(p)); w.err == nil {
		w.written++
	}
	return w.err
}

// onWhite returns a picture laid on white, in sRGB levels as browsers do.
func onWhite(p *picture.Picture) *picture.Picture {
	if p.Alpha == nil {
		return p
	}
	q := picture.New(p.W, p.H)
	n := p.W * p.H
	for i, level := range p.RGB {
		a := p.Alpha[i%n]
		q.RGB[i] = a*level + (1-a)*math.MaxUint8
	}
	return q
}

// Close completes the video with the frames that were written, adds the sound, and moves
// it to its path. After an error, and without a frame, nothing is left there.
func (w *Writer) Close() error {
	if w.written == 0 {
		w.Abort()
		return errors.Join(w.err, w.named(unsupported("write one frame at least", "the video has no frame")))
	}
	err := w.sink.close()
	if errors.Is(w.err, atomicfile.ErrWrite) {
		err = w.err // what follows a partial frame is of no use
	}
	if err != nil {
		w.Abort()
		return w.named(err)
	}
	if w.file == nil {
		return nil
	}
	defer w.file.Discard()
	if w.sound == nil {
		return w.file.Commit()
	}
	out, err := atomicfile.Create(w.name)
	if err != nil {
		return err
	}
	defer out.Discard()
	if err := w.sound.add(context.Background(), w.file.Name(), out.Name(), w.written); err != nil {
		return w.named(err)
	}
	return out.Commit()
}

// Abort leaves the path as it was before Create. Pictures of a sequence stay.
func (w *Writer) Abort() {
	w.sink.abort()
	if w.file != nil {
		w.file.Discard()
	}
}

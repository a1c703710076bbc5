package video

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/pastiche-art/pastiche/picture"
)

// The format is described in mjpegtools, yuv4mpeg(5).
const (
	y4mMagic      = "YUV4MPEG2"
	y4mFrame      = "FRAME"
	y4mHeaderLen  = 1024 // of a header, at most
	y4mColorRange = "XCOLORRANGE="
	y4mFullRange  = "FULL"
)

// y4mHeader is the first line of a YUV4MPEG2.
type y4mHeader struct {
	w, h      int
	rate      Rational
	aspect    Rational
	chroma    chroma
	fullRange bool
}

func (h *y4mHeader) coding() coding { return newCoding(assumesBT709(h.w, h.h), h.fullRange) }

func (h *y4mHeader) info() Info {
	return Info{
		Format: "a YUV4MPEG2", Width: h.w, Height: h.h, Rate: h.rate, Frames: -1, First: 1,
		PixelAspect: h.aspect, Chroma: h.chroma.name, FullRange: h.fullRange,
	}
}

// parseY4M reads the first line, without its end.
func parseY4M(line string, lim Limits) (*y4mHeader, error) {
	parameters, ok := strings.CutPrefix(line, y4mMagic)
	if !ok || parameters != "" && parameters[0] != ' ' {
		return nil, unsupported("write YUV4MPEG2, as ffmpeg does with -f yuv4mpegpipe", "the stream does not begin with %s", y4mMagic)
	}
	h := new(y4mHeader)
	h.chroma, _ = chromaOf("")
	for p := range strings.FieldsSeq(parameters) {
		tag, value := p[0], p[1:]
		var err error
		switch tag {
		case 'W':
			h.w, err = strconv.Atoi(value)
		case 'H':
			h.h, err = strconv.Atoi(value)
		case 'F':
			h.rate, err = ParseRational(value)
			if value == "0:0" {
				return nil, unsupported("set it, as ffmpeg does with -r 25", "its rate is unknown (F0:0)")
			}
		case 'A':
			if value != "0:0" { // unknown
				h.aspect, err = ParseRational(value)
			}
		case 'I':
			err = checkProgressive(value)
		case 'C':
			if h.chroma, ok = chromaOf(value); !ok {
				return nil, unsupportedChroma(value)
			}
		case 'X':
			if r, ok := strings.CutPrefix(p, y4mColorRange); ok {
				h.fullRange = r == y4mFullRange
			}
		}
		var ours *problem
		switch {
		case errors.As(err, &ours):
			return nil, err
		case err != nil:
			return nil, corrupt("the parameter %.40q of its header is invalid", p)
		}
	}
	if !h.rate.valid() {
		return nil, corrupt("its header has no rate (F)")
	}
	return h, lim.admit(h.w, h.h)
}

// checkProgressive refuses fields.
func checkProgressive(interlacing string) error {
	switch interlacing {
	case "p", "?", "":
		return nil
	}
	return unsupported("deinterlace it first, for instance with FFmpeg's -vf yadif", "it is interlaced (I%.10q); expected whole frames", interlacing)
}

// unsupportedChroma explains what is not read.
func unsupportedChroma(name string) error {
	const advice = "convert it first, for instance with FFmpeg's -pix_fmt yuv420p"
	switch {
	case strings.HasSuffix(name, "alpha"):
		return unsupported(advice, "it has an opacity plane (C%.20q); expected none", name)
	case strings.Contains(name, "p") && strings.ContainsAny(name, "0123456789") && !strings.Contains(name, "paldv"), strings.HasPrefix(name, "mono"):
		return unsupported(advice, "it has samples of more than 8 bits (C%.20q); expected 8", name)
	}
	return unsupported(advice, "its chroma C%.20q is unknown; expected C420jpeg, C420mpeg2, C420paldv, C411, C422, C444 or Cmono", name)
}

// y4mSource reads frames.
type y4mSource struct {
	*y4mHeader
	stream io.Reader
	r      *bufio.Reader
	file   *os.File // nil unless skip can seek
	offset int64    // in file, of the next frame
	index  []int64  // the offsets of the frames in file
	read   int      // frames
	planes []byte
}

// openY4M reads the header of a stream.
func openY4M(stream io.Reader, lim Limits) (stored, error) {
	s := &y4mSource{stream: stream, r: buffered(stream)}
	line, err := s.line()
	if err == nil {
		s.y4mHeader, err = parseY4M(line, lim)
	} else if errors.Is(err, io.EOF) {
		err = corrupt("it ends in its header")
		if line == "" {
			err = corrupt("the stream is empty")
		}
	}
	if err != nil {
		return stored{}, err
	}
	s.planes = make([]byte, s.chroma.bytes(s.w, s.h))
	return stored{info: s.info(), source: s}, nil
}

// openY4MFile reads the header and counts the frames.
func openY4MFile(ctx context.Context, f *os.File, size int64, lim Limits) (stored, error) {
	st, err := openY4M(f, lim)
	if err != nil {
		return st, err
	}
	s, _ := st.source.(*y4mSource)
	header := make([]byte, y4mHeaderLen)
	n, err := f.ReadAt(header, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return stored{}, err
	}
	s.offset = int64(bytes.IndexByte(header[:n], '\n') + 1)
	for at := s.offset; at < size; {
		if ctx.Err() != nil {
			return stored{}, context.Cause(ctx)
		}
		n, err := f.ReadAt(header, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return stored{}, err
		}
		line := bytes.IndexByte(header[:n], '\n')
		end := at + int64(line) + 1 + int64(len(s.planes))
		if line < 0 && n < len(header) || end > size {
			st.info.Warnings = append(st.info.Warnings, incomplete(len(s.index)))
			break
		}
		if line < 0 || !bytes.HasPrefix(header, []byte(y4mFrame)) {
			return stored{}, s.noFrame(len(s.index) + 1)
		}
		s.index = append(s.index, at)
		if err := lim.frames(len(s.index)); err != nil {
			return stored{}, err
		}
		at = end
	}
	if len(s.index) == 0 {
		return stored{}, corrupt("it has no frame")
	}
	s.file = f
	st.info.Frames = len(s.index)
	if _, err := f.Seek(s.offset, io.SeekStart); err != nil {
		return stored{}, err
	}
	s.r.Reset(f)
	return st, nil
}

// line reads a line without its end.
func (s *y4mSource) line() (string, error) {
	var line []byte
	for {
		b, err := s.r.ReadByte()
		if err != nil {
			return string(line), err
		}
		if b == '\n' {
			return string(line), nil
		}
		if line = append(line, b); len(line) > y4mHeaderLen {
			return "", corrupt("a header is longer than %d bytes", y4mHeaderLen)
		}
	}
}

func (s *y4mSource) next(ctx context.Context) (*picture.Picture, error) {
	if pipe, ok := s.stream.(interface{ SetReadDeadline(t time.Time) error }); ok && s.file == nil {
		stop := context.AfterFunc(ctx, func() { _ = pipe.SetReadDeadline(time.Now()) })
		defer stop()
	}
	line, err := s.line()
	if errors.Is(err, io.EOF) && line == "" {
		if s.read == 0 {
			return nil, corrupt("it has no frame")
		}
		return nil, io.EOF
	}
	if errors.Is(err, io.EOF) {
		return nil, s.cut()
	}
	if err != nil {
		return nil, err
	}
	parameters, ok := strings.CutPrefix(line, y4mFrame)
	if !ok {
		return nil, s.noFrame(s.read + 1)
	}
	for p := range strings.FieldsSeq(parameters) {
		// Of the three letters the second says whether the frame was sampled at once.
		if p[0] == 'I' && len(p) == 4 && p[2] != 'p' {
			return nil, checkProgressive(p[1:])
		}
	}
	if _, err := io.ReadFull(contextReader{ctx, s.r}, s.planes); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = s.cut()
		}
		return nil, err
	}
	s.read++
	return s.coding().decode(s.planes, s.chroma, s.w, s.h), nil
}

func (s *y4mSource) noFrame(number int) error {
	return corrupt("frame %d does not begin with %s", number, y4mFrame)
}

func (s *y4mSource) cut() error { return corrupt("it ends in frame %d", s.read+1) }

func (s *y4mSource) skip(ctx context.Context, n int) error {
	if s.file == nil {
		return skipByReading(ctx, s, n)
	}
	s.read += n
	if s.read >= len(s.index) {
		return io.EOF
	}
	if _, err := s.file.Seek(s.index[s.read], io.SeekStart); err != nil {
		return err
	}
	s.r.Reset(s.file)
	return nil
}

func (s *y4mSource) Close() error { return nil }

// y4mSink writes frames.
type y4mSink struct {
	w      io.Writer
	header y4mHeader
	planes []byte
}

func newY4MSink(w io.Writer, info Info) (*y4mSink, error) {
	h := y4mHeader{w: info.Width, h: info.Height, rate: info.Rate, aspect: info.PixelAspect, fullRange: info.FullRange}
	var ok bool
	if h.chroma, ok = chromaOf(info.Chroma); !ok {
		return nil, unsupported("choose one of these", "chroma %q; expected 420jpeg, 420mpeg2, 420paldv, 411, 422, 444 or mono", info.Chroma)
	}
	if !h.aspect.valid() {
		h.aspect = Rational{1, 1}
	}
	colorRange := "LIMITED"
	if h.fullRange {
		colorRange = y4mFullRange
	}
	_, err := fmt.Fprintf(w, "%s W%d H%d F%d:%d Ip A%d:%d C%s %s%s\n", y4mMagic, h.w, h.h,
		h.rate.Num, h.rate.Den, h.aspect.Num, h.aspect.Den, h.chroma.name, y4mColorRange, colorRange)
	return &y4mSink{w: w, header: h, planes: make([]byte, h.chroma.bytes(h.w, h.h))}, err
}

func (s *y4mSink) write(p *picture.Picture) error {
	s.header.coding().encode(s.planes, s.header.chroma, p)
	if _, err := io.WriteString(s.w, y4mFrame+"\n"); err != nil {
		return err
	}
	_, err := s.w.Write(s.planes)
	return err
}

func (s *y4mSink) close() error { return nil }

func (s *y4mSink) abort() {}

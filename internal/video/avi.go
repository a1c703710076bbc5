package video

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/picture"
)

// The format is described in Microsoft's "AVI RIFF File Reference" and in the OpenDML
// extensions of 1996, of which only the further RIFF lists (AVIX) are read. A reader
// walks through the chunks and needs no index.
const (
	aviHeaderLen      = 56 // of avih and strh
	aviFormatLen      = 40 // of strf of a video: a BITMAPINFOHEADER
	aviHasIndex       = 0x10
	aviInterleaved    = 0x100
	aviKeyFrame       = 0x10
	aviIndexLen       = 16
	aviMaxStreams     = 100
	aviMaxHeaders     = 1 << 20
	aviChunksPerFrame = 64 // at most, sound and padding included
	motionJPEG        = "MJPG"
	aviFrameID        = "00dc"
	// aviMaxBytes is the size up to which every reader takes an AVI without the index
	// of OpenDML.
	aviMaxBytes = math.MaxInt32
)

// otherCodecError is the codec of a video that needs FFmpeg.
type otherCodecError string

func (e otherCodecError) Error() string {
	return fmt.Sprintf("an AVI with the codec %.8q; expected %s", string(e), motionJPEG)
}

// aviFrame is the place of a frame in the file.
type aviFrame struct {
	offset int64
	size   uint32
}

// aviSource reads the frames of the first video stream.
type aviSource struct {
	f      *os.File
	name   string
	lim    Limits
	w, h   int
	frames []aviFrame
	read   int
	last   *picture.Picture // for an empty chunk, which repeats the frame before
}

// openAVI reads the headers and finds the frames.
func openAVI(ctx context.Context, f *os.File, size int64, name string, lim Limits) (stored, error) {
	w := &aviWalk{ctx: ctx, f: f, lim: lim, video: -1, info: Info{Format: "a Motion JPEG in AVI", Frames: -1, First: 1}}
	for at := int64(0); at+riffHeaderLen <= size; {
		id, n, err := w.head(at)
		if err != nil {
			return stored{}, err
		}
		if id != "RIFF" {
			break // trailing bytes
		}
		end := min(at+chunkHeadLen+n, size)
		if n == 0 { // a file that was not completed
			end = size
		}
		if err := w.list(at+riffHeaderLen, end, 0); err != nil {
			return stored{}, err
		}
		at = end + n&1
	}
	if w.video < 0 {
		return stored{}, corrupt("it has no video stream")
	}
	if len(w.frames) == 0 {
		return stored{}, corrupt("it has no frame")
	}
	w.info.Frames = len(w.frames)
	if w.cut {
		return stored{}, corrupt("it ends in frame %d", len(w.frames))
	}
	return stored{info: w.info, source: &aviSource{f: f, name: name, lim: lim, w: w.info.Width, h: w.info.Height, frames: w.frames}}, nil
}

// aviWalk walks through the chunks of a file.
type aviWalk struct {
	ctx     context.Context
	f       *os.File
	lim     Limits
	info    Info
	streams int
	video   int // the number of the video stream; -1 before it is found
	frames  []aviFrame
	chunks  int
	cut     bool // the last frame is incomplete
}

func (w *aviWalk) head(at int64) (id string, n int64, err error) {
	var head [chunkHeadLen]byte
	if _, err := w.f.ReadAt(head[:], at); err != nil {
		return "", 0, err
	}
	return string(head[:4]), int64(binary.LittleEndian.Uint32(head[4:])), nil
}

func (w *aviWalk) body(at, n int64) ([]byte, error) {
	body := make([]byte, n)
	_, err := w.f.ReadAt(body, at)
	return body, err
}

// list walks through the chunks from at to end.
func (w *aviWalk) list(at, end int64, depth int) error {
	const maxDepth = 4 // RIFF, LIST movi, LIST rec
	if depth > maxDepth {
		return corrupt("its lists are nested too deeply")
	}
	for at+chunkHeadLen <= end {
		if w.ctx.Err() != nil {
			return context.Cause(w.ctx)
		}
		if w.chunks++; w.chunks/aviChunksPerFrame > w.lim.MaxFrames {
			return w.lim.tooLong()
		}
		id, n, err := w.head(at)
		if err != nil {
			return err
		}
		body := at + chunkHeadLen
		whole := body+n <= end
		n = min(n, end-body)
		switch {
		case id == "LIST" && n >= 4:
			kind, err := w.body(body, 4)
			if err != nil {
				return err
			}
			switch string(kind) {
			case "strl":
				err = w.stream(body+4, n-4)
			case "hdrl", "movi", "rec ":
				err = w.list(body+4, body+n, depth+1)
			}
			if err != nil {
				return err
			}
		case w.video >= 0 && (id == fmt.Sprintf("%02ddc", w.video) || id == fmt.Sprintf("%02ddb", w.video)):
			w.frames = append(w.frames, aviFrame{body, uint32(n)})
			w.cut = !whole
			if err := w.lim.frames(len(w.frames)); err != nil {
				return err
			}
		}
		at = body + n + n&1
	}
	return nil
}

// stream reads the header of a stream.
func (w *aviWalk) stream(at, n int64) error {
	number := w.streams
	if w.streams++; w.streams > aviMaxStreams || n > aviMaxHeaders {
		return corrupt("its headers are too long")
	}
	data, err := w.body(at, n)
	if err != nil {
		return err
	}
	var header, format, properties []byte
	for id, body := range riffChunks(data) {
		switch id {
		case "strh":
			header = body
		case "strf":
			format = body
		case "vprp":
			properties = body
		}
	}
	if len(header) < aviHeaderLen-8 { // some writers leave the rectangle out
		return corrupt("the header of stream %d is too short", number)
	}
	if string(header[:4]) == "auds" {
		w.info.Sound = true
	}
	if string(header[:4]) != "vids" || w.video >= 0 {
		return nil
	}
	if len(format) < aviFormatLen {
		return corrupt("the format of stream %d is too short", number)
	}
	if codec := string(format[16:20]); !strings.EqualFold(codec, motionJPEG) {
		return otherCodecError(codec)
	}
	le := binary.LittleEndian
	w.video = number
	w.info.Width, w.info.Height = int(int32(le.Uint32(format[4:]))), int(int32(le.Uint32(format[8:])))
	if w.info.Height < 0 { // rows from top to bottom, which JPEGs always have
		w.info.Height = -w.info.Height
	}
	w.info.Rate = ratio(int64(le.Uint32(header[24:])), int64(le.Uint32(header[20:])))
	if !w.info.Rate.valid() {
		return corrupt("its rate is 0")
	}
	if len(properties) >= 24 { // a picture of x to y on a screen
		y, x := int64(le.Uint16(properties[20:])), int64(le.Uint16(properties[22:]))
		w.info.PixelAspect = ratio(x*int64(w.info.Height), y*int64(w.info.Width))
	}
	return w.lim.admit(w.info.Width, w.info.Height)
}

func (s *aviSource) next(ctx context.Context) (*picture.Picture, error) {
	if s.read == len(s.frames) {
		return nil, io.EOF
	}
	i := s.read
	s.read++
	if s.frames[i].size == 0 {
		for i > 0 && s.frames[i].size == 0 {
			i--
		}
		if s.last != nil {
			return s.last, nil
		}
	}
	most := s.lim.picture().MaxBytes
	if int64(s.frames[i].size) > most {
		return nil, tooLarge("frame %d is larger than the limit of %.1f MB", i+1, float64(most)/1e6)
	}
	data := make([]byte, s.frames[i].size)
	if _, err := s.f.ReadAt(data, s.frames[i].offset); err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%s: frame %d", s.name, i+1)
	if len(data) > 0 && !bytes.HasPrefix(data, []byte("\xff\xd8")) {
		return nil, corrupt("frame %d is no JPEG", i+1)
	}
	p, err := decodeFrame(ctx, data, name, s.lim, s.w, s.h)
	if err != nil {
		return nil, err
	}
	s.last = nil
	if s.read < len(s.frames) && s.frames[s.read].size == 0 {
		s.last = p
	}
	return p, nil
}

func (s *aviSource) skip(_ context.Context, n int) error {
	if s.read+n > len(s.frames) {
		return io.EOF
	}
	s.read, s.last = s.read+n, nil
	return nil
}

func (s *aviSource) Close() error { return nil }

// aviSink writes Motion JPEG: a header of fixed size, a chunk for each frame and an
// index. The numbers of frames and bytes are filled in at the end.
type aviSink struct {
	file    *atomicfile.File
	info    Info
	quality int
	most    int64 // bytes
	first   int64 // the offset of the first frame
	size    int64
	index   []byte
	largest uint32
}

func newAVISink(f *atomicfile.File, info Info, opt WriteOptions) (*aviSink, error) {
	if info.Width > math.MaxUint16 || info.Height > math.MaxUint16 {
		return nil, tooLarge("frames of %dx%d; a JPEG allows %d on a side", info.Width, info.Height, math.MaxUint16)
	}
	if max(info.Rate.Num, info.Rate.Den) > math.MaxUint32 {
		return nil, unsupported("choose another rate", "a rate of %v; an AVI allows terms up to %d", info.Rate, uint32(math.MaxUint32))
	}
	s := &aviSink{file: f, info: info, quality: opt.Quality, most: aviMaxBytes}
	header := s.header()
	s.first = int64(len(header))
	return s, s.append(header)
}

func (s *aviSink) append(b []byte) error {
	_, err := s.file.Write(b)
	s.size += int64(len(b))
	return err
}

// header returns everything up to the first frame, for the frames so far.
func (s *aviSink) header() []byte {
	le := binary.LittleEndian
	frames := uint32(len(s.index) / aviIndexLen)
	w, h := uint32(s.info.Width), uint32(s.info.Height)
	rate := s.info.Rate
	words := func(values ...uint32) []byte {
		var b []byte
		for _, v := range values {
			b = le.AppendUint32(b, v)
		}
		return b
	}
	microseconds := uint32(min(math.Round(1e6/rate.Float()), math.MaxUint32))
	perSecond := uint32(min(float64(s.largest)*rate.Float(), math.MaxUint32))
	const bestQuality = math.MaxUint32 // -1: the default
	avih := riffChunk("avih", words(microseconds, perSecond, 0, aviHasIndex|aviInterleaved, frames, 0, 1, s.largest, w, h, 0, 0, 0, 0))
	strh := riffChunk("strh", []byte("vids"+motionJPEG), words(0, 0, 0, uint32(rate.Den), uint32(rate.Num), 0, frames, s.largest, bestQuality, 0),
		le.AppendUint16(le.AppendUint16(make([]byte, 4), uint16(w)), uint16(h)))
	strf := riffChunk("strf", words(aviFormatLen, w, h), []byte{1, 0, 24, 0}, []byte(motionJPEG), words(w*h*3, 0, 0, 0, 0))
	var vprp []byte
	if !s.info.PixelAspect.square() {
		x, y := s.info.screen()
		vprp = riffChunk("vprp", words(0, 0, uint32(math.Round(rate.Float())), w, h, y|x<<16, w, h, 1, h, w, h, w, 0, 0, 0, 0))
	}
	strl := riffChunk("LIST", []byte("strl"), strh, strf, vprp)
	hdrl := riffChunk("LIST", []byte("hdrl"), avih, strl)
	movi := int64(len("movi"))
	if s.size > 0 {
		movi = s.size - riffHeaderLen - int64(len(hdrl)) - chunkHeadLen
	}
	riff := riffHeaderLen - chunkHeadLen + int64(len(hdrl)) + chunkHeadLen + movi + chunkHeadLen + int64(len(s.index))
	head := append([]byte("RIFF"), words(uint32(riff))...)
	head = append(append(head, "AVI "...), hdrl...)
	return append(append(append(head, "LIST"...), words(uint32(movi))...), "movi"...)
}

// screen returns the aspect ratio of the video in 16-bit terms.
func (i Info) screen() (x, y uint32) {
	r := ratio(i.PixelAspect.Num*int64(i.Width), i.PixelAspect.Den*int64(i.Height))
	for max(r.Num, r.Den) > math.MaxUint16 {
		r = Rational{max(r.Num/2, 1), max(r.Den/2, 1)}
	}
	return uint32(r.Num), uint32(r.Den)
}

func (s *aviSink) write(p *picture.Picture) error {
	var b bytes.Buffer
	if err := picture.Encode(&b, p, picture.JPEG, picture.SaveOptions{Quality: s.quality}); err != nil {
		return err
	}
	chunk := riffChunk(aviFrameID, b.Bytes())
	if s.size+int64(len(chunk))+int64(len(s.index))+aviIndexLen+chunkHeadLen > s.most {
		return tooLarge("the video exceeds the 2 GiB that an AVI may have after %d frames", len(s.index)/aviIndexLen)
	}
	le := binary.LittleEndian
	movi := s.first - int64(len("movi")) // from which offsets are counted
	s.index = append(s.index, aviFrameID...)
	s.index = le.AppendUint32(s.index, aviKeyFrame)
	s.index = le.AppendUint32(s.index, uint32(s.size-movi))
	s.index = le.AppendUint32(s.index, uint32(b.Len()))
	s.largest = max(s.largest, uint32(b.Len()))
	return s.append(chunk)
}

func (s *aviSink) close() error {
	if _, err := s.file.WriteAt(s.header(), 0); err != nil {
		return err
	}
	return s.append(riffChunk("idx1", s.index))
}

func (s *aviSink) abort() {}

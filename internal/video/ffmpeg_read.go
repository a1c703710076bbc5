package video

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"

	"github.com/pastiche-art/pastiche/picture"
)

// probe is what ffprobe says about a file.
type probe struct {
	Format struct {
		Name      string `json:"format_name"`
		StartTime string `json:"start_time"`
	}
	Streams []probeStream
}

type probeStream struct {
	Type          string `json:"codec_type"`
	Codec         string `json:"codec_name"`
	Width, Height int
	PixelFormat   string `json:"pix_fmt"`
	PixelAspect   string `json:"sample_aspect_ratio"`
	Rate          string `json:"r_frame_rate"`
	MeanRate      string `json:"avg_frame_rate"`
	TimeBase      string `json:"time_base"`
	StartTime     string `json:"start_time"`
	Matrix        string `json:"color_space"`
	Transfer      string `json:"color_transfer"`
	Disposition   struct {
		Picture int `json:"attached_pic"`
	}
	Tags struct {
		Rotate string
	}
	SideData []struct {
		Rotation float64
	} `json:"side_data_list"`
}

// probeFile runs ffprobe.
func probeFile(ctx context.Context, ffprobe, path string, lim Limits) (*probe, error) {
	cmd, log := child(ctx, ffprobe, quiet[1:], lim.inputs(), []string{"-show_format", "-show_streams", "-of", "json", fileURL(path)})
	text, err := cmd.Output()
	if err != nil {
		return nil, log.failure(ctx, "ffprobe finds no video in it", err)
	}
	p := new(probe)
	if err := json.Unmarshal(text, p); err != nil {
		return nil, fmt.Errorf("the output of ffprobe: %w", err)
	}
	return p, nil
}

// video returns the first stream of frames; a cover is none.
func (p *probe) video() *probeStream {
	for i, s := range p.Streams {
		if s.Type == "video" && s.Disposition.Picture == 0 {
			return &p.Streams[i]
		}
	}
	return nil
}

func (p *probe) hasSound() bool {
	for _, s := range p.Streams {
		if s.Type == "audio" {
			return true
		}
	}
	return false
}

// upended reports whether players turn the video by 90 or 270 degrees, so that its width
// and height change places. FFmpeg turns the frames that it sends.
func (s *probeStream) upended() bool {
	degrees, _ := strconv.ParseFloat(s.Tags.Rotate, 64)
	for _, d := range s.SideData {
		if d.Rotation != 0 {
			degrees = d.Rotation
		}
	}
	return int(degrees)%180 != 0
}

// frameList is what ffprobe says about the frames of a file.
type frameList struct {
	times      []int64 // when each is shown, in ticks; all 0 if that is unknown
	interlaced bool    // one at least
	complaint  string  // about a damaged file; or ""
}

// listFrames lists the frames. They are decoded to be counted, as packets may hold none.
func listFrames(ctx context.Context, ffprobe, path string, lim Limits) (*frameList, error) {
	counting, stop := context.WithCancel(ctx)
	defer stop()
	cmd, log := child(counting, ffprobe, quiet[1:], lim.inputs(), []string{
		"-max_pixels", strconv.FormatInt(lim.MaxPixels, 10), "-select_streams", "V:0",
		"-show_entries", "frame=best_effort_timestamp,interlaced_frame", "-of", "compact=print_section=0", fileURL(path),
	})
	lines, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	l := new(frameList)
	timed := true
	scanner := bufio.NewScanner(lines)
	for scanner.Scan() {
		for entry := range strings.SplitSeq(scanner.Text(), "|") {
			switch name, value, _ := strings.Cut(entry, "="); name {
			case "interlaced_frame":
				l.interlaced = l.interlaced || value == "1"
			case "best_effort_timestamp":
				at, err := strconv.ParseInt(value, 10, 64)
				timed = timed && err == nil // or N/A
				if n := len(l.times); n > 0 {
					at = max(at, l.times[n-1]) // a damaged file
				}
				l.times = append(l.times, at)
			}
		}
		if len(l.times) > lim.MaxFrames {
			stop()
			_ = cmd.Wait()
			return nil, lim.tooLong()
		}
	}
	if err := cmd.Wait(); err != nil {
		return nil, log.failure(ctx, "ffprobe cannot count its frames", err)
	}
	if len(l.times) == 0 {
		return nil, corrupt("it has no frame that ffmpeg can decode")
	}
	if !timed {
		clear(l.times)
	}
	if log.text.Len() > 0 {
		l.complaint = log.complaint()
	}
	return l, nil
}

// highDynamicRange names the transfer curves that a conversion to sRGB should map.
var highDynamicRange = map[string]string{"smpte2084": "PQ", "arib-std-b67": "HLG"}

// openFFmpeg opens a file of any format that FFmpeg has.
func openFFmpeg(ctx context.Context, path string, lim Limits) (stored, error) {
	ffmpeg, ffprobe, err := findFFmpeg("reading this video", lim)
	if err != nil {
		return stored{}, err
	}
	p, err := probeFile(ctx, ffprobe, path, lim)
	if err != nil {
		return stored{}, err
	}
	v := p.video()
	if v == nil {
		return stored{}, unsupported("name a video", "it has no video stream")
	}
	if err := lim.admit(v.Width, v.Height); err != nil {
		return stored{}, err
	}
	list, err := listFrames(ctx, ffprobe, path, lim)
	if err != nil {
		return stored{}, err
	}
	times := list.times
	name, _, _ := strings.Cut(p.Format.Name, ",")
	info := Info{Format: fmt.Sprintf("a video (%s in %s)", v.Codec, name), Width: v.Width, Height: v.Height, Frames: len(times), First: 1, Sound: p.hasSound()}
	if a, err := ParseRational(v.PixelAspect); err == nil {
		info.PixelAspect = a
	}
	if v.upended() {
		info.Width, info.Height = info.Height, info.Width
		if info.PixelAspect.valid() {
			info.PixelAspect = info.PixelAspect.inverse()
		}
	}
	if curve := highDynamicRange[v.Transfer]; curve != "" {
		info.Warnings = append(info.Warnings, fmt.Sprintf("its colors have a high dynamic range (%s), which is read without tone mapping and looks pale: convert it first", curve))
	}
	s := &ffmpegSource{path: path, lim: lim, ffmpeg: ffmpeg, sync: eachFrameOnce(ctx, ffmpeg), w: info.Width, h: info.Height}
	if list.complaint != "" {
		info.Warnings = append(info.Warnings, fmt.Sprintf("the file is damaged (%s): %d frames can be read", list.complaint, len(times)))
	}
	if list.interlaced {
		s.filters = append(s.filters, "bwdif=mode=send_frame:deint=interlaced")
		info.Warnings = append(info.Warnings, "it is interlaced: the lines of the second field of each frame are interpolated")
	}
	s.filters = append(s.filters, v.toRGB(info.Width, info.Height))

	t := &timing{starts: times}
	if t.tick, err = ParseRational(v.TimeBase); err != nil {
		return stored{}, corrupt("its time base is %.20q", v.TimeBase)
	}
	for _, text := range []string{v.Rate, v.MeanRate} {
		if r, err := ParseRational(text); err == nil {
			t.declared = append(t.declared, r)
		}
	}
	if n := len(times); n > 1 && times[n-1] == times[0] { // none are known
		if len(t.declared) == 0 {
			return stored{}, corrupt("it has neither times nor a rate")
		}
		info.Rate, t = t.declared[0], nil
	}
	return stored{info: info, timing: t, source: s}, nil
}

// scaling are the options of the conversions between RGB and Y'CbCr.
const scaling = "flags=bicubic+accurate_rnd+full_chroma_int"

// toRGB returns the filter that converts frames to upright ones of w x h in RGB.
func (s *probeStream) toRGB(w, h int) string {
	filter := fmt.Sprintf("scale=%d:%d:%s", w, h, scaling)
	if s.Matrix == "" || s.Matrix == "unknown" {
		matrix := "bt601"
		if assumesBT709(s.Width, s.Height) {
			matrix = "bt709"
		}
		filter += ":in_color_matrix=" + matrix
	}
	return filter
}

// ffmpegSource reads frames from an ffmpeg, which starts with the first one.
type ffmpegSource struct {
	path    string
	lim     Limits
	ffmpeg  string
	sync    []string
	filters []string
	w, h    int

	skipped int // frames before the start
	read    int // frames after it
	cmd     *exec.Cmd
	log     *childLog
	kill    context.CancelFunc
	frames  io.ReadCloser
	levels  []byte
}

func (s *ffmpegSource) start() error {
	filters := s.filters
	if s.skipped > 0 {
		filters = append([]string{fmt.Sprintf(`select=gte(n\,%d)`, s.skipped)}, filters...)
	}
	ctx, kill := context.WithCancel(context.Background())
	cmd, log := child(ctx, s.ffmpeg, quiet, s.lim.inputs(),
		[]string{"-max_pixels", strconv.FormatInt(s.lim.MaxPixels, 10), "-i", fileURL(s.path), "-map", "0:V:0"}, s.sync,
		[]string{"-vf", strings.Join(filters, ","), "-pix_fmt", "rgb24", "-f", "rawvideo", "pipe:1"})
	frames, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		kill()
		return err
	}
	s.cmd, s.log, s.kill, s.frames = cmd, log, kill, frames
	s.levels = make([]byte, 3*s.w*s.h)
	return nil
}

// load reads the levels of the next frame.
func (s *ffmpegSource) load(ctx context.Context) error {
	if s.cmd == nil {
		if err := s.start(); err != nil {
			return err
		}
	}
	stop := context.AfterFunc(ctx, s.kill)
	defer stop()
	if _, err := io.ReadFull(s.frames, s.levels); err != nil {
		if failed := s.cmd.Wait(); failed != nil {
			return s.log.failure(ctx, fmt.Sprintf("ffmpeg cannot decode frame %d", s.skipped+s.read+1), failed)
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return corrupt("it ends in frame %d", s.skipped+s.read+1)
		}
		return err
	}
	s.read++
	return nil
}

func (s *ffmpegSource) next(ctx context.Context) (*picture.Picture, error) {
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	p := picture.New(s.w, s.h)
	n := s.w * s.h
	for i := range n {
		for k := range 3 {
			p.RGB[k*n+i] = float32(s.levels[3*i+k])
		}
	}
	return p, nil
}

func (s *ffmpegSource) skip(ctx context.Context, n int) error {
	if s.cmd == nil {
		s.skipped += n
		return nil
	}
	for range n {
		if err := s.load(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *ffmpegSource) Close() error {
	if s.cmd != nil {
		s.kill()
		_ = s.cmd.Wait() // killed, unless it has ended
	}
	return nil
}

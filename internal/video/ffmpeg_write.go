package video

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/picture"
)

// encoders are the arguments for the encoders of each format, the best first. Other
// formats have FFmpeg's own choice.
var encoders = func() map[string][][]string {
	h264 := [][]string{
		{"-c:v", "libx264", "-preset", "medium", "-crf", "17"},
		{"-c:v", "libopenh264", "-rc_mode", "quality", "-q:v", "20"},
		{"-c:v", "mpeg4", "-q:v", "2"},
	}
	vp9 := [][]string{
		{"-c:v", "libvpx-vp9", "-crf", "24", "-b:v", "0", "-row-mt", "1"},
		{"-c:v", "libvpx", "-crf", "8", "-b:v", "50M"},
	}
	return map[string][][]string{".mp4": h264, ".m4v": h264, ".mov": h264, ".mkv": h264, ".webm": vp9}
}()

// forStreaming returns the arguments that put the index of a file first, for players
// that begin before they have the whole file.
func forStreaming(path string) []string {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".mp4", ".m4v", ".mov":
		return []string{"-movflags", "+faststart"}
	}
	return nil
}

// newEncoder returns a function that starts the best encoder that ffmpeg has for the
// format of path. The encoders are tried on a black frame.
func newEncoder(ctx context.Context, path string, info Info) (func(*atomicfile.File) (sink, error), error) {
	ffmpeg, _, err := findFFmpeg("writing this format", Limits{})
	if err != nil {
		return nil, err
	}
	choices := encoders[strings.ToLower(filepath.Ext(path))]
	if choices == nil {
		choices = [][]string{{"-q:v", "2"}}
	}
	var first error
	for _, codec := range choices {
		newSink := func(f *atomicfile.File) (sink, error) { return startEncoder(ffmpeg, f.Name(), codec, info) }
		err := (&Writer{info: info}).tryFrame(ctx, path, seekable(newSink))
		if err == nil {
			return newSink, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// encoderSink writes frames to an ffmpeg.
type encoderSink struct {
	cmd    *exec.Cmd
	log    *childLog
	kill   context.CancelFunc
	frames io.WriteCloser
	w, h   int // even, as the chroma of 4:2:0 requires
	levels []byte
	ended  bool
	err    error // of ffmpeg
}

func startEncoder(ffmpeg, path string, codec []string, info Info) (sink, error) {
	s := &encoderSink{w: info.Width + info.Width&1, h: info.Height + info.Height&1}
	matrix, tag := "bt601", "smpte170m"
	if assumesBT709(s.w, s.h) {
		matrix, tag = "bt709", "bt709"
	}
	aspect := Rational{1, 1}
	if info.PixelAspect.valid() {
		aspect = info.PixelAspect
	}
	filter := fmt.Sprintf("setsar=%v,scale=%s:out_color_matrix=%s:out_range=limited,format=yuv420p", aspect, scaling, matrix)
	ctx, kill := context.WithCancel(context.Background())
	s.kill = kill
	s.cmd, s.log = child(ctx, ffmpeg, quiet,
		[]string{"-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", fmt.Sprintf("%dx%d", s.w, s.h), "-framerate", info.Rate.String(), "-i", "pipe:0", "-vf", filter},
		codec, []string{"-colorspace", tag, "-color_primaries", tag, "-color_trc", tag, "-color_range", "tv"},
		forStreaming(path), []string{"-y", fileURL(path)})
	var err error
	if s.frames, err = s.cmd.StdinPipe(); err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		kill()
		return nil, err
	}
	s.levels = make([]byte, 3*s.w*s.h)
	return s, nil
}

func (s *encoderSink) write(p *picture.Picture) error {
	n := p.W * p.H
	at := 0
	for y := range s.h {
		for x := range s.w { // the last column and row are repeated
			i := min(y, p.H-1)*p.W + min(x, p.W-1)
			for k := range 3 {
				s.levels[at+k] = code(p.RGB[k*n+i])
			}
			at += 3
		}
	}
	if _, err := s.frames.Write(s.levels); err != nil {
		if reason := s.close(); reason != nil {
			return reason
		}
		return err
	}
	return nil
}

func (s *encoderSink) close() error {
	if s.ended {
		return s.err
	}
	s.ended = true
	_ = s.frames.Close() // ffmpeg says what is wrong
	if err := s.cmd.Wait(); err != nil {
		s.err = unsupported("choose another format", "ffmpeg cannot write it (%s)", s.log.complaint())
	}
	s.kill()
	return s.err
}

func (s *encoderSink) abort() {
	s.kill()
	_ = s.close() // killed
}

// soundtrack adds sound to a video.
type soundtrack struct {
	Sound
	ffmpeg string
	rate   Rational
	delay  float64 // of the first frame, in seconds after the beginning of the file
}

func newSoundtrack(ctx context.Context, info Info, s *Sound) (*soundtrack, error) {
	ffmpeg, ffprobe, err := findFFmpeg("copying the sound", Limits{})
	if err != nil {
		return nil, err
	}
	p, err := probeFile(ctx, ffprobe, s.Path, Limits{Untrusted: s.Untrusted})
	if err != nil {
		return nil, sentence{named(s.Path, err)}
	}
	if !p.hasSound() {
		return nil, sentence{named(s.Path, unsupported("leave it out", "it has no sound"))}
	}
	t := &soundtrack{Sound: *s, ffmpeg: ffmpeg, rate: info.Rate}
	begin, err := strconv.ParseFloat(p.Format.StartTime, 64)
	if v := p.video(); v != nil && err == nil {
		if at, err := strconv.ParseFloat(v.StartTime, 64); err == nil {
			t.delay = max(0, at-begin)
		}
	}
	return t, nil
}

// add writes the video at silent, of so many frames, with the sound to out. The sound is
// copied whole, unless the video is only a part of the one that it comes from.
func (t *soundtrack) add(ctx context.Context, silent, out string, frames int) error {
	seconds := func(frames int) string { return strconv.FormatFloat(float64(frames)/t.rate.Float(), 'f', 6, 64) }
	var part, late []string
	if t.Skip > 0 {
		part = append(part, "-ss", strconv.FormatFloat(t.delay+float64(t.Skip)/t.rate.Float(), 'f', 6, 64))
	} else if t.delay > 0 {
		late = []string{"-itsoffset", strconv.FormatFloat(t.delay, 'f', 6, 64)}
	}
	if t.Skip > 0 || frames < t.Frames {
		part = append(part, "-t", seconds(frames))
	}
	cmd, log := child(ctx, t.ffmpeg, quiet, fileOnly, late, []string{"-i", fileURL(silent)}, Limits{Untrusted: t.Untrusted}.inputs(), part, []string{"-i", fileURL(t.Path)},
		[]string{"-map", "0:v:0", "-map", "1:a", "-c", "copy"}, forStreaming(out), []string{"-y", fileURL(out)})
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return unsupported("choose another format, such as .mkv, which holds any sound, or leave the sound out", "ffmpeg cannot copy the sound of %s (%s)", t.Path, log.complaint())
	}
	return nil
}

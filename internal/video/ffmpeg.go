package video

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// fileOnly keeps a child process from the network, whatever its input refers to.
var fileOnly = []string{"-protocol_whitelist", "file,pipe"}

// containers are the formats that are read of strangers. The others of FFmpeg include
// playlists and scripts, which name files of this machine.
const containers = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,asf,mpeg,mpegts,ogg"

// inputs returns the arguments that bound what a child process reads.
func (l Limits) inputs() []string {
	if l.Untrusted {
		return append([]string{"-format_whitelist", containers}, fileOnly...)
	}
	return fileOnly
}

// quiet are the arguments of every ffmpeg.
var quiet = []string{"-nostdin", "-hide_banner", "-loglevel", "error"}

// fileURL returns a path in a form that no program takes for an option or a protocol.
func fileURL(path string) string { return "file:" + path }

// findFFmpeg returns the paths of ffmpeg and ffprobe. what names, in the error, what
// they are needed for.
func findFFmpeg(what string, lim Limits) (ffmpeg, ffprobe string, err error) {
	ffmpeg, err = exec.LookPath("ffmpeg")
	if err == nil {
		ffprobe, err = exec.LookPath("ffprobe")
	}
	if err == nil {
		return ffmpeg, ffprobe, nil
	}
	advice := "install it (https://ffmpeg.org), or use .y4m, .avi, .webp, .png or numbered pictures, which need no other program"
	if lim.Untrusted {
		advice = "convert it to a Motion JPEG in AVI or to an animated WebP"
	}
	return "", "", unsupported(advice, "%s needs ffmpeg, which is not installed", what)
}

// child returns the command of a child process, which is killed when ctx ends. Its
// complaints go to the log.
func child(ctx context.Context, path string, args ...[]string) (*exec.Cmd, *childLog) {
	cmd := exec.CommandContext(ctx, path)
	for _, a := range args {
		cmd.Args = append(cmd.Args, a...)
	}
	// Ctrl-C in a terminal goes to all processes of its group; a video that ends early
	// must be completed.
	cmd.SysProcAttr = ownGroup()
	const untilPipesClose = 5 * time.Second
	cmd.WaitDelay = untilPipesClose
	log := &childLog{file: cmd.Args[len(cmd.Args)-1]}
	cmd.Stderr = log
	return cmd, log
}

// childLog keeps the beginning of what a process complains about.
type childLog struct {
	file string // the name of its file
	text bytes.Buffer
}

func (l *childLog) Write(b []byte) (int, error) {
	const most = 1 << 12
	l.text.Write(b[:min(len(b), max(0, most-l.text.Len()))])
	return len(b), nil
}

// noise matches what FFmpeg puts before its messages: a component and its address.
var noise = regexp.MustCompile(`^(\[[^\]]*\] *)+`)

// complaint returns the most telling line, for a sentence: the last, which is about the
// file.
func (l *childLog) complaint() string {
	lines := strings.Split(strings.TrimSpace(l.text.String()), "\n")
	line := noise.ReplaceAllString(strings.TrimSpace(lines[len(lines)-1]), "")
	line = strings.TrimPrefix(strings.TrimPrefix(line, l.file), ": ") // the sentence names the video
	line = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, line)
	const most = 160
	if len(line) > most {
		line = strings.ToValidUTF8(line[:most], "")
	}
	line = strings.TrimSuffix(line, ".")
	if line == "" {
		return "without a message"
	}
	return line
}

// failure returns the error of a child that failed, or that of ctx.
func (l *childLog) failure(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return corrupt("%s (%s)", what, l.complaint())
	}
	return err
}

// versionNumber matches the version of a release in the output of ffmpeg -version.
var versionNumber = regexp.MustCompile(`^ffmpeg version n?(\d+)\.(\d+)`)

// eachFrameOnce returns the arguments that make ffmpeg neither repeat nor drop frames.
func eachFrameOnce(ctx context.Context, ffmpeg string) []string {
	cmd, _ := child(ctx, ffmpeg, []string{"-version"})
	text, err := cmd.Output()
	if m := versionNumber.FindSubmatch(text); err == nil && m != nil {
		major, _ := strconv.Atoi(string(m[1]))
		minor, _ := strconv.Atoi(string(m[2]))
		if major < 5 || major == 5 && minor == 0 {
			return []string{"-vsync", "passthrough"}
		}
	}
	return []string{"-fps_mode", "passthrough"}
}

package video

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pastiche-art/pastiche/picture"
)

// needsFFmpeg skips a test where ffmpeg is not installed.
func needsFFmpeg(t *testing.T) {
	t.Helper()
	if _, _, err := findFFmpeg("this test", Limits{}); err != nil {
		t.Skip(err)
	}
}

// ffmpeg runs ffmpeg in a folder.
func ffmpeg(t *testing.T, dir string, args string) {
	t.Helper()
	command(t, dir, "ffmpeg", append([]string{"-nostdin", "-v", "error", "-y"}, strings.Fields(args)...)...)
}

func command(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, stderr.String())
	}
	return strings.TrimSpace(string(text))
}

// probed returns a property of the video stream according to ffprobe.
func probed(t *testing.T, path, entries string) string {
	t.Helper()
	text := command(t, "", "ffprobe", "-v", "error", "-select_streams", "v:0", "-count_frames", "-show_entries", "stream="+entries, "-of", "csv=p=0", path)
	line, _, _ := strings.Cut(text, "\n") // a stream of a program is printed twice
	return strings.TrimSuffix(line, ",")
}

// soundSum returns the checksum of the packets of the sound.
func soundSum(t *testing.T, path string) string {
	t.Helper()
	return command(t, "", "ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:a", "-c", "copy", "-f", "md5", "-")
}

const (
	// A test picture of 40 frames of 64 x 48 at the rate of NTSC, and two seconds of
	// sound.
	testVideo = "-f lavfi -i testsrc2=size=64x48:rate=30000/1001:duration=1.33 "
	testSound = "-f lavfi -i sine=frequency=440:sample_rate=44100:duration=2 "
)

// TestOursInFFmpeg reads our files with FFmpeg: number, size, rate and colors.
func TestOursInFFmpeg(t *testing.T) {
	needsFFmpeg(t)
	const w, h, n = 64, 48, 5
	frames := scene(n, w, h)
	for _, test := range []struct {
		name      string
		aspect    Rational
		tolerance float64
	}{
		{"video.avi", Rational{16, 15}, 12}, {"video.y4m", Rational{16, 15}, 12}, {"video.webm", Rational{}, 16},
	} {
		t.Run(test.name+" "+test.aspect.String(), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), test.name)
			writeVideo(t, path, Info{Width: w, Height: h, Rate: Rational{30000, 1001}, PixelAspect: test.aspect}, WriteOptions{}, frames)
			want := fmt.Sprintf("%d,%d,30000/1001,%d", w, h, n)
			if got := probed(t, path, "width,height,r_frame_rate,nb_read_frames"); got != want {
				t.Errorf("ffprobe: %s; expected %s", got, want)
			}
			aspect := "1:1"
			if test.aspect.valid() {
				aspect = "16:15"
			}
			if got := probed(t, path, "sample_aspect_ratio"); got != aspect && (got != "N/A" || aspect != "1:1") {
				t.Errorf("aspect %s", got)
			}
			lim := Limits{}.orDefault()
			st, err := openFFmpeg(t.Context(), path, lim)
			if err != nil {
				t.Fatal(err)
			}
			defer st.source.Close()
			r := &Reader{name: path, info: st.info, lim: lim, source: st.source}
			if err := r.setTiming(st.timing); err != nil {
				t.Fatal(err)
			}
			if r.info.Rate != (Rational{30000, 1001}) || r.info.Frames != n || len(r.info.Warnings) > 0 {
				t.Errorf("%+v", r.info)
			}
			got, err := rest(t, r)
			if err != nil || len(got) != n {
				t.Fatalf("%d frames, %v", len(got), err)
			}
			for i := range got {
				if d, mean := differ(t, got[i], frames[i]); d > test.tolerance || mean > 2.5 {
					t.Errorf("frame %d differs by %.1f levels, %.2f in the mean", i+1, d, mean)
				}
			}
		})
	}
}

// TestRoundTrip reads videos of FFmpeg and writes them with the same sound, bit by bit.
func TestRoundTrip(t *testing.T) {
	needsFFmpeg(t)
	for _, test := range []struct{ in, codecs, out string }{
		{"in.mp4", "-c:v libx264 -pix_fmt yuv420p -c:a aac", "out.mp4"},
		{"in.webm", "-c:v libvpx -cpu-used 8 -auto-alt-ref 1 -c:a libvorbis", "out.mkv"},
		{"in.avi", "-c:v mjpeg -c:a pcm_s16le", "out.avi"},
		{"-in.ts", "-c:v libx264 -bf 3 -c:a ac3", "-out.mov"},
	} {
		t.Run(test.in+" "+test.codecs+" "+test.out, func(t *testing.T) {
			dir := t.TempDir()
			ffmpeg(t, dir, testVideo+testSound+test.codecs+" file:"+test.in)
			t.Chdir(dir)
			r, err := Open(t.Context(), test.in, ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			info := r.Info()
			if info.Rate != (Rational{30000, 1001}) || info.Frames != 40 || !info.Sound || len(info.Warnings) > 0 {
				t.Errorf("%+v", info)
			}
			frames, err := rest(t, r)
			if err != nil || len(frames) != info.Frames {
				t.Fatalf("%d frames, %v", len(frames), err)
			}
			writeVideo(t, test.out, info, WriteOptions{Sound: &Sound{Path: test.in, Frames: info.Frames}}, frames)
			if got := probed(t, "file:"+test.out, "r_frame_rate,nb_read_frames"); got != "30000/1001,40" {
				t.Errorf("ffprobe: %s", got)
			}
			if in, out := soundSum(t, "file:"+test.in), soundSum(t, "file:"+test.out); in != out {
				t.Errorf("sound %s became %s", in, out)
			}
			if entries, _ := os.ReadDir(dir); len(entries) != 2 {
				t.Errorf("the folder holds %v", entries)
			}
			_, again := readAll(t, test.out, ReadOptions{})
			if _, mean := differ(t, again[20], frames[20]); mean > 6 {
				t.Errorf("frame 21 differs by %.2f levels in the mean", mean)
			}
		})
	}
}

// TestParts writes a part of a video with its part of the sound.
func TestParts(t *testing.T) {
	needsFFmpeg(t)
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.mp4"), filepath.Join(dir, "out.mp4")
	ffmpeg(t, dir, testVideo+testSound+"-c:v libx264 -pix_fmt yuv420p -c:a aac in.mp4")
	r, err := Open(t.Context(), in, ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	w, err := Create(t.Context(), out, r.Info(), WriteOptions{Sound: &Sound{Path: in, Frames: 40, Skip: 5}})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Skip(t.Context(), 5); err != nil {
		t.Fatal(err)
	}
	for range 30 {
		p, err := r.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil { // as after Ctrl-C
		t.Fatal(err)
	}
	if got := probed(t, out, "nb_read_frames"); got != "30" {
		t.Errorf("%s frames", got)
	}
	length := command(t, "", "ffprobe", "-v", "error", "-select_streams", "a:0", "-show_entries", "stream=duration", "-of", "csv=p=0", out)
	if s, err := strconv.ParseFloat(length, 64); err != nil || s < 0.95 || s > 1.1 {
		t.Errorf("%s seconds of sound; expected 1.001", length)
	}
}

// TestSkipInFFmpeg compares frames after a skip with those of a whole reading.
func TestSkipInFFmpeg(t *testing.T) {
	needsFFmpeg(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "in.mkv")
	ffmpeg(t, dir, testVideo+"-c:v libx264 -bf 3 in.mkv")
	_, all := readAll(t, path, ReadOptions{})
	r, err := Open(t.Context(), path, ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	at := 0
	for _, skip := range []int{11, 0, 7} {
		if err := r.Skip(t.Context(), skip); err != nil {
			t.Fatal(err)
		}
		p, err := r.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		at += skip
		if d, _ := differ(t, p, all[at]); d != 0 {
			t.Errorf("frame %d differs by %v", at+1, d)
		}
		at++
	}
}

// TestRotation reads a video that is shown turned, upright.
func TestRotation(t *testing.T) {
	needsFFmpeg(t)
	dir := t.TempDir()
	ffmpeg(t, dir, "-f lavfi -i color=red:size=64x48:rate=25:duration=0.2,drawbox=0:0:64:10:blue:fill -c:v libx264 -pix_fmt yuv420p flat.mp4")
	ffmpeg(t, dir, "-i flat.mp4 -c copy -metadata:s:v rotate=90 turned.mp4")
	info, frames := readAll(t, filepath.Join(dir, "turned.mp4"), ReadOptions{})
	if info.Width != 48 || info.Height != 64 {
		t.Skipf("this ffmpeg does not write rotations: %dx%d", info.Width, info.Height)
	}
	ffmpeg(t, dir, "-i turned.mp4 -frames:v 1 upright.png")
	upright, err := picture.Open(t.Context(), filepath.Join(dir, "upright.png"), picture.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, mean := differ(t, frames[0], upright.Picture); mean > 6 { // a picture turned otherwise is 40 off
		t.Errorf("%.1f levels off in the mean", mean)
	}
}

// TestVariableRate reads a video with gaps at a constant rate.
func TestVariableRate(t *testing.T) {
	needsFFmpeg(t)
	dir := t.TempDir()
	ffmpeg(t, dir, `-f lavfi -i testsrc2=size=64x48:rate=25:duration=2 -vf select=not(mod(n\,7)*mod(n\,5)) -vsync passthrough -c:v libx264 -pix_fmt yuv420p in.mkv`)
	path := filepath.Join(dir, "in.mkv")
	info, frames := readAll(t, path, ReadOptions{})
	if info.Rate != (Rational{25, 1}) || len(info.Warnings) != 1 || !strings.Contains(info.Warnings[0], "variable") {
		t.Errorf("%+v", info)
	}
	// Frames 0, 5, 7, 10, ... of 25 a second exist; the last one is of unknown length.
	if len(frames) < 46 || frames[0] != frames[4] || frames[5] != frames[6] || frames[6] == frames[7] {
		t.Errorf("%d frames", len(frames))
	}
}

// TestFlaws are told: fields, and a file that ends early.
func TestFlaws(t *testing.T) {
	needsFFmpeg(t)
	dir := t.TempDir()
	ffmpeg(t, dir, testVideo+"-c:v libx264 -x264-params interlaced=1 -flags +ilme+ildct fields.mkv")
	ffmpeg(t, dir, testVideo+"-c:v mjpeg whole.mkv")
	whole, err := os.ReadFile(filepath.Join(dir, "whole.mkv"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cut.mkv"), whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"fields.mkv": "interlaced", "cut.mkv": "damaged"} {
		info, frames := readAll(t, filepath.Join(dir, name), ReadOptions{})
		if len(info.Warnings) != 1 || !strings.Contains(info.Warnings[0], want) || len(frames) != info.Frames || len(frames) < 10 {
			t.Errorf("%s: %d frames of %+v", name, len(frames), info)
		}
	}
}

// TestColorsOfFFmpeg compares the colors of tagged and untagged videos with the picture
// that they were made from.
func TestColorsOfFFmpeg(t *testing.T) {
	needsFFmpeg(t)
	const filter = "-f lavfi -i color=0xc83214:size=%s:rate=25:duration=0.08,format=gbrp -vf scale=out_color_matrix=%s:out_range=%s:flags=accurate_rnd+full_chroma_int,format=yuv444p -c:v libx264 -qp 0 %s in.mkv"
	for _, test := range []struct{ size, matrix, colorRange, tags string }{
		{"64x48", "bt601", "limited", ""},
		{"1280x32", "bt709", "limited", ""},
		{"64x48", "bt709", "limited", "-colorspace bt709"},
		{"64x48", "bt601", "full", "-color_range pc"},
	} {
		dir := t.TempDir()
		ffmpeg(t, dir, fmt.Sprintf(filter, test.size, test.matrix, test.colorRange, test.tags))
		_, frames := readAll(t, filepath.Join(dir, "in.mkv"), ReadOptions{})
		n := frames[0].W * frames[0].H
		for k, want := range []float32{0xc8, 0x32, 0x14} {
			if got := frames[0].RGB[k*n+n/2]; got < want-3 || got > want+3 {
				t.Errorf("%+v: channel %d is %v; expected %v", test, k, got, want)
			}
		}
	}
}

// TestOddSizes repeats the last row and column, as 4:2:0 needs even sizes.
func TestOddSizes(t *testing.T) {
	needsFFmpeg(t)
	path := filepath.Join(t.TempDir(), "video.mp4")
	writeVideo(t, path, Info{Width: 63, Height: 47, Rate: Rational{25, 1}}, WriteOptions{}, scene(2, 63, 47))
	if got := probed(t, path, "width,height"); got != "64,48" {
		t.Errorf("%s", got)
	}
}

// TestHostileInFFmpeg keeps ffmpeg from playlists, and from files that are no videos.
func TestHostileInFFmpeg(t *testing.T) {
	needsFFmpeg(t)
	dir := t.TempDir()
	for name, data := range map[string]string{
		"noise.mp4":  strings.Repeat("\x00\x81\xfe no video \x03", 100),
		"atom.mp4":   "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
		"header.mkv": "\x1a\x45\xdf\xa3\x01\x00\x00\x00",
		"list.txt":   "ffconcat version 1.0\nfile /etc/hostname\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(t.Context(), path, ReadOptions{})
		if err == nil {
			r.Close()
			t.Errorf("%s: no error", name)
			continue
		}
		checkSentence(t, path, err)
	}
}

// TestNoNetwork hands FFmpeg a playlist of a server, which Open would refuse as text.
func TestNoNetwork(t *testing.T) {
	needsFFmpeg(t)
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	defer server.Close()
	path := filepath.Join(t.TempDir(), "list.m3u8")
	list := "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n" + server.URL + "/a.ts\n#EXT-X-ENDLIST\n"
	if err := os.WriteFile(path, []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	if st, err := openFFmpeg(t.Context(), path, Limits{}.orDefault()); err == nil {
		st.source.Close()
		t.Error("a playlist is a video")
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("%d requests to the server", n)
	}
}

// TestCancelledInFFmpeg ends the child process with the context.
func TestCancelledInFFmpeg(t *testing.T) {
	needsFFmpeg(t)
	dir := t.TempDir()
	ffmpeg(t, dir, testVideo+"-c:v libx264 in.mkv")
	r, err := Open(t.Context(), filepath.Join(dir, "in.mkv"), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := r.Next(ctx); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := r.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := Open(ctx, filepath.Join(dir, "in.mkv"), ReadOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := Open(t.Context(), filepath.Join(dir, "in.mkv"), ReadOptions{Limits: Limits{MaxFrames: 10}}); !errors.Is(err, picture.ErrTooLarge) {
		t.Errorf("%v", err)
	}
}

// TestAbortedEncoder leaves no file.
func TestAbortedEncoder(t *testing.T) {
	needsFFmpeg(t)
	dir := t.TempDir()
	w, err := Create(t.Context(), filepath.Join(dir, "video.mp4"), Info{Width: 64, Height: 48, Rate: Rational{25, 1}}, WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(scene(1, 64, 48)[0]); err != nil {
		t.Fatal(err)
	}
	w.Abort()
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("the folder holds %v", entries)
	}
}

// TestDeadEncoder is an error, in the end too, and leaves no file.
func TestDeadEncoder(t *testing.T) {
	needsFFmpeg(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "video.mp4")
	w, err := Create(t.Context(), path, Info{Width: 64, Height: 48, Rate: Rational{25, 1}}, WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s, ok := w.sink.(*encoderSink)
	if !ok {
		t.Fatalf("%T", w.sink)
	}
	frame := scene(1, 64, 48)[0]
	if err := w.Write(frame); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for range 1000 { // until the pipe is broken
		if err = w.Write(frame); err != nil {
			checkSentence(t, path, err)
			break
		}
	}
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "ffmpeg cannot write it") {
		t.Errorf("%v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("the folder holds %v", entries)
	}
}

// TestSoundThatDoesNotFit is told before the first frame.
func TestSoundThatDoesNotFit(t *testing.T) {
	needsFFmpeg(t)
	dir := t.TempDir()
	ffmpeg(t, dir, testVideo+testSound+"-c:v mpeg4 -c:a pcm_s16le in.mov")
	ffmpeg(t, dir, testVideo+"-c:v mpeg4 silent.mov")
	info := Info{Width: 64, Height: 48, Rate: Rational{25, 1}}
	for _, test := range []struct{ in, out, want string }{
		{"in.mov", "out.webm", "ffmpeg cannot copy the sound"},
		{"in.mov", "out.y4m", "hold no sound"},
		{"silent.mov", "out.mp4", "it has no sound"},
	} {
		path := filepath.Join(dir, test.out)
		_, err := Create(t.Context(), path, info, WriteOptions{Sound: &Sound{Path: filepath.Join(dir, test.in)}})
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v; expected %q", err, test.want)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("the folder holds %v", entries)
	}
}

// TestWithoutFFmpeg says in a sentence what to do.
func TestWithoutFFmpeg(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	in := filepath.Join(t.TempDir(), "in.mp4")
	if err := os.WriteFile(in, []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, reading := Open(t.Context(), in, ReadOptions{})
	out := filepath.Join(t.TempDir(), "out.mp4")
	_, writing := Create(t.Context(), out, Info{Width: 8, Height: 8, Rate: Rational{25, 1}}, WriteOptions{})
	for path, err := range map[string]error{in: reading, out: writing} {
		if err == nil || !errors.Is(err, picture.ErrFormat) || !strings.Contains(err.Error(), "needs ffmpeg, which is not installed: install it") {
			t.Errorf("%v", err)
			continue
		}
		checkSentence(t, path, err)
	}
}

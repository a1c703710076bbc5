package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/video"
	"github.com/pastiche-art/pastiche/picture"
)

// quickVideo are flags with which a frame takes little time.
var quickVideo = []string{"--size", "48", "--set", "first_size=48", "--set", "first_iterations=3", "--iterations", "3", "--frame-iterations", "2", "--threads", "1"}

// clipFolder makes a style and numbered pictures in a folder: n frames of 96 x 64 pixels
// in frames/, which move over a photo by a pixel each.
func clipFolder(t *testing.T, n int) (folder string) {
	t.Helper()
	folder = inputFolder(t)
	photo, err := picture.Open(t.Context(), "../../examples/photos/castle.jpg", picture.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	wide := photo.SRGB().Resize(96+n, 64)
	if err := os.Mkdir(filepath.Join(folder, "frames"), 0o777); err != nil {
		t.Fatal(err)
	}
	for k := range n {
		frame := wide.Crop(image.Rect(k, 0, k+96, 64))
		if err := picture.Save(fmt.Sprintf("%s/frames/%04d.png", folder, k+1), frame, picture.SaveOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// videoCommand returns the command that paints a video quickly.
func videoCommand(folder, in string, args ...string) *exec.Cmd {
	return pastiche(folder, append(append([]string{"video", in, "style.png"}, quickVideo...), args...)...)
}

func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v: %s", cmd.Args, err, stderr.String())
	}
	return strings.TrimSpace(string(text))
}

// open reads a picture.
func open(t *testing.T, path string) *picture.Picture {
	t.Helper()
	f, err := picture.Open(t.Context(), path, picture.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f.SRGB()
}

// meanDifference returns the mean difference of the levels of two pictures, in the columns
// from..to.
func meanDifference(t *testing.T, a, b *picture.Picture, from, to int) float64 {
	t.Helper()
	if a.W != b.W || a.H != b.H {
		t.Fatalf("a picture of %d x %d pixels, and one of %d x %d", a.W, a.H, b.W, b.H)
	}
	sum, n := 0.0, 0
	for i, level := range a.RGB {
		if x := i % a.W; x >= from && x < to {
			sum += math.Abs(float64(level - b.RGB[i]))
			n++
		}
	}
	return sum / float64(n)
}

// TestVideoWithSound paints a video of FFmpeg: number of frames, rate and the packets of
// the sound are those of the video. As a YUV4MPEG2 the same video is painted without
// FFmpeg.
func TestVideoWithSound(t *testing.T) {
	for _, name := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip(err)
		}
	}
	const frames = 6
	folder := inputFolder(t)
	ffmpeg := func(args string) string {
		cmd := exec.Command("ffmpeg", append([]string{"-nostdin", "-v", "error"}, strings.Fields(args)...)...)
		cmd.Dir = folder
		return output(t, cmd)
	}
	ffmpeg("-f lavfi -i testsrc2=size=96x64:rate=30000/1001:duration=0.2 -f lavfi -i sine=frequency=440:sample_rate=44100:duration=0.3 -c:v libx264 -pix_fmt yuv444p -c:a aac in.mp4")
	ffmpeg("-i in.mp4 in.y4m")
	output(t, videoCommand(folder, "in.mp4", "-o", "out.mp4", "--state", "with"))
	probe := exec.Command("ffprobe", "-v", "error", "-select_streams", "v:0", "-count_frames", "-show_entries", "stream=width,height,r_frame_rate,nb_read_frames", "-of", "csv=p=0", "out.mp4")
	probe.Dir = folder
	if got := output(t, probe); got != fmt.Sprintf("48,32,30000/1001,%d", frames) {
		t.Errorf("the painted video is %s", got)
	}
	const sound = " -map 0:a -c copy -f md5 -"
	if in, out := ffmpeg("-i in.mp4"+sound), ffmpeg("-i out.mp4"+sound); in != out {
		t.Errorf("the sound %s became %s", in, out)
	}

	without := func(cmd *exec.Cmd) *exec.Cmd {
		cmd.Env = append(cmd.Env, "PATH=")
		return cmd
	}
	output(t, without(videoCommand(folder, "in.y4m", "-o", "out.y4m", "--state", "without")))
	painted, err := os.ReadFile(filepath.Join(folder, "out.y4m"))
	if err != nil || !bytes.HasPrefix(painted, []byte("YUV4MPEG2 W48 H32 F30000:1001 ")) || bytes.Count(painted, []byte("\nFRAME\n"))+bytes.Count(painted, []byte("FRAME\n")) < frames {
		t.Errorf("%v: %.60q", err, painted)
	}
	for n := range frames {
		file := fmt.Sprintf("painting-%06d.png", n+1)
		a, b := open(t, filepath.Join(folder, "with", file)), open(t, filepath.Join(folder, "without", file))
		if d := meanDifference(t, a, b, 0, a.W); d > 5 { // conversions round differently, and painting amplifies that
			t.Errorf("frame %d: %.2f levels apart", n+1, d)
		}
	}

	for _, test := range []struct {
		in, out string
		code    int
		says    string
	}{
		{"in.mp4", "none.avi", cli.ExitInput, "pastiche: in.mp4: reading this video needs ffmpeg, which is not installed: install it (https://ffmpeg.org), or use .y4m, .avi, .webp, .png or numbered pictures, which need no other program\n"},
		{"in.y4m", "none.mp4", cli.ExitUsage, "pastiche: none.mp4: writing this format needs ffmpeg, which is not installed: install it (https://ffmpeg.org), or use .y4m, .avi, .webp, .png or numbered pictures, which need no other program\n"},
	} {
		cmd := without(videoCommand(folder, test.in, "-o", test.out))
		said, err := cmd.CombinedOutput()
		if code := exitOf(t, err); code != test.code || !strings.HasPrefix(string(said), test.says) {
			t.Errorf("%s to %s without FFmpeg: exit code %d, %s", test.in, test.out, code, said)
		}
	}
}

// TestVideoAfterKill kills the painting of a video at random moments, again and again,
// and continues it: the file in the end is that of a video nobody killed.
// PASTICHE_VIDEO_KILLS is how often.
func TestVideoAfterKill(t *testing.T) {
	kills := 4
	if text := os.Getenv("PASTICHE_VIDEO_KILLS"); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	folder := clipFolder(t, 12)
	begun := time.Now()
	output(t, videoCommand(folder, "frames", "-o", "whole.avi"))
	took := time.Since(begun)
	whole, err := os.ReadFile(filepath.Join(folder, "whole.avi"))
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(folder, "killed.avi")
	left := func() int {
		done, _ := filepath.Glob(filepath.Join(out+".frames", "painting-*.png"))
		return len(done)
	}
	for killed, resumed := 0, 0; ; {
		cmd := videoCommand(folder, "frames", "-o", "killed.avi")
		var said bytes.Buffer
		cmd.Stderr = &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if killed < kills {
			time.Sleep(rand.N(took / 2))
			_ = cmd.Process.Kill() // unless it has ended
		}
		err := cmd.Wait()
		if strings.Contains(said.String(), "Going on after frame ") {
			resumed++
		}
		var exit *exec.ExitError
		if err != nil && (!errors.As(err, &exit) || exit.Exited()) {
			t.Fatalf("after %d kills: %v: %s", killed, err, said.String())
		}
		data, readErr := os.ReadFile(out)
		if readErr == nil && !bytes.Equal(data, whole) {
			t.Fatalf("after %d kills: other bytes than those of a video that was not killed", killed)
		}
		if err != nil {
			killed++
			continue
		}
		if readErr != nil || left() > 0 {
			t.Fatalf("%v, and %d paintings are left", readErr, left())
		}
		if killed >= kills {
			t.Logf("killed %d times, continued %d times", killed, resumed)
			return
		}
		if err := os.Remove(out); err != nil {
			t.Fatal(err)
		}
	}
}

// TestInterruptedVideo interrupts the painting of the second frame, which would take for
// ever: the video of the first one is saved.
func TestInterruptedVideo(t *testing.T) {
	folder := clipFolder(t, 3)
	r := start(t, folder, "video", "frames", "style.png", "-o", "out.avi", "--size", "48", "--set", "first_size=48", "--set", "first_iterations=2", "--iterations", "2", "--frame-iterations", "100000")
	r.await("frame")
	last, all, code := r.interrupt()
	if code != cli.ExitInterrupted || !strings.Contains(last, "interrupted after 1 frame, which out.avi holds; the same command goes on from there") {
		t.Errorf("exit code %d: %s", code, all)
	}
	v, err := video.Open(t.Context(), filepath.Join(folder, "out.avi"), video.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if _, err := v.Next(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := v.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("after the first frame: %v", err)
	}
	if _, err := os.Stat(filepath.Join(folder, "out.avi.frames", "painting-000001.png")); err != nil {
		t.Error(err)
	}
}

// TestVideoMasks paints where the mask of a frame is white: frames 2 and 4 of a video on
// the left, frame 3 on the right.
func TestVideoMasks(t *testing.T) {
	folder := clipFolder(t, 4)
	if err := os.Mkdir(filepath.Join(folder, "masks"), 0o777); err != nil {
		t.Fatal(err)
	}
	white, black := [3]float32{255, 255, 255}, [3]float32{}
	for n, mask := range map[int]*picture.Picture{2: half(white, black), 3: half(black, white), 4: half(white, black)} {
		if err := picture.Save(fmt.Sprintf("%s/masks/%04d.png", folder, n), mask, picture.SaveOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"video", "frames", "style.png", "-o", "out/%04d.png", "--state", "work", "--size", "96", "--recipe", "gatys", "--iterations", "8", "--mask", "masks/%04d.png", "--temporal", "0"}
	output(t, pastiche(folder, append(args, "--frames", "2:4")...))
	for n := 2; n <= 4; n++ {
		source, painting := open(t, fmt.Sprintf("%s/frames/%04d.png", folder, n)), open(t, fmt.Sprintf("%s/out/%04d.png", folder, n))
		left, right := meanDifference(t, source, painting, 0, 40), meanDifference(t, source, painting, 56, 96)
		painted, kept := left, right
		if n == 3 {
			painted, kept = right, left
		}
		if kept > 1 || painted < 5 {
			t.Errorf("frame %d: %.2f levels off on the left, %.2f on the right", n, left, right)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "out", "*")); len(left) != 3 {
		t.Errorf("painted %v", left)
	}
	said, err := pastiche(folder, append(args, "--state", "other")...).CombinedOutput() // frame 1 has no mask
	if code := exitOf(t, err); code != cli.ExitInput || !strings.HasPrefix(string(said), "pastiche: masks/0001.png: cannot be read: no such file or directory; expected a mask for each frame, with its number\n") {
		t.Errorf("exit code %d: %s", code, said)
	}
}

// TestVideoLoop: the last frames of a loop are nearer to the first one. A stream has no
// known end.
func TestVideoLoop(t *testing.T) {
	folder := clipFolder(t, 4)
	output(t, videoCommand(folder, "frames", "-o", "straight.webp", "--state", "straight"))
	output(t, videoCommand(folder, "frames", "-o", "loop.webp", "--state", "loop", "--loop"))
	painting := func(state string, n int) *picture.Picture {
		return open(t, fmt.Sprintf("%s/%s/painting-%06d.png", folder, state, n))
	}
	if d := meanDifference(t, painting("straight", 1), painting("loop", 1), 0, 48); d != 0 {
		t.Errorf("the first frame of a loop is %.2f levels off", d)
	}
	if d := meanDifference(t, painting("straight", 4), painting("loop", 4), 0, 48); d == 0 {
		t.Error("--loop changes nothing")
	}
	cmd := videoCommand(folder, "-", "-o", "out.avi", "--loop")
	stream, err := os.ReadFile(y4m(t, folder))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin = bytes.NewReader(stream)
	said, err := cmd.CombinedOutput()
	if code := exitOf(t, err); code != cli.ExitUsage || !strings.HasPrefix(string(said), "pastiche: --loop: the number of frames of standard input is not known: give it with --frames 1:LAST\n") {
		t.Errorf("exit code %d: %s", code, said)
	}
	cmd = videoCommand(folder, "-", "-o", "cut.avi")
	cmd.Stdin = bytes.NewReader(stream[:len(stream)-1])
	said, err = cmd.CombinedOutput()
	if code := exitOf(t, err); code != cli.ExitInput || !strings.HasSuffix(string(said), "pastiche: standard input: it ends in frame 4: get another copy; cut.avi.frames holds the 3 frames before\n") {
		t.Errorf("exit code %d: %s", code, said)
	}
	cmd = videoCommand(folder, "-", "-o", "-", "--state", "piped", "--frames", "2:3")
	cmd.Stdin = bytes.NewReader(stream)
	if painted := output(t, cmd); !strings.HasPrefix(painted, "YUV4MPEG2 W48 H32 F25:1 ") || strings.Count(painted, "FRAME\n") != 2 {
		t.Errorf("painted %d frames: %.60q", strings.Count(painted, "FRAME\n"), painted)
	}
}

// y4m writes the frames of a folder as a YUV4MPEG2.
func y4m(t *testing.T, folder string) (path string) {
	t.Helper()
	path = filepath.Join(folder, "frames.y4m")
	r, err := video.Open(t.Context(), filepath.Join(folder, "frames"), video.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	w, err := video.Create(t.Context(), path, r.Info(), video.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for range r.Info().Frames {
		p, err := r.Next(t.Context())
		if err == nil {
			err = w.Write(p)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

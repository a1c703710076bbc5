package video

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/pastiche-art/pastiche/picture"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// readAll reads a video to its end.
func readAll(t *testing.T, path string, opt ReadOptions) (Info, []*picture.Picture) {
	t.Helper()
	r, err := Open(t.Context(), path, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	frames, err := rest(t, r)
	if err != nil {
		t.Fatal(err)
	}
	return r.Info(), frames
}

// rest reads the frames up to the end or an error.
func rest(t *testing.T, r *Reader) ([]*picture.Picture, error) {
	t.Helper()
	var frames []*picture.Picture
	for {
		p, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return frames, nil
		}
		if err != nil {
			return frames, err
		}
		frames = append(frames, p)
	}
}

// writeVideo writes frames to a file.
func writeVideo(t *testing.T, path string, info Info, opt WriteOptions, frames []*picture.Picture) {
	t.Helper()
	w, err := Create(t.Context(), path, info, opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range frames {
		if err := w.Write(p); err != nil {
			w.Abort()
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// scene returns smooth frames in which everything moves.
func scene(n, w, h int) []*picture.Picture {
	frames := make([]*picture.Picture, n)
	for i := range frames {
		p := picture.New(w, h)
		for y := range h {
			for x := range w {
				u, v := float64(x)/float64(w), float64(y)/float64(h)
				at := y*w + x
				p.RGB[at] = float32(math.Round(40 + 150*u + 50*v))
				p.RGB[w*h+at] = float32(math.Round(200 - 100*u + 10*float64(i%5)))
				p.RGB[2*w*h+at] = float32(math.Round(60 + 100*v + 60*math.Sin(4*u+float64(i))))
			}
		}
		frames[i] = p
	}
	return frames
}

// differ returns the largest and the mean absolute difference between frames.
func differ(t *testing.T, got, want *picture.Picture) (largest, mean float64) {
	t.Helper()
	if got.W != want.W || got.H != want.H {
		t.Fatalf("%dx%d; expected %dx%d", got.W, got.H, want.W, want.H)
	}
	for i := range got.RGB {
		d := math.Abs(float64(got.RGB[i] - want.RGB[i]))
		largest = max(largest, d)
		mean += d
	}
	return largest, mean / float64(len(got.RGB))
}

func TestRationals(t *testing.T) {
	for _, test := range []struct {
		text string
		want Rational
	}{
		{"25", Rational{25, 1}},
		{"30000/1001", Rational{30000, 1001}},
		{"30000:1001", Rational{30000, 1001}},
		{"29.97", Rational{30000, 1001}},
		{"23.976", Rational{24000, 1001}},
		{"12.5", Rational{25, 2}},
		{"50/2", Rational{25, 1}},
	} {
		if got, err := ParseRational(test.text); err != nil || got != test.want {
			t.Errorf("%q: %v, %v; expected %v", test.text, got, err, test.want)
		}
	}
	for _, text := range []string{"", "0", "-1", "1/0", "0/1", "x", "1/", "99999999999", "1e400000000", "1/2/3", "NaN", "0x10/-1"} {
		if got, err := ParseRational(text); err == nil {
			t.Errorf("%q is %v; expected an error", text, got)
		}
	}
}

// TestFormats writes frames in every format that needs no other program, and reads
// them back: size, rate, number and pixels.
func TestFormats(t *testing.T) {
	const w, h, n = 32, 24, 7
	frames := scene(n, w, h)
	for _, test := range []struct {
		path      string
		rate      Rational
		tolerance float64
	}{
		{"video.y4m", Rational{30000, 1001}, 7},
		{"video.avi", Rational{30000, 1001}, 16},
		{"video.png", Rational{30000, 1001}, 0},
		{"video.apng", Rational{25, 1}, 0},
		{"video.apng", Rational{1_000_000, 33_367}, 0},
		{"video.webp", Rational{30000, 1001}, 0},
		{"video.webp", Rational{24, 1}, 0},
		{"video.webp", Rational{25, 2}, 0},
		{"%04d.png", Rational{25, 1}, 0},
		{"frames/f%d.jpg", Rational{25, 1}, 16},
		{"folder/", Rational{25, 1}, 0},
	} {
		t.Run(test.path+" "+test.rate.String(), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), test.path)
			if strings.HasSuffix(test.path, "/") {
				path += "/"
			}
			writeVideo(t, path, Info{Width: w, Height: h, Rate: test.rate, First: 1}, WriteOptions{}, frames)
			info, got := readAll(t, path, ReadOptions{})
			if len(info.Warnings) != 0 {
				t.Errorf("warnings %q", info.Warnings)
			}
			if info.Width != w || info.Height != h || info.Frames != n || len(got) != n {
				t.Fatalf("%d frames of %dx%d, %d read", info.Frames, info.Width, info.Height, len(got))
			}
			if test.rate.Num < 1_000_000 && info.Rate != test.rate || math.Abs(info.Rate.Float()-test.rate.Float()) > 0.3 {
				t.Errorf("rate %v; expected %v", info.Rate, test.rate)
			}
			for i := range got {
				if d, _ := differ(t, got[i], frames[i]); d > test.tolerance {
					t.Errorf("frame %d differs by %.1f levels", i+1, d)
				}
			}
		})
	}
}

// TestSkip skips frames in every format that reads without another program.
func TestSkip(t *testing.T) {
	const w, h, n = 16, 8, 9
	frames := scene(n, w, h)
	for _, name := range []string{"video.y4m", "video.avi", "video.png", "video.webp", "%04d.png"} {
		path := filepath.Join(t.TempDir(), name)
		writeVideo(t, path, Info{Width: w, Height: h, Rate: Rational{25, 1}}, WriteOptions{Quality: 100}, frames)
		_, all := readAll(t, path, ReadOptions{})
		r, err := Open(t.Context(), path, ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		for _, want := range []int{3, 4, 7} {
			skip := map[int]int{3: 3, 4: 0, 7: 2}[want]
			if err := r.Skip(t.Context(), skip); err != nil {
				t.Fatal(err)
			}
			p, err := r.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if d, _ := differ(t, p, all[want]); d != 0 {
				t.Errorf("%s: frame %d differs by %v", name, want, d)
			}
		}
		if err := r.Skip(t.Context(), 100); err != nil {
			t.Error(err)
		}
		if _, err := r.Next(t.Context()); !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v after the last frame", name, err)
		}
	}
}

// TestStream writes a YUV4MPEG2 to a stream and reads it from one, without a number of
// frames.
func TestStream(t *testing.T) {
	frames := scene(3, 16, 8)
	var b bytes.Buffer
	writeVideo(t, "-", Info{Width: 16, Height: 8, Rate: Rational{25, 1}, Chroma: "444", FullRange: true, PixelAspect: Rational{16, 15}}, WriteOptions{Stdout: &b}, frames)
	stream := b.Bytes()
	info, got := readAll(t, "-", ReadOptions{Stdin: bytes.NewReader(stream)})
	if info.Frames != -1 || len(got) != 3 {
		t.Errorf("%d frames, %d read", info.Frames, len(got))
	}
	if info.Chroma != "444" || !info.FullRange || info.PixelAspect != (Rational{16, 15}) {
		t.Errorf("%+v", info)
	}
	for i := range got {
		if d, _ := differ(t, got[i], frames[i]); d > 1.5 {
			t.Errorf("frame %d differs by %v levels", i+1, d)
		}
	}
	r, err := Open(t.Context(), "-", ReadOptions{Stdin: bytes.NewReader(stream), Limits: Limits{MaxFrames: 2}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := rest(t, r); !errors.Is(err, picture.ErrTooLarge) {
		t.Errorf("a stream of too many frames: %v", err)
	}
	if _, err := Open(t.Context(), "-", ReadOptions{}); err == nil {
		t.Error("no stream is no error")
	}
}

// TestInterruption closes videos early and aborts others.
func TestInterruption(t *testing.T) {
	const w, h = 16, 8
	frames := scene(2, w, h)
	for _, name := range []string{"video.y4m", "video.avi", "video.png", "video.webp"} {
		dir := t.TempDir()
		path := filepath.Join(dir, name)
		info := Info{Width: w, Height: h, Rate: Rational{25, 1}, Frames: 100}
		writeVideo(t, path, info, WriteOptions{}, frames)
		old, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := readAll(t, path, ReadOptions{}); got.Frames != 2 {
			t.Errorf("%s: %d frames of an early end", name, got.Frames)
		}
		for _, end := range []func(*Writer){(*Writer).Abort, func(w *Writer) {
			if w.Close() == nil {
				t.Errorf("%s: a video without a frame", name)
			}
		}} {
			wr, err := Create(t.Context(), path, info, WriteOptions{})
			if err != nil {
				t.Fatal(err)
			}
			end(wr)
			if now, err := os.ReadFile(path); err != nil || !bytes.Equal(old, now) {
				t.Errorf("%s: the older video has changed: %v", name, err)
			}
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 1 {
			t.Errorf("%s: the folder holds %v", name, entries)
		}
	}
}

// TestLargeAVI refuses the frame that would exceed the size of an AVI, and completes the
// video without it.
func TestLargeAVI(t *testing.T) {
	path := filepath.Join(t.TempDir(), "video.avi")
	w, err := Create(t.Context(), path, Info{Width: 32, Height: 24, Rate: Rational{25, 1}}, WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s, ok := w.sink.(*aviSink)
	if !ok {
		t.Fatalf("%T", w.sink)
	}
	s.most = 4000
	n := 0
	for _, p := range scene(20, 32, 24) {
		if err = w.Write(p); err != nil {
			break
		}
		n++
	}
	if n == 0 || n == 20 || !errors.Is(err, picture.ErrTooLarge) || !strings.Contains(err.Error(), fmt.Sprintf("after %d frames", n)) {
		t.Errorf("%d frames, then %v", n, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 4000 {
		t.Errorf("%v bytes, %v", info.Size(), err)
	}
	if info, frames := readAll(t, path, ReadOptions{}); info.Frames != n || len(frames) != n {
		t.Errorf("%d frames; expected %d", len(frames), n)
	}
}

func TestNamesOfVideos(t *testing.T) {
	info := Info{Width: 8, Height: 8, Rate: Rational{25, 1}}
	for path, want := range map[string]string{
		"video.gif":  "256 colors",
		"video.jpg":  "numbered pictures",
		"video":      "no extension",
		"none/f.avi": "make the directory",
		"%04d.gif":   "choose one of these",
	} {
		_, err := Create(t.Context(), filepath.Join(t.TempDir(), path), info, WriteOptions{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Count(err.Error(), ": ") > 2 {
			t.Errorf("%s: %v; expected %q", path, err, want)
		}
	}
	info.PixelAspect = Rational{16, 15}
	if _, err := Create(t.Context(), filepath.Join(t.TempDir(), "a.webp"), info, WriteOptions{}); err == nil {
		t.Error("pixels that are not square in a WebP")
	}
}

// TestAspect keeps pixels that are not square.
func TestAspect(t *testing.T) {
	for _, name := range []string{"video.y4m", "video.avi"} {
		path := filepath.Join(t.TempDir(), name)
		writeVideo(t, path, Info{Width: 720, Height: 576, Rate: Rational{25, 1}, PixelAspect: Rational{16, 15}}, WriteOptions{}, scene(1, 720, 576))
		if info, _ := readAll(t, path, ReadOptions{}); info.PixelAspect != (Rational{16, 15}) {
			t.Errorf("%s: %v", name, info.PixelAspect)
		}
	}
}

// TestOpacity lays frames on white where a format has no opacity.
func TestOpacity(t *testing.T) {
	p := picture.New(8, 8)
	p.Alpha = make([]float32, 64)
	path := filepath.Join(t.TempDir(), "video.png")
	writeVideo(t, path, Info{Width: 8, Height: 8, Rate: Rational{25, 1}}, WriteOptions{}, []*picture.Picture{p})
	_, frames := readAll(t, path, ReadOptions{})
	if frames[0].Alpha != nil || frames[0].RGB[0] != 255 {
		t.Errorf("level %v, opacity %v", frames[0].RGB[0], frames[0].Alpha)
	}
}

// TestOpenErrors are sentences that name the file once.
func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	png := func(w, h int) []byte {
		var b bytes.Buffer
		if err := picture.Encode(&b, picture.New(w, h), picture.PNG, picture.SaveOptions{}); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	write("two/a1.png", png(4, 4))
	write("two/b1.png", png(4, 4))
	write("twice/1.png", png(4, 4))
	write("twice/01.png", png(4, 4))
	write("empty/read.me", nil)
	const y4m = "YUV4MPEG2 W4 H4 F25:1 "
	for path, want := range map[string]string{
		filepath.Join(dir, "none.avi"):                                   "cannot be read: ",
		filepath.Join(dir, "none%d.png"):                                 "no picture has such a name",
		filepath.Join(dir, "two"):                                        "several sequences",
		filepath.Join(dir, "twice"):                                      "the same number",
		filepath.Join(dir, "empty"):                                      "no numbered pictures",
		write("list.m3u8", []byte("#EXTM3U\nhttp://example.org/a.ts\n")): "perhaps a playlist",
		write("empty.mp4", nil):                                          "is empty",
		write("still.png", png(4, 4)):                                    "a still picture",
		write("still.jpg", []byte("\xff\xd8\xff\xe0 and so on")):         "a still picture",
		write("i.y4m", []byte(y4m+"It C420jpeg\nFRAME\n")):               "interlaced",
		write("p10.y4m", []byte(y4m+"Ip C420p10 XYSCSS=420P10\n")):       "more than 8 bits",
		write("mono16.y4m", []byte(y4m+"Ip Cmono16\n")):                  "more than 8 bits",
		write("alpha.y4m", []byte(y4m+"Ip C444alpha\n")):                 "opacity",
		write("c.y4m", []byte(y4m+"Ip C410\n")):                          "unknown",
		write("f.y4m", []byte("YUV4MPEG2 W4 H4 F0:0\nFRAME\n")):          "rate is unknown",
		write("nof.y4m", []byte("YUV4MPEG2 W4 H4\nFRAME\n")):             "no rate",
		write("w.y4m", []byte("YUV4MPEG2 W-4 H4 F25:1\nFRAME\n")):        "impossible size",
		write("big.y4m", []byte("YUV4MPEG2 W99999 H4 F25:1\nFRAME\n")):   "megapixels",
		write("x.y4m", []byte("YUV4MPEG2 W4 Hfour F25:1\nFRAME\n")):      `"Hfour"`,
		write("n.y4m", []byte("YUV4MPEG2 W4 H4 F25:1\n")):                "no frame",
		write("b.y4m", []byte(y4m+"\nFRUME\n"+strings.Repeat("a", 24))):  "frame 1 does not begin with FRAME",
	} {
		r, err := Open(t.Context(), path, ReadOptions{})
		if err == nil {
			r.Close()
			t.Errorf("%s: no error; expected %q", path, want)
			continue
		}
		checkSentence(t, path, err)
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v; expected %q", err, want)
		}
	}
}

// checkSentence requires one line that names the video once, at its beginning.
func checkSentence(t *testing.T, name string, err error) {
	t.Helper()
	text := err.Error()
	if !strings.HasPrefix(text, name+": ") && !strings.HasPrefix(text, filepath.Dir(name)) || strings.Count(text, name) != 1 ||
		strings.ContainsAny(text, "\n\r\x00") || len(text) > len(name)+320 {
		t.Errorf("not a sentence: %q", text)
	}
}

func TestSequences(t *testing.T) {
	dir := t.TempDir()
	frames := scene(5, 8, 6)
	save := func(name string, p *picture.Picture) {
		if err := picture.Save(filepath.Join(dir, name), p, picture.SaveOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for i, n := range []int{8, 9, 10, 14, 16} {
		save(fmt.Sprintf("f%d.png", n), frames[i])
	}
	for _, path := range []string{dir, filepath.Join(dir, "f%d.png")} {
		info, got := readAll(t, path, ReadOptions{Rate: Rational{12, 1}})
		if info.Frames != 5 || info.First != 8 || info.Rate != (Rational{12, 1}) {
			t.Errorf("%+v", info)
		}
		if len(info.Warnings) != 1 || !strings.Contains(info.Warnings[0], path+": numbers 11 to 13 are missing, and 1 more elsewhere") {
			t.Errorf("warnings %q", info.Warnings)
		}
		for i := range got {
			if d, _ := differ(t, got[i], frames[i]); d != 0 {
				t.Errorf("frame %d is another", i+1)
			}
		}
	}
	save("f15.png", picture.New(9, 6))
	r, err := Open(t.Context(), dir, ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := rest(t, r)
	if len(got) != 4 || err == nil || !strings.Contains(err.Error(), "f15.png has 9x6 pixels; expected 8x6") {
		t.Errorf("%d frames, then %v", len(got), err)
	}
	checkSentence(t, dir, err)
}

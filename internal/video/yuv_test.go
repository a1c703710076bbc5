package video

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/picture"
)

// wanted returns the frames of a fixture's .want file.
func wanted(t *testing.T, video string, w, h int) []*picture.Picture {
	t.Helper()
	data, err := os.ReadFile(video + ".want")
	if err != nil {
		t.Fatal(err)
	}
	var frames []*picture.Picture
	n := w * h
	for ; len(data) >= 4*n; data = data[4*n:] {
		p := picture.New(w, h)
		p.Alpha = make([]float32, n)
		for i := range n {
			for k := range 3 {
				p.RGB[k*n+i] = float32(data[4*i+k])
			}
			p.Alpha[i] = float32(data[4*i+3]) / math.MaxUint8
		}
		frames = append(frames, p)
	}
	return frames
}

// TestY4MAgainstZimg compares the conversions in both directions with those of zimg, in
// FFmpeg's zscale filter.
func TestY4MAgainstZimg(t *testing.T) {
	videos, err := filepath.Glob("testdata/yuv-*.y4m")
	if err != nil || len(videos) < 16 {
		t.Fatalf("%d fixtures, %v", len(videos), err)
	}
	for _, video := range videos {
		t.Run(filepath.Base(video), func(t *testing.T) {
			info, frames := readAll(t, video, ReadOptions{})
			if info.Frames != 1 {
				t.Fatalf("%d frames", info.Frames)
			}
			if full := strings.Contains(video, "full"); info.FullRange != full || !strings.Contains(video, "yuv-"+info.Chroma+"-") {
				t.Errorf("%+v", info)
			}
			// zimg rounds chroma to 8 bits between the resizing of the columns, of the
			// rows, and the matrix.
			const rounding = 3
			largest, mean := differ(t, frames[0], wanted(t, video, info.Width, info.Height)[0])
			if largest > rounding || mean > 0.6 {
				t.Errorf("decoded: %.2f levels off, %.2f in the mean", largest, mean)
			}

			levels, err := os.ReadFile(video + ".rgb")
			if err != nil {
				t.Fatal(err)
			}
			p := picture.New(info.Width, info.Height)
			n := p.W * p.H
			for i, v := range levels {
				p.RGB[i%3*n+i/3] = float32(v)
			}
			want, err := os.ReadFile(video)
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			writeVideo(t, "-", info, WriteOptions{Stdout: &b}, []*picture.Picture{p})
			got := b.Bytes()
			at := bytes.Index(want, []byte(y4mFrame)) // the planes follow
			if !bytes.Equal(got[:at], want[:at]) {
				t.Errorf("header %q; expected %q", got[:at], want[:at])
			}
			if len(got) != len(want) {
				t.Fatalf("%d bytes; expected %d", len(got), len(want))
			}
			off := 0
			for i := range want {
				d := int(got[i]) - int(want[i])
				off = max(off, d, -d)
			}
			allowed := 1
			if info.Chroma == "411" {
				allowed = 2 // of the border, which zimg reflects, four columns have a part
			}
			if off > allowed {
				t.Errorf("encoded: %d codes off", off)
			}
		})
	}
}

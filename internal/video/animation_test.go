package video

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAnimationsAgainstPillow compares the frames of animations with those of Pillow:
// disposal, blending, transparency and palettes.
func TestAnimationsAgainstPillow(t *testing.T) {
	var videos []string
	for _, pattern := range []string{"gif-*.gif", "png-*.png", "webp-*.webp"} {
		found, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil {
			t.Fatal(err)
		}
		videos = append(videos, found...)
	}
	if len(videos) < 11 {
		t.Fatalf("%d fixtures", len(videos))
	}
	for _, video := range videos {
		t.Run(filepath.Base(video), func(t *testing.T) {
			info, frames := readAll(t, video, ReadOptions{})
			want := wanted(t, video, info.Width, info.Height)
			if strings.HasPrefix(filepath.Base(video), "png") {
				// The third frame is shown three times as long.
				if info.Rate != (Rational{25, 1}) || info.Frames != 7 || len(info.Warnings) != 1 {
					t.Fatalf("%+v", info)
				}
				if frames[2] != frames[3] || frames[2] != frames[4] {
					t.Error("a repeated frame is another picture")
				}
				frames = append(frames[:3], frames[5:]...)
			} else if len(info.Warnings) != 0 || info.Rate.Float() < 25 || info.Rate.Float() > 30 {
				t.Errorf("%+v", info)
			}
			if len(frames) != len(want) {
				t.Fatalf("%d frames; expected %d", len(frames), len(want))
			}
			for f, p := range frames {
				n := p.W * p.H
				off := 0.0
				for i := range n {
					opacity := float32(1)
					if p.Alpha != nil {
						opacity = p.Alpha[i]
					}
					off = max(off, 255*math.Abs(float64(opacity-want[f].Alpha[i])))
					for k := range 3 {
						if opacity > 0 { // or else colors do not matter
							off = max(off, math.Abs(float64(p.RGB[k*n+i]-want[f].RGB[k*n+i])))
						}
					}
				}
				if off > 0.5 {
					t.Errorf("frame %d is %.1f levels off", f+1, off)
				}
			}
		})
	}
}

// TestCutFiles reads the whole frames of incomplete files, and says so.
func TestCutFiles(t *testing.T) {
	gif, err := os.ReadFile("testdata/gif-keep.gif")
	if err != nil {
		t.Fatal(err)
	}
	var y4m bytes.Buffer
	writeVideo(t, "-", Info{Width: 8, Height: 8, Rate: Rational{25, 1}}, WriteOptions{Stdout: &y4m}, scene(5, 8, 8))
	frame := len(y4mFrame) + 1 + 8*8*3/2
	for name, cut := range map[string][]byte{
		"cut.gif":  gif[:len(gif)-10],
		"cut.y4m":  y4m.Bytes()[:y4m.Len()-10],
		"head.y4m": y4m.Bytes()[:y4m.Len()-frame+3],
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, cut, 0o600); err != nil {
			t.Fatal(err)
		}
		info, frames := readAll(t, path, ReadOptions{})
		if len(frames) != 4 || len(info.Warnings) != 1 || info.Warnings[0] != path+": the file is incomplete: the video ends with frame 4" {
			t.Errorf("%d frames of %+v", len(frames), info)
		}
	}
}

func TestHoldLast(t *testing.T) {
	for _, name := range []string{"video.png", "video.webp"} {
		path := filepath.Join(t.TempDir(), name)
		writeVideo(t, path, Info{Width: 8, Height: 8, Rate: Rational{10, 1}}, WriteOptions{HoldLast: time.Second}, scene(3, 8, 8))
		info, frames := readAll(t, path, ReadOptions{})
		if info.Rate != (Rational{10, 1}) || info.Frames != 12 || frames[2] != frames[11] {
			t.Errorf("%s: %+v", name, info)
		}
	}
}

func TestCadences(t *testing.T) {
	ms, hundredths := Rational{1, 1000}, Rational{1, 100}
	at := func(n int, rate Rational, perSecond float64) (starts []int64) {
		for i := range n {
			starts = append(starts, int64(math.Round(float64(i)*perSecond/rate.Float())))
		}
		return starts
	}
	ntscRate := Rational{30000, 1001}
	for _, test := range []struct {
		name   string
		timing timing
		rate   Rational
		frames int // 0: each once
	}{
		{"NTSC in milliseconds", timing{tick: ms, starts: at(500, ntscRate, 1000)}, ntscRate, 0},
		{"NTSC, truncated to milliseconds", timing{tick: ms, starts: []int64{0, 33, 66, 100, 133, 166, 200}, declared: []Rational{ntscRate}}, ntscRate, 0},
		{"24 a second in milliseconds", timing{tick: ms, starts: at(500, Rational{24, 1}, 1000)}, Rational{24, 1}, 0},
		{"30 a second in hundredths", timing{tick: hundredths, starts: at(90, Rational{30, 1}, 100), end: 300}, Rational{30, 1}, 0},
		{"of no standard", timing{tick: hundredths, starts: []int64{0, 7, 14, 21}, end: 28}, Rational{100, 7}, 0},
		{"one frame", timing{tick: hundredths, starts: []int64{0}, end: 50}, Rational{2, 1}, 0},
		{"one frame of unknown duration", timing{tick: ms, starts: []int64{5}, declared: []Rational{{25, 1}}}, Rational{25, 1}, 0},
		{"a late start", timing{tick: ms, starts: []int64{80, 120, 160}}, Rational{25, 1}, 0},
		{"a long frame", timing{tick: hundredths, starts: []int64{0, 4, 8}, end: 20}, Rational{25, 1}, 5},
		{"a gap at whole ticks", timing{tick: Rational{1, 25}, starts: []int64{0, 1, 3, 4}, declared: []Rational{{25, 1}}}, Rational{25, 1}, 5},
		{"no common duration", timing{tick: ms, starts: []int64{0, 17, 100, 201}, end: 303}, Rational{1000, 17}, 18},
		{"shorter than 1/60 s", timing{tick: ms, starts: []int64{0, 7, 100, 201}, end: 303}, Rational{60, 1}, 18},
		{"all at once", timing{tick: ms, starts: []int64{5, 5, 5}}, Rational{60, 1}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, variable, err := test.timing.cadence(Limits{}.orDefault())
			if err != nil {
				t.Fatal(err)
			}
			if c.rate != test.rate || len(c.plan) != test.frames {
				t.Errorf("%d frames at %v; expected %d at %v", len(c.plan), c.rate, test.frames, test.rate)
			}
			if (variable != "") != (test.frames > 0) {
				t.Errorf("described as %q", variable)
			}
			last := 0
			for _, i := range c.plan {
				if i < last || i >= len(test.timing.starts) {
					t.Errorf("plan %v", c.plan)
				}
				last = i
			}
		})
	}
	if _, _, err := (timing{tick: hundredths, starts: []int64{0, 1}, end: 65535}).cadence(Limits{MaxFrames: 1000}); err == nil {
		t.Error("a frame of eleven minutes fits into a thousand frames")
	}
}

// TestForeignAVI reads a file of FFmpeg, with sound between the frames.
func TestForeignAVI(t *testing.T) {
	info, frames := readAll(t, "testdata/video.avi", ReadOptions{})
	if info.Width != 64 || info.Height != 48 || info.Frames != 6 || len(frames) != 6 || info.Rate != (Rational{30000, 1001}) || !info.Sound {
		t.Errorf("%+v", info)
	}
	if d, _ := differ(t, frames[0], frames[5]); d < 50 {
		t.Errorf("the last frame is the first")
	}
}

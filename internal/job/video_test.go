package job_test

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"testing"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/video"
	"github.com/pastiche-art/pastiche/internal/videostyle"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// videoFrames returns frames of some shots: in each, a patch moves over tiles.
func videoFrames(shots, each int) (frames []*picture.Picture) {
	const w, h = 64, 48
	for shot := range shots {
		ground := picture.New(w, h)
		for i := range ground.RGB {
			x, y, c := i%w, i/w%h, i/(w*h)
			ground.RGB[i] = float32(40 + 50*((x/(3+shot)+y/(4+2*shot)+shot*c)%(2+shot%3)))
		}
		for n := range each {
			p := picture.New(w, h)
			copy(p.RGB, ground.RGB)
			for y := 8; y < 24; y++ {
				for x := 4 + 2*n; x < 20+2*n; x++ {
					for c := range 3 {
						p.RGB[(c*h+y)*w+x] = float32(60*shot + 20*c)
					}
				}
			}
			frames = append(frames, p)
		}
	}
	return frames
}

// someFrames are the frames of a slice.
type someFrames struct {
	frames []*picture.Picture
}

func (s *someFrames) Next(context.Context) (*picture.Picture, error) {
	if len(s.frames) == 0 {
		return nil, io.EOF
	}
	next := s.frames[0]
	s.frames = s.frames[1:]
	return next, nil
}

func (s *someFrames) Skip(_ context.Context, n int) error {
	s.frames = s.frames[n:]
	return nil
}

const videoQuick = `{"recipe":{"name":"classic","size":48,"iterations":3,"pyramid":1},"seed":3,"video":{"iterations":2}}`

// submitVideo submits a video.
func (s *server) submitVideo(t *testing.T, key string, frames []*picture.Picture) (r *job.Record, created bool) {
	t.Helper()
	d, err := s.Begin(t.Context(), "", key)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Discard()
	clip := job.Clip{Width: frames[0].W, Height: frames[0].H, Rate: video.Rational{Num: 25, Den: 1}, Next: (&someFrames{frames}).Next}
	if err := d.AddVideo(t.Context(), api.Content, clip); err != nil {
		t.Fatal(err)
	}
	if err := d.Add(t.Context(), api.Style, &picture.File{Picture: noise(40, 40, 2)}); err != nil {
		t.Fatal(err)
	}
	options, err := job.ParseOptions([]byte(videoQuick), nil)
	if err != nil {
		t.Fatal(err)
	}
	r, created, err = d.Submit(t.Context(), job.Submission{Options: options, HasSize: true})
	if err != nil {
		t.Fatal(err)
	}
	return r, created
}

// alone paints a video as the command does, and returns the files of the frames.
func alone(t *testing.T, frames []*picture.Picture) (files [][]byte) {
	t.Helper()
	options, err := job.ParseOptions([]byte(videoQuick), nil)
	if err != nil {
		t.Fatal(err)
	}
	state, err := videostyle.OpenState(filepath.Join(t.TempDir(), "state"), "")
	if err != nil {
		t.Fatal(err)
	}
	network, err := paint.DefaultNetwork(&options.Recipe)
	if err != nil {
		t.Fatal(err)
	}
	style := noise(40, 40, 2)
	err = videostyle.Paint(t.Context(), &someFrames{frames}, state, videostyle.Options{
		Paint:    paint.Options{Recipe: &options.Recipe, Network: network, Seed: options.Seed, Memory: memory},
		Regions:  func(context.Context, int) ([]paint.Region, error) { return paint.InMannerOf(style), nil },
		Temporal: videostyle.DefaultTemporal, Iterations: options.Video.Iterations,
	}, func(n int, painted *videostyle.Painted) {
		var b bytes.Buffer
		if err := picture.Encode(&b, painted.Picture, picture.PNG, picture.SaveOptions{}); err != nil {
			t.Error(err)
		}
		files = append(files, b.Bytes())
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// painted returns the files of the painted frames of a job.
func (s *server) painted(t *testing.T, r *job.Record) (files [][]byte) {
	t.Helper()
	for n := range r.Video.Frames {
		name, err := s.Painting(t.Context(), r, n, false)
		if err != nil {
			t.Fatalf("frame %d: %v", n, err)
		}
		b, err := s.Open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(b)
		b.Close()
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, data)
	}
	return files
}

func sameFiles(t *testing.T, got, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d frames, expected %d", len(got), len(want))
	}
	for n := range got {
		if !bytes.Equal(got[n], want[n]) {
			t.Errorf("frame %d is painted otherwise than by videostyle.Paint", n)
		}
	}
}

// TestVideo: two workers paint the shots of a video to the bytes of videostyle.Paint.
func TestVideo(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	frames := videoFrames(4, 3)
	r, _ := s.submitVideo(t, "", frames)
	if len(r.Video.Shots) != 4 {
		t.Fatalf("shots %v, expected 4", r.Video.Shots)
	}
	s.work(t)
	s.work(t)
	r = s.in(t, r, api.Done)
	sameFiles(t, s.painted(t, r), alone(t, frames))
}

package videostyle

import (
	"bytes"
	"context"
	"errors"
	"image"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pastiche-art/pastiche/internal/flow"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// clip is a Source of frames in memory.
type clip []*picture.Picture

func (c *clip) Next(ctx context.Context) (*picture.Picture, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if len(*c) == 0 {
		return nil, io.EOF
	}
	f := (*c)[0]
	*c = (*c)[1:]
	return f, nil
}

func (c *clip) Skip(_ context.Context, n int) error {
	*c = (*c)[min(n, len(*c)):]
	return nil
}

func open(t *testing.T, path string) *picture.Picture {
	t.Helper()
	f, err := picture.Open(t.Context(), path, picture.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f.SRGB()
}

const (
	photo    = "../../examples/photos/castle.jpg"
	other    = "../../examples/photos/coffee.jpg"
	painting = "../../examples/paintings/starry-night.jpg"
)

// pan returns n frames of w x h pixels, over which a picture moves by (vx, vy) pixels a
// frame, and the flow from each frame back to the one before.
func pan(t *testing.T, path string, n, w, h int, vx, vy float64) (clip, *flow.Field) {
	t.Helper()
	const border = 24
	pool, err := kernel.NewPool(1)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	wide := open(t, path).Resize(w+2*border, h+2*border)
	var frames clip
	for k := range n {
		by := flow.NewField(wide.W, wide.H)
		for i := range by.U {
			by.U[i], by.V[i] = float32(vx*float64(k)), float32(vy*float64(k))
		}
		moved := &picture.Picture{W: wide.W, H: wide.H, RGB: flow.Warp(pool, wide.RGB, by)}
		frame := moved.Crop(image.Rect(border/2, border/2, border/2+w, border/2+h))
		frames = append(frames, rounded(frame))
	}
	back := flow.NewField(w, h)
	for i := range back.U {
		back.U[i], back.V[i] = float32(vx), float32(vy)
	}
	return frames, back
}

// quick returns options for small frames.
func quick(t *testing.T, size int) Options {
	t.Helper()
	r := paint.Fine()
	r.Size, r.FirstSize = size, size
	r.Iterations, r.FirstIterations = 6, 6
	style := open(t, painting).Resize(96, 72)
	return Options{
		Paint:    paint.Options{Recipe: &r},
		Regions:  func(context.Context, int) ([]paint.Region, error) { return paint.InMannerOf(style), nil },
		Temporal: DefaultTemporal, Iterations: 3,
	}
}

// painted paints frames in a new folder and returns the files of the paintings.
func painted(t *testing.T, frames clip, opts Options) [][]byte {
	t.Helper()
	s, err := OpenState(filepath.Join(t.TempDir(), "state"), "inputs")
	if err != nil {
		t.Fatal(err)
	}
	frames = slices.Clone(frames)
	if err := Paint(t.Context(), &frames, s, opts, nil); err != nil {
		t.Fatal(err)
	}
	return files(t, s)
}

func files(t *testing.T, s *State) (of [][]byte) {
	t.Helper()
	for n := range s.Done() {
		data, err := os.ReadFile(s.PaintingFile(n))
		if err != nil {
			t.Fatal(err)
		}
		of = append(of, data)
	}
	return of
}

func same(t *testing.T, what string, got, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d frames, expected %d", what, len(got), len(want))
	}
	for n := range got {
		if !bytes.Equal(got[n], want[n]) {
			t.Errorf("%s: frame %d differs", what, n+1)
		}
	}
}

func TestFilmContinuesToTheSameBytes(t *testing.T) {
	frames, _ := pan(t, photo, 4, 64, 48, 1.5, 0.5)
	second, _ := pan(t, other, 3, 64, 48, -1, 0)
	frames = append(frames, second...)
	opts := quick(t, 64)
	opts.Loop, opts.Frames = true, len(frames)
	want := painted(t, frames, opts)
	folder := filepath.Join(t.TempDir(), "state")
	stop := errors.New("stop")
	for n := range frames {
		s, err := OpenState(folder, "inputs")
		if err != nil {
			t.Fatal(err)
		}
		if s.Done() != n {
			t.Fatalf("%d frames are done, expected %d", s.Done(), n)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		source := slices.Clone(frames)
		opts.Paint.Threads = 1 + n%2
		err = Paint(ctx, &source, s, opts, func(int, *Painted) { cancel(stop) })
		if n+1 < len(frames) && !errors.Is(err, stop) {
			t.Fatalf("interrupted after frame %d: %v", n+1, err)
		}
		// A crash may leave a painting that state.json does not know.
		if err := os.WriteFile(s.PaintingFile(n+1), []byte("half"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s, err := OpenState(folder, "inputs")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "resumed", files(t, s), want)
}

// TestShotsAreIndependent paints the shots of a film apart.
func TestShotsAreIndependent(t *testing.T) {
	first, _ := pan(t, photo, 3, 64, 48, 1, 0)
	second, _ := pan(t, other, 3, 64, 48, 0, 1)
	opts := quick(t, 64)
	whole := painted(t, append(slices.Clone(first), second...), opts)
	same(t, "first shot", painted(t, first, opts), whole[:3])
	same(t, "second shot", painted(t, second, opts), whole[3:])
}

func TestWhatDoesNotMoveStays(t *testing.T) {
	frames, _ := pan(t, photo, 1, 64, 48, 0, 0)
	for k := 1; k < 8; k++ {
		// A white square walks over the lower half.
		f := picture.New(64, 48)
		copy(f.RGB, frames[0].RGB)
		for y := 30; y < 38; y++ {
			for x := 4 + 6*k; x < 12+6*k; x++ {
				for c := range 3 {
					f.RGB[c*64*48+y*64+x] = 255
				}
			}
		}
		frames = append(frames, f)
	}
	opts := quick(t, 64)
	p, err := NewPainter(opts)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var all []*Painted
	for _, f := range append(frames, frames[7]) {
		painted, err := p.Next(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, painted)
	}
	changed := 0
	for i, level := range all[7].RGB {
		if y := i / 64 % 48; level != all[0].RGB[i] {
			changed++
			if y < 16 {
				t.Fatalf("row %d changed where nothing moves", y)
			}
		}
	}
	if changed == 0 {
		t.Error("nothing changed where the square walks")
	}
	if !all[8].Still || all[7].Still {
		t.Errorf("still: %v for the same frame again, %v for another", all[8].Still, all[7].Still)
	}
}

// flicker returns the mean difference of frames from the frame before, moved by the exact
// flow, without the border.
func flicker(t *testing.T, frames []*picture.Picture, back *flow.Field) float64 {
	t.Helper()
	pool, err := kernel.NewPool(1)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	const border = 4
	sum, n := 0.0, 0
	for k, f := range frames[1:] {
		moved := flow.Warp(pool, frames[k].RGB, back)
		for i, level := range f.RGB {
			x, y := i%f.W, i/f.W%f.H
			if x >= border && y >= border && x < f.W-border && y < f.H-border {
				sum += math.Abs(float64(level - min(max(moved[i], 0), 255)))
				n++
			}
		}
	}
	return sum / float64(n)
}

func TestFilmHoldsStill(t *testing.T) {
	frames, back := pan(t, photo, 5, 128, 96, 1.4, 0.6)
	opts := quick(t, 128)
	opts.Paint.Recipe.FirstIterations = 60
	opts.Paint.Recipe.Iterations = 60
	opts.Iterations = 10
	paintings := func(temporal float64) (of []*picture.Picture) {
		opts.Temporal = temporal
		p, err := NewPainter(opts)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		for _, f := range frames {
			painted, err := p.Next(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			of = append(of, painted.Picture)
		}
		return of
	}
	source, apart, held := flicker(t, frames, back), flicker(t, paintings(0), back), flicker(t, paintings(DefaultTemporal), back)
	t.Logf("warping error: source %.2f levels, frame by frame %.2f, held %.2f", source, apart, held)
	if held > apart/4 || held > 1.5*source {
		t.Errorf("warping error %.2f levels: expected at most a quarter of %.2f, and 1.5 of the source's %.2f", held, apart, source)
	}
}

func TestOtherFilmsAreRefused(t *testing.T) {
	frames, _ := pan(t, photo, 3, 64, 48, 1, 0)
	opts := quick(t, 64)
	folder := filepath.Join(t.TempDir(), "state")
	s, err := OpenState(folder, "inputs")
	if err != nil {
		t.Fatal(err)
	}
	source := slices.Clone(frames)
	if err := Paint(t.Context(), &source, s, opts, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenState(folder, "others"); !errors.Is(err, ErrState) {
		t.Errorf("other inputs: %v, expected ErrState", err)
	}
	if _, err := OpenState(filepath.Dir(painting), "inputs"); !errors.Is(err, ErrState) {
		t.Errorf("a folder with other files: %v, expected ErrState", err)
	}
	short := slices.Clone(frames[:2])
	if err := Paint(t.Context(), &short, s, opts, nil); !errors.Is(err, ErrChanged) {
		t.Errorf("a shorter film: %v, expected ErrChanged", err)
	}
	changed, _ := pan(t, other, 3, 64, 48, 1, 0)
	if err := Paint(t.Context(), &changed, s, opts, nil); !errors.Is(err, ErrChanged) {
		t.Errorf("another film: %v, expected ErrChanged", err)
	}
}

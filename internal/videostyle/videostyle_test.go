package videostyle

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

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

// quick returns options for small frames.
func quick(t *testing.T, size int) Options {
	t.Helper()
	r := paint.Fine()
	r.Size, r.FirstSize = size, size
	r.Iterations, r.FirstIterations, r.Faces = 6, 6, paint.IgnoreFaces
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

func TestVideoContinuesToTheSameBytes(t *testing.T) {
	frames := pan(t, photo, 64, 48, 1.5, 0.5).frames(4)
	second := pan(t, other, 64, 48, -1, 0).frames(3)
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

// TestShotsAreIndependent paints the shots of a video apart.
func TestShotsAreIndependent(t *testing.T) {
	first := pan(t, photo, 64, 48, 1, 0).frames(3)
	second := pan(t, other, 64, 48, 0, 1).frames(3)
	opts := quick(t, 64)
	whole := painted(t, append(slices.Clone(first), second...), opts)
	same(t, "first shot", painted(t, first, opts), whole[:3])
	same(t, "second shot", painted(t, second, opts), whole[3:])
}

// TestLoopOfSeveralShots: only a video of one shot is a loop, wherever it is cut.
func TestLoopOfSeveralShots(t *testing.T) {
	first, second := pan(t, photo, 64, 48, 1, 0).frames(10), pan(t, other, 64, 48, 0, 1).frames(1)
	opts := quick(t, 64)
	opts.Iterations = 1
	shot := painted(t, first, opts)
	for _, frames := range []clip{slices.Concat(first, second), slices.Concat(second, first)} {
		plain := painted(t, frames, opts)
		loop := opts
		loop.Loop, loop.Frames = true, len(frames)
		same(t, "several shots", painted(t, frames, loop), plain)
	}
	opts.Loop, opts.Frames = true, len(first)
	loop := painted(t, first, opts)
	same(t, "before the end of a loop", loop[:len(first)-loopFrames], shot[:len(first)-loopFrames])
	if last := len(first) - 1; bytes.Equal(loop[last], shot[last]) {
		t.Error("the last frame of a loop does not lead to the first one")
	}
	opts.OneShot = true
	same(t, "one shot", painted(t, first, opts), loop)
}

// TestWhatDoesNotMoveStays: a square walks over the lower half of a photograph.
func TestWhatDoesNotMoveStays(t *testing.T) {
	const w, h = 64, 48
	n := max(*manyFrames, 6)
	still := pan(t, photo, w, h, 0, 0).frames(1)[0]
	frames := clip{still}
	for k := 1; k < n; k++ {
		f := picture.New(w, h)
		copy(f.RGB, still.RGB)
		for y := 30; y < 38; y++ {
			for x := 4 + k%50; x < 12+k%50; x++ {
				for c := range 3 {
					f.RGB[c*w*h+y*w+x] = white
				}
			}
		}
		frames = append(frames, f)
	}
	all := paintAll(t, append(frames, frames[n-1]), quick(t, w))
	changed := 0
	for i, level := range all[n-1].RGB {
		if y := i / w % h; level != all[0].RGB[i] {
			changed++
			if y < 16 {
				t.Fatalf("row %d changed where nothing moves", y)
			}
		}
	}
	if changed == 0 {
		t.Error("nothing changed where the square walks")
	}
	t.Logf("%d frames: %.0f %% of the levels differ between the first one and the last one", n, 100*float64(changed)/float64(len(still.RGB)))
	if !all[n].Still || all[n-1].Still {
		t.Errorf("still: %v for the same frame again, %v for another", all[n].Still, all[n-1].Still)
	}
}

// paintAll paints frames in memory.
func paintAll(t testing.TB, frames clip, opts Options) (of []*Painted) {
	t.Helper()
	p, err := newPainter(opts)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	shots, err := newShots(&frames, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer shots.close()
	for {
		next, err := shots.next(t.Context())
		if errors.Is(err, io.EOF) {
			return of
		}
		if err != nil {
			t.Fatal(err)
		}
		painted, err := p.paint(t.Context(), next)
		if err != nil {
			t.Fatal(err)
		}
		of = append(of, painted)
	}
}

func TestOtherVideosAreRefused(t *testing.T) {
	frames := pan(t, photo, 64, 48, 1, 0).frames(3)
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
		t.Errorf("a shorter video: %v, expected ErrChanged", err)
	}
	changed := pan(t, other, 64, 48, 1, 0).frames(3)
	if err := Paint(t.Context(), &changed, s, opts, nil); !errors.Is(err, ErrChanged) {
		t.Errorf("another video: %v, expected ErrChanged", err)
	}
}

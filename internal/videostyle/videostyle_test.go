package videostyle

import (
	"bytes"
	"context"
	"errors"
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
	first, second := pan(t, photo, 64, 48, 1, 0).frames(10), pan(t, other, 64, 48, 0, 1).frames(2)
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

func TestWhatDoesNotMoveStays(t *testing.T) {
	frames := pan(t, photo, 64, 48, 0, 0).frames(1)
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
	all := paintAll(t, append(frames, frames[7]), opts)
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

// warpingError returns the mean difference of frames from the frames before them, warped
// along the flow of a scene, over the pixels that are to be seen in both.
func warpingError(t testing.TB, s *scene, frames []*picture.Picture) float64 {
	t.Helper()
	pool, err := kernel.NewPool(1)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	sum, n := 0.0, 0
	for k := 1; k < len(frames); k++ {
		back, both := s.back(k)
		moved := flow.Warp(pool, frames[k-1].RGB, back)
		for i, level := range frames[k].RGB {
			if both[i%len(both)] {
				sum += math.Abs(float64(level - min(max(moved[i], 0), white)))
				n++
			}
		}
	}
	return sum / float64(n)
}

func TestVideoHoldsStill(t *testing.T) {
	s := pan(t, photo, 128, 96, 1.4, 0.6)
	frames := s.frames(5)
	opts := quick(t, 128)
	opts.Paint.Recipe.FirstIterations = 60
	opts.Paint.Recipe.Iterations = 60
	opts.Iterations = 10
	paintings := func(temporal float64) (of []*picture.Picture) {
		opts.Temporal = temporal
		for _, p := range paintAll(t, frames, opts) {
			of = append(of, p.Picture)
		}
		return of
	}
	source, apart, held := warpingError(t, s, frames), warpingError(t, s, paintings(0)), warpingError(t, s, paintings(DefaultTemporal))
	t.Logf("warping error: source %.2f levels, frame by frame %.2f, held %.2f", source, apart, held)
	if held > apart/4 || held > 1.5*source {
		t.Errorf("warping error %.2f levels: expected at most a quarter of %.2f, and 1.5 of the source's %.2f", held, apart, source)
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

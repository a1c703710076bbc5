package videostyle

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/pastiche-art/pastiche/internal/flow"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// The flags of TestWarpingError and TestWhatDoesNotMoveStays:
//
//	go test ./internal/videostyle -run 'TestWarpingError|TestWhatDoesNotMoveStays' -v -timeout 2h -args -frames 40 -width 320
var (
	manyFrames = flag.Int("frames", fewFrames, "the number of frames of a scene")
	sceneWidth = flag.Int("width", 96, "the width of a scene in pixels; it is 16:9")
	keepFrames = flag.String("keep", "", "a `folder` for the frames, in which paintings of frames by themselves are also looked for")
)

// fewFrames is the number of frames of a scene in every run of the tests. Longer scenes
// are painted as pastiche video paints.
const fewFrames = 2

// A warping sums differences of frames from the frames before them, warped along the flow
// of a scene, over the pixels that are to be seen in both.
type warping struct {
	scene *scene
	pool  *kernel.Pool
	sum   float64
	n     int
}

func newWarping(t testing.TB, s *scene) *warping {
	t.Helper()
	pool, err := kernel.NewPool(1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return &warping{scene: s, pool: pool}
}

// add adds a pair of pictures of the frames k-1 and k.
func (w *warping) add(k int, before, now *picture.Picture) {
	back, both := w.scene.back(k)
	moved := flow.Warp(w.pool, before.RGB, back)
	for i, level := range now.RGB {
		if both[i%len(both)] {
			w.sum += math.Abs(float64(level - min(max(moved[i], 0), white)))
			w.n++
		}
	}
}

// error returns the mean difference in levels.
func (w *warping) error() float64 { return w.sum / float64(w.n) }

// alone returns a painting of a frame by itself, which the folder of kept frames may have.
func alone(t *testing.T, name string, k int, frame *picture.Picture, opts Options) *picture.Picture {
	t.Helper()
	if *keepFrames != "" {
		if _, err := os.Stat(keptFile(name+"-by-themselves", k)); err == nil {
			return open(t, keptFile(name+"-by-themselves", k))
		}
	}
	p := paintAll(t, clip{frame}, opts)[0].Picture
	keep(t, name+"-by-themselves", k, p)
	return p
}

func keptFile(name string, k int) string {
	return filepath.Join(*keepFrames, fmt.Sprintf("%s-%03d.png", name, k))
}

// keep keeps a picture in the folder, if there is one.
func keep(t *testing.T, name string, k int, p *picture.Picture) {
	t.Helper()
	if *keepFrames == "" {
		return
	}
	if err := picture.Save(keptFile(name, k), p, picture.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
}

// styleCost returns the style cost of a painting.
func styleCost(t *testing.T, frame, painted *picture.Picture, opts Options) float64 {
	t.Helper()
	regions, err := opts.Regions(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	report, err := paint.Score(t.Context(), frame, regions, painted, opts.Paint)
	if err != nil {
		t.Fatal(err)
	}
	return report.Costs.Style
}

// TestWarpingError paints three videos whose flow is known exactly. Of a long video, it
// paints four pairs of frames by themselves, for comparison.
func TestWarpingError(t *testing.T) {
	n, w, h := *manyFrames, *sceneWidth, *sceneWidth*9/16
	speed := float64(w) / 320
	opts := quick(t, w)
	opts.Paint.Recipe.FirstIterations, opts.Paint.Recipe.Iterations = 40, 40
	opts.Iterations = DefaultIterations
	// Small frames of smooth photographs hardly differ when they move, so that their own
	// error is no measure.
	mostOfFlicker, mostOfSource, pairs := 0.35, math.Inf(1), []int{1}
	if n > fewFrames {
		recipe := paint.Fine()
		recipe.Size = w
		style := open(t, painting)
		opts.Paint.Recipe = &recipe
		opts.Regions = func(context.Context, int) ([]paint.Region, error) { return paint.InMannerOf(style), nil }
		mostOfFlicker, mostOfSource, pairs = 0.25, 1.5, []int{1, n / 3, 2 * n / 3, n - 1}
	}
	for _, test := range []struct {
		name string
		*scene
	}{
		{"pan", pan(t, photo, w, h, 2.7*speed, -1.3*speed)},
		{"zoom", zoom(t, "../../examples/photos/horses.jpg", w, h, 1.01)},
		{"apart", apart(t, w, h, 3*speed, -0.8*speed)},
	} {
		if n <= fewFrames && test.name == "zoom" {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			frames := test.frames(n)
			source, held, flicker := newWarping(t, test.scene), newWarping(t, test.scene), newWarping(t, test.scene)
			paintings := paintAll(t, frames, opts)
			for k, p := range paintings {
				keep(t, test.name+"-source", k, frames[k])
				keep(t, test.name+"-held", k, p.Picture)
				if k > 0 {
					source.add(k, frames[k-1], frames[k])
					held.add(k, paintings[k-1].Picture, p.Picture)
				}
			}
			var styleHeld, styleAlone float64
			for _, k := range pairs {
				before, now := paintings[0].Picture, alone(t, test.name, k, frames[k], opts) // the first frame is painted by itself
				if k > 1 {
					before = alone(t, test.name, k-1, frames[k-1], opts)
				}
				flicker.add(k, before, now)
				styleAlone += styleCost(t, frames[k], now, opts) / float64(len(pairs))
				styleHeld += styleCost(t, frames[k], paintings[k].Picture, opts) / float64(len(pairs))
			}
			t.Logf("warping error in levels: source %.2f, frame by frame %.2f, held %.2f (%.2f of frame by frame, %.2f of the source)",
				source.error(), flicker.error(), held.error(), held.error()/flicker.error(), held.error()/source.error())
			if held.error() > mostOfFlicker*flicker.error() || held.error() > mostOfSource*source.error() {
				t.Errorf("warping error %.2f levels: expected at most %g of %.2f, frame by frame, and %g of the source's %.2f",
					held.error(), mostOfFlicker, flicker.error(), mostOfSource, source.error())
			}
			t.Logf("style cost: frame by frame %.4f, held %.4f (%+.1f %%)", styleAlone, styleHeld, 100*(styleHeld/styleAlone-1))
			if styleHeld > 1.1*styleAlone {
				t.Errorf("style cost %.4f: expected at most 1.1 of %.4f, that of frames painted by themselves", styleHeld, styleAlone)
			}
		})
	}
}

package paint

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/pastiche-art/pastiche/picture"
)

// dying is a context that is cancelled after a number of calls of Err.
type dying struct {
	context.Context
	mu     sync.Mutex
	asked  int // number of calls so far
	last   int // the call at which it is cancelled, 0 for never
	cancel context.CancelFunc
}

func (d *dying) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.asked++; d.asked == d.last {
		d.cancel()
	}
	return d.Context.Err()
}

// paintDying paints with a context that is cancelled after a number of calls of Err,
// and returns the number of calls.
func paintDying(t *testing.T, last int, content *picture.Picture, styles []Region, opts Options) (p *Painting, asked int, err error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d := &dying{Context: ctx, last: last, cancel: cancel}
	p, err = Paint(d, content, styles, opts)
	return p, d.asked, err
}

// TestCancelledAnywhereContinuesToTheSameBytes cancels a painting at checks of its
// context from the first to the last, while it measures or paints. The painting ends without further work, and
// continues from its checkpoint to the same bytes.
func TestCancelledAnywhereContinuesToTheSameBytes(t *testing.T) {
	const (
		threads = 2
		// further is the largest number of checks after the cancellation: one for each
		// thread that compares columns, and one for each caller that receives the
		// error.
		further = threads + 4
	)
	tests := map[string]func(*Recipe){"keeping colours": func(r *Recipe) { r.Colors = ContentColors }}
	for _, name := range recipeNames() {
		tests[name] = func(*Recipe) {}
	}
	content := photo(24, 24)
	styles := append(InMannerOf(strokes(24, 24, 3), strokes(20, 28, 2)), Region{Mask: half(24, 24, true)})
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			recipe := small(t, "fine")
			if name != "keeping colours" {
				recipe = small(t, name)
			}
			change(recipe)
			recipe.Size, recipe.Iterations = 24, 2
			if recipe.FirstSize > 0 {
				recipe.FirstSize, recipe.FirstIterations = 16, 1
				recipe.ScaleStep = 24. / 16
			}
			opts := Options{Recipe: recipe, Memory: 1 << 30, Threads: threads}
			want, asked, err := paintDying(t, 0, content, styles, opts)
			if err != nil {
				t.Fatal(err)
			}
			places := 8
			if testing.Short() {
				places = 5
			}
			for last := 1; last <= asked; last += max(1, asked/places) {
				p, asked, err := paintDying(t, last, content, styles, opts)
				if !errors.Is(err, context.Canceled) {
					t.Fatalf("cancelled when asked %d times: error %v", last, err)
				}
				if asked > last+further {
					t.Errorf("cancelled when asked %d times, and asked %d times more", last, asked-last)
				}
				if p == nil {
					if recipe.Colors != ContentColors || last > 2 {
						t.Errorf("cancelled when asked %d times: no painting", last)
					}
					continue
				}
				checkWhole(t, p.Picture, recipe)
				var b bytes.Buffer
				if err := p.WriteCheckpoint(&b); err != nil {
					t.Fatal(err)
				}
				again := opts
				if again.Resume, err = ReadCheckpoint(&b); err != nil {
					t.Fatal(err)
				}
				got, err := Paint(t.Context(), content, styles, again)
				if err != nil || !slices.Equal(got.RGB, want.RGB) {
					t.Errorf("cancelled when asked %d times and continued: other bytes, or error %v", last, err)
				}
			}
		})
	}
}

// TestMeasuringAsks counts the checks of the context before the first step: at least
// one for every layer of every style in every direction.
func TestMeasuringAsks(t *testing.T) {
	const styles, layers = 2, 5 // conv1_1 to conv3_1
	for name, looks := range map[string]int{
		"fine":    styles,
		"nnst":    2 * styles * quarters, // for the mean, and for the search
		"strotss": styles,
	} {
		t.Run(name, func(t *testing.T) {
			recipe := small(t, name)
			recipe.Size, recipe.FirstSize, recipe.FinalIterations = 32, 0, 0
			recipe.ContentLayers, recipe.ContentWeight, recipe.FirstContentWeight = nil, 0, 0
			recipe.StyleLayers = []Layer{{"conv1_1", 0.5}, {"conv3_1", 0.5}}
			var asked [2]int // before the first step ended, and before the second did
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			d := &dying{Context: ctx, cancel: cancel}
			_, err := Paint(d, photo(32, 32), InMannerOf(strokes(24, 24, 3), strokes(20, 28, 2)), Options{Recipe: recipe, Progress: func(p Progress) {
				if p.Step <= len(asked) {
					asked[p.Step-1] = d.asked
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			// The first step evaluates the costs twice, the second once.
			measuring := asked[0] - 2*(asked[1]-asked[0])
			if want := looks * layers; measuring < want {
				t.Errorf("asked %d times while measuring, want %d at least", measuring, want)
			}
		})
	}
}

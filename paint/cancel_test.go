package paint_test

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// dying is a context that is cancelled when it was asked a number of times.
type dying struct {
	context.Context
	left   int
	cancel context.CancelFunc
}

func (d *dying) Err() error {
	if d.left--; d.left == 0 {
		d.cancel()
	}
	return d.Context.Err()
}

func TestCancelledAnywhereContinuesToTheSameBytes(t *testing.T) {
	recipe := paint.Classic()
	recipe.Size, recipe.Iterations = 32, 4
	content, styles := picture.New(32, 32), paint.InMannerOf(picture.New(24, 24))
	opts := paint.Options{Recipe: &recipe, Memory: 1 << 30}
	want, err := paint.Paint(t.Context(), content, styles, opts)
	if err != nil {
		t.Fatal(err)
	}
	for asked := 1; ; asked++ {
		ctx, cancel := context.WithCancel(t.Context())
		p, err := paint.Paint(&dying{ctx, asked, cancel}, content, styles, opts)
		cancel()
		if err == nil {
			break
		}
		var b bytes.Buffer
		if err := p.WriteCheckpoint(&b); err != nil {
			t.Fatal(err)
		}
		again := opts
		if again.Resume, err = paint.ReadCheckpoint(&b); err != nil {
			t.Fatal(err)
		}
		got, err := paint.Paint(t.Context(), content, styles, again)
		if err != nil || !slices.Equal(got.RGB, want.RGB) {
			t.Errorf("cancelled when asked %d times and continued: other bytes, or error %v", asked, err)
		}
	}
}

package paint

import (
	"errors"
	"image"
	"image/color"
	"io"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// brokenPicture panics when it is read.
type brokenPicture struct{ image.Image }

func (brokenPicture) At(x, y int) color.Color { panic(io.ErrUnexpectedEOF) }

// TestPanicsAreErrors makes callbacks and pictures panic before, while and after a pool
// is open.
func TestPanicsAreErrors(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	good := image.NewGray(image.Rect(0, 0, 32, 32))
	recipe := Fine()
	recipe.Size, recipe.FirstSize = 32, 0
	opts := Options{Recipe: &recipe, Threads: 3}
	atStep := opts
	atStep.Progress = func(Progress) { panic(io.ErrUnexpectedEOF) }
	for name, call := range map[string]func() error{
		"content": func() error {
			_, err := Paint(t.Context(), brokenPicture{good}, InMannerOf(good), opts)
			return err
		},
		"style": func() error {
			_, err := Paint(t.Context(), good, InMannerOf(brokenPicture{good}), opts)
			return err
		},
		"progress": func() error {
			_, err := Paint(t.Context(), good, InMannerOf(good), atStep)
			return err
		},
		"texture": func() error {
			_, err := Texture(t.Context(), image.Pt(32, 32), InMannerOf(brokenPicture{good}), opts)
			return err
		},
		"check": func() error {
			return Check(brokenPicture{good}, image.Point{}, InMannerOf(good), opts)
		},
		"score": func() error {
			_, err := Score(t.Context(), good, InMannerOf(good), brokenPicture{good}, opts)
			return err
		},
		"features": func() error {
			_, err := Features(t.Context(), brokenPicture{good}, "conv1_1", opts)
			return err
		},
	} {
		err := call()
		var internal *InternalError
		if !errors.As(err, &internal) {
			t.Fatalf("%s: %v, want an InternalError", name, err)
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(string(internal.Stack), "internal_test.go") {
			t.Errorf("%s: %v at\n%s", name, err, internal.Stack)
		}
		if Refused(err) {
			t.Errorf("%s: %v counts as the caller's mistake", name, err)
		}
	}
}

func failingTask(_, _ int) { panic("a broken task") }

func TestPanicOfATaskIsAnError(t *testing.T) {
	pool, err := kernel.NewPool(2)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	err = func() (err error) {
		defer catch(&err)
		pool.Run(4, failingTask)
		return nil
	}()
	var internal *InternalError
	if !errors.As(err, &internal) || internal.Value != "a broken task" || !strings.Contains(string(internal.Stack), "failingTask") {
		t.Errorf("%#v", err)
	}
}

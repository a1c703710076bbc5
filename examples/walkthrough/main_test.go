package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

func small(t *testing.T) options {
	return options{
		content: "../photos/castle.jpg", style: "../paintings/starry-night.jpg", network: "builtin",
		size: 48, iterations: 22, seed: 3, output: filepath.Join(t.TempDir(), "output"),
	}
}

// TestWalk holds the walkthrough against the recipe classic: the same lines and
// the same files, to the byte.
func TestWalk(t *testing.T) {
	o := small(t)
	var printed bytes.Buffer
	if err := walk(o, &printed); err != nil {
		t.Fatal(err)
	}

	recipe := paint.Classic()
	recipe.Size, recipe.Iterations = o.size, o.iterations
	var lines strings.Builder
	painting, err := paint.Paint(t.Context(), open(t, o.content), paint.InMannerOf(open(t, o.style)), paint.Options{
		Recipe: &recipe, Seed: o.seed,
		Progress: func(p paint.Progress) {
			if i := p.Step - 1; i == 0 || i == 20 {
				fmt.Fprintf(&lines, "Iteration %d :\ntotal cost = %.6g\ncontent cost = %.6g\nstyle cost = %.6g\n",
					i, p.Costs.Total, p.Costs.Content, p.Costs.Style)
				checkFile(t, o, fmt.Sprintf("%d.png", i), p.Picture(), picture.PNG)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := printed.String(); got != lines.String() {
		t.Errorf("printed\n%s\nthe recipe's lines are\n%s", got, lines.String())
	}
	checkFile(t, o, "generated_image.jpg", painting.Picture, picture.JPEG)
	files, err := os.ReadDir(o.output)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 3 {
		t.Errorf("%d files in the output folder, want 3: %v", len(files), files)
	}
}

func open(t *testing.T, file string) *picture.Picture {
	t.Helper()
	f, err := picture.Open(t.Context(), file, picture.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	p := f.SRGB()
	return p
}

// checkFile fails the test unless the file holds the picture.
func checkFile(t *testing.T, o options, name string, p *picture.Picture, format picture.Format) {
	t.Helper()
	var want bytes.Buffer
	if err := picture.Encode(&want, p, format, picture.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(o.output, name))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s is not what the recipe paints", name)
	}
}

func TestWalkErrors(t *testing.T) {
	tests := []struct {
		name   string
		change func(*options)
		want   string
	}{
		{"no content", func(o *options) { o.content = "absent.jpg" }, "absent.jpg"},
		{"no style", func(o *options) { o.style = "absent.jpg" }, "absent.jpg"},
		{"no network", func(o *options) { o.network = "absent.safetensors" }, "absent.safetensors"},
		{"no size", func(o *options) { o.size = 0 }, "expected at least 1"},
		{"too small for conv5_1", func(o *options) { o.size = 15 }, "conv5_1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := small(t)
			test.change(&o)
			err := walk(o, new(bytes.Buffer))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one about %s", err, test.want)
			}
			if _, err := os.Stat(o.output); err == nil {
				t.Error("an output folder beside the error")
			}
		})
	}
}

package paint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"strings"
	"testing"
)

// TestResume resumes from a checkpoint of any iteration, written and read, and compares
// the final bytes.
func TestResume(t *testing.T) {
	content, regions := photo(40, 30), []Region{
		{Mask: half(40, 30, true), Styles: []Style{{Picture: strokes(40, 40, 4)}}},
	}
	for _, name := range recipeNames() {
		t.Run(name, func(t *testing.T) {
			recipe, regions := small(t, name), regions
			if recipe.usesHypercolumns() {
				regions = one(strokes(40, 40, 4)) // masks are not for these
			}
			recipe.Size, recipe.FirstSize = 40, min(recipe.FirstSize, 30)
			var checkpoints [][]byte
			opts := Options{Recipe: recipe, Seed: 3, Threads: 2, Progress: func(p Progress) {
				var b bytes.Buffer
				if err := p.WriteCheckpoint(&b); err != nil {
					t.Fatal(err)
				}
				checkpoints = append(checkpoints, b.Bytes())
			}}
			want := mustPaint(t, content, regions, opts)
			opts.Progress, opts.Threads = nil, 1
			for i, written := range checkpoints {
				checkpoint, err := ReadCheckpoint(bytes.NewReader(written))
				if err != nil {
					t.Fatal(err)
				}
				if checkpoint.Step() != i+1 {
					t.Errorf("checkpoint %d is of step %d", i, checkpoint.Step())
				}
				opts.Resume = checkpoint
				got := mustPaint(t, content, regions, opts)
				if !slices.Equal(got.RGB, want.RGB) || got.Costs != want.Costs || got.Steps != want.Steps {
					t.Errorf("after step %d: another painting", i+1)
				}
			}
		})
	}
}

// TestResumeTexture also checks the rolls of a tileable texture.
func TestResumeTexture(t *testing.T) {
	recipe := small(t, "fine")
	recipe.Size, recipe.FirstSize, recipe.Tileable = 32, 0, true
	var written bytes.Buffer
	opts := Options{Recipe: recipe, Progress: func(p Progress) {
		if p.Step == 2 {
			if err := p.WriteCheckpoint(&written); err != nil {
				t.Fatal(err)
			}
		}
	}}
	paint := func() *Painting {
		p, err := Texture(t.Context(), image.Pt(32, 32), one(strokes(40, 40, 4)), opts)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	want := paint()
	var err error
	if opts.Resume, err = ReadCheckpoint(&written); err != nil {
		t.Fatal(err)
	}
	opts.Progress = nil
	if got := paint(); !slices.Equal(got.RGB, want.RGB) {
		t.Error("another texture")
	}
}

// TestResumeInterrupted resumes an interrupted painting.
func TestResumeInterrupted(t *testing.T) {
	content, regions := photo(40, 30), one(strokes(40, 40, 4))
	recipe := small(t, "gatys")
	recipe.Size = 40
	want := mustPaint(t, content, regions, Options{Recipe: recipe})
	ctx, cancel := context.WithCancel(t.Context())
	painting, err := Paint(ctx, content, regions, Options{Recipe: recipe, Progress: func(p Progress) {
		if p.Step == 2 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := painting.WriteCheckpoint(&b); err != nil {
		t.Fatal(err)
	}
	checkpoint, err := ReadCheckpoint(&b)
	if err != nil {
		t.Fatal(err)
	}
	if got := mustPaint(t, content, regions, Options{Recipe: recipe, Resume: checkpoint}); !slices.Equal(got.RGB, want.RGB) {
		t.Error("another painting")
	}
}

// checkpointOf returns a checkpoint of a small painting.
func checkpointOf(t testing.TB, recipe *Recipe) []byte {
	var b bytes.Buffer
	mustPaint(t, photo(24, 24), one(strokes(24, 24, 4)), Options{Recipe: recipe, Progress: func(p Progress) {
		if p.Step == 1 {
			if err := p.WriteCheckpoint(&b); err != nil {
				t.Fatal(err)
			}
		}
	}})
	return b.Bytes()
}

func tiny(t testing.TB) *Recipe {
	recipe := small(t, "classic")
	recipe.Size, recipe.Iterations = 24, 2
	return recipe
}

func TestCheckpointOfAnotherPainting(t *testing.T) {
	written := checkpointOf(t, tiny(t))
	for name, change := range map[string]func(o *Options, content, style *image.Image){
		"another content": func(_ *Options, content, _ *image.Image) { *content = photo(23, 24) },
		"another style":   func(_ *Options, _, style *image.Image) { *style = strokes(24, 24, 5) },
		"another seed":    func(o *Options, _, _ *image.Image) { o.Seed = 7 },
		"another recipe":  func(o *Options, _, _ *image.Image) { o.Recipe.StyleWeight++ },
		"other faces":     func(o *Options, _, _ *image.Image) { o.Recipe.Faces = KeepFaces },
		"another network": func(o *Options, _, _ *image.Image) { o.Network, _ = OpenNetwork("vgg16-random") },
	} {
		t.Run(name, func(t *testing.T) {
			checkpoint, err := ReadCheckpoint(bytes.NewReader(written))
			if err != nil {
				t.Fatal(err)
			}
			opts := Options{Recipe: tiny(t), Resume: checkpoint}
			var content, style image.Image = photo(24, 24), strokes(24, 24, 4)
			change(&opts, &content, &style)
			if _, err := Paint(t.Context(), content, one(style), opts); !errors.Is(err, ErrCheckpoint) {
				t.Errorf("got %v, want ErrCheckpoint", err)
			}
		})
	}
}

func TestDamagedCheckpoints(t *testing.T) {
	written := checkpointOf(t, tiny(t))
	for _, n := range []int{0, 10, len(checkpointMagic) + 2, len(checkpointMagic) + 9, len(written) / 2, len(written) - 1} {
		if _, err := ReadCheckpoint(bytes.NewReader(written[:n])); !errors.Is(err, ErrCheckpoint) {
			t.Errorf("cut after %d bytes: %v", n, err)
		}
	}
	for i := 0; i < len(written); i += 97 {
		damaged := slices.Clone(written)
		damaged[i] ^= 4
		if _, err := ReadCheckpoint(bytes.NewReader(damaged)); !errors.Is(err, ErrCheckpoint) {
			t.Errorf("byte %d damaged: %v", i, err)
		}
	}
}

// TestOtherFilesAreNoCheckpoints: a short file of another kind was not cut short.
func TestOtherFilesAreNoCheckpoints(t *testing.T) {
	for text, want := range map[string]string{
		"hello":                              "it begins otherwise",
		checkpointMagic[:10]:                 "it begins otherwise",
		checkpointMagic[:len(anyCheckpoint)]: "it is cut short",
		anyCheckpoint + "99\n and more":      "another version",
	} {
		if _, err := ReadCheckpoint(strings.NewReader(text)); !errors.Is(err, ErrCheckpoint) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzReadCheckpoint(f *testing.F) {
	header := func(text string) []byte {
		return append([]byte(checkpointMagic), append([]byte{byte(len(text)), 0, 0, 0}, text...)...)
	}
	f.Add(checkpointOf(f, tiny(f)))
	f.Add(header(`{"vectors":2,"length":9}`))
	f.Add(header(fmt.Sprintf(`{"vectors":200,"length":%d}`, colors*MaxSize*MaxSize)))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ReadCheckpoint(bytes.NewReader(data))
		if err != nil && !errors.Is(err, ErrCheckpoint) {
			t.Error(err)
		}
		if err == nil && len(data) < 4*c.header.Vectors*c.header.Length {
			t.Error("more numbers than bytes")
		}
	})
}

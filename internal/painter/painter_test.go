package painter

import (
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
	"github.com/pastiche-art/pastiche/provenance"
)

// newPainter returns a painter of an iteration of 48 pixels.
func newPainter() *Painter {
	return &Painter{
		Recipe: RecipeChoice{Name: "gatys", Parameters: map[string]string{"size": "48", "iterations": "1"}},
		Inputs: Inputs{MaxPixels: picture.DefaultMaxPixels}, Depth: DefaultDepth, Pairs: PairsAll,
		Quiet: true, Software: "test", ExitCode: cli.ExitCode,
	}
}

// drawn saves a picture of a size in a folder and returns its name.
func drawn(t *testing.T, folder, name string, w, h int) string {
	t.Helper()
	p := picture.New(w, h)
	for i := range p.RGB {
		p.RGB[i] = float32(i * 37 % 256)
	}
	path := filepath.Join(folder, name)
	if err := picture.Save(path, p, picture.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPaint: a painting goes to a file with its record, and never over an input.
func TestPaint(t *testing.T) {
	folder := t.TempDir()
	w := Work{Content: drawn(t, folder, "photo.png", 96, 64), Styles: []string{drawn(t, folder, "style.png", 64, 64)}}
	p := newPainter()
	p.Output = folder + string(os.PathSeparator)
	for _, name := range []string{"photo-style.png", "photo-style-2.png"} {
		if err := p.Paint(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, name)
		f, err := picture.Open(t.Context(), path, picture.Limits{})
		if err != nil || f.Picture.W != 48 || f.Picture.H != 32 {
			t.Fatalf("%s: %v, %v", name, f, err)
		}
		r, err := provenance.Read(t.Context(), path)
		if err != nil || len(r.Inputs) != 2 || r.Inputs[1].Name != "style.png" || r.Steps != 1 || r.Depth != 0 {
			t.Errorf("%s: record %+v, %v", name, r, err)
		}
	}
	p.Output = w.Content
	if err := p.Paint(t.Context(), w); cli.ExitCode(err) != cli.ExitUsage || !strings.Contains(err.Error(), "never written over") {
		t.Errorf("over the content: %v", err)
	}
}

// TestPaintAll: what exists is left out, and what fails does not stop the rest.
func TestPaintAll(t *testing.T) {
	folder := t.TempDir()
	style := drawn(t, folder, "style.png", 64, 64)
	photos := filepath.Join(folder, "photos")
	if err := os.Mkdir(photos, 0o777); err != nil {
		t.Fatal(err)
	}
	drawn(t, photos, "a.png", 96, 64)
	drawn(t, photos, "b.png", 96, 64)
	if err := os.WriteFile(filepath.Join(photos, "c.png"), []byte("no picture"), 0o666); err != nil {
		t.Fatal(err)
	}
	p := newPainter()
	p.OutDir = filepath.Join(folder, "out")
	if err := os.Mkdir(p.OutDir, 0o777); err != nil {
		t.Fatal(err)
	}
	there := drawn(t, p.OutDir, "a-style.png", 5, 5)
	err := p.PaintAll(t.Context(), photos, []string{style})
	if cli.ExitCode(err) != cli.ExitInput || err.Error() != "1 of 3 paintings failed" {
		t.Errorf("got %v", err)
	}
	for path, width := range map[string]int{there: 5, filepath.Join(p.OutDir, "b-style.png"): 48} {
		if f, err := picture.Open(t.Context(), path, picture.Limits{}); err != nil || f.Picture.W != width {
			t.Errorf("%s: %v, %v", path, f, err)
		}
	}
}

// TestChosenSize: one of a size, a shape and a print says how large a painting is.
func TestChosenSize(t *testing.T) {
	photo, texture := Work{Content: "p.png", Styles: []string{"s.png"}}, Work{Styles: []string{"s.png"}}
	gatys, err := paint.RecipeNamed("gatys")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name        string
		work        Work
		size, print string
		shape       *image.Point
		settings    []string
		want        int
	}{
		{name: "the recipe's", work: photo, want: gatys.Size},
		{name: "a size", work: photo, size: "96", want: 96},
		{name: "a texture", work: texture, want: DefaultShape.X},
		{name: "a shape", work: texture, shape: &image.Point{X: 300, Y: 200}, want: 300},
		{name: "a shape of a size", work: texture, shape: &image.Point{X: 3, Y: 2}, size: "96", want: 96},
		{name: "a print", work: photo, print: "2x1in@100dpi", want: 200},
		{name: "a print of a texture", work: texture, print: "2x1in@100dpi", want: 200},
		{name: "scales of a texture", work: texture, settings: []string{"scales=32:2,44:1"}, want: 44},
		{name: "a size and scales", work: photo, size: "96", settings: []string{"scales=32:2,44:1"}, want: -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := &Painter{Recipe: RecipeChoice{Name: "gatys", Settings: test.settings}, Shape: test.shape}
			if test.size != "" {
				p.Recipe.Give("size", test.size)
			}
			if test.print != "" {
				if err := p.Print.Size.Set(test.print); err != nil {
					t.Fatal(err)
				}
			}
			r, err := p.ChosenRecipe(test.work)
			if test.want < 0 {
				if cli.ExitCode(err) != cli.ExitUsage {
					t.Errorf("got %v, expected a mistake", err)
				}
			} else if err != nil || r.Size != test.want {
				t.Errorf("size %d, %v: expected %d", r.Size, err, test.want)
			}
		})
	}
}

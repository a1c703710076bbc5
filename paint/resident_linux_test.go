//go:build !race

// The race detector takes several times the memory of what it watches.

package paint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// residentCase is a painting whose process may take at most its memory limit plus
// residentSlack.
type residentCase struct {
	name   string
	recipe string
	size   int             // long side
	shape  image.Point     // of a texture, which has no content
	styles [][]image.Point // of each region; the regions divide the canvas from left to right
	change func(*Recipe, *Options)
	deep   bool // all layers of the recipe, not only shallow ones, which are cheap on large canvases
	masked bool // half of each style is masked
	keep   bool // keep the right half of the content
	resume bool // continue from a checkpoint
}

// residentSlack is how much more than the limit a process may take: the program itself,
// and memory that the garbage collector has not returned yet.
const residentSlack = 64 << 20

var residentCases = []residentCase{
	{name: "fine, resumed", recipe: "fine", size: 1024, resume: true},
	{name: "fine, all layers, two regions", recipe: "fine", size: 320, styles: twoRegions, deep: true},
	{name: "fine, several styles", recipe: "fine", size: 768, styles: [][]image.Point{{{1200, 800}, {400, 600}, {900, 900}}}},
	{name: "fine, part kept", recipe: "fine", size: 1024, keep: true},
	{name: "fine, large style", recipe: "fine", size: 128, change: func(r *Recipe, _ *Options) { r.StyleSize = 3000 }},
	{name: "fine, large style turned", recipe: "fine", size: 128, change: func(r *Recipe, _ *Options) { r.StyleSize, r.Rotations = 1024, 4 }},
	{name: "fine, large styles with masks", recipe: "fine", size: 128, masked: true, change: func(r *Recipe, _ *Options) { r.StyleSize = 1536 }},
	{name: "fine, colours of the content", recipe: "fine", size: 1024, change: func(r *Recipe, _ *Options) { r.Colors = ContentColors }},
	{name: "fine, colours in OKLab", recipe: "fine", size: 1024, change: func(r *Recipe, _ *Options) { r.ColorMethod = OKLabColors }},
	{name: "fine, colours by histogram", recipe: "fine", size: 768, change: func(r *Recipe, _ *Options) { r.ColorMethod = HistogramColors }},
	{name: "fine in bfloat16", recipe: "fine", size: 768, change: func(_ *Recipe, o *Options) { o.Precision = kernel.BFloat16 }},
	{name: "texture", recipe: "fine", size: 1024, shape: image.Pt(MaxSize, MaxSize)},
	{name: "tile", recipe: "fine", size: 1024, shape: image.Pt(4096, 4096), change: func(r *Recipe, _ *Options) { r.Tileable = true }},
	{name: "classic, averaged", recipe: "classic", size: 1024, change: func(r *Recipe, _ *Options) { r.Averaging = 0.9 }},
	{name: "classic in two regions, resumed", recipe: "classic", size: 1024, styles: twoRegions, resume: true},
	{name: "gatys, resumed", recipe: "gatys", size: 512, change: pairs, resume: true},
	{name: "nnst, two regions, resumed", recipe: "nnst", size: 640, styles: twoRegions, resume: true, change: smallStyles},
	{name: "strotss, two regions", recipe: "strotss", size: 1024, styles: twoRegions},
}

// twoRegions are the sizes of one style for each half of the canvas.
var twoRegions = [][]image.Point{{{600, 400}}, {{400, 600}}}

// pairs makes L-BFGS store the largest number of steps.
func pairs(r *Recipe, _ *Options) { r.Iterations = 22 }

// smallStyles compares few columns of styles.
func smallStyles(r *Recipe, _ *Options) { r.StyleSize = 200 }

// residentChild is the environment variable that selects the case for a child process.
const residentChild = "PASTICHE_TEST_RESIDENT"

// TestResident paints each case in a process of its own, with the smallest limit that
// is accepted, and compares the peak memory of the process with the limit.
func TestResident(t *testing.T) {
	if name := os.Getenv(residentChild); name != "" {
		for _, c := range residentCases {
			if c.name == name {
				c.run(t)
			}
		}
		return
	}
	if testing.Short() {
		t.Skip("paintings in processes of their own")
	}
	for _, c := range residentCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestResident$", "-test.v")
			cmd.Env = append(os.Environ(), residentChild+"="+c.name)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if bytes.Contains(out, []byte("--- SKIP")) {
				t.Skip("this machine lacks the precision")
			}
			var peak, limit, parts int64
			_, report, _ := strings.Cut(string(out), "resident ")
			if _, err := fmt.Sscanf(report, "%d %d %d", &peak, &limit, &parts); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			t.Logf("%d MiB within %d MiB, in %d parts", peak>>20, limit>>20, parts)
			if peak > limit+residentSlack {
				t.Errorf("%d MiB within %d MiB", peak>>20, limit>>20)
			}
		})
	}
}

// run paints and prints the peak memory of the process, the limit, and the number of
// parts of the picture.
func (c *residentCase) run(t *testing.T) {
	content, regions, opts := c.inputs(t)
	if opts.Precision == kernel.BFloat16 {
		skipWithoutBFloat16(t)
	}
	opts.Memory = 1
	var memory *MemoryError
	err := c.check(content, regions, opts)
	if !errors.As(err, &memory) {
		t.Fatal(err)
	}
	// Enough for parts that do not take all day.
	opts.Memory = memory.Least + 24<<20
	if err := c.check(content, regions, opts); err != nil {
		t.Fatal(err)
	}
	debug.SetMemoryLimit(opts.Memory)
	if c.resume {
		opts.Resume = c.interrupted(t, content, regions, opts)
	}
	opts.Progress = func(p Progress) {
		p.Picture()
		if err := p.WriteCheckpoint(io.Discard); err != nil {
			t.Error(err)
		}
	}
	if _, err := c.paint(t.Context(), content, regions, opts); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("resident %d %d %d\n", peakResident(t), opts.Memory, c.parts(t, content, regions, opts))
}

func (c *residentCase) inputs(t *testing.T) (content image.Image, regions []Region, opts Options) {
	recipe, err := RecipeNamed(c.recipe)
	if err != nil {
		t.Fatal(err)
	}
	recipe.Size, recipe.Iterations, recipe.FinalIterations = c.size, 1, min(recipe.FinalIterations, 1)
	if c.resume { // at the last scale
		recipe.Iterations = 2
	}
	if recipe.FirstSize > 0 {
		recipe.FirstSize, recipe.FirstIterations, recipe.ScaleStep = c.size/2, 1, 2
	}
	recipe.Faces = IgnoreFaces // detection would take time
	if !c.deep {
		recipe.StyleLayers = []Layer{{"conv1_1", 1}, {"conv2_1", 1}}
		if len(recipe.ContentLayers) > 0 {
			recipe.ContentLayers = []Layer{{"conv2_1", 1}}
		}
	}
	opts = Options{Recipe: &recipe, Threads: 2}
	if c.change != nil {
		c.change(&recipe, &opts)
	}
	if c.shape == (image.Point{}) {
		content = photo(600, 400)
	}
	styles := c.styles
	if styles == nil {
		styles = [][]image.Point{{{600, 400}}}
	}
	for i, of := range styles {
		var r Region
		if len(styles) > 1 || c.keep {
			r.Mask = half(600, 400, i == 0)
		}
		for k, size := range of {
			style := Style{Picture: strokes(size.X, size.Y, float64(5+k))}
			if c.masked {
				style.Mask = half(size.X, size.Y, true)
			}
			r.Styles = append(r.Styles, style)
		}
		regions = append(regions, r)
	}
	return content, regions, opts
}

func (c *residentCase) check(content image.Image, regions []Region, opts Options) error {
	return Check(content, c.shape, regions, opts)
}

func (c *residentCase) paint(ctx context.Context, content image.Image, regions []Region, opts Options) (*Painting, error) {
	if content == nil {
		return Texture(ctx, c.shape, regions, opts)
	}
	return Paint(ctx, content, regions, opts)
}

// interrupted returns a checkpoint of the last scale.
func (c *residentCase) interrupted(t *testing.T, content image.Image, regions []Region, opts Options) *Checkpoint {
	written, err := os.Create(t.TempDir() + "/checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	defer written.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	opts.Progress = func(p Progress) {
		if p.Step == p.Steps-1 {
			if err := p.WriteCheckpoint(written); err != nil {
				t.Fatal(err)
			}
			cancel()
		}
	}
	if _, err := c.paint(ctx, content, regions, opts); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if _, err := written.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	checkpoint, err := ReadCheckpoint(written)
	if err != nil {
		t.Fatal(err)
	}
	return checkpoint
}

// parts returns the number of parts of the canvas of the last scale.
func (c *residentCase) parts(t *testing.T, content image.Image, regions []Region, opts Options) int {
	s, err := newSession(content, regions, opts)
	if content == nil {
		s, err = newTexture(c.shape, regions, opts)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer s.pool.Close()
	contentLayers, err := s.contentLayers()
	if err != nil {
		t.Fatal(err)
	}
	styleLayers, err := s.styleLayers()
	if err != nil {
		t.Fatal(err)
	}
	last := s.scales[len(s.scales)-1]
	w, h := s.canvasSize(last.Size)
	plan, err := s.plan(last, h, w, contentLayers, styleLayers)
	if err != nil {
		t.Fatal(err)
	}
	return plan.Parts()
}

// peakResident returns the peak memory of this process.
func peakResident(t *testing.T) int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); fields[0] == "VmHWM:" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatal("no VmHWM in /proc/self/status")
	return 0
}

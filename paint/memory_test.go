package paint

import (
	"bytes"
	"errors"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestMemoryChangesNothing shows that a painting in parts, for want of memory, is
// the painting as a whole, but for rounding.
func TestMemoryChangesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("pictures large enough to be computed in parts")
	}
	const w, h = 420, 300
	paint := func(memory int64) (costs []float64, parts int) {
		recipe := Classic()
		recipe.Size, recipe.Iterations = w, 3
		s, err := newSession(photo(w, h), one(strokes(w, h, 9)), Options{Recipe: &recipe, Memory: memory})
		if err != nil {
			t.Fatal(err)
		}
		defer s.pool.Close()
		s.opts.Progress = func(p Progress) { costs = append(costs, p.Costs.Total) }
		if _, err := s.paint(t.Context()); err != nil {
			t.Fatal(err)
		}
		plan, err := s.plan(h, w, s.recipe.ContentLayers, s.recipe.StyleLayers)
		if err != nil {
			t.Fatal(err)
		}
		return costs, plan.Parts()
	}
	whole, parts := paint(1 << 40)
	if parts != 1 {
		t.Fatalf("with all memory there is, %d parts", parts)
	}
	few, parts := paint(workspace + 48<<20)
	if parts < 2 {
		t.Fatalf("with little memory, %d parts", parts)
	}
	for i, want := range whole {
		if off := few[i]/want - 1; !(off < 1e-4 && off > -1e-4) {
			t.Errorf("iteration %d costs %g in parts and %g as a whole", i+1, few[i], want)
		}
	}
}

func TestTooLittleMemory(t *testing.T) {
	recipe := Classic()
	recipe.Size = 4000
	const allowed = workspace + 200<<20
	_, err := Paint(t.Context(), photo(64, 48), one(strokes(64, 48, 9)), Options{Recipe: &recipe, Memory: allowed})
	var memory *MemoryError
	if !errors.As(err, &memory) {
		t.Fatalf("a painting of 4000 pixels within %d bytes: %v", int64(allowed), err)
	}
	if memory.Size != 4000 || memory.Allowed != allowed || memory.Need <= allowed || memory.Fits <= 0 || memory.Fits >= 4000 {
		t.Fatalf("%+v", *memory)
	}
	// What is said to fit does, and one pixel more does not.
	for size, want := range map[int]bool{memory.Fits: true, memory.Fits + 1: false} {
		recipe.Size = size
		s, err := newSession(photo(64, 48), one(strokes(64, 48, 9)), Options{Recipe: &recipe, Memory: allowed})
		if err == nil {
			s.pool.Close()
		}
		if (err == nil) != want {
			t.Errorf("%d pixels: %v", size, err)
		}
	}
	recipe.Size = 64
	_, err = Paint(t.Context(), photo(64, 48), one(strokes(64, 48, 9)), Options{Recipe: &recipe, Memory: 1})
	if !errors.As(err, &memory) || memory.Fits != 0 {
		t.Errorf("within a byte: %v", err)
	}
}

func TestAvailableMemory(t *testing.T) {
	if DefaultMemory() <= 0 {
		t.Errorf("%d bytes", DefaultMemory())
	}
	for content, want := range map[string]int64{
		"MemTotal: 100 kB\nMemAvailable:   24 kB\n": 24 << 10,
		"MemTotal: 100 kB\n":                        0,
		"MemAvailable: many kB\n":                   0,
		"":                                          0,
	} {
		file := filepath.Join(t.TempDir(), "meminfo")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok := meminfo(file); got != want || ok != (want != 0) {
			t.Errorf("%q: %d, %t", content, got, ok)
		}
	}
}

func TestBench(t *testing.T) {
	report, err := Bench(t.Context(), BenchOptions{Size: 64, Iterations: 3, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Iterations) != 3 || report.Threads != 2 || report.Parts != 1 || report.Kernel == "" || report.Operations <= 0 {
		t.Errorf("%+v", report)
	}
	var sum, total = report.Spent.Forward + report.Spent.Backward + report.Spent.Costs + report.Spent.Optimizer, report.Iterations[0]
	for _, d := range report.Iterations[1:] {
		total += d
	}
	if sum != total || report.Spent.Forward <= 0 || report.Spent.Backward <= 0 || report.Spent.Costs <= 0 || report.Spent.Optimizer < 0 {
		t.Errorf("%+v make up %v, not %v", report.Spent, sum, total)
	}
	if !testing.Short() {
		if _, err := Bench(t.Context(), BenchOptions{Size: benchPicture + 16, Iterations: 1}); err != nil {
			t.Errorf("a canvas larger than the pictures made up: %v", err)
		}
	}
	for _, opts := range []BenchOptions{{Size: -1}, {Iterations: -1}, {Threads: -1}, {Memory: -1}} {
		if _, err := Bench(t.Context(), opts); !errors.As(err, new(*OptionError)) {
			t.Errorf("%+v: %v", opts, err)
		}
	}
	if _, err := Bench(t.Context(), BenchOptions{Size: 8}); err == nil {
		t.Error("measured a picture too small for conv5_1")
	}
}

// TestStylesAreMeasuredInMemory: a style that cannot be measured in the memory that
// painting leaves is refused before work begins.
func TestStylesAreMeasuredInMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("measures large styles")
	}
	content, style := photo(512, 24), strokes(512, 512, 9)
	recipe := Fine()
	recipe.Size, recipe.FirstSize, recipe.Iterations = 512, 0, 1
	opts := Options{Recipe: &recipe}
	check := func(memory int64) error {
		opts.Memory = memory
		return Check(content, image.Point{}, one(style), opts)
	}
	// The least memory in which the painting is begun.
	low, high := int64(workspace), int64(1<<30)
	for high-low > 1<<10 {
		middle := (low + high) / 2
		if check(middle) == nil {
			high = middle
		} else {
			low = middle
		}
	}
	err := check(low)
	var memory *MemoryError
	if !errors.As(err, &memory) || !Refused(err) || memory.Measuring != "style 1" || memory.Size != 512 || memory.Need <= low || memory.Fits >= 512 {
		t.Errorf("within %d bytes: %v, %+v", low, err, memory)
	}
	if err := check(high); err != nil {
		t.Fatal(err)
	}
	if _, err := Paint(t.Context(), content, one(style), opts); err != nil {
		t.Errorf("within %d bytes: %v", high, err)
	}
	// A style may be too large at the first scale alone, where the canvas is smaller.
	recipe.FirstSize, recipe.ScaleStep, recipe.FirstIterations = 360, math.Sqrt2, 1
	recipe.FirstStyleScale, recipe.StyleScale = 4, 0.1
	allowed := low
	for err = check(allowed); err == nil; err = check(allowed) {
		allowed -= 1 << 20
	}
	if !errors.As(err, &memory) || memory.Measuring != "style 1" || memory.Size >= 512 {
		t.Errorf("with a style of 1440 pixels at the first scale: %v", err)
	}
}

// TestFailedScale: where a later scale fails, the painting of the scales before it
// comes with the error, and its checkpoint continues it.
func TestFailedScale(t *testing.T) {
	content, style := photo(90, 60), strokes(50, 70, 5)
	for _, name := range []string{"fine", "nnst"} {
		t.Run(name, func(t *testing.T) {
			recipe := small(t, name)
			recipe.Size, recipe.FirstSize = 72, 48
			opts := Options{Recipe: recipe, Memory: 1 << 30}
			want := mustPaint(t, content, one(style), opts)
			s, err := newSession(content, one(style), opts)
			if err != nil {
				t.Fatal(err)
			}
			defer s.pool.Close()
			var last Progress
			s.opts.Progress = func(p Progress) {
				if last = p; p.Iteration == p.Iterations {
					s.memory = 1
				}
			}
			painting, err := s.paint(t.Context())
			if !errors.As(err, new(*MemoryError)) || !Refused(err) {
				t.Errorf("error %v, want a MemoryError", err)
			}
			if last.Scale != 1 || painting == nil || painting.Steps != last.Step || painting.Costs != last.Costs {
				t.Fatalf("%+v after %+v", painting, last)
			}
			checkWhole(t, painting.Picture, recipe)
			var b bytes.Buffer
			if err := painting.WriteCheckpoint(&b); err != nil {
				t.Fatal(err)
			}
			if opts.Resume, err = ReadCheckpoint(&b); err != nil {
				t.Fatal(err)
			}
			got, err := Paint(t.Context(), content, one(style), opts)
			if err != nil || !slices.Equal(got.RGB, want.RGB) {
				t.Errorf("continued: other bytes, or error %v", err)
			}
		})
	}
}

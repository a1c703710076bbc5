package paint

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestMemoryChangesNothing compares a painting in parts, within a memory limit, with
// the whole one, up to rounding.
func TestMemoryChangesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("pictures large enough to be computed in parts")
	}
	const w, h = 420, 300
	paint := func(memory int64) (costs []float64, parts int) {
		recipe := Classic()
		recipe.Size, recipe.Iterations = w, 2
		s, err := newSession(photo(w, h), one(strokes(w, h, 9)), Options{Recipe: &recipe, Memory: memory})
		if err != nil {
			t.Fatal(err)
		}
		defer s.pool.Close()
		s.opts.Progress = func(p Progress) { costs = append(costs, p.Costs.Total) }
		if _, err := s.paint(t.Context()); err != nil {
			t.Fatal(err)
		}
		plan, err := s.plan(s.scales[0], h, w, s.recipe.ContentLayers, s.recipe.StyleLayers)
		if err != nil {
			t.Fatal(err)
		}
		return costs, plan.Parts()
	}
	whole, parts := paint(1 << 40)
	if parts != 1 {
		t.Fatalf("with all memory there is, %d parts", parts)
	}
	recipe := Classic()
	recipe.Size = w
	var memory *MemoryError
	if err := Check(photo(w, h), image.Point{}, one(strokes(w, h, 9)), Options{Recipe: &recipe, Memory: 1}); !errors.As(err, &memory) {
		t.Fatalf("within a byte: %v", err)
	}
	few, parts := paint(memory.Least)
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
	if memory.Size != 4000 || memory.Allowed != allowed || memory.Need != memory.Least || memory.Least <= allowed || memory.Fits <= 0 || memory.Fits >= 4000 {
		t.Fatalf("%+v", *memory)
	}
	// The reported memory suffices, and a byte less does not.
	for limit, want := range map[int64]bool{memory.Least: true, memory.Least - 1: false} {
		err := Check(photo(64, 48), image.Point{}, one(strokes(64, 48, 9)), Options{Recipe: &recipe, Memory: limit})
		if (err == nil) != want {
			t.Errorf("%d bytes: %v", limit, err)
		}
	}
	// The reported size fits, and one pixel more does not.
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

// TestPartsDependOnSizes checks that, without a limit, the free memory decides only
// whether a painting is accepted, and with a limit nothing.
func TestPartsDependOnSizes(t *testing.T) {
	recipe := Classic()
	recipe.Size = 3000
	check := func(limit, free int64) (parts int, err error) {
		s, err := newSession(photo(64, 48), one(strokes(64, 48, 9)), Options{Recipe: &recipe, Memory: limit})
		if err != nil {
			t.Fatal(err)
		}
		defer s.pool.Close()
		content, style := s.recipe.ContentLayers, s.recipe.StyleLayers
		plan, planErr := s.plan(s.scales[0], 2250, 3000, content, style)
		if planErr != nil {
			t.Fatal(planErr)
		}
		return plan.Parts(), s.checkMemory(free, content, style)
	}
	whole, err := check(0, 1<<40)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := check(0, 1<<30)
	var memory *MemoryError
	if !errors.As(err, &memory) {
		t.Fatalf("with 1 GiB free: %v", err)
	}
	if parts != whole {
		t.Errorf("%d parts with 1 GiB free, %d with more", parts, whole)
	}
	if memory.Need <= 1<<30 || memory.Least >= 1<<30 || memory.Allowed != 1<<30 || memory.Fits <= 0 || memory.Fits >= 3000 {
		t.Errorf("%+v", *memory)
	}
	for _, said := range []string{
		fmt.Sprintf("%d MiB or more", mebibytes(memory.Least)), fmt.Sprintf("at %d pixels", memory.Fits), "1024 MiB are allowed",
	} {
		if !strings.Contains(err.Error(), said) {
			t.Errorf("%v: expected %q in it", err, said)
		}
	}
	if _, err := check(0, memory.Need); err != nil {
		t.Errorf("with as much free as it takes: %v", err)
	}
	few, err := check(memory.Least, 1)
	if err != nil {
		t.Errorf("within the least memory, and none free: %v", err)
	}
	if few <= whole {
		t.Errorf("%d parts within the least memory, %d without a limit", few, whole)
	}
}

// TestRefusedBeforeItAllocates checks that a texture that does not fit is refused
// before a canvas of its shape is allocated.
func TestRefusedBeforeItAllocates(t *testing.T) {
	recipe := Fine()
	recipe.Size = MaxSize
	style := strokes(64, 48, 9)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := Check(nil, image.Pt(MaxSize, MaxSize), one(style), Options{Recipe: &recipe, Memory: 200 << 20})
	runtime.ReadMemStats(&after)
	if !errors.As(err, new(*MemoryError)) {
		t.Fatal(err)
	}
	if allocated := int64(after.TotalAlloc - before.TotalAlloc); allocated > planes(1, MaxSize, MaxSize) {
		t.Errorf("%d MiB were allocated first, more than a plane of the canvas", allocated>>20)
	}
}

func TestBench(t *testing.T) {
	report, err := Bench(t.Context(), 64, 3, Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	if report.Network != "builtin" || report.Size != 64 || report.Iterations != 3 || report.Threads != 2 || report.Parts != 1 || report.Kernel == "" || report.GFLOPS <= 0 {
		t.Errorf("%+v", report)
	}
	if s := report.Seconds; s.Min <= 0 || s.Median < s.Min {
		t.Errorf("an iteration takes %+v seconds", s)
	}
	share := report.Share
	if sum := share.Forward + share.Backward + share.Costs + share.Optimizer; math.Abs(sum-1) > 1e-9 || share.Forward <= 0 || share.Backward <= 0 || share.Costs <= 0 || share.Optimizer < 0 {
		t.Errorf("%+v make up %g, not 1", share, sum)
	}
	if !testing.Short() {
		if _, err := Bench(t.Context(), benchPicture+16, 1, Options{}); err != nil {
			t.Errorf("a canvas larger than the pictures made up: %v", err)
		}
	}
	for _, c := range []struct {
		size, iterations int
		opts             Options
	}{{-1, 1, Options{}}, {64, 0, Options{}}, {64, 1, Options{Threads: -1}}, {64, 1, Options{Memory: -1}}} {
		if _, err := Bench(t.Context(), c.size, c.iterations, c.opts); !errors.As(err, new(*OptionError)) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, err := Bench(t.Context(), 8, 1, Options{}); err == nil {
		t.Error("measured a picture too small for conv5_1")
	}
}

// TestStylesAreMeasuredInMemory checks that a style that cannot be measured in the
// memory of the network is refused before work begins.
func TestStylesAreMeasuredInMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("measures large styles")
	}
	content, style := photo(384, 24), strokes(384, 384, 9)
	recipe := Fine()
	recipe.Size, recipe.FirstSize, recipe.Iterations, recipe.Faces = 384, 0, 1, IgnoreFaces
	recipe.StyleScale = 4 // which makes the style larger than the canvas
	opts := Options{Recipe: &recipe}
	check := func(memory int64) error {
		opts.Memory = memory
		return Check(content, image.Point{}, one(style), opts)
	}
	// The smallest limit with which the painting is accepted.
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
	if !errors.As(err, &memory) || !Refused(err) || memory.Measuring != "style 1" || memory.Size != 384 || memory.Need <= low || memory.Fits >= 384 {
		t.Errorf("within %d bytes: %v, %+v", low, err, memory)
	}
	if err := check(high); err != nil {
		t.Fatal(err)
	}
	if _, err := Paint(t.Context(), content, one(style), opts); err != nil {
		t.Errorf("within %d bytes: %v", high, err)
	}
	// A style may be too large at the first scale only, where the canvas is smaller.
	recipe.FirstSize, recipe.ScaleStep, recipe.FirstIterations = 270, math.Sqrt2, 1
	recipe.FirstStyleScale, recipe.StyleScale = 4, 0.1
	allowed := low
	for err = check(allowed); err == nil; err = check(allowed) {
		allowed -= 1 << 20
	}
	if !errors.As(err, &memory) || memory.Size >= 384 {
		t.Errorf("with a style of 1080 pixels at the first scale: %v", err)
	}
}

// TestFailedScale checks that, where a later scale fails, the painting of the previous
// scales comes with the error, and its checkpoint continues it.
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

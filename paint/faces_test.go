package paint

import (
	"bytes"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pastiche-art/pastiche/internal/cost"
	"github.com/pastiche-art/pastiche/internal/face"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/loss"
	"github.com/pastiche-art/pastiche/picture"
)

// example returns a picture of the repository's.
func example(t testing.TB, path ...string) *picture.Picture {
	t.Helper()
	f, err := picture.Open(t.Context(), filepath.Join(append([]string{"..", "examples"}, path...)...), picture.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	p := f.SRGB()
	return p
}

// TestFacesKept: with the defaults a face keeps its features at least twice as well as
// without its cost, and everything else is painted as boldly.
func TestFacesKept(t *testing.T) {
	if testing.Short() {
		t.Skip("two paintings of a portrait")
	}
	content, style := example(t, "photos", "astronaut.jpg"), example(t, "paintings", "sunset.jpg")
	faces := face.Find(content)
	if len(faces) != 1 {
		t.Fatalf("%d faces, want 1", len(faces))
	}
	layers := []string{"conv3_2", "conv4_2"}
	distances := func(keep Faces) (inside, outside []float64, p *Painting) {
		recipe := Fine()
		recipe.Size, recipe.FirstSize, recipe.FirstIterations, recipe.Faces = 240, 168, 60, keep
		opts := Options{Recipe: &recipe}
		p = mustPaint(t, content, one(style), opts)
		photo := content.Resize(p.W, p.H)
		for _, layer := range layers {
			in, out := distance(mustFeatures(t, p, layer, opts), mustFeatures(t, photo, layer, opts), faces[0])
			inside, outside = append(inside, in), append(outside, out)
		}
		return inside, outside, p
	}
	ignored, around, p := distances(IgnoreFaces)
	if p.Faces != 0 || p.Costs.Faces != 0 {
		t.Errorf("%d faces that cost %g where they are ignored", p.Faces, p.Costs.Faces)
	}
	kept, aroundKept, p := distances(KeepFaces)
	if p.Faces != 1 || !(p.Costs.Faces > 0) {
		t.Errorf("%d faces that cost %g, want 1", p.Faces, p.Costs.Faces)
	}
	for i, layer := range layers {
		t.Logf("%s: %.4f within the face, %.4f ignored; %.4f and %.4f around it", layer, kept[i], ignored[i], aroundKept[i], around[i])
		if !(kept[i] <= ignored[i]/2) {
			t.Errorf("%s within the face: %g from the photo, and %g where it is ignored: want half at most", layer, kept[i], ignored[i])
		}
		if !near(aroundKept[i], around[i], 0.05) {
			t.Errorf("%s around the face: %g from the photo, and %g where it is ignored", layer, aroundKept[i], around[i])
		}
	}
}

// distance returns the root mean square of the difference of two activations within
// the square of a face and outside it.
func distance(a, b *loss.Activation, f face.Face) (inside, outside float64) {
	var squares, n [2]float64
	long := float64(max(a.Width, a.Height))
	for i, v := range a.Values {
		x, y := (float64(i%a.Width)+0.5)/long, (float64(i/a.Width%a.Height)+0.5)/long
		out := 0
		if max(math.Abs(x-f.X), math.Abs(y-f.Y)) > f.Size/2 {
			out = 1
		}
		d := float64(v - b.Values[i])
		squares[out] += d * d
		n[out]++
	}
	return math.Sqrt(squares[0] / n[0]), math.Sqrt(squares[1] / n[1])
}

// TestNoFaces: a photo without a face is painted to the same bytes, and costs the
// same, whether faces are kept or ignored.
func TestNoFaces(t *testing.T) {
	content, style := photo(96, 64), strokes(64, 64, 6)
	for _, name := range recipeNames() {
		t.Run(name, func(t *testing.T) {
			recipe := small(t, name)
			recipe.Faces = IgnoreFaces
			want := mustPaint(t, content, one(style), Options{Recipe: recipe})
			kept := *recipe
			kept.Faces = KeepFaces
			got := mustPaint(t, content, one(style), Options{Recipe: &kept})
			if !slices.Equal(got.RGB, want.RGB) || got.Costs != want.Costs || got.Faces != 0 {
				t.Errorf("another painting: %d faces, costs %+v, want %+v", got.Faces, got.Costs, want.Costs)
			}
		})
	}
}

// TestFacesOfRecipes: every recipe keeps faces when it is asked to, tells how many,
// and goes on from a checkpoint.
func TestFacesOfRecipes(t *testing.T) {
	if testing.Short() {
		t.Skip("two paintings by every recipe")
	}
	content, style := example(t, "photos", "astronaut.jpg").Resize(192, 192), strokes(64, 64, 6)
	for _, name := range recipeNames() {
		t.Run(name, func(t *testing.T) {
			recipe := small(t, name)
			recipe.Faces, recipe.Size = KeepFaces, 48
			if recipe.FirstSize > 0 {
				recipe.FirstSize = 32
			}
			var checkpoint *Checkpoint
			opts := Options{Recipe: recipe, Threads: 2, Progress: func(p Progress) {
				if p.Faces != 1 || !(p.Costs.Faces > 0) {
					t.Errorf("step %d: %d faces that cost %g, want 1", p.Step, p.Faces, p.Costs.Faces)
				}
				if p.Step == 2 {
					var b bytes.Buffer
					err := p.WriteCheckpoint(&b)
					if err == nil {
						checkpoint, err = ReadCheckpoint(&b)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
			}}
			want := mustPaint(t, content, one(style), opts)
			opts.Progress, opts.Resume, opts.Threads = nil, checkpoint, 1
			got := mustPaint(t, content, one(style), opts)
			if !slices.Equal(got.RGB, want.RGB) || got.Costs != want.Costs || got.Faces != 1 {
				t.Errorf("another painting after a checkpoint, with %d faces", got.Faces)
			}
			report := mustScore(t, content, one(style), want, Options{Recipe: recipe})
			if !(report.Costs.Faces > 0) || !slices.ContainsFunc(report.Layers, func(l LayerCost) bool { return l.Kind == "faces" && l.Cost > 0 }) {
				t.Errorf("a report without a cost of faces: %+v", report)
			}
		})
	}
}

// TestFaceForce: a position in the middle of a face weighs as much as FaceWeight says,
// and none weighs more, whatever the face's size.
func TestFaceForce(t *testing.T) {
	const w, h = 256, 192
	pool, err := kernel.NewPool(1)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, size := range []float64{0.1, 0.3, 0.9} {
		s := &session{network: builtin(t), faces: []face.Face{{X: 0.5, Y: 0.375, Size: size}}}
		for _, layer := range []string{"conv3_2", "conv4_2"} {
			guide, share, ok := s.faceGuide(layer, h, w)
			if !ok {
				t.Fatalf("size %g, %s: no guide", size, layer)
			}
			step := 1 << s.network.vgg.Halvings(layer)
			of, grad := kernel.NewTensor(1, h/step, w/step), kernel.NewTensor(1, h/step, w/step)
			cost := cost.NewSummedContent(kernel.FromCHW(1, h/step, w/step, slices.Repeat([]float32{1}, (h/step)*(w/step))), cost.Options{Guide: guide})
			cost.Observe(pool, 0, of, 0, 0)
			cost.Evaluate(pool, share)
			cost.AddGradient(pool, 0, grad, of, 0, 0)
			// The difference is -1 everywhere, so the gradient is -share T².
			if force := -slices.Min(grad.CHW()); !near(float64(force), 1, 1e-5) {
				t.Errorf("size %g, %s: the middle weighs %g, want 1", size, layer, force)
			}
		}
	}
	s := &session{network: builtin(t), faces: []face.Face{{X: 2, Y: 2, Size: 0.1}}}
	if _, _, ok := s.faceGuide("conv4_2", h, w); ok {
		t.Error("a face outside the canvas has a guide")
	}
}

// TestFaceGradient compares the gradient of the costs, with faces, with finite differences.
func TestFaceGradient(t *testing.T) {
	for _, name := range []string{"fine", "classic"} {
		t.Run(name, func(t *testing.T) {
			recipe := small(t, name)
			recipe.Size, recipe.FirstSize, recipe.Faces, recipe.FaceWeight = 64, 0, KeepFaces, 1
			recipe.ContentWeight, recipe.StyleWeight, recipe.VariationWeight = 0, 1e-12, 0
			s, err := newSession(example(t, "photos", "astronaut.jpg"), one(strokes(64, 64, 6)), Options{Recipe: recipe})
			if err != nil {
				t.Fatal(err)
			}
			defer s.pool.Close()
			photo := s.content.Resize(64, 64)
			st, err := s.newStage(t.Context(), photo, photo, s.scales[0])
			if err != nil {
				t.Fatal(err)
			}
			canvas := strokes(64, 64, 3)
			gradient, other := make([]float32, len(canvas.RGB)), make([]float32, len(canvas.RGB))
			before := st.evaluate(t.Context(), canvas.RGB, gradient)
			var squares float64
			for _, g := range gradient {
				squares += float64(g) * float64(g)
			}
			const step = 1e-3
			moved := slices.Clone(canvas.RGB)
			scale := step * before / squares
			for i, g := range gradient {
				moved[i] -= float32(scale * float64(g))
			}
			fall := (before - st.evaluate(t.Context(), moved, other)) / before
			if !near(fall, step, 0.05) {
				t.Errorf("a step against the gradient lowers the cost by %g, want %g", fall, step)
			}
		})
	}
}

// TestFaceMemory: what faces take is part of the memory that a painting needs.
func TestFaceMemory(t *testing.T) {
	content := example(t, "photos", "astronaut.jpg")
	held := func(name string, keep Faces) int64 {
		recipe := small(t, name)
		recipe.Faces = keep
		s, err := newSession(content, one(strokes(64, 64, 6)), Options{Recipe: recipe})
		if err != nil {
			t.Fatal(err)
		}
		defer s.pool.Close()
		layers, err := s.contentLayers()
		if err != nil {
			t.Fatal(err)
		}
		plan, err := s.plan(s.scales[0], 512, 512, layers, nil)
		if err != nil {
			t.Fatal(err)
		}
		return s.demand(s.scales[0], 512, 512, plan, layers, nil).held
	}
	// The guides of conv3_2 and conv4_2.
	least := int64(2 * levelBytes * (128*128 + 64*64))
	if got := held("fine", KeepFaces) - held("fine", IgnoreFaces); got < least {
		t.Errorf("fine: faces count as %d bytes, want at least %d", got, least)
	}
	if testing.Short() {
		return
	}
	// The four matrices of distances between the places of faces.
	got := held("strotss", KeepFaces) - held("strotss", IgnoreFaces)
	if least := int64(4 * levelBytes * sampledPoints * sampledPoints); got < least {
		t.Errorf("strotss: faces count as %d bytes, want at least %d", got, least)
	}
}

// TestFaceMask: the mask is 1 in the middle of a face, 0 away from it, and nowhere
// steep.
func TestFaceMask(t *testing.T) {
	const w, h = 120, 80
	m := faceMask([]face.Face{{X: 0.5, Y: 1. / 3, Size: 0.2}, {X: 0.5, Y: 0.4, Size: 0.2}, {X: 1, Y: 0, Size: 0.3}}, w, h, 0)
	if got := m.Weight[40*w+60]; got != 1 {
		t.Errorf("the middle weighs %g", got)
	}
	if got := m.Weight[79*w]; got != 0 {
		t.Errorf("the corner weighs %g", got)
	}
	for i := 1; i < len(m.Weight); i++ {
		if i%w > 0 && math.Abs(float64(m.Weight[i]-m.Weight[i-1])) > 0.35 {
			t.Fatalf("an edge at (%d, %d)", i%w, i/w)
		}
	}
	const margin = 8
	around := faceMask([]face.Face{{X: 0.5, Y: 1. / 3, Size: 0.2}, {X: 0.5, Y: 0.4, Size: 0.2}, {X: 1, Y: 0, Size: 0.3}}, w+2*margin, h+2*margin, margin)
	for i, want := range m.Weight {
		if got := around.Weight[(i/w+margin)*around.W+i%w+margin]; got != want {
			t.Fatalf("with a margin %g, without %g at (%d, %d)", got, want, i%w, i/w)
		}
	}
	if _, ok := cost.NewGuide(h, w, faceMask(nil, w, h, 0).Weight); ok {
		t.Error("no faces have a guide")
	}
}

package cost

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// torch holds testdata/reference.json, which reference.py beside it has written.
type torch struct {
	Layers, StyleLayers [][3]int
	Points, StylePoints [][2]float64
	Picture             [2]int
	Costs               []torchCost
	Palettes            []struct {
		Bright   float64
		Count    int
		Cost     float64
		Gradient []float64
	}
}

type torchCost struct {
	Name      string
	Least     float64 // of the random numbers that count, in the style
	Cost      float64
	Gradients [][]float64
	Nearest   []int32
	Rows      bool // have the greater mean
}

func readTorch(t *testing.T) *torch {
	t.Helper()
	data, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	r := new(torch)
	if err := json.Unmarshal(data, r); err != nil {
		t.Fatal(err)
	}
	return r
}

// uniforms returns numbers in [0, 1) from the generator of Numerical Recipes.
func uniforms(n int, seed uint32) []float64 {
	values := make([]float64, n)
	for i := range values {
		seed = seed*1664525 + 1013904223
		values[i] = float64(seed) / (1 << 32)
	}
	return values
}

func torchFeatures(layers [][3]int, seed uint32, least float64) []feature {
	var features []feature
	for i, s := range layers {
		f := feature{s[0], s[1], s[2], make([]float32, s[0]*s[1]*s[2])}
		for j, v := range uniforms(len(f.data), seed+1000*uint32(i)) {
			f.data[j] = float32(max(0, v-least))
		}
		features = append(features, f)
	}
	return features
}

func torchPoints(of [][2]float64) []Point {
	points := make([]Point, len(of))
	for i, p := range of {
		points[i] = Point{p[0], p[1]}
	}
	return points
}

func hypercolumnOf(points []Point, features []feature) *Hypercolumn {
	var maps []Map
	for _, f := range features {
		maps = append(maps, Map{f.c, f.h, f.w, 1 / float64(f.c)})
	}
	return NewHypercolumn(points, maps...)
}

// columnsOf returns the hypercolumns of features at some points.
func columnsOf(p *kernel.Pool, points []Point, features []feature) *kernel.Matrix {
	h := hypercolumnOf(points, features)
	for i, f := range features {
		h.Observe(p, i, f.tensor(), 0, 0)
	}
	return h.Columns()
}

// hypercolumnKinds create costs of the hypercolumns of features at some points against
// those of a style at others.
var hypercolumnKinds = []struct {
	name string
	cost func(p *kernel.Pool, h *Hypercolumn, points, stylePoints []Point, style []feature) Cost
}{
	{"matching", func(p *kernel.Pool, h *Hypercolumn, points, _ []Point, style []feature) Cost {
		return NewHypercolumnMatching(p, h, columnsOf(p, points, style), nil)
	}},
	{"neighbours", func(p *kernel.Pool, h *Hypercolumn, _, at []Point, style []feature) Cost {
		return NewNearestNeighbours(p, h, columnsOf(p, at, style), nil)
	}},
	{"relaxed", func(p *kernel.Pool, h *Hypercolumn, _, at []Point, style []feature) Cost {
		return NewRelaxedEMD(p, h, columnsOf(p, at, style))
	}},
	{"moments", func(p *kernel.Pool, h *Hypercolumn, _, at []Point, style []feature) Cost {
		return NewHypercolumnMoments(p, h, columnsOf(p, at, style))
	}},
	{"similarity", func(p *kernel.Pool, h *Hypercolumn, points, _ []Point, style []feature) Cost {
		return NewSelfSimilarity(p, h, columnsOf(p, points, style))
	}},
}

func newHypercolumnCost(t *testing.T, p *kernel.Pool, name string, features, style []feature, points, stylePoints []Point) Cost {
	t.Helper()
	for _, k := range hypercolumnKinds {
		if k.name == name {
			return k.cost(p, hypercolumnOf(points, features), points, stylePoints, style)
		}
	}
	t.Fatalf("no cost %s", name)
	return nil
}

// found returns the nearest candidates to queries; the search takes them in parts.
func found(t testing.TB, p *kernel.Pool, queries, candidates *kernel.Matrix, parts int) *kernel.Matrix {
	var (
		mean RowMean
		of   []*kernel.Matrix
	)
	for i := range parts {
		lo, hi := i*candidates.Rows/parts, (i+1)*candidates.Rows/parts
		m := kernel.NewMatrix(hi-lo, candidates.Cols)
		for r := range m.Rows {
			m.CopyRow(r, candidates, lo+r)
		}
		mean.Add(p, m)
		of = append(of, m)
	}
	s := NewSearch(p, queries, mean.Mean())
	for _, m := range of {
		if err := s.AddCandidates(t.Context(), p, m); err != nil {
			t.Fatal(err)
		}
	}
	return s.Found()
}

// TestSearchInParts checks that the result does not depend on how the candidates are
// divided.
func TestSearchInParts(t *testing.T) {
	p := newPool(t, 2)
	queries, candidates := columnsOf(p, Grid(5, 7), torchFeatures([][3]int{{20, 6, 8}}, 1, 0.4)), columnsOf(p, Grid(9, 11), torchFeatures([][3]int{{20, 12, 13}}, 2, 0.4))
	want := found(t, p, copied(queries), candidates, 1).RowMajor()
	for _, parts := range []int{2, 5, 99} {
		if !slices.Equal(found(t, p, queries, candidates, parts).RowMajor(), want) {
			t.Errorf("others in %d parts", parts)
		}
	}
}

// TestShares checks that a weight of k equals k points at the same place.
func TestShares(t *testing.T) {
	p := newPool(t, 2)
	features, style := torchFeatures([][3]int{{20, 6, 8}}, 1, 0.4), torchFeatures([][3]int{{20, 12, 13}}, 2, 0.4)
	once := Grid(2, 3)
	counts := []int{1, 3, 2, 1, 4, 1}
	var (
		repeated []Point
		shares   []float64
		at       []int
	)
	for i, n := range counts {
		repeated = append(repeated, slices.Repeat([]Point{once[i]}, n)...)
		at = append(at, slices.Repeat([]int{i}, n)...)
		shares = append(shares, float64(n)/12)
	}
	candidates := copied(columnsOf(p, Grid(9, 11), style))
	targets, all := kernel.NewMatrix(len(once), candidates.Cols), kernel.NewMatrix(len(at), candidates.Cols)
	for i := range once {
		targets.CopyRow(i, candidates, 7*i)
	}
	for i, k := range at {
		all.CopyRow(i, candidates, 7*k)
	}
	for name, pair := range map[string][2]Cost{
		"matching": {NewHypercolumnMatching(p, hypercolumnOf(once, features), targets, shares),
			NewHypercolumnMatching(p, hypercolumnOf(repeated, features), all, nil)},
		"neighbours": {NewNearestNeighbours(p, hypercolumnOf(once, features), candidates, shares),
			NewNearestNeighbours(p, hypercolumnOf(repeated, features), candidates, nil)},
	} {
		cost, gradients := costGradients(p, pair[0], features, 2)
		want, wanted := costGradients(p, pair[1], features, 2)
		near(t, name, cost, want, 1e-6)
		if off := offBy(gradients[0], wanted[0]); !(off < 1e-5) { // of float32
			t.Errorf("%s: the gradient is off by %.2g", name, off)
		}
	}
}

// costGradients returns a cost of whole features, and the gradients of weight times the
// cost.
func costGradients(p *kernel.Pool, of Cost, features []feature, weight float64) (cost float64, gradients [][]float32) {
	for i, f := range features {
		of.Observe(p, i, f.tensor(), 0, 0)
	}
	cost = of.Evaluate(p, weight)
	for i, f := range features {
		grad := kernel.NewTensor(f.c, f.h, f.w)
		of.AddGradient(p, i, grad, f.tensor(), 0, 0)
		gradients = append(gradients, grad.CHW())
	}
	return cost, gradients
}

// offBy returns the distance of got from want relative to the norm of want.
func offBy[G, W float32 | float64](got []G, want []W) float64 {
	var squares, errors float64
	for i, w := range want {
		d := float64(got[i]) - float64(w)
		squares, errors = squares+float64(w)*float64(w), errors+d*d
	}
	return math.Sqrt(errors / squares)
}

// TestTorch compares values and gradients with those of PyTorch in float64.
func TestTorch(t *testing.T) {
	r := readTorch(t)
	points, stylePoints := torchPoints(r.Points), torchPoints(r.StylePoints)
	features := torchFeatures(r.Layers, 1, 0.4)
	for _, want := range r.Costs {
		t.Run(fmt.Sprint(want.Name, want.Least), func(t *testing.T) {
			p := newPool(t, 2)
			layers := r.StyleLayers
			if want.Name == "matching" || want.Name == "similarity" {
				layers = r.Layers
			}
			style := torchFeatures(layers, 2, want.Least)
			const weight = 300
			cost, gradients := costGradients(p, newHypercolumnCost(t, p, want.Name, features, style, points, stylePoints), features, weight)
			near(t, "cost", cost, want.Cost, 1e-5)
			for i, g := range gradients {
				for j := range g {
					g[j] /= weight
				}
				if off := offBy(g, want.Gradients[i]); !(off < 1e-4) {
					t.Errorf("the gradient of layer %d is off by %.2g", i, off)
				}
			}
			if want.Nearest != nil {
				candidates := columnsOf(p, stylePoints, style)
				for r, got := range found(t, p, columnsOf(p, points, features), candidates, 1).RowMajor() {
					d := candidates.Cols
					if w := candidates.At(int(want.Nearest[r/d]), r%d); got != w {
						t.Fatalf("entry %d of the nearest to %d is %g, want %g", r%d, r/d, got, w)
					}
				}
			}
		})
	}
	for _, rows := range []bool{true, false} {
		if !slices.ContainsFunc(r.Costs, func(c torchCost) bool { return c.Name == "relaxed" && c.Rows == rows }) {
			t.Errorf("no style where rows have the greater mean is %t", rows)
		}
	}
}

func TestTorchPalette(t *testing.T) {
	r := readTorch(t)
	h, w := r.Picture[0], r.Picture[1]
	picture, style := make([]float32, 3*h*w), make([]float32, 3*h*w)
	for i, v := range uniforms(len(picture), 11) {
		picture[i] = float32(255 * v)
	}
	for _, want := range r.Palettes {
		for i, v := range uniforms(len(style), 12) {
			style[i] = float32(want.Bright * v)
		}
		t.Run(fmt.Sprint(want.Bright), func(t *testing.T) {
			palette := NewPalette(Colors(style, h, w, torchPoints(r.StylePoints)))
			run := func(threads int) (float64, []float32) {
				gradient := make([]float32, len(picture))
				cost := palette.Evaluate(newPool(t, threads), gradient, picture, h, w, torchPoints(r.Points)[:want.Count], 100)
				return cost, gradient
			}
			cost, gradient := run(1)
			near(t, "cost", cost, want.Cost, 1e-6)
			if off := offBy(gradient, scaled(want.Gradient, 100)); !(off < 1e-5) {
				t.Errorf("the gradient is off by %.2g", off)
			}
			for _, threads := range []int{2, 3} {
				if c, g := run(threads); c != cost || !slices.Equal(g, gradient) {
					t.Errorf("%d threads: cost %v instead of %v, or another gradient", threads, c, cost)
				}
			}
		})
	}
}

// TestSamePalette checks that colours against themselves have the smallest cost and no
// gradient.
func TestSamePalette(t *testing.T) {
	const h, w = 7, 9
	picture := make([]float32, 3*h*w)
	for i, v := range uniforms(len(picture), 11) {
		picture[i] = float32(255 * v)
	}
	gradient, at := make([]float32, len(picture)), SamplePoints(40, 1, 2)
	cost := NewPalette(Colors(picture, h, w, at)).Evaluate(newPool(t, 1), gradient, picture, h, w, at, 1)
	near(t, "cost", cost, math.Sqrt(1e-5/3), 1e-9)
	for i, v := range gradient {
		if !(math.Abs(float64(v)) < 1e-12) {
			t.Fatalf("gradient %d is %g", i, v)
		}
	}
}

func scaled(values []float64, by float64) []float64 {
	s := make([]float64, len(values))
	for i, v := range values {
		s[i] = by * v
	}
	return s
}

// eachHypercolumnCost runs a test for every kind of cost over two layers, against a style.
func eachHypercolumnCost(t *testing.T, test func(t *testing.T, features []feature, newCost func(p *kernel.Pool) Cost)) {
	features := []feature{newFeature(1, 20, 21, 34), newFeature(2, 37, 10, 17)}
	style := []feature{newFeature(3, 20, 21, 34), newFeature(4, 37, 10, 17)}
	points, stylePoints := SamplePoints(150, 1, 2), SamplePoints(170, 3, 4)
	for _, k := range hypercolumnKinds {
		t.Run(k.name, func(t *testing.T) {
			test(t, features, func(p *kernel.Pool) Cost {
				return k.cost(p, hypercolumnOf(points, features), points, stylePoints, style)
			})
		})
	}
}

func TestHypercolumnThreads(t *testing.T) {
	eachHypercolumnCost(t, func(t *testing.T, features []feature, newCost func(p *kernel.Pool) Cost) {
		one := newPool(t, 1)
		cost, gradients := costGradients(one, newCost(one), features, 2)
		for _, threads := range []int{2, 3} {
			p := newPool(t, threads)
			c, g := costGradients(p, newCost(p), features, 2)
			if c != cost || !slices.EqualFunc(g, gradients, slices.Equal) {
				t.Errorf("%d threads: cost %v instead of %v, or another gradient", threads, c, cost)
			}
		}
	})
}

// TestHypercolumnParts compares costs of activations in parts with those of the whole,
// twice, so that nothing remains of the first observation.
func TestHypercolumnParts(t *testing.T) {
	eachHypercolumnCost(t, func(t *testing.T, features []feature, newCost func(p *kernel.Pool) Cost) {
		p := newPool(t, 2)
		of := newCost(p)
		cost, gradients := costGradients(p, of, features, 2)
		for range 2 {
			for i, f := range features {
				eachPart(p, f.tensor(), func(y, x int, part *kernel.Tensor) { of.Observe(p, i, part, y, x) })
			}
			near(t, "cost", of.Evaluate(p, 2), cost, 1e-5)
		}
		for i, f := range features {
			got := kernel.NewTensor(f.c, f.h, f.w)
			eachPart(p, f.tensor(), func(y, x int, part *kernel.Tensor) {
				grad := kernel.NewTensor(f.c, part.H, part.W)
				of.AddGradient(p, i, grad, part, y, x)
				p.AddAt(got, grad, y, x)
			})
			if off := offBy(got.CHW(), gradients[i]); !(off < 1e-4) {
				t.Errorf("the gradient of layer %d is off by %.2g", i, off)
			}
		}
	})
}

// TestHypercolumnNotANumber requires that a NaN among the activations makes the cost
// NaN, once.
func TestHypercolumnNotANumber(t *testing.T) {
	eachHypercolumnCost(t, func(t *testing.T, features []feature, newCost func(p *kernel.Pool) Cost) {
		p := newPool(t, 1)
		of := newCost(p)
		want, _ := costGradients(p, of, features, 2)
		broken := features[1]
		broken.data = slices.Repeat([]float32{float32(math.NaN())}, len(broken.data))
		if cost, _ := costGradients(p, of, []feature{features[0], broken}, 2); !math.IsNaN(cost) {
			t.Errorf("cost %g", cost)
		}
		if cost, _ := costGradients(p, of, features, 2); cost != want {
			t.Errorf("cost %g after the NaN, %g before it", cost, want)
		}
	})
}

// TestHypercolumnDead tests activations that are zero.
func TestHypercolumnDead(t *testing.T) {
	alive := []feature{newFeature(1, 20, 9, 8)}
	dead := []feature{{20, 9, 8, make([]float32, len(alive[0].data))}}
	points := SamplePoints(50, 1, 2)
	for _, k := range hypercolumnKinds {
		for name, pair := range map[string][2][]feature{"style": {alive, dead}, "picture": {dead, alive}, "both": {dead, dead}} {
			t.Run(k.name+"/"+name, func(t *testing.T) {
				p := newPool(t, 1)
				of := k.cost(p, hypercolumnOf(points, pair[0]), points, points, pair[1])
				cost, gradients := costGradients(p, of, pair[0], 2)
				for _, v := range gradients[0] {
					cost += 0 * float64(v)
				}
				if math.IsNaN(cost) || math.IsInf(cost, 0) {
					t.Errorf("cost or gradient %g", cost)
				}
			})
		}
	}
}

// TestSameHypercolumns requires the costs of a picture against itself to be zero.
func TestSameHypercolumns(t *testing.T) {
	features := []feature{newFeature(1, 20, 21, 34), newFeature(2, 37, 10, 17)}
	other := []feature{newFeature(3, 20, 21, 34), newFeature(4, 37, 10, 17)}
	points := SamplePoints(150, 1, 2)
	for _, k := range hypercolumnKinds {
		t.Run(k.name, func(t *testing.T) {
			p := newPool(t, 2)
			of := k.cost(p, hypercolumnOf(points, features), points, points, features)
			same, _ := costGradients(p, of, features, 2)
			if away, _ := costGradients(p, of, other, 2); !(math.Abs(same) < 1e-5*away) {
				t.Errorf("cost of the same %g, of others %g", same, away)
			}
		})
	}
}

// TestSearch searches for rows that are among the candidates.
func TestSearch(t *testing.T) {
	p := newPool(t, 2)
	style := Stack(columnsOf(p, SamplePoints(40, 1, 1), []feature{newFeature(1, 40, 9, 8)}),
		columnsOf(p, SamplePoints(70, 1, 2), []feature{newFeature(2, 40, 9, 8)}))
	queries := kernel.NewMatrix(style.Rows, style.Cols)
	for r := range style.Rows {
		queries.CopyRow(r, style, (7*r+3)%style.Rows)
	}
	if !slices.Equal(found(t, p, queries, style, 3).RowMajor(), queries.RowMajor()) {
		t.Error("found others")
	}
}

// TestMove checks that a cost does not depend on the points it had before.
func TestMove(t *testing.T) {
	features, style := []feature{newFeature(1, 20, 21, 34)}, []feature{newFeature(2, 20, 21, 34)}
	p := newPool(t, 2)
	here, there := SamplePoints(60, 1, 1), SamplePoints(60, 1, 2)
	target := columnsOf(p, SamplePoints(70, 2, 1), style)
	h := hypercolumnOf(there, features)
	moved := NewRelaxedEMD(p, h, target)
	costGradients(p, moved, features, 2)
	moved.SetPoints(here)
	cost, gradients := costGradients(p, moved, features, 2)
	wantCost, want := costGradients(p, NewRelaxedEMD(p, hypercolumnOf(here, features), target), features, 2)
	if cost != wantCost || !slices.Equal(gradients[0], want[0]) {
		t.Errorf("cost %g, want %g, or another gradient", cost, wantCost)
	}
}

func TestPaletteNotANumber(t *testing.T) {
	picture, style := make([]float32, 3*4*5), make([]float32, 3*4*5)
	for i := range picture {
		picture[i], style[i] = float32(7*i), float32(3*i)
	}
	picture[8] = float32(math.NaN())
	points := Grid(4, 5)
	palette := NewPalette(Colors(style, 4, 5, points))
	if cost := palette.Evaluate(newPool(t, 1), make([]float32, len(picture)), picture, 4, 5, points, 1); !math.IsNaN(cost) {
		t.Errorf("cost %g", cost)
	}
}

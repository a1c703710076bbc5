package loss

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// reference is testdata/reference.json, which PyTorch computed.
type reference struct {
	Lambda    []float64
	StyleCost float64 `json:"style_cost"`
	Cases     []struct {
		Name                      string
		Shape                     [3]int
		StyleShape                [3]int `json:"style_shape"`
		Content, Style, Generated []float32
		Gram                      [][]float64
		ContentCost               float64 `json:"content_cost"`
		LayerStyleCost            float64 `json:"layer_style_cost"`
	}
}

func readReference(t *testing.T) reference {
	t.Helper()
	text, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func activation(shape [3]int, values []float32) *Activation {
	return &Activation{Channels: shape[0], Height: shape[1], Width: shape[2], Values: values}
}

// near fails the test unless two numbers agree but for the order of float64 sums.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-13*math.Abs(want)) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// TestReference compares all costs with PyTorch's.
func TestReference(t *testing.T) {
	r := readReference(t)
	var styles, all []*Activation
	for _, test := range r.Cases {
		t.Run(test.Name, func(t *testing.T) {
			content, style := activation(test.Shape, test.Content), activation(test.StyleShape, test.Style)
			generated := activation(test.Shape, test.Generated)
			styles, all = append(styles, style), append(all, generated)
			gram := GramMatrix(generated)
			if len(gram) != len(test.Gram) {
				t.Fatalf("a Gram matrix of %d rows, want %d", len(gram), len(test.Gram))
			}
			for i, row := range test.Gram {
				for j, want := range row {
					near(t, "Gram matrix", gram[i][j], want)
				}
			}
			near(t, "content cost", ContentCost(content, generated), test.ContentCost)
			near(t, "layer style cost", LayerStyleCost(style, generated), test.LayerStyleCost)
		})
	}
	near(t, "style cost", StyleCost(styles, all, r.Lambda), r.StyleCost)
}

// TestLoops compares the costs with the formulas, written as loops over channels, rows and
// columns.
func TestLoops(t *testing.T) {
	for _, test := range readReference(t).Cases {
		t.Run(test.Name, func(t *testing.T) {
			content, style := activation(test.Shape, test.Content), activation(test.StyleShape, test.Style)
			generated := activation(test.Shape, test.Generated)
			var squares float64
			each(test.Shape, func(c, y, x int) {
				squares += math.Pow(at(content, c, y, x)-at(generated, c, y, x), 2)
			})
			near(t, "content cost", ContentCost(content, generated), squares/float64(4*len(test.Content)))

			// correlation is an element of the Gram matrix over N.
			correlation := func(a *Activation, i, j int) (mean float64) {
				each([3]int{1, a.Height, a.Width}, func(_, y, x int) {
					mean += at(a, i, y, x) * at(a, j, y, x) / float64(a.Height*a.Width)
				})
				return mean
			}
			var cost float64
			channels := float64(style.Channels)
			each([3]int{style.Channels, style.Channels, 1}, func(i, j, _ int) {
				cost += math.Pow(correlation(style, i, j)-correlation(generated, i, j), 2) / (4 * channels * channels)
			})
			near(t, "layer style cost", LayerStyleCost(style, generated), cost)
		})
	}
}

func each(shape [3]int, do func(c, y, x int)) {
	for c := range shape[0] {
		for y := range shape[1] {
			for x := range shape[2] {
				do(c, y, x)
			}
		}
	}
}

func at(a *Activation, c, y, x int) float64 {
	return float64(a.Values[c*a.Height*a.Width+y*a.Width+x])
}

// TestCourse checks the course's worked example.
func TestCourse(t *testing.T) {
	near(t, "total cost", TotalCost(1.7886284734303186, 0.43650985051198943, 10, 40), 35.34667875478276)
}

// TestRepeated wants a style that is its own content twice over to have the same style:
// each Gram matrix is divided by its own number of positions.
func TestRepeated(t *testing.T) {
	once := activation([3]int{2, 1, 3}, []float32{1, 2, 3, 4, 5, 6})
	twice := activation([3]int{2, 2, 3}, []float32{1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6})
	if cost := LayerStyleCost(once, twice); cost > 1e-28 {
		t.Errorf("a style cost of %g between a picture and the same picture twice", cost)
	}
}

// TestNotANumber wants a NaN among the activations to show in the costs.
func TestNotANumber(t *testing.T) {
	whole := activation([3]int{2, 1, 2}, []float32{1, 2, 3, 4})
	broken := activation([3]int{2, 1, 2}, []float32{1, 2, 3, float32(math.NaN())})
	if cost := ContentCost(whole, broken); !math.IsNaN(cost) {
		t.Errorf("a content cost of %g", cost)
	}
	if cost := LayerStyleCost(whole, broken); !math.IsNaN(cost) {
		t.Errorf("a style cost of %g", cost)
	}
}

func TestMisuse(t *testing.T) {
	two, three := activation([3]int{2, 1, 2}, make([]float32, 4)), activation([3]int{3, 2, 1}, make([]float32, 6))
	wide, short := activation([3]int{2, 1, 3}, make([]float32, 6)), activation([3]int{2, 2, 2}, make([]float32, 7))
	for name, test := range map[string]struct {
		do   func()
		want string
	}{
		"content of another shape": {
			func() { ContentCost(two, wide) },
			"loss: a content of [2 1 2] values and a generated picture of [2 1 3]: expected the same shape",
		},
		"style of other channels": {
			func() { LayerStyleCost(three, two) },
			"loss: a style of 3 channels and a generated picture of 2: expected the same number",
		},
		"too few values": {func() { GramMatrix(short) }, "loss: an activation of 2 x 2 x 2 with 7 values"},
		"no values":      {func() { GramMatrix(&Activation{}) }, "loss: an activation of 0 x 0 x 0 with 0 values"},
		"layers without weights": {
			func() { StyleCost([]*Activation{two}, []*Activation{two, two}, []float64{1, 1}) },
			"loss: 1 style layers, 2 generated layers and 2 weights: expected the same number",
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if got := recover(); got != test.want {
					t.Errorf("panic %v, want %s", got, test.want)
				}
			}()
			test.do()
		})
	}
}

package grader

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/loss"
)

// TestSolutions grades package loss, which has the solutions.
func TestSolutions(t *testing.T) {
	for exercise, err := range map[string]error{
		"ContentCost":    ContentCost(loss.ContentCost),
		"GramMatrix":     GramMatrix(loss.GramMatrix),
		"LayerStyleCost": LayerStyleCost(loss.LayerStyleCost),
	} {
		if err != nil {
			t.Errorf("%s: %v", exercise, err)
		}
	}
}

// TestSingle grades answers that compute in float32, which are right.
func TestSingle(t *testing.T) {
	content := func(c, g *loss.Activation) float64 {
		var sum float32
		for i, v := range c.Values {
			sum += (v - g.Values[i]) * (v - g.Values[i])
		}
		return float64(sum / float32(4*len(c.Values)))
	}
	if err := ContentCost(content); err != nil {
		t.Error(err)
	}
}

func checkHint(t *testing.T, err error, hint string) {
	t.Helper()
	if err == nil {
		t.Fatal("the mistake passes")
	}
	if !strings.Contains(err.Error(), hint) {
		t.Errorf("error %q, want the hint %q", err, hint)
	}
}

// squares returns the sum of the squares of the differences of two vectors.
func squares(a, b []float32) (sum float64) {
	for i, v := range a {
		d := float64(v) - float64(b[i])
		sum += d * d
	}
	return sum
}

func TestContentMistakes(t *testing.T) {
	for name, test := range map[string]struct {
		answer func(c, g *loss.Activation) float64
		hint   string
	}{
		"not written": {func(_, _ *loss.Activation) float64 { return 0 }, "Write the body"},
		"integer quotient": {func(c, g *loss.Activation) float64 {
			return float64(1/(4*c.Channels*c.Height*c.Width)) * squares(c.Values, g.Values)
		}, "1/4 is 0 in Go"},
		"no 1/4": {func(c, g *loss.Activation) float64 {
			return squares(c.Values, g.Values) / float64(c.Channels*c.Height*c.Width)
		}, "the formula has 1/4"},
		"1/2": {func(c, g *loss.Activation) float64 {
			return squares(c.Values, g.Values) / float64(2*c.Channels*c.Height*c.Width)
		}, "not 1/2"},
		"a sum":      {func(c, g *loss.Activation) float64 { return squares(c.Values, g.Values) }, "divide it by 4 nH nW nC"},
		"sum over 4": {func(c, g *loss.Activation) float64 { return squares(c.Values, g.Values) / 4 }, "divide it by nH nW nC as well"},
		"no nC": {func(c, g *loss.Activation) float64 {
			return squares(c.Values, g.Values) / float64(4*c.Height*c.Width)
		}, "divide by the number of channels as well"},
		"no nH nW": {func(c, g *loss.Activation) float64 {
			return squares(c.Values, g.Values) / float64(4*c.Channels)
		}, "divide by the number of positions as well"},
		"plus": {func(c, g *loss.Activation) (sum float64) {
			for i, v := range c.Values {
				s := float64(v) + float64(g.Values[i])
				sum += s * s
			}
			return sum / float64(4*len(c.Values))
		}, "square the differences, a(C) - a(G)"},
		"absolute": {func(c, g *loss.Activation) (sum float64) {
			for i, v := range c.Values {
				sum += math.Abs(float64(v - g.Values[i]))
			}
			return sum / float64(4*len(c.Values))
		}, "square them"},
		"not squared": {func(c, g *loss.Activation) (sum float64) {
			for i, v := range c.Values {
				sum += float64(v - g.Values[i])
			}
			return sum / float64(4*len(c.Values))
		}, "square each of them"},
		"squared too late": {func(c, g *loss.Activation) float64 {
			var sum float64
			for i, v := range c.Values {
				sum += float64(v - g.Values[i])
			}
			return sum * sum / float64(4*len(c.Values))
		}, "square each difference, then sum up"},
		"not a number": {func(_, _ *loss.Activation) float64 { return math.NaN() }, "found NaN, expected 1.264583"},
		"out of range": {func(c, g *loss.Activation) float64 {
			return float64(c.Values[c.Channels*c.Height*c.Width] - g.Values[0])
		}, "ContentCost of 5 channels of 2 x 3 panics: runtime error: index out of range [30] with length 30"},
		"in place": {func(c, g *loss.Activation) float64 {
			for i := range c.Values {
				c.Values[i] -= g.Values[i]
			}
			return 0
		}, "changes the values of an activation"},
	} {
		t.Run(name, func(t *testing.T) { checkHint(t, ContentCost(test.answer), test.hint) })
	}
}

// square returns a matrix of n x n.
func square(n int, element func(i, j int) float64) [][]float64 {
	m := make([][]float64, n)
	for i := range m {
		for j := range n {
			m[i] = append(m[i], element(i, j))
		}
	}
	return m
}

func TestGramMistakes(t *testing.T) {
	dot := func(a, b []float32) (sum float64) {
		for k, v := range a {
			sum += float64(v) * float64(b[k])
		}
		return sum
	}
	column := func(a *loss.Activation, k int) (values []float32) {
		for c := range a.Channels {
			values = append(values, a.FeatureMap(c)[k])
		}
		return values
	}
	sum := func(values []float32) float64 { return dot(values, slices.Repeat([]float32{1}, len(values))) }
	for name, test := range map[string]struct {
		answer func(a *loss.Activation) [][]float64
		hint   string
	}{
		"not written": {func(*loss.Activation) [][]float64 { return nil }, "Write the body"},
		"transposed": {func(a *loss.Activation) [][]float64 {
			return square(a.Positions(), func(i, j int) float64 { return dot(column(a, i), column(a, j)) })
		}, "multiply A by its transpose"},
		"another size": {func(*loss.Activation) [][]float64 { return make([][]float64, 2) }, "found 2 rows, expected 5"},
		"no elements":  {func(a *loss.Activation) [][]float64 { return make([][]float64, a.Channels) }, "found 0 elements in row 0, expected 5"},
		"only zeros": {func(a *loss.Activation) [][]float64 {
			return square(a.Channels, func(_, _ int) float64 { return 0 })
		}, "sum up the products"},
		"the diagonal": {func(a *loss.Activation) [][]float64 {
			g := square(a.Channels, func(_, _ int) float64 { return 0 })
			for i := range g {
				g[i][i] = dot(a.FeatureMap(i), a.FeatureMap(i))
			}
			return g
		}, "Only the diagonal"},
		"the upper half": {func(a *loss.Activation) [][]float64 {
			g := loss.GramMatrix(a)
			for i := range g {
				clear(g[i][:i])
			}
			return g
		}, "Only the upper half"},
		"the lower half": {func(a *loss.Activation) [][]float64 {
			g := loss.GramMatrix(a)
			for i := range g {
				clear(g[i][i+1:])
			}
			return g
		}, "Only the lower half"},
		"over the positions": {func(a *loss.Activation) [][]float64 {
			return square(a.Channels, func(i, j int) float64 {
				return dot(a.FeatureMap(i), a.FeatureMap(j)) / float64(a.Height*a.Width)
			})
		}, "divided by nH nW"},
		"over all values": {func(a *loss.Activation) [][]float64 {
			return square(a.Channels, func(i, j int) float64 {
				return dot(a.FeatureMap(i), a.FeatureMap(j)) / float64(len(a.Values))
			})
		}, "divided by nC nH nW"},
		"TensorFlow's order": {func(a *loss.Activation) [][]float64 {
			rows := make([][]float32, a.Channels)
			for n, v := range a.Values {
				rows[n%a.Channels] = append(rows[n%a.Channels], v)
			}
			return square(a.Channels, func(i, j int) float64 { return dot(rows[i], rows[j]) })
		}, "as TensorFlow has them"},
		"products of sums": {func(a *loss.Activation) [][]float64 {
			return square(a.Channels, func(i, j int) float64 { return sum(a.FeatureMap(i)) * sum(a.FeatureMap(j)) })
		}, "products of sums"},
		"sums": {func(a *loss.Activation) [][]float64 {
			return square(a.Channels, func(i, j int) float64 { return sum(a.FeatureMap(i)) + sum(a.FeatureMap(j)) })
		}, "sums of both feature maps"},
	} {
		t.Run(name, func(t *testing.T) { checkHint(t, GramMatrix(test.answer), test.hint) })
	}
}

func TestStyleMistakes(t *testing.T) {
	// distance returns the sum of the squares of the differences of the Gram matrices over
	// two numbers.
	distance := func(s, g *loss.Activation, ofS, ofG float64) (sum float64) {
		a, b := loss.GramMatrix(s), loss.GramMatrix(g)
		for i := range a {
			for j := range a[i] {
				d := a[i][j]/ofS - b[i][j]/ofG
				sum += d * d
			}
		}
		return sum
	}
	c := func(a *loss.Activation) float64 { return float64(a.Channels) }
	n := func(a *loss.Activation) float64 { return float64(a.Positions()) }
	for name, test := range map[string]struct {
		answer func(s, g *loss.Activation) float64
		hint   string
	}{
		"not written": {func(_, _ *loss.Activation) float64 { return 0 }, "Write the body"},
		"no 1/4": {func(s, g *loss.Activation) float64 {
			return distance(s, g, n(s), n(g)) / (c(s) * c(s))
		}, "the formula has 1/4"},
		"1/2": {func(s, g *loss.Activation) float64 {
			return distance(s, g, n(s), n(g)) / (2 * c(s) * c(s))
		}, "not 1/2"},
		"no N²": {func(s, g *loss.Activation) float64 {
			return distance(s, g, 1, 1) / (4 * c(s) * c(s))
		}, "It is (nH nW)² times as large"},
		"N": {func(s, g *loss.Activation) float64 {
			return distance(s, g, 1, 1) / (4 * c(s) * c(s) * n(g))
		}, "the formula has the square of nH nW"},
		"nC": {func(s, g *loss.Activation) float64 {
			return distance(s, g, n(s), n(g)) / (4 * c(s))
		}, "the formula has the square of nC"},
		"no nC²": {func(s, g *loss.Activation) float64 {
			return distance(s, g, n(s), n(g)) / 4
		}, "divide by the square of the number of channels as well"},
		"no 4 nC²": {func(s, g *loss.Activation) float64 { return distance(s, g, n(s), n(g)) }, "divide the sum by 4 nC²"},
		"a sum":    {func(s, g *loss.Activation) float64 { return distance(s, g, 1, 1) }, "divide it by 4 nC² (nH nW)²"},
		"the style's size": {func(s, g *loss.Activation) float64 {
			return distance(s, g, n(s), n(s)) / (4 * c(s) * c(s))
		}, "divided by the style's nH nW"},
		"the picture's size": {func(s, g *loss.Activation) float64 {
			return distance(s, g, n(g), n(g)) / (4 * c(s) * c(s))
		}, "divided by the generated picture's nH nW"},
		"plus": {func(s, g *loss.Activation) float64 {
			return distance(s, g, n(s), -n(g)) / (4 * c(s) * c(s))
		}, "square the differences, Gram(S) - Gram(G)"},
		"no Gram matrices": {func(s, g *loss.Activation) float64 {
			return squares(s.Values, g.Values) / (4 * c(s) * c(s) * n(s) * n(s))
		}, "compare their Gram matrices"},
		"a wrong sign": {func(s, g *loss.Activation) float64 { return -loss.LayerStyleCost(s, g) }, "found -1.505903, expected 1.505903"},
		"out of range": {func(s, _ *loss.Activation) float64 { return float64(s.FeatureMap(s.Channels)[0]) }, "LayerStyleCost of 5 channels of 2 x 3 panics"},
	} {
		t.Run(name, func(t *testing.T) { checkHint(t, LayerStyleCost(test.answer), test.hint) })
	}
}

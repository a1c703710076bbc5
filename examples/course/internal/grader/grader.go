// Package grader grades the exercises of the course. Each function calls an answer with
// small activations and compares what it returns with values that NumPy computed. It returns
// nil for a right answer. Otherwise the error says what the answer returned, what was
// expected, and which common mistake gives that value.
package grader

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/loss"
)

// tolerance is the largest relative error of a right answer. It lets sums in float32 pass.
const tolerance = 1e-5

// expected.json is written by expected.py.
//
//go:embed expected.json
var expected []byte

// example is the input of the exercises, with what they shall return.
type example struct {
	Content, Style, Generated *loss.Activation
	ContentCost               float64     `json:"content_cost"`
	Gram                      [][]float64 // of Generated
	LayerStyleCost            float64     `json:"layer_style_cost"`
}

// unwritten is the hint for a cost of 0. In Go the quotient of the integers 1 and 4 is 0.
const unwritten = "Write the body. If it is written: 1/4 is 0 in Go, as both are integers; divide float64 values"

// examples returns new copies of the examples, which answers may change.
func examples() []example {
	var all []example
	if err := json.Unmarshal(expected, &all); err != nil {
		panic(err) // expected.json is part of the program
	}
	return all
}

// mistake is a common mistake: what an answer that makes it returns for an example.
type mistake[T any] struct {
	value func(e example) T
	hint  string
}

// hint returns the hint of the mistake for which same holds.
func hint[T any](mistakes []mistake[T], e example, same func(T) bool) string {
	for _, m := range mistakes {
		if same(m.value(e)) {
			return ". " + m.hint
		}
	}
	return ""
}

// ContentCost grades exercise 1.
func ContentCost(answer func(content, generated *loss.Activation) float64) error {
	for _, e := range examples() {
		var got float64
		err := call(func() { got = answer(e.Content, e.Generated) }, e.Content, e.Generated)
		if err != nil {
			return fmt.Errorf("ContentCost %w", err)
		}
		if !near(got, e.ContentCost) {
			help := hint(contentMistakes, e, func(wrong float64) bool { return near(got, wrong) })
			return fmt.Errorf("ContentCost of %s: found %.7g, expected %.7g%s", size(e.Generated), got, e.ContentCost, help)
		}
	}
	return nil
}

// times returns the mistake of a content cost that is some times as large.
func times(factor func(nC, n float64) float64, text string) mistake[float64] {
	return mistake[float64]{func(e example) float64 {
		return e.ContentCost * factor(float64(e.Generated.Channels), float64(e.Generated.Positions()))
	}, text}
}

var contentMistakes = []mistake[float64]{
	times(func(_, _ float64) float64 { return 0 }, unwritten),
	times(func(_, _ float64) float64 { return 4 }, "It is 4 times as large: the formula has 1/4"),
	times(func(_, _ float64) float64 { return 2 }, "It is twice as large: the formula has 1/4, not 1/2"),
	times(func(nC, n float64) float64 { return 4 * nC * n }, "This is the sum of the squares: divide it by 4 nH nW nC"),
	times(func(nC, n float64) float64 { return nC * n }, "This is the sum over 4: divide it by nH nW nC as well"),
	times(func(nC, _ float64) float64 { return nC }, "It is nC times as large: divide by the number of channels as well"),
	times(func(_, n float64) float64 { return n }, "It is nH nW times as large: divide by the number of positions as well"),
	{func(e example) float64 {
		var sum float64
		for i, v := range e.Content.Values {
			s := float64(v) + float64(e.Generated.Values[i])
			sum += s * s
		}
		return sum / float64(4*len(e.Content.Values))
	}, "These are squares of sums, a(C) + a(G): square the differences, a(C) - a(G)"},
	{differences(math.Abs), "These are absolute differences: square them"},
	{differences(func(d float64) float64 { return d }), "These are plain differences: square each of them before you sum up"},
	{func(e example) float64 {
		n := float64(4 * len(e.Content.Values))
		return math.Pow(differences(func(d float64) float64 { return d })(e)*n, 2) / n
	}, "This is the square of the sum of the differences: square each difference, then sum up"},
}

// differences returns the content cost with another function of a(C) - a(G) than the square.
func differences(of func(d float64) float64) func(e example) float64 {
	return func(e example) (cost float64) {
		for i, v := range e.Content.Values {
			cost += of(float64(v) - float64(e.Generated.Values[i]))
		}
		return cost / float64(4*len(e.Content.Values))
	}
}

// GramMatrix grades exercise 2.
func GramMatrix(answer func(a *loss.Activation) [][]float64) error {
	for _, e := range examples() {
		a := e.Generated
		var got [][]float64
		if err := call(func() { got = answer(a) }, a); err != nil {
			return fmt.Errorf("GramMatrix %w", err)
		}
		if err := checkShape(got, a); err != nil {
			return fmt.Errorf("GramMatrix of %s: %w", size(a), err)
		}
		for i, row := range got {
			for j, v := range row {
				if !near(v, e.Gram[i][j]) {
					help := hint(gramMistakes, e, func(wrong [][]float64) bool { return nearMatrix(got, wrong) })
					return fmt.Errorf("GramMatrix of %s: found %.7g in row %d, column %d, expected %.7g%s", size(a), v, i, j, e.Gram[i][j], help)
				}
			}
		}
	}
	return nil
}

// checkShape returns an error unless a Gram matrix has nC rows of nC elements.
func checkShape(gram [][]float64, a *loss.Activation) error {
	switch n := a.Positions(); {
	case len(gram) == 0:
		return fmt.Errorf("found no rows, expected %d. Write the body", a.Channels)
	case len(gram) == n:
		return fmt.Errorf("found %d rows, one for each position, expected %d, one for each channel. This is Aᵀ A: multiply A by its transpose, A Aᵀ", n, a.Channels)
	case len(gram) != a.Channels:
		return fmt.Errorf("found %d rows, expected %d, one for each channel", len(gram), a.Channels)
	}
	for i, row := range gram {
		if len(row) != a.Channels {
			return fmt.Errorf("found %d elements in row %d, expected %d, one for each channel", len(row), i, a.Channels)
		}
	}
	return nil
}

// element returns the mistake of a Gram matrix with wrong elements.
func element(of func(e example, i, j int) float64, text string) mistake[[][]float64] {
	return mistake[[][]float64]{func(e example) [][]float64 {
		gram := make([][]float64, len(e.Gram))
		for i := range gram {
			for j := range gram {
				gram[i] = append(gram[i], of(e, i, j))
			}
		}
		return gram
	}, text}
}

// where returns an element where it was filled in, and 0 otherwise.
func where(filled bool, v float64) float64 {
	if filled {
		return v
	}
	return 0
}

var gramMistakes = []mistake[[][]float64]{
	element(func(_ example, _, _ int) float64 { return 0 }, "All elements are 0: sum up the products"),
	element(func(e example, i, j int) float64 { return where(i == j, e.Gram[i][j]) }, "Only the diagonal is filled: every two channels have an element"),
	element(func(e example, i, j int) float64 { return where(i <= j, e.Gram[i][j]) }, "Only the upper half is filled: element j of row i is also element i of row j"),
	element(func(e example, i, j int) float64 { return where(i >= j, e.Gram[i][j]) }, "Only the lower half is filled: element j of row i is also element i of row j"),
	element(func(e example, i, j int) float64 { return e.Gram[i][j] / float64(e.Generated.Positions()) }, "These elements are divided by nH nW: the Gram matrix is a sum, and LayerStyleCost divides it"),
	element(func(e example, i, j int) float64 { return e.Gram[i][j] / float64(len(e.Generated.Values)) }, "These elements are divided by nC nH nW, as some programs do: the course's Gram matrix is a sum, and LayerStyleCost divides it"),
	element(func(e example, i, j int) (sum float64) {
		a := e.Generated
		for k := range a.Positions() {
			sum += float64(a.Values[k*a.Channels+i]) * float64(a.Values[k*a.Channels+j])
		}
		return sum
	}, "This takes the values in the order nH x nW x nC, as TensorFlow has them: Values holds one feature map after the other, so that value k of channel c is Values[c*nH*nW+k]"),
	element(func(e example, i, j int) float64 {
		return total(e.Generated.FeatureMap(i)) * total(e.Generated.FeatureMap(j))
	}, "These are products of sums: multiply the two values at each position, then sum up"),
	element(func(e example, i, j int) float64 {
		return total(e.Generated.FeatureMap(i)) + total(e.Generated.FeatureMap(j))
	}, "These are sums of both feature maps: multiply the two values at each position"),
}

func total(values []float32) (sum float64) {
	for _, v := range values {
		sum += float64(v)
	}
	return sum
}

// LayerStyleCost grades exercise 3.
func LayerStyleCost(answer func(style, generated *loss.Activation) float64) error {
	for _, e := range examples() {
		var got float64
		if err := call(func() { got = answer(e.Style, e.Generated) }, e.Style, e.Generated); err != nil {
			return fmt.Errorf("LayerStyleCost %w", err)
		}
		if !near(got, e.LayerStyleCost) {
			help := hint(styleMistakes, e, func(wrong float64) bool { return near(got, wrong) })
			return fmt.Errorf("LayerStyleCost of a style of %s and a generated picture of %s: found %.7g, expected %.7g%s",
				size(e.Style), size(e.Generated), got, e.LayerStyleCost, help)
		}
	}
	return nil
}

// styled returns the mistake of dividing the Gram matrices of a style of s positions and of
// a generated picture of g positions by the wrong numbers, and the sum by another than
// 4 nC².
func styled(divisors func(s, g float64) (ofS, ofG float64), divisor func(nC float64) float64, text string) mistake[float64] {
	return mistake[float64]{func(e example) (sum float64) {
		ofS, ofG := divisors(float64(e.Style.Positions()), float64(e.Generated.Positions()))
		gramS, gramG := loss.GramMatrix(e.Style), loss.GramMatrix(e.Generated)
		for i, row := range gramS {
			for j, v := range row {
				d := v/ofS - gramG[i][j]/ofG
				sum += d * d
			}
		}
		return sum / divisor(float64(e.Style.Channels))
	}, text}
}

// The numbers that styled divides Gram matrices by: each by its own number of positions, by
// 1, by the root of its number of positions, and both by that of the style or of the
// generated picture.
func own(s, g float64) (ofS, ofG float64)         { return s, g }
func none(_, _ float64) (ofS, ofG float64)        { return 1, 1 }
func root(s, g float64) (ofS, ofG float64)        { return math.Sqrt(s), math.Sqrt(g) }
func ofStyle(s, _ float64) (ofS, ofG float64)     { return s, s }
func ofGenerated(_, g float64) (ofS, ofG float64) { return g, g }

// right is the number that LayerStyleCost divides the sum by.
func right(nC float64) float64 { return 4 * nC * nC }

var styleMistakes = []mistake[float64]{
	{func(example) float64 { return 0 }, unwritten},
	styled(own, func(nC float64) float64 { return nC * nC }, "It is 4 times as large: the formula has 1/4"),
	styled(own, func(nC float64) float64 { return 2 * nC * nC }, "It is twice as large: the formula has 1/4, not 1/2"),
	styled(none, right, "It is (nH nW)² times as large: divide each Gram matrix by its number of positions nH nW"),
	styled(root, right, "It is nH nW times as large: the formula has the square of nH nW. Divide each Gram matrix by nH nW"),
	styled(own, func(nC float64) float64 { return 4 * nC }, "It is nC times as large: the formula has the square of nC"),
	styled(own, func(float64) float64 { return 4 }, "It is nC² times as large: divide by the square of the number of channels as well"),
	styled(own, func(float64) float64 { return 1 }, "It is 4 nC² times as large: divide the sum by 4 nC²"),
	styled(func(s, g float64) (ofS, ofG float64) { return s, -g }, right, "These are squares of sums, Gram(S) + Gram(G): square the differences, Gram(S) - Gram(G)"),
	styled(none, func(float64) float64 { return 1 }, "This is the sum of the squares: divide it by 4 nC² (nH nW)²"),
	styled(ofStyle, right, "Here the style has another size, and both Gram matrices are divided by the style's nH nW: divide each by its own"),
	styled(ofGenerated, right, "Here the style has another size, and both Gram matrices are divided by the generated picture's nH nW: divide each by its own"),
	{func(e example) (sum float64) {
		for i := range min(len(e.Style.Values), len(e.Generated.Values)) {
			d := float64(e.Style.Values[i]) - float64(e.Generated.Values[i])
			sum += d * d
		}
		return sum / math.Pow(2*float64(len(e.Generated.Values)), 2)
	}, "This compares the activations themselves: compare their Gram matrices"},
}

// call runs an answer. The error says that it panicked or that it changed an activation.
func call(answer func(), given ...*loss.Activation) (err error) {
	var before [][]float32
	for _, a := range given {
		before = append(before, slices.Clone(a.Values))
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("of %s panics: %v", size(given[len(given)-1]), v)
		}
	}()
	answer()
	for i, a := range given {
		if !slices.Equal(a.Values, before[i]) {
			return errors.New("changes the values of an activation: leave them as they are")
		}
	}
	return nil
}

func near(got, want float64) bool { return math.Abs(got-want) <= tolerance*math.Abs(want) }

func nearMatrix(got, want [][]float64) bool {
	return slices.EqualFunc(got, want, func(a, b []float64) bool { return slices.EqualFunc(a, b, near) })
}

func size(a *loss.Activation) string {
	return fmt.Sprintf("%d channels of %d x %d", a.Channels, a.Height, a.Width)
}

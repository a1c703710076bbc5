// Package chart draws curves over a logarithmic axis, as PNG or SVG.
package chart

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A Chart holds curves of positive values over a linear x axis from 0.
type Chart struct {
	Title  string
	XLabel string
	Curves []Curve
	Marks  []Mark
}

// A Curve is one line and its entry in the legend.
type Curve struct {
	Name   string
	Color  color.NRGBA
	Points []Point // in order of X; points whose Y has no place on the axis are left out
}

// A Point is a point of a curve in the units of the axes.
type Point struct{ X, Y float64 }

// A Mark is a dashed vertical line at X, at which curves are interrupted, with a label
// above. A label that does not fit before the next mark is left out.
type Mark struct {
	X     float64
	Label string
}

// The size of a chart and of its margins around the plotted area, in units: an SVG
// is this large, a PNG has [pixelsPerUnit] pixels for each.
const (
	width, height = 960, 600
	left, right   = 84, 28
	top, bottom   = 92, 56
)

const (
	titleSize  = 19.
	labelSize  = 13.
	markSize   = 11.
	curveWidth = 2.
	hairline   = 1.
)

var (
	ink   = color.NRGBA{0x33, 0x33, 0x33, 0xff}
	faint = color.NRGBA{0x70, 0x70, 0x70, 0xff}
	grid  = color.NRGBA{0xe4, 0xe4, 0xe4, 0xff}
)

// drawing is a chart laid out: strokes, then texts, in units.
type drawing struct {
	strokes []stroke
	texts   []text
}

// stroke is a set of polylines of one colour and width.
type stroke struct {
	lines [][]Point
	width float64
	color color.NRGBA
}

// text is a line of text. anchor is the share of its width left of X: 0, 0.5 or 1.
type text struct {
	Point
	text   string
	size   float64
	anchor float64
	color  color.NRGBA
}

func (d *drawing) line(c color.NRGBA, width float64, lines ...[]Point) {
	d.strokes = append(d.strokes, stroke{lines, width, c})
}

func (d *drawing) write(x, y float64, s string, size, anchor float64, c color.NRGBA) {
	d.texts = append(d.texts, text{Point{x, y}, s, size, anchor, c})
}

// layout places everything that a chart shows.
func (c *Chart) layout() *drawing {
	low, high, end := math.Inf(1), math.Inf(-1), 1.
	for _, curve := range c.Curves {
		for _, p := range curve.Points {
			if end = max(end, p.X); drawable(p.Y) {
				low, high = min(low, p.Y), max(high, p.Y)
			}
		}
	}
	if low > high {
		low, high = 1, 1
	}
	low, high = roundDown(low), roundUp(high)
	if low == high { // a constant stands in the middle
		low, high = roundDown(low*0.9), roundUp(high*1.1)
	}
	area := image.Rect(left, top, width-right, height-bottom)
	x := func(v float64) float64 { return left + v/end*float64(area.Dx()) }
	y := func(v float64) float64 {
		return height - bottom - decades(low, v)/decades(low, high)*float64(area.Dy())
	}

	d := &drawing{}
	d.write(left, 34, c.Title, titleSize, 0, ink)
	ticks := logTicks(low, high)
	for i, label := range numbers(ticks) {
		at := y(ticks[i])
		d.line(grid, hairline, []Point{{left, at}, {width - right, at}})
		d.write(left-10, at+labelSize/3, label, labelSize, 1, faint)
	}
	const tick = 5
	ticks = linearTicks(end)
	for i, label := range numbers(ticks) {
		at := x(ticks[i])
		d.line(faint, hairline, []Point{{at, height - bottom}, {at, height - bottom + tick}})
		d.write(at, height-bottom+tick+labelSize+3, label, labelSize, 0.5, faint)
	}
	d.write(left+float64(area.Dx())/2, height-12, c.XLabel, labelSize, 0.5, ink)
	c.layoutMarks(d, x, end)
	d.line(faint, hairline, []Point{{left, height - bottom}, {width - right, height - bottom}})
	c.layoutCurves(d, x, y)
	return d
}

func (c *Chart) layoutMarks(d *drawing, x func(float64) float64, end float64) {
	const dash, gap, space = 3, 4, 8
	for i, m := range c.Marks {
		var dashes [][]Point
		for from := float64(top); from < height-bottom; from += dash + gap {
			dashes = append(dashes, []Point{{x(m.X), from}, {x(m.X), min(from+dash, height-bottom)}})
		}
		d.line(faint, hairline, dashes...)
		next := end
		if i+1 < len(c.Marks) {
			next = c.Marks[i+1].X
		}
		if x(m.X)+textWidth(m.Label, markSize)+space <= x(next) {
			d.write(x(m.X), top-6, m.Label, markSize, 0, faint)
		}
	}
}

// layoutCurves draws the curves, the first on top, and their legend in one row.
func (c *Chart) layoutCurves(d *drawing, x, y func(float64) float64) {
	const baseline, sample, space = 64, 22, 26
	at := float64(left)
	for i := range c.Curves {
		curve := c.Curves[len(c.Curves)-1-i]
		var lines [][]Point
		var line []Point
		marks := c.Marks
		for _, p := range curve.Points {
			marked := len(marks) > 0 && p.X >= marks[0].X
			if marked {
				marks = marks[1:]
			}
			shown := drawable(p.Y)
			if marked || !shown {
				lines, line = append(lines, line), nil
			}
			if shown {
				line = append(line, Point{x(p.X), y(p.Y)})
			}
		}
		d.line(curve.Color, curveWidth, append(lines, line)...)
	}
	for _, curve := range c.Curves {
		d.line(curve.Color, 2*curveWidth, []Point{{at, baseline - labelSize/3}, {at + sample, baseline - labelSize/3}})
		d.write(at+sample+8, baseline, curve.Name, labelSize, 0, ink)
		at += sample + 8 + textWidth(curve.Name, labelSize) + space
	}
}

// drawable reports whether a value has a place on a logarithmic axis whose ends are
// finite numbers.
func drawable(v float64) bool { return v >= 1e-300 && v <= 1e300 }

// decades returns the length of a logarithmic axis in powers of ten.
func decades(low, high float64) float64 { return math.Log10(high) - math.Log10(low) }

// steps are the leading digits of round numbers.
var steps = []float64{1, 2, 5, 10}

// decade returns the largest power of ten that is not larger than v.
func decade(v float64) float64 {
	d := math.Pow10(int(math.Floor(math.Log10(v))))
	if v/d >= 10-1e-9 { // the logarithm is rounded
		d *= 10
	}
	return d
}

// roundUp returns the smallest of 1, 2 and 5 times powers of ten that is not
// smaller than v.
func roundUp(v float64) float64 {
	d := decade(v)
	for _, s := range steps {
		if s*d >= v*(1-1e-9) {
			return s * d
		}
	}
	return 10 * d
}

// roundDown returns the largest of them that is not larger than v.
func roundDown(v float64) float64 {
	d := decade(v)
	for i := len(steps) - 1; i > 0; i-- {
		if s := steps[i]; s*d <= v*(1+1e-9) {
			return s * d
		}
	}
	return d
}

// logTicks returns round numbers from low to high: powers of ten, every other one
// or fewer where that is many, and twice and five times these where it is few.
func logTicks(low, high float64) (ticks []float64) {
	const few, many = 3., 8.
	span := decades(low, high)
	every := int(math.Ceil(span / many))
	first := int(math.Round(math.Log10(decade(low))))
	for e := first; ; e++ {
		for _, s := range []float64{1, 2, 5} {
			v := s * math.Pow10(e)
			if v > high*(1+1e-9) {
				return ticks
			}
			if v >= low*(1-1e-9) && (s == 1 && (e-first)%every == 0 || span <= few) {
				ticks = append(ticks, v)
			}
		}
	}
}

// linearTicks returns about eight round whole numbers from 0 to end.
func linearTicks(end float64) (ticks []float64) {
	const about = 8
	step := max(1, roundUp(end/about))
	for i := 0.; i*step <= end; i++ {
		ticks = append(ticks, i*step)
	}
	return ticks
}

// numbers returns round numbers as text: 0.02, 500 or 20,000, or where one of them
// would be long, all as 5e7.
func numbers(values []float64) []string {
	exponents := slices.ContainsFunc(values, func(v float64) bool { return v != 0 && (v < 0.9e-3 || v > 0.9e6) })
	texts := make([]string, len(values))
	for i, v := range values {
		if exponents && v != 0 {
			d := decade(v)
			texts[i] = fmt.Sprintf("%.0fe%d", v/d, int(math.Round(math.Log10(d))))
			continue
		}
		whole, fraction, _ := strings.Cut(strconv.FormatFloat(v, 'g', 6, 64), ".")
		if len(whole) > 3 {
			whole = whole[:len(whole)-3] + "," + whole[len(whole)-3:]
		}
		if texts[i] = whole; fraction != "" {
			texts[i] += "." + fraction
		}
	}
	return texts
}

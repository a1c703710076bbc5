// Package costlog records what a painting costs at each iteration, as a table and as
// a chart.
package costlog

import (
	"encoding/csv"
	"fmt"
	"image/color"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/pastiche-art/pastiche/internal/chart"
	"github.com/pastiche-art/pastiche/paint"
)

// A Log is the costs of a painting by iteration.
type Log struct {
	recipe  paint.Recipe
	scales  []paint.Scale
	started time.Time
	rows    []row
	written int // rows that WriteCSV has written
}

// row is an iteration.
type row struct {
	paint.Progress
	since time.Duration // the time since New
}

// New returns the empty log of a painting by a valid recipe. Seconds count from now.
func New(r paint.Recipe) *Log {
	return &Log{recipe: r, scales: r.Schedule(), started: time.Now()}
}

// Add adds an iteration. It suits [paint.Options]: Progress: log.Add.
func (l *Log) Add(p paint.Progress) {
	l.rows = append(l.rows, row{p, time.Since(l.started)})
}

var columns = []string{"step", "seconds", "scale", "iteration", "width", "height", "total", "content", "style", "variation", "faces"}

// WriteCSV writes the iterations that were added since the last call as rows of
// comma-separated values, the first time below a row with the names of the columns:
// step, seconds, scale, iteration, width, height, total, content, style, variation
// and faces. The total is weighted, the other costs are not. Call it once for the whole
// table, or after each Add for a file that grows with the painting. The error is that
// of w.
func (l *Log) WriteCSV(w io.Writer) error {
	table := csv.NewWriter(w)
	var rows [][]string
	if l.written == 0 {
		rows = append(rows, columns)
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	for _, r := range l.rows[l.written:] {
		rows = append(rows, []string{
			strconv.Itoa(r.Step), strconv.FormatFloat(r.since.Seconds(), 'f', 3, 64),
			strconv.Itoa(r.Scale), strconv.Itoa(r.Iteration), strconv.Itoa(r.Width), strconv.Itoa(r.Height),
			number(r.Costs.Total), number(r.Costs.Content), number(r.Costs.Style), number(r.Costs.Variation), number(r.Costs.Faces),
		})
	}
	l.written = len(l.rows)
	return table.WriteAll(rows) // which flushes
}

// WritePNG writes a chart of the weighted costs over the iterations, on a
// logarithmic axis, with a line where each scale begins. It has 1920 x 1200 pixels.
// The error is that of w.
func (l *Log) WritePNG(w io.Writer) error { return l.chart().WritePNG(w) }

// WriteSVG writes the chart of WritePNG as SVG.
func (l *Log) WriteSVG(w io.Writer) error { return l.chart().WriteSVG(w) }

// curve is a cost and its weight.
type curve struct {
	name   string
	color  color.NRGBA
	cost   func(paint.Costs) float64
	weight func(paint.Scale) float64
}

// curves returns the curves of the chart, in colours that the colour-blind tell
// apart (Okabe and Ito 2008).
func (l *Log) curves() []curve {
	constant := func(weight float64) func(paint.Scale) float64 {
		return func(paint.Scale) float64 { return weight }
	}
	r := l.recipe
	return []curve{
		{"total", color.NRGBA{0x22, 0x22, 0x22, 0xff}, func(c paint.Costs) float64 { return c.Total }, constant(1)},
		{"content", color.NRGBA{0x00, 0x72, 0xb2, 0xff}, func(c paint.Costs) float64 { return c.Content }, func(s paint.Scale) float64 { return s.ContentWeight }},
		{"style", color.NRGBA{0xd5, 0x5e, 0x00, 0xff}, func(c paint.Costs) float64 { return c.Style }, constant(r.StyleWeight)},
		{"variation", color.NRGBA{0x00, 0x9e, 0x73, 0xff}, func(c paint.Costs) float64 { return c.Variation }, constant(r.VariationWeight)},
		{"faces", color.NRGBA{0xcc, 0x79, 0xa7, 0xff}, func(c paint.Costs) float64 { return c.Faces }, constant(r.FaceWeight)},
	}
}

func (l *Log) chart() *chart.Chart {
	c := &chart.Chart{Title: "Costs of the painting, weighted", XLabel: "iteration"}
	for _, of := range l.curves() {
		line := chart.Curve{Name: of.name, Color: of.color}
		var weights []float64
		shown := false
		for _, r := range l.rows {
			weight := of.weight(l.scale(r.Progress))
			if !slices.Contains(weights, weight) {
				weights = append(weights, weight)
			}
			cost := weight * of.cost(r.Costs)
			shown = shown || cost > 0
			line.Points = append(line.Points, chart.Point{X: float64(r.Step), Y: cost})
		}
		if !shown {
			continue
		}
		switch {
		case of.name == "total":
		case len(weights) == 1:
			line.Name = fmt.Sprintf("%s × %.3g", of.name, weights[0])
		default:
			line.Name = fmt.Sprintf("%s × %.3g to %.3g", of.name, weights[0], weights[len(weights)-1])
		}
		c.Curves = append(c.Curves, line)
	}
	for i, r := range l.rows {
		if i == 0 || r.Scale != l.rows[i-1].Scale {
			// Half way between the last iteration of one scale and the first of the next.
			c.Marks = append(c.Marks, chart.Mark{X: float64(r.Step) - 0.5, Label: fmt.Sprintf("%d × %d", r.Width, r.Height)})
		}
	}
	return c
}

// scale returns the scale of an iteration. A painting may leave out the first scales of
// its recipe.
func (l *Log) scale(p paint.Progress) paint.Scale {
	return l.scales[max(0, len(l.scales)-p.Scales)+p.Scale-1]
}

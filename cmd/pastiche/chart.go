package main

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/paint"
)

// chart draws the costs when a painting ends, on a logarithmic scale.
type chart struct {
	path   string
	recipe paint.Recipe
	steps  []float64
	costs  []paint.Costs
	scales []float64 // the step before each scale but the first
	saved  func(path string)
}

// chartFormats are the extensions that a chart can be saved with.
var chartFormats = []string{".png", ".svg", ".pdf"}

func checkChartPath(path string) error {
	if !slices.Contains(chartFormats, strings.ToLower(filepath.Ext(path))) {
		return misused("--chart %s: expected a name that ends in %s", path, strings.Join(chartFormats, ", "))
	}
	return nil
}

func (c *chart) iteration(p paint.Progress) {
	if p.Scale > 1 && p.Iteration == 1 {
		c.scales = append(c.scales, float64(p.Step)-0.5)
	}
	c.steps = append(c.steps, float64(p.Step))
	c.costs = append(c.costs, p.Costs)
}

// The size of a chart at 96 dots per inch: 960 x 600 pixels.
const (
	chartWidth  = 10 * vg.Inch
	chartHeight = 6.25 * vg.Inch
)

func (c *chart) close() error {
	if len(c.steps) == 0 {
		return nil
	}
	p, err := c.draw()
	if err != nil {
		return err
	}
	format := strings.ToLower(filepath.Ext(c.path))[1:]
	err = atomicfile.Write(c.path, func(w io.Writer) error {
		drawing, err := p.WriterTo(chartWidth, chartHeight, format)
		if err == nil {
			_, err = drawing.WriteTo(w)
		}
		return err
	})
	if err == nil {
		c.saved(c.path)
	}
	return err
}

// curve is a line of the chart: what a cost adds to the total.
type curve struct {
	name  string
	color color.Color
	share func(paint.Costs) float64
}

// curves returns the lines of the chart, in colours that the colour-blind tell
// apart (Okabe and Ito 2008).
func (c *chart) curves() []curve {
	weighted := func(name string, weight float64) string { return fmt.Sprintf("%s × %.4g", name, weight) }
	r := c.recipe
	return []curve{
		{"total", color.Black, func(c paint.Costs) float64 { return c.Total }},
		{weighted("content", r.ContentWeight), color.RGBA{0x00, 0x72, 0xb2, 0xff}, func(c paint.Costs) float64 { return r.ContentWeight * c.Content }},
		{weighted("style", r.StyleWeight), color.RGBA{0xd5, 0x5e, 0x00, 0xff}, func(c paint.Costs) float64 { return r.StyleWeight * c.Style }},
		{weighted("variation", r.VariationWeight), color.RGBA{0x00, 0x9e, 0x73, 0xff}, func(c paint.Costs) float64 { return r.VariationWeight * c.Variation }},
		{weighted("faces", r.FaceWeight), color.RGBA{0xcc, 0x79, 0xa7, 0xff}, func(c paint.Costs) float64 { return r.FaceWeight * c.Faces }},
	}
}

func (c *chart) draw() (*plot.Plot, error) {
	p := plot.New()
	p.BackgroundColor = color.White
	p.X.Label.Text = "iteration"
	p.Y.Label.Text = "cost"
	p.X.Padding, p.Y.Padding = 0, 0
	p.Legend.Top = true
	p.Legend.Padding = vg.Points(3)
	p.Legend.XOffs = -vg.Points(8)
	grid := plotter.NewGrid()
	grid.Vertical.Width = 0
	grid.Horizontal.Color = color.Gray{0xdd}
	p.Add(grid)
	low, high := math.Inf(1), math.Inf(-1)
	for _, curve := range c.curves() {
		var points plotter.XYs
		for i, costs := range c.costs {
			// A logarithmic scale has no place for 0.
			if v := curve.share(costs); v > 0 {
				points = append(points, plotter.XY{X: c.steps[i], Y: v})
				low, high = min(low, v), max(high, v)
			}
		}
		if len(points) == 0 {
			continue
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return nil, err
		}
		line.Color, line.Width = curve.color, vg.Points(1.5)
		p.Add(line)
		p.Legend.Add(curve.name, line)
	}
	if low > high {
		return p, nil
	}
	p.X.Min = 0
	// Whole decades, so that at least two of them are labelled.
	p.Y.Min = math.Pow10(int(math.Floor(math.Log10(low))))
	p.Y.Max = math.Pow10(int(math.Floor(math.Log10(high))) + 1)
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	for _, x := range c.scales {
		line, err := plotter.NewLine(plotter.XYs{{X: x, Y: p.Y.Min}, {X: x, Y: p.Y.Max}})
		if err != nil {
			return nil, err
		}
		line.Color, line.Dashes = color.Gray{0x99}, []vg.Length{vg.Points(2), vg.Points(3)}
		p.Add(line)
	}
	return p, nil
}

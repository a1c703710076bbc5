package chart

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// letters is the font of all texts, Go Regular.
var letters = sync.OnceValue(func() *opentype.Font {
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		panic(err) // the font is part of the program
	}
	return f
})

// face returns the font at a size in pixels.
func face(size float64) font.Face {
	const dotsPerInch = 72 // at which a point is a pixel
	f, err := opentype.NewFace(letters(), &opentype.FaceOptions{Size: size, DPI: dotsPerInch})
	if err != nil {
		panic(err) // NewFace always returns nil
	}
	return f
}

// textWidth returns the width of a text in units.
func textWidth(s string, size float64) float64 {
	f := face(size)
	defer f.Close()
	return float64(font.MeasureString(f, s)) / 64
}

// pixelsPerUnit makes a PNG sharp on displays of twice the usual density.
const pixelsPerUnit = 2

// WritePNG writes the chart as a PNG of 1920 x 1200 pixels.
func (c *Chart) WritePNG(w io.Writer) error {
	m := image.NewRGBA(image.Rect(0, 0, width*pixelsPerUnit, height*pixelsPerUnit))
	draw.Draw(m, m.Rect, image.White, image.Point{}, draw.Src)
	d := c.layout()
	for _, s := range d.strokes {
		s.rasterize(m)
	}
	for _, t := range d.texts {
		t.rasterize(m)
	}
	return png.Encode(w, m)
}

// rasterize fills a rectangle for each segment and a disc for each of its ends, all
// in the same direction, so that they unite.
func (s stroke) rasterize(m draw.Image) {
	radius := s.width / 2 * pixelsPerUnit
	box := s.bounds(int(math.Ceil(radius)) + 1)
	r := vector.NewRasterizer(box.Dx(), box.Dy())
	left, top := float64(box.Min.X), float64(box.Min.Y)
	polygon := func(x, y float64, corners ...Point) {
		for i, c := range corners {
			if i == 0 {
				r.MoveTo(float32(x+c.X), float32(y+c.Y))
			} else {
				r.LineTo(float32(x+c.X), float32(y+c.Y))
			}
		}
		r.ClosePath()
	}
	const corners = 12 // of a disc
	disc := make([]Point, corners)
	for i := range disc {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / corners)
		disc[i] = Point{radius * cos, radius * sin}
	}
	for _, line := range s.lines {
		for i, p := range line {
			x, y := p.X*pixelsPerUnit-left, p.Y*pixelsPerUnit-top
			if s.width > hairline {
				polygon(x, y, disc...)
			}
			if i == 0 {
				continue
			}
			dx, dy := (line[i-1].X-p.X)*pixelsPerUnit, (line[i-1].Y-p.Y)*pixelsPerUnit
			if length := math.Hypot(dx, dy); length > 0 {
				nx, ny := dy/length*radius, -dx/length*radius
				polygon(x, y, Point{nx, ny}, Point{dx + nx, dy + ny}, Point{dx - nx, dy - ny}, Point{-nx, -ny})
			}
		}
	}
	r.Draw(m, box, image.NewUniform(s.color), image.Point{})
}

// bounds returns the pixels that a stroke covers, with a margin.
func (s stroke) bounds(margin int) image.Rectangle {
	var box image.Rectangle
	for _, line := range s.lines {
		for _, p := range line {
			x, y := int(p.X*pixelsPerUnit), int(p.Y*pixelsPerUnit)
			box = box.Union(image.Rect(x-margin, y-margin, x+1+margin, y+1+margin))
		}
	}
	return box
}

func (t text) rasterize(m draw.Image) {
	f := face(t.size * pixelsPerUnit)
	defer f.Close()
	pen := font.Drawer{Dst: m, Src: image.NewUniform(t.color), Face: f}
	x := t.X*pixelsPerUnit - t.anchor*float64(pen.MeasureString(t.text))/64
	pen.Dot = fixed.P(int(math.Round(x)), int(math.Round(t.Y*pixelsPerUnit)))
	pen.DrawString(t.text)
}

// WriteSVG writes the chart as an SVG of 960 x 600 units.
func (c *Chart) WriteSVG(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" font-family="Go, Helvetica, Arial, sans-serif">
<rect width="%[1]d" height="%[2]d" fill="#fff"/>
`, width, height)
	d := c.layout()
	for _, s := range d.strokes {
		ends := "round"
		if s.width <= hairline {
			ends = "butt"
		}
		fmt.Fprintf(&b, `<path fill="none" stroke="%s" stroke-width="%g" stroke-linecap="%s" stroke-linejoin="round" d="`, hex(s.color), s.width, ends)
		for _, line := range s.lines {
			for i, p := range line {
				command := "L"
				if i == 0 {
					command = "M"
				}
				fmt.Fprintf(&b, "%s%.1f %.1f", command, p.X, p.Y)
			}
			if len(line) == 1 {
				b.WriteString("h0") // a dot
			}
		}
		b.WriteString("\"/>\n")
	}
	for _, t := range d.texts {
		anchor := map[float64]string{0: "start", 0.5: "middle", 1: "end"}[t.anchor]
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" font-size="%g" text-anchor="%s" fill="%s">%s</text>`+"\n",
			t.X, t.Y, t.size, anchor, hex(t.color), escaped(t.text))
	}
	b.WriteString("</svg>\n")
	_, err := w.Write(b.Bytes())
	return err
}

func escaped(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}

func hex(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

package chart

import (
	"bytes"
	"encoding/xml"
	"image/color"
	"image/png"
	"math"
	"slices"
	"strings"
	"testing"
)

var (
	red  = color.NRGBA{0xc0, 0x00, 0x00, 0xff}
	blue = color.NRGBA{0x00, 0x00, 0xc0, 0xff}
)

// sample is a constant of 10 and a curve from 1 to 100 over 50 steps in two runs.
func sample() *Chart {
	constant, rising := Curve{Name: "constant <1>", Color: red}, Curve{Name: "rising", Color: blue}
	for x := 0.; x <= 50; x++ {
		constant.Points = append(constant.Points, Point{x, 10})
		rising.Points = append(rising.Points, Point{x, math.Pow(10, x/25)})
	}
	return &Chart{Title: "sample", XLabel: "step", Curves: []Curve{constant, rising}, Marks: []Mark{{0, "first"}, {30.5, "second"}}}
}

func TestPNG(t *testing.T) {
	var b bytes.Buffer
	if err := sample().WritePNG(&b); err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if m.Bounds().Dx() != width*pixelsPerUnit || m.Bounds().Dy() != height*pixelsPerUnit {
		t.Fatalf("%v", m.Bounds())
	}
	at := func(x, share float64) color.NRGBA { // share of the height of the area, from below
		px := left + x/50*(width-left-right)
		py := height - bottom - share*(height-top-bottom)
		return color.NRGBAModel.Convert(m.At(int(px*pixelsPerUnit), int(py*pixelsPerUnit))).(color.NRGBA)
	}
	for _, c := range []struct {
		name     string
		x, share float64
		want     color.NRGBA
	}{
		{"the constant in the middle of a logarithmic axis", 10, 0.5, red},
		{"the curve, a straight line there", 12.5, 0.25, blue},
		{"the curve in the second run", 37.5, 0.75, blue},
		{"the first curve on top", 25, 0.5, red},
		{"paper", 12.5, 0.7, color.NRGBA{0xff, 0xff, 0xff, 0xff}},
	} {
		if got := at(c.x, c.share); got != c.want {
			t.Errorf("%s: %v, expected %v", c.name, got, c.want)
		}
	}
}

func TestSVG(t *testing.T) {
	var b bytes.Buffer
	if err := sample().WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	var svg struct {
		Paths []struct {
			Stroke string `xml:"stroke,attr"`
			D      string `xml:"d,attr"`
		} `xml:"path"`
		Texts []string `xml:"text"`
	}
	if err := xml.Unmarshal(b.Bytes(), &svg); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sample", "step", "constant <1>", "rising", "first", "second", "1", "2", "5", "10", "20", "50", "100", "0", "30"} {
		if !slices.Contains(svg.Texts, want) {
			t.Errorf("no text %q in %q", want, svg.Texts)
		}
	}
	for _, p := range svg.Paths {
		if p.Stroke == hex(blue) && strings.Count(p.D, "L") > 1 {
			if n := strings.Count(p.D, "M"); n != 2 {
				t.Errorf("the curve has %d runs, expected 2", n)
			}
			return
		}
	}
	t.Error("no curve")
}

func TestDegenerateCharts(t *testing.T) {
	for name, points := range map[string][]Point{
		"nothing":     nil,
		"zeros":       {{1, 0}, {2, 0}},
		"one point":   {{1, 5}},
		"a constant":  {{1, 1e-300}, {2, 1e-300}},
		"no numbers":  {{1, math.NaN()}, {2, math.Inf(1)}, {3, -1}},
		"wide values": {{1, 1e-200}, {2, 1e200}},
	} {
		c := &Chart{Curves: []Curve{{Points: points, Color: red}}}
		var b bytes.Buffer
		if err := c.WriteSVG(&b); err != nil || strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "Inf") {
			t.Errorf("%s: %v\n%s", name, err, b.String())
		}
		if err := c.WritePNG(&b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64 // of values
		want      string
	}{
		{1.2, 3, "1 2 5"},
		{3, 90, "2 5 10 20 50 100"},
		{0.012, 12345, "0.01 0.1 1 10 100 1,000 10,000"},
		{20, 3e7, "1e2 1e3 1e4 1e5 1e6 1e7"},
		{1e-5, 2e-5, "1e-5 2e-5"},
		{1e-7, 1e7, "1e-7 1e-5 1e-3 1e-1 1e1 1e3 1e5 1e7"},
		{999.9999, 1000.0001, "500 1,000 2,000"},
	} {
		if got := strings.Join(numbers(logTicks(roundDown(c.low), roundUp(c.high))), " "); got != c.want {
			t.Errorf("%g to %g: %s, expected %s", c.low, c.high, got, c.want)
		}
	}
	for end, want := range map[float64]string{
		1: "0 1", 6: "0 1 2 3 4 5 6", 50: "0 10 20 30 40 50", 320: "0 50 100 150 200 250 300", 30000: "0 5,000 10,000 15,000 20,000 25,000 30,000",
	} {
		if got := strings.Join(numbers(linearTicks(end)), " "); got != want {
			t.Errorf("to %g: %s, expected %s", end, got, want)
		}
	}
}

// Package printsize reads the sizes of prints, such as 60x40cm@200dpi or A3, and turns
// them into pixels.
package printsize

import (
	"errors"
	"fmt"
	"image"
	"math"
	"strconv"
	"strings"
)

// Lengths in millimetres.
const (
	millimetre = 1.
	centimetre = 10.
	metre      = 1000.
	inch       = 25.4
)

// lengthUnits are the units of a length. A unit comes before each other one that its
// text ends with: mm before m.
var lengthUnits = []struct {
	name string
	unit float64
}{{"mm", millimetre}, {"cm", centimetre}, {"m", metre}, {"inches", inch}, {"inch", inch}, {"in", inch}, {`"`, inch}}

// papers are sizes that have names, upright, in millimetres: those of ISO 216 and
// of ANSI.
var papers = map[string][2]float64{
	"a0": {841, 1189}, "a1": {594, 841}, "a2": {420, 594}, "a3": {297, 420}, "a4": {210, 297},
	"a5": {148, 210}, "a6": {105, 148}, "a7": {74, 105}, "a8": {52, 74},
	"b0": {1000, 1414}, "b1": {707, 1000}, "b2": {500, 707}, "b3": {353, 500}, "b4": {250, 353},
	"b5": {176, 250}, "b6": {125, 176},
	"letter": {8.5 * inch, 11 * inch}, "legal": {8.5 * inch, 14 * inch}, "tabloid": {11 * inch, 17 * inch},
}

const (
	// defaultDPI is what print shops ask for.
	defaultDPI = 300
	maxDPI     = 9600
)

// A Print is a size in print with its bleed. The zero value is none.
type Print struct {
	Size  Size
	Bleed Length
}

// A Size is the size of a sheet and its resolution, a flag's value. The zero value is
// none.
type Size struct {
	text          string
	size          string  // without the resolution
	width, height float64 // in millimetres, without bleed
	unit          float64 // of messages: centimetre or inch
	dpi           float64
}

var errSize = errors.New("expected a size such as 60x40cm@300dpi, 24x16in or A3@150dpi, or one of A0 to A8, B0 to B6, Letter, Legal and Tabloid")

// Set reads a size such as 60x40cm@200dpi, 24x16in or A3.
func (p *Size) Set(text string) error {
	size, resolution, given := strings.Cut(strings.ToLower(strings.ReplaceAll(text, " ", "")), "@")
	parsed := Size{text: text, size: text, dpi: defaultDPI}
	if given {
		parsed.size = text[:strings.LastIndex(text, "@")]
		number := strings.TrimSuffix(strings.TrimSuffix(resolution, "dpi"), "ppi")
		dpi, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return errSize
		}
		if !(dpi >= 1 && dpi <= maxDPI) {
			return fmt.Errorf("%sdpi: expected 1 to %ddpi", number, maxDPI)
		}
		parsed.dpi = dpi
	}
	if sides, ok := papers[size]; ok {
		parsed.width, parsed.height, parsed.unit = sides[0], sides[1], centimetre
		if size[0] != 'a' && size[0] != 'b' {
			parsed.unit = inch
		}
		*p = parsed
		return nil
	}
	w, h, found := strings.Cut(strings.ReplaceAll(size, "×", "x"), "x")
	height, unit, ok := parseLength(h)
	if _, err := strconv.ParseFloat(h, 64); err == nil {
		return fmt.Errorf("no unit: expected %[1]scm or %[1]sin, for example", size)
	}
	if !found || !ok {
		return errSize
	}
	width, _, ok := parseLength(w)
	if n, err := strconv.ParseFloat(w, 64); err == nil {
		width, ok = n*unit, true
	}
	if !ok || !(width > 0 && height > 0 && width < math.MaxInt32) {
		return errSize
	}
	parsed.width, parsed.height, parsed.unit = width, height, centimetre
	if unit == inch {
		parsed.unit = inch
	}
	*p = parsed
	return nil
}

func (p *Size) String() string { return p.text }

// Type returns the name of the type, for pflag.
func (*Size) Type() string { return "print" }

// parseLength returns a length in millimetres, and the unit that it was given in.
func parseLength(text string) (length, unit float64, ok bool) {
	for _, u := range lengthUnits {
		if number, found := strings.CutSuffix(text, u.name); found {
			n, err := strconv.ParseFloat(number, 64)
			return n * u.unit, u.unit, err == nil && n >= 0 && n*u.unit < math.MaxInt32
		}
	}
	return 0, 0, false
}

// A Length is a flag's value. The zero value is none.
type Length struct {
	text   string
	length float64 // in millimetres
}

// Set reads a length such as 3mm or 0.125in.
func (l *Length) Set(text string) error {
	length, _, ok := parseLength(strings.ToLower(strings.ReplaceAll(text, " ", "")))
	if !ok {
		return errors.New("expected a length such as 3mm or 0.125in")
	}
	*l = Length{text, length}
	return nil
}

func (l *Length) String() string { return l.text }

// Type returns the name of the type, for pflag.
func (*Length) Type() string { return "length" }

// Given reports whether there is a print.
func (p *Print) Given() bool { return p.Size.text != "" }

// DPI returns the resolution in dots per inch.
func (p *Print) DPI() float64 { return p.Size.dpi }

// At returns the text of the size at another resolution, such as 60x40cm@150dpi.
func (p *Print) At(dpi int) string { return fmt.Sprintf("%s@%ddpi", p.Size.size, dpi) }

// Lengths returns the sides of the print with its bleed, in millimetres, upright or
// across like a picture of the size of. The zero size leaves them as they were given.
func (p *Print) Lengths(of image.Point) (width, height float64) {
	width, height = p.Size.width+2*p.Bleed.length, p.Size.height+2*p.Bleed.length
	if of.X > of.Y && width < height || of.X < of.Y && width > height {
		width, height = height, width
	}
	return width, height
}

// Pixels returns the pixels of the print with its bleed, turned as Lengths turns it.
func (p *Print) Pixels(of image.Point) image.Point {
	width, height := p.Lengths(of)
	return image.Pt(pixelsOf(width, p.Size.dpi), pixelsOf(height, p.Size.dpi))
}

func pixelsOf(length, dpi float64) int {
	return max(1, int(math.Round(min(length/inch*dpi, math.MaxInt32))))
}

// LargestDPI returns the largest whole resolution at which the long side of the print
// has at most long pixels, or 0 if there is none.
func (p *Print) LargestDPI(long int) int {
	width, height := p.Lengths(image.Point{})
	side := max(width, height)
	dpi := int(float64(long+1) / side * inch)
	for dpi > 0 && pixelsOf(side, float64(dpi)) > long {
		dpi--
	}
	return dpi
}

// BleedMM returns the bleed in millimetres.
func (p *Print) BleedMM() float64 { return p.Bleed.length }

// Describe returns the sides of the print in the unit that it was given in, with its
// bleed and resolution, turned as Lengths turns it: "42 x 29.7 cm at 300 dpi".
func (p *Print) Describe(of image.Point) string {
	width, height := p.Lengths(of)
	unit, bleed := "cm", ""
	if p.Size.unit == inch {
		unit = "in"
	}
	if p.Bleed.length > 0 {
		bleed = " with a bleed of " + p.Bleed.text
	}
	return fmt.Sprintf("%.4g x %.4g %s%s at %g dpi", width/p.Size.unit, height/p.Size.unit, unit, bleed, p.Size.dpi)
}

// Cropped returns a sentence about what a part leaves out of a picture of some size,
// or "" for nothing.
func Cropped(size image.Point, part image.Rectangle) string {
	percent := func(left, of int) string { return fmt.Sprintf("%.2g%%", 100*float64(left)/float64(of)) }
	switch {
	case part.Dx() < size.X:
		return percent(size.X-part.Dx(), size.X) + " of its width is cut off, half on the left and half on the right"
	case part.Dy() < size.Y:
		return percent(size.Y-part.Dy(), size.Y) + " of its height is cut off, half at the top and half at the bottom"
	}
	return ""
}

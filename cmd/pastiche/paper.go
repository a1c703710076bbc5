package main

import (
	"errors"
	"fmt"
	"image"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/paint"
)

// Lengths in millimetres.
const (
	millimetre = 1.
	centimetre = 10.
	metre      = 1000.
	inch       = 25.4
)

// lengthUnits are the units of a length, by the ends of its text. A unit stands
// before those that end like it.
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

// printSize is the value of --print. The zero value is none.
type printSize struct {
	text          string
	size          string  // without the resolution
	width, height float64 // in millimetres, without bleed
	unit          float64 // in which it is told
	dpi           float64
}

var errPrintSize = errors.New("expected a size such as 60x40cm@300dpi, 24x16in or A3@150dpi, or one of A0 to A8, B0 to B6, Letter, Legal and Tabloid")

func (p *printSize) Set(text string) error {
	size, resolution, given := strings.Cut(strings.ToLower(strings.ReplaceAll(text, " ", "")), "@")
	parsed := printSize{text: text, size: text, dpi: defaultDPI}
	if given {
		parsed.size = text[:strings.LastIndex(text, "@")]
		number := strings.TrimSuffix(strings.TrimSuffix(resolution, "dpi"), "ppi")
		dpi, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return errPrintSize
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
	if !found || !ok {
		return errPrintSize
	}
	width, _, ok := parseLength(w)
	if n, err := strconv.ParseFloat(w, 64); err == nil {
		width, ok = n*unit, true
	}
	if !ok || !(width > 0 && height > 0 && width < math.MaxInt32) {
		return errPrintSize
	}
	parsed.width, parsed.height, parsed.unit = width, height, centimetre
	if unit == inch {
		parsed.unit = inch
	}
	*p = parsed
	return nil
}

func (p *printSize) String() string { return p.text }

// Type is what pflag calls the value in help texts.
func (*printSize) Type() string { return "print" }

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

// bleed is the value of --bleed, in millimetres.
type bleed struct {
	text   string
	length float64
}

func (b *bleed) Set(text string) error {
	length, _, ok := parseLength(strings.ToLower(strings.ReplaceAll(text, " ", "")))
	if !ok {
		return errors.New("expected a length such as 3mm or 0.125in")
	}
	*b = bleed{text, length}
	return nil
}

func (b *bleed) String() string { return b.text }

// Type is what pflag calls the value in help texts.
func (*bleed) Type() string { return "length" }

// addPrint adds the size in print.
func (o *paintOptions) addPrint(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Var(&o.print, "print", "paint for a print of a `SIZE`: 60x40cm, 24x16in@200dpi, A3 (300dpi unless given); the photo is cropped to its shape")
	flags.Var(&o.bleed, "bleed", "with --print, `LENGTH` to add on each side, to be cut off, such as 3mm")
	section(cmd, "Print", "print", "bleed")
}

// checkPrint refuses what --print decides where both are given, and prints that no
// painting is large enough for.
func (o *paintOptions) checkPrint(flags *pflag.FlagSet) error {
	if o.print.text == "" {
		if o.bleed.text != "" {
			return misused("--bleed without --print: expected a size such as --print 60x40cm")
		}
		return nil
	}
	for _, other := range []string{"size", "shape"} {
		if flags.Changed(other) {
			return misused("--print and --%s: expected one or the other, as each says how large the painting is", other)
		}
	}
	px := o.printPixels(image.Point{})
	if max(px.X, px.Y) <= paint.MaxSize {
		return nil
	}
	help := "choose a smaller size"
	if dpi := o.printDPI(paint.MaxSize); dpi >= 1 {
		help = fmt.Sprintf("choose %ddpi or less", dpi)
	}
	return misused("--print %s: %d x %d pixels%s, more than the %d that a side may have: %s", o.print.text, px.X, px.Y, o.withBleed(), paint.MaxSize, help)
}

// withBleed says so where the print has a bleed.
func (o *paintOptions) withBleed() string {
	if o.bleed.length == 0 {
		return ""
	}
	return " with the bleed"
}

// printLengths returns the sides of the print with its bleed, in millimetres, turned
// as a picture of some size is; the zero size turns nothing.
func (o *paintOptions) printLengths(of image.Point) (width, height float64) {
	width, height = o.print.width+2*o.bleed.length, o.print.height+2*o.bleed.length
	if of.X > of.Y && width < height || of.X < of.Y && width > height {
		width, height = height, width
	}
	return width, height
}

// printPixels returns the pixels of the print with its bleed, turned as printLengths
// turns it.
func (o *paintOptions) printPixels(of image.Point) image.Point {
	width, height := o.printLengths(of)
	return image.Pt(pixelsOf(width, o.print.dpi), pixelsOf(height, o.print.dpi))
}

func pixelsOf(length, dpi float64) int {
	return max(1, int(math.Round(min(length/inch*dpi, math.MaxInt32))))
}

// printDPI returns the largest whole resolution at which the long side of the print
// has no more than so many pixels, 0 where there is none.
func (o *paintOptions) printDPI(long int) int {
	width, height := o.printLengths(image.Point{})
	side := max(width, height)
	dpi := int(float64(long+1) / side * inch)
	for dpi > 0 && pixelsOf(side, float64(dpi)) > long {
		dpi--
	}
	return dpi
}

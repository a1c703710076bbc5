package picture

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// A SheetPicture is a picture of a contact sheet and what is written below it.
type SheetPicture struct {
	*Picture
	Label string
}

// The measures of a contact sheet, in pixels.
const (
	sheetMargin = 12
	sheetLabel  = 20 // the height of a line below each picture
)

var (
	sheetPaper = color.NRGBA{0xf4, 0xf2, 0xee, 0xff}
	sheetInk   = color.NRGBA{0x30, 0x2c, 0x28, 0xff}
)

// ContactSheet lays pictures out in rows, each no larger than the given size,
// with labels. Without pictures it returns nil.
func ContactSheet(pictures []SheetPicture, fieldW, fieldH int) *Picture {
	if len(pictures) == 0 {
		return nil
	}
	fit := func(p *Picture) (w, h int) {
		scale := min(float64(fieldW)/float64(p.W), float64(fieldH)/float64(p.H))
		return max(1, int(math.Round(scale*float64(p.W)))), max(1, int(math.Round(scale*float64(p.H))))
	}
	// Fields are no larger than what stands in them.
	mostW, mostH := 0, 0
	for _, p := range pictures {
		w, h := fit(p.Picture)
		mostW, mostH = max(mostW, w), max(mostH, h)
	}
	columns := int(math.Ceil(math.Sqrt(float64(len(pictures)) * float64(mostH) / float64(mostW))))
	rows := (len(pictures) + columns - 1) / columns
	stepX, stepY := mostW+sheetMargin, mostH+sheetLabel+sheetMargin
	sheet := image.NewNRGBA(image.Rect(0, 0, columns*stepX+sheetMargin, rows*stepY+sheetMargin))
	draw.Draw(sheet, sheet.Rect, image.NewUniform(sheetPaper), image.Point{}, draw.Src)
	for i, p := range pictures {
		w, h := fit(p.Picture)
		small := p.Resize(w, h)
		at := image.Pt(sheetMargin+i%columns*stepX+(mostW-w)/2, sheetMargin+i/columns*stepY+mostH-h)
		draw.Draw(sheet, image.Rectangle{at, at.Add(image.Pt(w, h))}, small.onWhite(), image.Point{}, draw.Src)
		writeLabel(sheet, p.Label, sheetMargin+i%columns*stepX, sheetMargin+i/columns*stepY+mostH, mostW)
	}
	return FromImage(sheet)
}

// writeLabel writes a line below a field, cut where that is too narrow.
func writeLabel(m draw.Image, label string, x, y, width int) {
	const baseline = 15
	d := font.Drawer{Dst: m, Src: image.NewUniform(sheetInk), Face: basicfont.Face7x13}
	for label != "" && d.MeasureString(label).Ceil() > width {
		label = label[:len(label)-1]
	}
	left := x + (width-d.MeasureString(label).Ceil())/2
	d.Dot = fixed.P(left, y+baseline)
	d.DrawString(label)
}

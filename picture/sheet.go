package picture

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// A SheetPicture is a picture of a contact sheet and its label.
type SheetPicture struct {
	*Picture
	Label string
}

// The measures of a contact sheet, in pixels.
const (
	sheetMargin = 12
	sheetLabel  = 24 // the height of a line below each picture
	sheetType   = 15 // the size of its letters
)

var (
	sheetPaper = color.NRGBA{0xf4, 0xf2, 0xee, 0xff}
	sheetInk   = color.NRGBA{0x30, 0x2c, 0x28, 0xff}
)

// ContactSheet arranges pictures with labels in rows of the given number of columns,
// each picture at most fieldW by fieldH pixels. With 0 columns the sheet is about square.
// Fields are as large as their pictures and labels need; labels wider than fieldW are
// truncated. Without pictures it returns nil.
func ContactSheet(pictures []SheetPicture, columns, fieldW, fieldH int) *Picture {
	if len(pictures) == 0 {
		return nil
	}
	fit := func(p *Picture) (w, h int) {
		scale := min(float64(fieldW)/float64(p.W), float64(fieldH)/float64(p.H))
		return max(1, int(math.Round(scale*float64(p.W)))), max(1, int(math.Round(scale*float64(p.H))))
	}
	face := labelFace()
	defer face.Close()
	mostW, mostH := 0, 0
	for _, p := range pictures {
		w, h := fit(p.Picture)
		label := font.MeasureString(face, p.Label).Ceil()
		mostW, mostH = max(mostW, w, min(label, fieldW)), max(mostH, h)
	}
	if columns < 1 {
		columns = int(math.Ceil(math.Sqrt(float64(len(pictures)) * float64(mostH) / float64(mostW))))
	}
	columns = min(columns, len(pictures))
	rows := (len(pictures) + columns - 1) / columns
	stepX, stepY := mostW+sheetMargin, mostH+sheetLabel+sheetMargin
	sheet := image.NewNRGBA(image.Rect(0, 0, columns*stepX+sheetMargin, rows*stepY+sheetMargin))
	draw.Draw(sheet, sheet.Rect, image.NewUniform(sheetPaper), image.Point{}, draw.Src)
	for i, p := range pictures {
		w, h := fit(p.Picture)
		small := p.Resize(w, h)
		at := image.Pt(sheetMargin+i%columns*stepX+(mostW-w)/2, sheetMargin+i/columns*stepY+mostH-h)
		draw.Draw(sheet, image.Rectangle{at, at.Add(image.Pt(w, h))}, small.onWhite(), image.Point{}, draw.Src)
		writeLabel(sheet, face, p.Label, sheetMargin+i%columns*stepX, sheetMargin+i/columns*stepY+mostH, mostW)
	}
	return FromImage(sheet)
}

// labelFace returns the font of labels: Go Regular.
func labelFace() font.Face {
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		panic(err) // the font is embedded
	}
	const pixels = 72 // dots per inch at which a point is a pixel
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: sheetType, DPI: pixels, Hinting: font.HintingFull})
	if err != nil {
		panic(err) // never for valid options
	}
	return face
}

// writeLabel writes a label below a field, truncated to its width.
func writeLabel(m draw.Image, face font.Face, label string, x, y, width int) {
	const baseline = 17
	d := font.Drawer{Dst: m, Src: image.NewUniform(sheetInk), Face: face}
	for whole := []rune(label); len(whole) > 0 && d.MeasureString(label).Ceil() > width; {
		whole = whole[:len(whole)-1]
		label = string(whole) + "…"
	}
	left := x + (width-d.MeasureString(label).Ceil())/2
	d.Dot = fixed.P(left, y+baseline)
	d.DrawString(label)
}

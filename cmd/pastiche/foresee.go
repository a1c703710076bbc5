package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// printEvent is what a start event tells of a print.
type printEvent struct {
	Width    int     `json:"width"` // of the painting, in pixels, with the bleed
	Height   int     `json:"height"`
	WidthMM  float64 `json:"width_mm"` // with the bleed
	HeightMM float64 `json:"height_mm"`
	BleedMM  float64 `json:"bleed_mm"`
	DPI      float64 `json:"dpi"`
	// Crop is the part of the content that is painted: left, top, right and bottom, in
	// pixels.
	Crop    []int   `json:"crop,omitempty"`
	Memory  int64   `json:"memory"`  // in bytes, at most
	Seconds float64 `json:"seconds"` // about; 0 where that is not known
}

// foresee tells what a print takes before it is painted, and refuses one that takes
// more memory than there is. It returns nil where there is no print.
func (o *paintOptions) foresee(ctx context.Context, w work, content image.Image, regions []paint.Region, options paint.Options, report reporter) (*printEvent, error) {
	if o.print.text == "" {
		return nil, nil
	}
	needs, err := paint.Estimate(ctx, content, w.shape, regions, options)
	if ctx.Err() != nil {
		return nil, errInterrupted
	}
	if err != nil {
		return nil, o.inPrint(o.inputFiles(w).named(checkpointError(o.resume, err)))
	}
	var of image.Point
	if content != nil {
		of = content.Bounds().Size()
	}
	width, height := o.printLengths(of)
	event := &printEvent{
		Width: needs.Width, Height: needs.Height, WidthMM: width, HeightMM: height, BleedMM: o.bleed.length, DPI: o.print.dpi,
		Memory: needs.Memory, Seconds: needs.Time.Seconds(),
	}
	unit, name := o.print.unit, "cm"
	if unit == inch {
		name = "in"
	}
	said := ""
	if o.bleed.length > 0 {
		said = fmt.Sprintf(" with a bleed of %s", o.bleed.text)
	}
	report.say("Print: %.4g x %.4g %s%s at %g dpi, %d x %d pixels.", width/unit, height/unit, name, said, o.print.dpi, needs.Width, needs.Height)
	if content != nil {
		part := picture.Inscribed(of.X, of.Y, options.Shape)
		event.Crop = []int{part.Min.X, part.Min.Y, part.Max.X, part.Max.Y}
		if cut := cropped(of, part); cut != "" {
			report.say("%s is cropped to this shape: %s.", w.content, cut)
		}
	}
	took := ""
	if needs.Time > 0 && options.Resume == nil {
		took = ", and about " + roughly(needs.Time)
	}
	report.say("Painting takes up to %s of memory%s.", humanize.IBytes(uint64(needs.Memory)), took)
	return event, nil
}

// cropped says what a part leaves out of a picture of some size, or "" for nothing.
func cropped(size image.Point, part image.Rectangle) string {
	percent := func(left, of int) string { return fmt.Sprintf("%.2g%%", 100*float64(left)/float64(of)) }
	switch {
	case part.Dx() < size.X:
		return percent(size.X-part.Dx(), size.X) + " of its width is cut off, half on the left and half on the right"
	case part.Dy() < size.Y:
		return percent(size.Y-part.Dy(), size.Y) + " of its height is cut off, half at the top and half at the bottom"
	}
	return ""
}

// inPrint adds to an error of memory the resolution of a print that fits.
func (o *paintOptions) inPrint(err error) error {
	var memory *paint.MemoryError
	if errors.As(err, &memory) && memory.Fits > 0 {
		if dpi := o.printDPI(memory.Fits); dpi >= 1 {
			return fmt.Errorf("%w, as --print %s@%ddpi does", err, o.print.size, dpi)
		}
	}
	return err
}

// roughly says a time in words: "40 seconds", "3 hours".
func roughly(d time.Duration) string {
	const most = 90 // of a unit, of which the next larger one has less than 2
	for _, u := range []struct {
		name string
		unit time.Duration
		most time.Duration
	}{{"seconds", time.Second, most * time.Second}, {"minutes", time.Minute, most * time.Minute}, {"hours", time.Hour, 36 * time.Hour}, {"days", 24 * time.Hour, math.MaxInt64}} {
		if d < u.most {
			if n := d.Round(u.unit) / u.unit; n > 1 {
				return fmt.Sprintf("%d %s", n, u.name)
			}
			return "a second"
		}
	}
	panic("unreachable")
}

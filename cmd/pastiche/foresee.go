package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/printsize"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// addPrint adds the size in print.
func (o *paintOptions) addPrint(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Var(&o.print.Size, "print", "paint for a print of a `SIZE`: 60x40cm, 24x16in@200dpi, A3 (300dpi unless given); the photo is cropped to its shape")
	flags.Var(&o.print.Bleed, "bleed", "with --print, `LENGTH` to add on each side, to be cut off, such as 3mm")
	cli.Section(cmd, "Print", "print", "bleed")
}

// checkPrint refuses flags that contradict --print, and prints that are larger than any
// painting.
func (o *paintOptions) checkPrint(flags *pflag.FlagSet) error {
	if !o.print.Given() {
		if flags.Changed("bleed") {
			return cli.Misused("--bleed without --print: expected a size such as --print 60x40cm")
		}
		return nil
	}
	for _, other := range []string{"size", "shape"} {
		if flags.Changed(other) {
			return cli.Misused("--print and --%s: expected one or the other, as each says how large the painting is", other)
		}
	}
	px := o.print.Pixels(image.Point{})
	if max(px.X, px.Y) <= paint.MaxSize {
		return nil
	}
	help, bleed := "choose a smaller size", ""
	if dpi := o.print.LargestDPI(paint.MaxSize); dpi >= 1 {
		help = fmt.Sprintf("choose %ddpi or less", dpi)
	}
	if o.print.BleedMM() > 0 {
		bleed = " with the bleed"
	}
	return cli.Misused("--print %s: %d x %d pixels%s, more than the %d that a side may have: %s", &o.print.Size, px.X, px.Y, bleed, paint.MaxSize, help)
}

// printEvent is the part of a start event about a print.
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

// foresee reports the size, memory and time of a print before it is painted, and refuses
// a print that needs more memory than is available. Without --print it returns nil.
func (o *paintOptions) foresee(ctx context.Context, w work, content image.Image, regions []paint.Region, options paint.Options, report reporter) (*printEvent, error) {
	if !o.print.Given() {
		return nil, nil
	}
	needs, err := paint.Estimate(ctx, content, w.shape, regions, options)
	if ctx.Err() != nil {
		return nil, cli.ErrInterrupted
	}
	if err != nil {
		return nil, o.inPrint(o.inputFiles(w).named(checkpointError(o.resume, err)))
	}
	var of image.Point
	if content != nil {
		of = content.Bounds().Size()
	}
	width, height := o.print.Lengths(of)
	event := &printEvent{
		Width: needs.Width, Height: needs.Height, WidthMM: width, HeightMM: height, BleedMM: o.print.BleedMM(), DPI: o.print.DPI(),
		Memory: needs.Memory, Seconds: needs.Time.Seconds(),
	}
	report.say("Print: %s, %d x %d pixels.", o.print.Describe(of), needs.Width, needs.Height)
	if content != nil {
		part := picture.Inscribed(of.X, of.Y, options.Shape)
		event.Crop = []int{part.Min.X, part.Min.Y, part.Max.X, part.Max.Y}
		if cut := printsize.Cropped(of, part); cut != "" {
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

// inPrint adds to a [paint.MemoryError] the largest resolution of the print that fits.
func (o *paintOptions) inPrint(err error) error {
	var memory *paint.MemoryError
	if errors.As(err, &memory) && memory.Fits > 0 {
		if dpi := o.print.LargestDPI(memory.Fits); dpi >= 1 {
			return fmt.Errorf("%w, as --print %s does", err, o.print.At(dpi))
		}
	}
	return err
}

// roughly returns a duration in words: "40 seconds", "3 hours".
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

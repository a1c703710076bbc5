package painter

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/printsize"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// checkPrint refuses flags that contradict --print, and prints that are larger than any
// painting.
func (p *Painter) checkPrint() error {
	if !p.Print.Given() {
		if p.Print.Bleed.String() != "" {
			return cli.Misused("--bleed without --print: expected a size such as --print 60x40cm")
		}
		return nil
	}
	if _, sized := p.Recipe.Parameters["size"]; sized || p.Shape != nil {
		other := "shape"
		if sized {
			other = "size"
		}
		return cli.Misused("--print and --%s: expected one or the other, as each says how large the painting is", other)
	}
	px := p.Print.Pixels(image.Point{})
	if max(px.X, px.Y) <= paint.MaxSize {
		return nil
	}
	help, bleed := "choose a smaller size", ""
	if dpi := p.Print.LargestDPI(paint.MaxSize); dpi >= 1 {
		help = fmt.Sprintf("choose %ddpi or less", dpi)
	}
	if p.Print.BleedMM() > 0 {
		bleed = " with the bleed"
	}
	return cli.Misused("--print %s: %d x %d pixels%s, more than the %d that a side may have: %s", &p.Print.Size, px.X, px.Y, bleed, paint.MaxSize, help)
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
func (s *session) foresee(ctx context.Context, options paint.Options) (*printEvent, error) {
	if !s.Print.Given() {
		return nil, nil
	}
	needs, err := paint.Estimate(ctx, s.content, s.shape(), s.regions, options)
	if ctx.Err() != nil {
		return nil, cli.ErrInterrupted
	}
	if err != nil {
		return nil, s.inPrint(s.files(s.work).Named(checkpointError(s.Resume, err)))
	}
	var of image.Point
	if s.content != nil {
		of = s.content.Bounds().Size()
	}
	width, height := s.Print.Lengths(of)
	event := &printEvent{
		Width: needs.Width, Height: needs.Height, WidthMM: width, HeightMM: height, BleedMM: s.Print.BleedMM(), DPI: s.Print.DPI(),
		Memory: needs.Memory, Seconds: needs.Time.Seconds(),
	}
	s.report.Say("Print: %s, %d x %d pixels.", s.Print.Describe(of), needs.Width, needs.Height)
	if s.content != nil {
		part := picture.Inscribed(of.X, of.Y, options.Shape)
		event.Crop = []int{part.Min.X, part.Min.Y, part.Max.X, part.Max.Y}
		if cut := printsize.Cropped(of, part); cut != "" {
			s.report.Say("%s is cropped to this shape: %s.", s.work.Content, cut)
		}
	}
	took := ""
	if needs.Time > 0 && options.Resume == nil {
		took = ", and about " + roughly(needs.Time)
	}
	s.report.Say("Painting takes up to %s of memory%s.", humanize.IBytes(uint64(needs.Memory)), took)
	return event, nil
}

// inPrint adds to a [paint.MemoryError] the largest resolution of the print that fits.
func (p *Painter) inPrint(err error) error {
	var memory *paint.MemoryError
	if errors.As(err, &memory) && memory.Fits > 0 {
		if dpi := p.Print.LargestDPI(memory.Fits); dpi >= 1 {
			return fmt.Errorf("%w, as --print %s does", err, p.Print.At(dpi))
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

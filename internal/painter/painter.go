package painter

import (
	"image"
	"strings"
	"time"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/printsize"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// Painter paints works as its fields say. They are the values of the flags of 'pastiche
// paint' that have the same names, which explains them.
type Painter struct {
	Recipe RecipeChoice
	Engine Engine
	Inputs Inputs

	StyleBlend, StyleScales []float64    // one number for each style, or none
	Masks, StyleMasks       []string     // files
	Keep, Init              string       // files, or ""
	Shape                   *image.Point // of a texture; nil is the print's, or else DefaultShape
	Seed                    uint64
	Print                   printsize.Print

	Output                           string // a file or a folder, or "" for a name after the inputs
	CostLog, Chart, Sheet, Timelapse string // files, or ""
	SaveEvery                        *int   // iterations, 0 for never; nil is never but for the course's recipe
	Checkpoint, Resume               string // files, or ""
	CheckpointEvery                  time.Duration
	Depth                            int  // bits per channel: DefaultDepth or 16
	Quality                          *int // of a JPEG; nil is the default
	KeepProfile                      bool
	KeepMetadata                     []string // of AllMetadata
	NoProvenance                     bool
	JSON, Quiet, Preview             bool
	OutDir, Pairs                    string // of PaintAll: its folder, and PairsAll or PairsZip

	Software string          // in the provenance
	ExitCode func(error) int // of the command, which --json reports
}

// DefaultDepth is the depth of a painting in bits per channel.
const DefaultDepth = 8

// DefaultShape is the shape of a texture in pixels.
var DefaultShape = image.Pt(512, 512)

// Work is one picture to be painted.
type Work struct {
	Content string // a file, or "" for a texture
	Styles  []string
	// painting is the file of a work of a batch, and otherwise "".
	painting string
}

// Files returns the files that a work without masks reads.
func (w Work) Files() Files { return Files{Content: w.Content, Styles: w.Styles} }

// Name returns the name of a painting, without an extension: those of its inputs.
func (w Work) Name() string {
	var parts []string
	if w.Content == "" {
		parts = append(parts, "texture")
	}
	for _, path := range w.Files().paths() {
		parts = append(parts, stem(path))
	}
	return strings.Join(parts, "-")
}

// files returns the files that a work reads.
func (p *Painter) files(w Work) Files {
	return Files{Content: w.Content, Styles: w.Styles, Masks: p.Masks, StyleMasks: p.StyleMasks, Keep: p.Keep, Init: p.Init}
}

// shape returns the shape of a texture.
func (p *Painter) shape() image.Point {
	switch {
	case p.Shape != nil:
		return *p.Shape
	case p.Print.Given():
		return p.Print.Pixels(image.Point{})
	}
	return DefaultShape
}

// ChosenRecipe returns the recipe of a work, wherever that is painted.
func (p *Painter) ChosenRecipe(w Work) (paint.Recipe, error) {
	if err := p.Engine.Validate(); err != nil {
		return paint.Recipe{}, err
	}
	r, err := p.Recipe.Recipe()
	if err != nil {
		return r, err
	}
	_, sized := p.Recipe.Parameters["size"]
	for name, given := range map[string]bool{"size": sized, "print": p.Print.Given()} {
		if given && len(r.Scales) > 0 {
			return r, cli.Misused("--%s with the scales of a recipe: expected one or the other, as the last scale is the painting's size", name)
		}
	}
	switch {
	case p.Print.Given():
		px := p.Print.Pixels(image.Point{})
		r.Size = max(px.X, px.Y)
	case w.Content == "" && !sized && len(r.Scales) == 0:
		shape := p.shape()
		r.Size = max(shape.X, shape.Y)
	}
	switch {
	case p.Init != "" && !cli.Exists(p.Init):
		return r, cli.Unreadable("--init %s: no such file: expected the name of a picture; 'pastiche paint --set init=noise' begins with noise", p.Init)
	case p.Init != "":
		r.Init = paint.InitPicture
	case r.Init == paint.InitPicture:
		return r, cli.Misused("--set init=picture without --init: expected the FILE of a picture to begin with")
	}
	return r, InFlags(r.Validate())
}

// checkedRecipe is ChosenRecipe for a work that is painted here.
func (p *Painter) checkedRecipe(w Work) (paint.Recipe, error) {
	if err := p.checkOutputs(); err != nil {
		return paint.Recipe{}, err
	}
	if err := p.checkPrint(); err != nil {
		return paint.Recipe{}, err
	}
	return p.ChosenRecipe(w)
}

// checkOutputs refuses outputs that contradict each other or have no such format.
func (p *Painter) checkOutputs() error {
	switch {
	case p.Output == cli.StandardOutput && p.JSON:
		return cli.Misused("--output - and --json: expected one or the other, as both write to standard output")
	case p.Output == cli.StandardOutput && p.SaveEvery != nil && *p.SaveEvery > 0:
		return cli.Misused("--output - and --save-every: expected one or the other, as standard output holds one picture")
	case p.SaveEvery != nil && *p.SaveEvery < 0:
		return cli.Misused("--save-every %d: expected 1 or more, or 0 for never", *p.SaveEvery)
	case p.Depth != DefaultDepth && p.Depth != 16:
		return cli.Misused("--depth %d: expected 8 or 16", p.Depth)
	case p.Quality != nil && (*p.Quality < 1 || *p.Quality > 100):
		return cli.Misused("--quality %d: expected 1 to 100", *p.Quality)
	case p.CheckpointEvery < 0:
		return cli.Misused("--checkpoint-every %s: expected a time such as 30s, or 0 for every iteration", p.CheckpointEvery)
	case p.Chart != "" && chartFormat(p.Chart) != ".png" && chartFormat(p.Chart) != ".svg":
		return cli.Misused("--chart %s: expected a name that ends in .png or .svg", p.Chart)
	}
	if p.Sheet != "" {
		if _, err := picture.FormatOf(p.Sheet); err != nil {
			return &cli.UsageError{Err: err}
		}
	}
	if p.Timelapse != "" {
		return checkTimelapse(p.Timelapse)
	}
	return nil
}

// saveOptions returns how a painting is saved, and refuses what its format has not.
func (p *Painter) saveOptions(path string) (picture.SaveOptions, error) {
	saving := picture.SaveOptions{Depth: p.Depth}
	if p.Quality != nil {
		saving.Quality = *p.Quality
	}
	format, err := OutputFormat(path)
	if err == nil {
		err = saving.Check(format)
	}
	if err != nil {
		return saving, cli.Misused("%s: %w", path, err)
	}
	return saving, nil
}

// fileFlags returns the flags that name an output beside --output.
func (p *Painter) fileFlags() []output {
	return []output{{"--cost-log", p.CostLog}, {"--chart", p.Chart}, {"--sheet", p.Sheet}, {"--timelapse", p.Timelapse}}
}

// outputs returns the files of a painting.
func (p *Painter) outputs(r paint.Recipe, w Work) *Outputs {
	inputs := p.files(w).paths()
	var o *Outputs
	switch {
	case w.painting != "":
		o = &Outputs{inputs: inputs}
		o.choose(w.painting)
	case isCourse(r):
		o = newCourseOutputs(inputs, p.Output)
	default:
		o = NewOutputs(inputs, p.Output, w.Name())
	}
	o.others, o.resume = p.fileFlags(), p.Resume
	if o.checkpoint = p.Checkpoint; o.checkpoint == "" {
		o.checkpoint = p.Resume
	}
	return o
}

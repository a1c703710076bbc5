package main

import (
	"image"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/printsize"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// paintOptions are the flags of the commands that paint: each has those that
// mean something to it.
type paintOptions struct {
	recipeOptions
	engineOptions

	// Styles and masks.
	blend, styleScales []float64
	masks, styleMasks  []string
	keep, init         string

	seed  uint64
	print printsize.Print

	// Where the painting goes, and what is reported on the way.
	output, costLog, chart, sheet, film string
	saveEvery                           int
	json, quiet, preview, noProvenance  bool
	depth, quality                      int
	keepProfile                         bool
	keepMetadata                        metadataFields
	checkpoint, resume                  string
	checkpointEvery                     time.Duration
	outDir, pairs                       string
}

// addStyles adds how styles are mixed.
func (o *paintOptions) addStyles(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Float64SliceVar(&o.blend, "style-blend", nil, "`SHARES` of the styles, such as 3,7 (default all alike)")
	flags.Lookup("style-blend").DefValue = "" // which help texts leave out
	flags.Float64SliceVar(&o.styleScales, "style-scales", nil, "size of each style on top of --style-scale, `FACTORS` such as 1,0.5 (default all 1)")
	flags.Lookup("style-scales").DefValue = ""
	flags.StringArrayVar(&o.styleMasks, "style-mask", nil, "`FILE` of a mask of the part of a style that counts; repeatable, in the order of the styles")
	cli.Section(cmd, "Styles and masks", "style-blend", "style-scales", "style-mask")
}

// addMasks adds where the content is painted, and from which picture.
func (o *paintOptions) addMasks(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&o.masks, "mask", nil, "`FILE` of a mask: white where a style paints; repeatable; the rest stays as it is")
	flags.StringVar(&o.keep, "keep", "", "`FILE` of a mask: white where the content stays as it is")
	flags.StringVar(&o.init, "init", "", "`FILE` of a picture to begin with instead of the content")
	cli.Section(cmd, "Styles and masks", "mask", "keep", "init")
}

// addSeed adds the flags that change a recipe, besides the everyday ones.
func (o *paintOptions) addSeed(cmd *cobra.Command) {
	o.addSet(cmd)
	cmd.Flags().Uint64Var(&o.seed, "seed", 0, "`N` that chooses the noise to begin with; the same seed paints the same picture")
	cli.Section(cmd, "Recipe", "set", "seed")
}

// addOutput adds where the painting goes and what is reported on the way.
func (o *paintOptions) addOutput(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&o.output, "output", "o", "", "`FILE` or folder to save the painting in; - is standard output, as PNG (default a name after the inputs)")
	cli.Section(cmd, "Everyday", "output")
	cli.Everyday(cmd, "output")
	flags.IntVar(&o.depth, "depth", 8, "bits per channel of a PNG or TIFF: 8 or 16")
	flags.IntVar(&o.quality, "quality", picture.DefaultQuality, "quality of a JPEG, 1 to 100; more is larger and closer to the painting")
	flags.BoolVar(&o.noProvenance, "no-provenance", false, "leave out of the picture's file how it was painted, which 'pastiche show' prints")
	flags.IntVar(&o.saveEvery, "save-every", 0, "save the painting as it is every `N` iterations, numbered, beside the painting (classic: 20)")
	flags.StringVar(&o.sheet, "sheet", "", "`FILE` for a contact sheet of what each scale painted")
	flags.StringVar(&o.film, "film", "", "`FILE` for a film of the painting coming to be (.png or .webp)")
	cli.Section(cmd, "Output", "depth", "quality", "no-provenance", "save-every", "sheet", "film")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "report nothing but errors")
	flags.BoolVar(&o.json, "json", false, "report to a program: one event a line on standard output")
	flags.BoolVar(&o.preview, "preview", false, "show the painting, as it comes to be, in a terminal with kitty, iTerm2 or sixel graphics")
	flags.StringVar(&o.costLog, "cost-log", "", "`FILE` for a table of the costs of every iteration (CSV)")
	flags.StringVar(&o.chart, "chart", "", "`FILE` for a chart of the costs (PNG or SVG)")
	flags.StringVar(&o.checkpoint, "checkpoint", "", "new `FILE` to continue from after an interruption; it is removed when the painting is done")
	flags.DurationVar(&o.checkpointEvery, "checkpoint-every", 30*time.Second, "`TIME` between checkpoints")
	flags.StringVar(&o.resume, "resume", "", "checkpoint `FILE` to continue from; without --checkpoint new ones replace it, and it is removed when the painting is done")
	cli.Section(cmd, "Progress", "quiet", "json", "preview", "cost-log", "chart", "checkpoint", "checkpoint-every", "resume")
}

// everydayFlags adds flags of everyday parameters beside those of the recipe, and marks
// them all for the short help.
func (o *recipeOptions) everydayFlags(cmd *cobra.Command, parameters ...string) {
	addParameters(cmd, parameters...)
	var names []string
	for _, name := range []string{"recipe", "strength"} {
		if cmd.Flags().Lookup(name) != nil {
			names = append(names, name)
		}
	}
	for _, p := range parameters {
		names = append(names, parameterFlag(p))
	}
	cli.Section(cmd, "Everyday", names...)
	cli.Everyday(cmd, names...)
}

// recipe returns the recipe that was named, with the flags that were given.
func (o *paintOptions) recipe(flags *pflag.FlagSet) (paint.Recipe, error) {
	if err := o.validateOutput(); err != nil {
		return paint.Recipe{}, err
	}
	if err := o.checkPrint(flags); err != nil {
		return paint.Recipe{}, err
	}
	r, err := o.requested(flags)
	if err == nil && !flags.Changed("save-every") && isCourse(r) && o.outDir == "" && o.output != cli.StandardOutput {
		o.saveEvery = courseInterval
	}
	return r, err
}

// requested is recipe, wherever the painting is made.
func (o *paintOptions) requested(flags *pflag.FlagSet) (paint.Recipe, error) {
	if err := o.validate(); err != nil {
		return paint.Recipe{}, err
	}
	r, err := o.recipeOptions.recipe(flags)
	if err != nil {
		return r, err
	}
	for name, given := range map[string]bool{"size": flags.Changed("size"), "print": o.print.Given()} {
		if given && len(r.Scales) > 0 {
			return r, cli.Misused("--%s with the scales of a recipe: expected one or the other, as the last scale is the painting's size", name)
		}
	}
	if o.print.Given() {
		px := o.print.Pixels(image.Point{})
		r.Size = max(px.X, px.Y)
	}
	switch {
	case o.init != "" && !exists(o.init):
		return r, cli.Unreadable("--init %s: no such file: expected the name of a picture; 'pastiche paint --set init=noise' begins with noise", o.init)
	case o.init != "":
		r.Init = paint.InitPicture
	case r.Init == paint.InitPicture:
		return r, cli.Misused("--set init=picture without --init: expected the FILE of a picture to begin with")
	}
	return r, inFlags(r.Validate())
}

// validateOutput checks what the library does not know.
func (o *paintOptions) validateOutput() error {
	switch {
	case o.output == cli.StandardOutput && o.json:
		return cli.Misused("--output - and --json: expected one or the other, as both write to standard output")
	case o.output == cli.StandardOutput && o.saveEvery > 0:
		return cli.Misused("--output - and --save-every: expected one or the other, as standard output holds one picture")
	case o.saveEvery < 0:
		return cli.Misused("--save-every %d: expected 1 or more, or 0 for never", o.saveEvery)
	case o.depth != 8 && o.depth != 16:
		return cli.Misused("--depth %d: expected 8 or 16", o.depth)
	case o.quality < 1 || o.quality > 100:
		return cli.Misused("--quality %d: expected 1 to 100", o.quality)
	case o.checkpointEvery < 0:
		return cli.Misused("--checkpoint-every %s: expected a time such as 30s, or 0 for every iteration", o.checkpointEvery)
	}
	return nil
}

// saving returns how a painting is saved, and refuses what its format has not.
func (o *paintOptions) saving(flags *pflag.FlagSet, path string) (picture.SaveOptions, error) {
	saving := picture.SaveOptions{Depth: o.depth}
	override(flags, "quality", &saving.Quality, o.quality)
	format, err := outputFormat(path)
	if err == nil {
		err = saving.Check(format)
	}
	if err != nil {
		return saving, cli.Misused("%s: %w", path, err)
	}
	return saving, nil
}

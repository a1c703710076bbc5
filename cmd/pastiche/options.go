package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/painter"
	"github.com/pastiche-art/pastiche/picture"
)

// paintOptions are the flags of the commands that paint. Each command adds those that
// apply to it.
type paintOptions struct{ painter.Painter }

// addStyles adds how styles are mixed.
func (o *paintOptions) addStyles(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Float64SliceVar(&o.StyleBlend, "style-blend", nil, "`SHARES` of the styles, such as 3,7 (default all alike)")
	flags.Lookup("style-blend").DefValue = "" // which help texts leave out
	flags.Float64SliceVar(&o.StyleScales, "style-scales", nil, "size of each style on top of --style-scale, `FACTORS` such as 1,0.5 (default all 1)")
	flags.Lookup("style-scales").DefValue = ""
	flags.StringArrayVar(&o.StyleMasks, "style-mask", nil, "`FILE` of a mask of the part of a style that counts; repeatable, in the order of the styles")
	cli.Section(cmd, "Styles and masks", "style-blend", "style-scales", "style-mask")
}

// addMasks adds where the content is painted, and from which picture.
func (o *paintOptions) addMasks(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&o.Masks, "mask", nil, "`FILE` of a mask: white where a style paints; repeatable; the rest stays as it is")
	flags.StringVar(&o.Keep, "keep", "", "`FILE` of a mask: white where the content stays as it is")
	flags.StringVar(&o.Init, "init", "", "`FILE` of a picture to begin with instead of the content")
	cli.Section(cmd, "Styles and masks", "mask", "keep", "init")
}

// addSeed adds the flags that change a recipe, besides the everyday ones.
func (o *paintOptions) addSeed(cmd *cobra.Command) {
	addSet(cmd, &o.Recipe)
	cmd.Flags().Uint64Var(&o.Seed, "seed", 0, "`N` that chooses the noise to begin with; the same seed paints the same picture")
	cli.Section(cmd, "Recipe", "set", "seed")
}

// addOutput adds where the painting goes and what is reported on the way.
func (o *paintOptions) addOutput(cmd *cobra.Command) {
	o.Software, o.ExitCode = "pastiche "+moduleVersion(), exitCode
	flags := cmd.Flags()
	flags.StringVarP(&o.Output, "output", "o", "", "`FILE` or folder to save the painting in; - is standard output, as PNG (default a name after the inputs)")
	cli.Section(cmd, "Everyday", "output")
	cli.Everyday(cmd, "output")
	flags.IntVar(&o.Depth, "depth", painter.DefaultDepth, "bits per channel of a PNG or TIFF: 8 or 16")
	addOptionalInt(cmd, &o.Quality, "quality", picture.DefaultQuality, "quality of a JPEG, 1 to 100; more is larger and closer to the painting")
	flags.BoolVar(&o.NoProvenance, "no-provenance", false, "leave out of the picture's file how it was painted, which 'pastiche show' prints")
	addOptionalInt(cmd, &o.SaveEvery, "save-every", 0, "save the painting as it is every `N` iterations, numbered, beside the painting (classic: 20)")
	flags.StringVar(&o.Sheet, "sheet", "", "`FILE` for a contact sheet of what each scale painted")
	flags.StringVar(&o.Timelapse, "timelapse", "", "`FILE` for a timelapse, an animation of the painting coming to be (.png or .webp)")
	cli.Section(cmd, "Output", "depth", "quality", "no-provenance", "save-every", "sheet", "timelapse")
	flags.BoolVarP(&o.Quiet, "quiet", "q", false, "report nothing but errors")
	flags.BoolVar(&o.JSON, "json", false, "report to a program: one event a line on standard output")
	flags.BoolVar(&o.Preview, "preview", false, "show the painting, as it comes to be, in a terminal with kitty, iTerm2 or sixel graphics")
	flags.StringVar(&o.CostLog, "cost-log", "", "`FILE` for a table of the costs of every iteration (CSV)")
	flags.StringVar(&o.Chart, "chart", "", "`FILE` for a chart of the costs (PNG or SVG)")
	flags.StringVar(&o.Checkpoint, "checkpoint", "", "new `FILE` to continue from after an interruption; it is removed when the painting is done")
	flags.DurationVar(&o.CheckpointEvery, "checkpoint-every", 30*time.Second, "`TIME` between checkpoints")
	flags.StringVar(&o.Resume, "resume", "", "checkpoint `FILE` to continue from; without --checkpoint new ones replace it, and it is removed when the painting is done")
	cli.Section(cmd, "Progress", "quiet", "json", "preview", "cost-log", "chart", "checkpoint", "checkpoint-every", "resume")
}

// addKeepMetadata adds the flag that copies metadata of the content's file.
func (o *paintOptions) addKeepMetadata(cmd *cobra.Command) {
	flags := cmd.Flags()
	cli.Var(flags, &o.KeepMetadata, "keep-metadata", "save with the painting what the content's file says; of `FIELDS`, place is kept only if named, as in --keep-metadata=artist,place",
		painter.ParseMetadata, func(fields []string) string { return strings.Join(fields, ",") })
	flags.Lookup("keep-metadata").NoOptDefVal = strings.Join(painter.SharedMetadata, ",")
	cli.Complete(cmd, "keep-metadata", painter.AllMetadata, cobra.ShellCompDirectiveNoFileComp)
}

// addPrint adds the size in print.
func (o *paintOptions) addPrint(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Var(&o.Print.Size, "print", "paint for a print of a `SIZE`: 60x40cm, 24x16in@200dpi, A3 (300dpi unless given); the photo is cropped to its shape")
	flags.Var(&o.Print.Bleed, "bleed", "with --print, `LENGTH` to add on each side, to be cut off, such as 3mm")
	cli.Section(cmd, "Print", "print", "bleed")
}

// addOptionalInt adds a flag that is nil where it is not given.
func addOptionalInt(cmd *cobra.Command, to **int, name string, otherwise int, usage string) {
	parse := func(text string) (*int, error) {
		n, err := strconv.Atoi(text)
		return &n, err
	}
	cli.Var(cmd.Flags(), to, name, usage, parse, func(n *int) string {
		if n == nil {
			n = &otherwise
		}
		return strconv.Itoa(*n)
	})
}

package main

import (
	"fmt"
	"image"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/internal/printsize"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// paintOptions are the flags of the commands that paint: each has those that
// mean something to it.
type paintOptions struct {
	costOptions

	// The canvas.
	size, iterations, firstSize int
	scaleStep                   float64
	pyramid                     int
	scales                      scaleList
	init, optimizer             string
	learningRate                float64
	seed                        uint64
	print                       printsize.Print

	// The hand.
	blend, styleScales  []float64
	masks, styleMasks   []string
	keep                string
	keepProfile         bool
	keepMetadata        metadataFields
	colors, colorMethod string
	rotations           int
	tileable            bool

	// Where it goes.
	output, log, chart, sheet, film string
	saveEvery                       int
	json, quiet, preview, noNote    bool
	depth, quality                  int
	checkpoint, resume              string
	checkpointEvery                 time.Duration
	outDir, pairs                   string
}

// addCanvas adds what is painted on, for how long, and by what.
func (o *paintOptions) addCanvas(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.IntVar(&o.size, "size", 0, "long side of the painting in pixels")
	flags.IntVar(&o.iterations, "iterations", 0, "iterations at each scale; the first of several keeps its ratio to the others")
	flags.IntVar(&o.firstSize, "first-size", 0, "long side of the first scale in pixels, 0 for a single scale")
	flags.Float64Var(&o.scaleStep, "scale-step", 0, "ratio of each scale to the one before")
	flags.Var(&o.scales, "scales", "`SIZES` one by one, with iterations, such as 128:200,256:100,512:50; the last is the painting's")
	flags.IntVar(&o.pyramid, "pyramid", 0, "`LEVELS` of a Laplacian pyramid to move instead of pixels, 0 for pixels")
	flags.StringVar(&o.optimizer, "optimizer", "", "`NAME` of what moves the pixels: adam, lbfgs")
	flags.Float64Var(&o.learningRate, "learning-rate", 0, "step of adam, in levels of 0 to 255")
	flags.Uint64Var(&o.seed, "seed", 0, "which noise to begin with; the same seed paints the same picture")
	complete(cmd, "optimizer", []string{string(paint.Adam), string(paint.LBFGS)}, cobra.ShellCompDirectiveNoFileComp)
}

// addSubject adds what is painted over, and where.
func (o *paintOptions) addSubject(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.init, "init", "", "where the painting begins: content, noise, or a picture `FILE`")
	complete(cmd, "init", []string{string(paint.InitContent), string(paint.InitNoise)}, cobra.ShellCompDirectiveDefault)
	flags.StringArrayVar(&o.masks, "mask", nil, "`FILE` that shows where on the content a style belongs; repeatable; what no mask shows stays as it is")
	flags.StringVar(&o.keep, "keep", "", "`FILE` that shows which part of the content stays as it is")
	o.addFaces(cmd)
}

// addHand adds how styles and colours are used.
func (o *paintOptions) addHand(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Float64SliceVar(&o.blend, "style-blend", nil, "how much each style counts, `SHARES` such as 3,7 (default all alike)")
	flags.Lookup("style-blend").DefValue = "" // which help texts leave out
	flags.Float64SliceVar(&o.styleScales, "style-scales", nil, "size of each style on top of --style-scale, `FACTORS` such as 1,0.5 (default all 1)")
	flags.Lookup("style-scales").DefValue = ""
	flags.StringArrayVar(&o.styleMasks, "style-mask", nil, "`FILE` that shows which part of a style counts; repeatable, in the order of the styles")
	flags.IntVar(&o.rotations, "rotations", 0, "directions in which each style is seen, 1 to 4")
	colors := texts([]paint.Colors{paint.StyleColors, paint.ContentColors, paint.MatchColors})
	flags.StringVar(&o.colors, "colors", "", "`WHOSE` colours: style as they come of painting, content to keep the photo's, match for exactly those of the style")
	methods := texts(picture.ColorMethods())
	flags.StringVar(&o.colorMethod, "color-method", "", "`HOW` colours are kept or matched: "+strings.Join(methods, ", ")+"; luminance suits --colors content, of which the others make smears, linear suits --colors match (defaults)")
	complete(cmd, "colors", colors, cobra.ShellCompDirectiveNoFileComp)
	complete(cmd, "color-method", methods, cobra.ShellCompDirectiveNoFileComp)
}

// addOutput adds where the painting goes and what is told on the way.
func (o *paintOptions) addOutput(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&o.output, "output", "o", "", "`FILE` or folder to save the painting in; - is standard output, as PNG")
	flags.IntVar(&o.depth, "depth", 8, "bits per channel of a PNG or TIFF: 8 or 16")
	flags.IntVar(&o.quality, "quality", picture.DefaultQuality, "quality of a JPEG, 1 to 100")
	flags.BoolVar(&o.noNote, "no-note", false, "leave out of the picture what 'pastiche show' prints: how it was painted")
	flags.IntVar(&o.saveEvery, "save-every", 0, "save the painting as it is every `N` iterations, numbered, beside the painting (classic: 20)")
	flags.StringVar(&o.checkpoint, "checkpoint", "", "new `FILE` to continue from, should anything happen; it is removed when the painting is done")
	flags.DurationVar(&o.checkpointEvery, "checkpoint-every", 30*time.Second, "`TIME` between checkpoints")
	flags.StringVar(&o.resume, "resume", "", "checkpoint `FILE` to continue from; without --checkpoint new ones replace it, and it is removed when the painting is done")
	flags.StringVar(&o.log, "log", "", "`FILE` for a table of the costs of every iteration (CSV)")
	flags.StringVar(&o.chart, "plot", "", "`FILE` for a chart of the costs (PNG or SVG)")
	flags.StringVar(&o.sheet, "sheet", "", "`FILE` for a contact sheet of what each scale painted")
	flags.StringVar(&o.film, "film", "", "`FILE` for a film of the painting coming to be (.png or .webp)")
	flags.BoolVar(&o.preview, "preview", false, "show the painting, as it comes to be, in a terminal with kitty, iTerm2 or sixel graphics")
	flags.BoolVar(&o.json, "json", false, "report to a program: one event a line on standard output")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "report nothing but errors")
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
	if err == nil && !flags.Changed("save-every") && isNote(r) && o.outDir == "" && o.output != standardOutput {
		o.saveEvery = noteInterval
	}
	return r, err
}

// requested is recipe, wherever the painting is made.
func (o *paintOptions) requested(flags *pflag.FlagSet) (paint.Recipe, error) {
	r, err := o.costOptions.recipe(flags)
	if err != nil {
		return r, err
	}
	override(flags, "size", &r.Size, o.size)
	if o.print.Given() {
		px := o.print.Pixels(image.Point{})
		r.Size = max(px.X, px.Y)
	}
	override(flags, "optimizer", &r.Optimizer, paint.Optimizer(o.optimizer))
	override(flags, "learning-rate", &r.LearningRate, o.learningRate)
	override(flags, "rotations", &r.Rotations, o.rotations)
	override(flags, "pyramid", &r.Pyramid, o.pyramid)
	override(flags, "tileable", &r.Tileable, o.tileable)
	if flags.Changed("colors") { // the recipe's method is for its own
		r.Colors, r.ColorMethod = paint.Colors(o.colors), ""
	}
	override(flags, "color-method", &r.ColorMethod, picture.ColorMethod(o.colorMethod))
	if flags.Changed("iterations") {
		setIterations(&r, o.iterations)
	}
	if err := o.overrideScales(flags, &r); err != nil {
		return r, err
	}
	if flags.Changed("init") {
		r.Init = paint.Init(o.init)
		if path := o.initPicture(); path != "" {
			r.Init = paint.InitPicture
			if !exists(path) {
				return r, &inputError{fmt.Errorf("--init %s: no such file: expected content, noise or the name of a picture", path)}
			}
		}
	}
	return r, inFlags(r.Validate())
}

// setIterations sets those of each scale; the first keeps its ratio to the others. More
// than any painting may have are left to [paint.Recipe.Validate].
func setIterations(r *paint.Recipe, n int) {
	if n <= paint.MaxIterations {
		r.FirstIterations = r.FirstIterations * n / r.Iterations
	}
	r.Iterations = n
}

// overrideScales takes over which scales there are.
func (o *paintOptions) overrideScales(flags *pflag.FlagSet, r *paint.Recipe) error {
	if flags.Changed("scales") {
		for _, other := range []string{"size", "first-size", "scale-step"} {
			if flags.Changed(other) {
				return misused("--scales and --%s: expected one or the other", other)
			}
		}
		for _, s := range o.scales {
			if s.Iterations == 0 {
				s.Iterations = r.Iterations
			}
			r.Scales = append(r.Scales, s)
		}
		r.Size = r.Scales[len(r.Scales)-1].Size
	}
	override(flags, "first-size", &r.FirstSize, o.firstSize)
	if r.FirstSize > 0 { // which a recipe of a single scale says nothing of
		if r.ScaleStep == 0 {
			r.ScaleStep = math.Sqrt2
		}
		if r.FirstIterations == 0 {
			r.FirstIterations = r.Iterations
		}
	}
	override(flags, "scale-step", &r.ScaleStep, o.scaleStep)
	return nil
}

// validateOutput checks what the library does not know.
func (o *paintOptions) validateOutput() error {
	switch {
	case o.output == standardOutput && o.json:
		return misused("--output - and --json: expected one or the other, as both write to standard output")
	case o.output == standardOutput && o.saveEvery > 0:
		return misused("--output - and --save-every: expected one or the other, as standard output holds one picture")
	case o.saveEvery < 0:
		return misused("--save-every %d: expected 1 or more, or 0 for never", o.saveEvery)
	case o.depth != 8 && o.depth != 16:
		return misused("--depth %d: expected 8 or 16", o.depth)
	case o.quality < 1 || o.quality > 100:
		return misused("--quality %d: expected 1 to 100", o.quality)
	case o.checkpointEvery < 0:
		return misused("--checkpoint-every %s: expected a time such as 30s, or 0 for every iteration", o.checkpointEvery)
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
		return saving, misused("%s: %w", path, err)
	}
	return saving, nil
}

// initPicture returns the picture that the painting begins with, or "".
func (o *paintOptions) initPicture() string {
	switch paint.Init(o.init) {
	case paint.InitContent, paint.InitNoise:
		return ""
	}
	return o.init
}

// scaleList is the value of a flag: sizes with or without iterations.
type scaleList []paint.Scale

func (l *scaleList) Set(list string) error {
	var parsed []paint.Scale
	for item := range strings.SplitSeq(list, ",") {
		size, iterations, found := strings.Cut(strings.TrimSpace(item), ":")
		var s paint.Scale
		var err error
		if s.Size, err = strconv.Atoi(size); err != nil {
			return fmt.Errorf("size %q: expected a whole number of pixels", size)
		}
		if found {
			if s.Iterations, err = strconv.Atoi(iterations); err != nil || s.Iterations < 1 {
				return fmt.Errorf("%q iterations at %d pixels: expected a whole number, 1 or more", iterations, s.Size)
			}
		}
		parsed = append(parsed, s)
	}
	*l = parsed
	return nil
}

func (l *scaleList) String() string {
	items := make([]string, len(*l))
	for i, s := range *l {
		items[i] = fmt.Sprintf("%d:%d", s.Size, s.Iterations)
	}
	return strings.Join(items, ",")
}

// Type is what pflag calls the value in help texts.
func (*scaleList) Type() string { return "scales" }

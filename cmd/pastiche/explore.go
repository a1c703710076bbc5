package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/explore"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/painter"
	"github.com/pastiche-art/pastiche/internal/report"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
	"github.com/pastiche-art/pastiche/provenance"
)

func newExploreCommand() *cobra.Command {
	var opts exploreOptions
	cmd := &cobra.Command{
		Use:   "explore PHOTO PAINTING...",
		Short: "Paint a sheet of small variations to choose from",
		Long: `Paint a photo in the manner of a painting in a dozen ways, small and side by side
on one sheet, and print for each the command that paints it large. All of them
together take less time than two paintings of 512 pixels.

--vary says what they differ in. One of these makes a dozen of them, or as many
as there are; two make every value of the first, across, with every value of the
second, down:
  strength     how far to go from the photo
  style_scale  the size of the strokes
  recipe       the way to paint
  colors       whose colours the painting has
  seed         the noise that the paintings begin with, which is --set init=noise
Parameters that do not vary are the same for all, and so in every command.

The sheet is saved as -o says. Without -o it is called after its inputs, such as
photo-painting-explore.png, and never like a file that exists.

Ctrl-C saves the sheet with the paintings that are finished; a second one stops
at once.`,
		Example: `  pastiche explore photo.jpg painting.jpg
  pastiche explore photo.jpg painting.jpg --vary recipe,strength -o sheet.png
  pastiche explore photo.jpg painting.jpg --vary seed --recipe gatys --size 1024
  pastiche explore photo.jpg painting.jpg --json | jq '.paintings[4].command'`,
		Args: cli.Args(2, -1, "a photo and at least one painting"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runExplore(cmd.Context(), &opts, cmd.Flags(), painter.Work{Content: args[0], Styles: args[1:]})
		},
	}
	opts.AddFlags(cmd)
	return cmd
}

// exploreOptions are the flags of an exploration.
type exploreOptions struct {
	recipe      painter.RecipeChoice
	engine      painter.Engine
	inputs      painter.Inputs
	output      string
	vary        []string
	study       int
	seed        uint64
	json, quiet bool
}

func (o *exploreOptions) AddFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false // so that the commands have them in the order that they were given in
	var names []string
	for _, p := range explore.Parameters() {
		names = append(names, string(p))
	}
	flags.StringSliceVar(&o.vary, "vary", []string{string(explore.Strength), string(explore.StyleScale)},
		"`WHAT` the paintings differ in, one or two of: "+strings.Join(names, ", "))
	flags.Lookup("vary").DefValue = string(explore.Strength) + "," + string(explore.StyleScale)
	cli.Complete(cmd, "vary", names, cobra.ShellCompDirectiveNoFileComp)
	flags.StringVarP(&o.output, "output", "o", "", "`FILE` or folder to save the sheet in (default a name after the inputs)")
	cli.Section(cmd, "Everyday", "vary", "output")
	cli.Everyday(cmd, "vary", "output")
	flags.StringVar(&o.recipe.Name, "recipe", paint.RecipeNames()[0], "`NAME` of a recipe, which 'pastiche recipes' lists: "+strings.Join(paint.RecipeNames(), ", "))
	cli.Complete(cmd, "recipe", paint.RecipeNames(), cobra.ShellCompDirectiveNoFileComp)
	addStrength(cmd, &o.recipe)
	everydayFlags(cmd, &o.recipe, "size", "iterations", "content_weight", "style_scale", "colors", "faces")
	addSet(cmd, &o.recipe)
	flags.Uint64Var(&o.seed, "seed", 0, "`N` that chooses the noise to begin with; the first one with --vary seed")
	cli.Section(cmd, "Recipe", "set", "seed")
	flags.IntVar(&o.study, "study-size", explore.DefaultSize, "long side of each painting on the sheet in pixels; more shows more and takes longer")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "report no progress")
	flags.BoolVar(&o.json, "json", false, "print the sheet's name and the commands as one JSON object")
	cli.Section(cmd, "Output", "study-size", "quiet", "json")
	cli.Everyday(cmd, "set", "study-size")
	addEngine(cmd, &o.engine, &o.inputs)
}

// variations returns what is painted.
func (o *exploreOptions) variations(flags *pflag.FlagSet) ([]explore.Variation, error) {
	fixed := make(map[explore.Parameter]string)
	for _, name := range append([]string{"recipe", "strength", "seed"}, painter.EverydayParameters...) {
		if flags.Changed(painter.ParameterFlag(name)) {
			fixed[explore.Parameter(name)] = flags.Lookup(painter.ParameterFlag(name)).Value.String()
		}
	}
	for _, setting := range o.recipe.Settings {
		name, value, err := painter.ParseSetting(setting)
		if err == nil {
			err = painter.InSetting(name, new(paint.Fine()).Set(name, value)) // which names the flag of a mistake
		}
		if err != nil {
			return nil, err
		}
		fixed[explore.Parameter(name)] = value
	}
	var varied []explore.Parameter
	for _, name := range o.vary {
		p := explore.Parameter(name)
		if _, given := fixed[p]; given && p != explore.Seed {
			return nil, cli.Misused("--vary %s and a %s that is given: expected one or the other", p, p)
		}
		varied = append(varied, p)
	}
	all, err := explore.Vary(fixed, varied...)
	var option *paint.OptionError
	if errors.As(err, &option) && option.Option == "vary" {
		return nil, cli.Misused("--vary: %s", option.Reason)
	}
	if err != nil {
		return nil, painter.InFlags(err)
	}
	return all, nil
}

func runExplore(ctx context.Context, opts *exploreOptions, flags *pflag.FlagSet, w painter.Work) error {
	if err := opts.engine.Validate(); err != nil {
		return err
	}
	if opts.study < 1 || opts.study > paint.MaxSize {
		return cli.Misused("--study-size %d: expected 1 to %d", opts.study, paint.MaxSize)
	}
	variations, err := opts.variations(flags)
	if err != nil {
		return err
	}
	if opts.output == cli.StandardOutput {
		return cli.Misused("--output -: the commands are printed on standard output: expected a file")
	}
	paths := append([]string{w.Content}, w.Styles...)
	out := painter.NewOutputs(paths, opts.output, w.Name()+"-explore")
	if err := out.Check(); err != nil {
		return err
	}
	pictures, err := opts.inputs.OpenAll(ctx, paths)
	if err != nil {
		return err
	}
	if err := out.Prepare(); err != nil {
		return err
	}
	defer out.Tidy()
	options := explore.Options{
		Size: opts.study, Threads: opts.engine.Threads, Precision: opts.engine.Precision, Memory: opts.engine.LimitMemory(),
	}
	if opts.engine.Network != "" {
		if options.Network, err = opts.engine.OpenNetwork(); err != nil {
			return err
		}
	}
	regions := paint.InMannerOf(pictures[1:]...)
	studies, err := explore.Prepare(pictures[0], regions, variations, options)
	if err != nil {
		return w.Files().Named(err)
	}
	var at explore.Variation
	say := report.NewIterations(report.New(opts.quiet || opts.json), explore.Schedule(studies), func(paint.Progress) string {
		return fmt.Sprintf("painting %d of %d: %s", at.Number, len(studies), at.Label())
	})
	opts.inputs.Tell(say.Say)
	for _, s := range studies {
		if s.Err != nil {
			say.Say("%d, %s, is left out: %v", s.Number, s.Label(), s.Err)
		}
	}
	options.Progress = func(p explore.Progress) {
		at = p.Variation
		say.Iteration(p.Progress)
	}
	hush := context.AfterFunc(ctx, func() {
		say.Say("Stopping after this iteration; Ctrl-C again stops at once.")
	})
	paintErr := explore.Paint(ctx, pictures[0], regions, studies, options)
	hush()
	say.Close()
	return opts.conclude(w, out, variations, studies, paintErr)
}

// conclude saves the sheet of the studies that are painted and prints the commands of
// their variations. paintErr is why not all were painted, or nil.
func (o *exploreOptions) conclude(w painter.Work, out *painter.Outputs, variations []explore.Variation, studies []explore.Study, paintErr error) error {
	paper := explore.Sheet(studies)
	if paper == nil { // not one is finished
		for _, s := range studies {
			if paintErr == nil {
				paintErr = s.Err
			}
		}
		if errors.Is(paintErr, context.Canceled) {
			return cli.ErrInterrupted
		}
		return w.Files().Named(paintErr)
	}
	if err := out.SavePicture(paper, picture.SaveOptions{}); err != nil {
		return err
	}
	sheet := out.Picture
	choices := exploration{Sheet: sheet}
	for i, s := range studies {
		if s.Picture != nil {
			choices.Paintings = append(choices.Paintings, o.explored(w, variations[i]))
		}
	}
	var err error
	if o.json {
		err = cli.PrintJSON([]exploration{choices})
	} else {
		err = choices.print()
	}
	if err != nil {
		return err
	}
	if paintErr != nil {
		return &unexploredError{sheet, len(choices.Paintings), len(studies), w.Files().Named(paintErr)}
	}
	if !o.quiet && !o.json {
		cli.Warn("Saved %s (%d x %d pixels), with %d paintings.", sheet, paper.W, paper.H, len(choices.Paintings))
	}
	return nil
}

// exploration is what explore prints.
type exploration struct {
	Sheet     string     `json:"sheet"`
	Paintings []explored `json:"paintings"`
}

// explored is a painting of a sheet.
type explored struct {
	Number  int                          `json:"number"`
	Label   string                       `json:"label"`
	Choices map[explore.Parameter]string `json:"choices"`
	Command []string                     `json:"command"` // that paints it large
}

// explored returns what is printed of a variation.
func (o *exploreOptions) explored(w painter.Work, v explore.Variation) explored {
	e := explored{Number: v.Number, Label: v.Label(), Choices: make(map[explore.Parameter]string)}
	r := provenance.Record{Seed: v.Seed, Precision: o.engine.Precision, Strength: o.recipe.Strength, Recipe: v.Recipe}
	r.Network.Name = o.engine.Network
	for _, c := range v.Choices {
		e.Choices[c.Parameter] = c.Value
		if s, err := paint.ParseStrength(c.Value); err == nil && c.Parameter == explore.Strength {
			r.Strength = &s
		}
	}
	r.Inputs = append(r.Inputs, provenance.Input{Role: paint.ContentRole, Name: w.Content})
	for _, style := range w.Styles {
		r.Inputs = append(r.Inputs, provenance.Input{Role: paint.StyleRole, Name: style})
	}
	e.Command = r.Command()
	return e
}

// print prints a numbered list.
func (e *exploration) print() error {
	var b bytes.Buffer
	width := len(strconv.Itoa(len(e.Paintings)))
	for _, p := range e.Paintings {
		fmt.Fprintf(&b, "%*d. %s\n%*s  %s\n", width, p.Number, p.Label, width, "", cli.Printable(cli.ShellWords(p.Command)))
	}
	return cli.PrintText(b.Bytes())
}

// unexploredError says why a sheet has fewer paintings than it should.
type unexploredError struct {
	sheet       string
	painted, of int
	cause       error
}

func (e *unexploredError) Error() string {
	why := e.cause.Error()
	if errors.Is(e.cause, context.Canceled) {
		why = "interrupted"
	}
	return fmt.Sprintf("%s after %d of %d paintings; the sheet with these is saved in %s", why, e.painted, e.of, e.sheet)
}

func (e *unexploredError) Unwrap() error { return e.cause }

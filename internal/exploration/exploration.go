// Package exploration paints a sheet of small variations of a painting whose inputs are
// files, and prints for each the command that paints it large.
//
//	flags -> [Explorer] -> package explore -> a sheet, and a list of commands or JSON
package exploration

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/pastiche-art/pastiche/explore"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/painter"
	"github.com/pastiche-art/pastiche/internal/report"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// An Explorer paints a sheet as its fields say. The comments name the flags that they are
// the values of.
type Explorer struct {
	Recipe painter.RecipeChoice // what does not vary; Name is "" unless it is given
	Engine painter.Engine
	Inputs painter.Inputs

	Vary        []string // the parameters that vary, one or two
	StudySize   int      // the long side of each painting in pixels
	Seed        uint64   // the first one where it varies
	Output      string   // the file or folder of the sheet, or "" for a name after the inputs
	JSON, Quiet bool
}

// Variations returns what Paint paints.
func (e *Explorer) Variations() ([]explore.Variation, error) {
	fixed, err := e.fixed()
	if err != nil {
		return nil, err
	}
	var varied []explore.Parameter
	for _, name := range e.Vary {
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
	return all, painter.InFlags(err)
}

// fixed returns the parameters that do not vary.
func (e *Explorer) fixed() (map[explore.Parameter]string, error) {
	fixed := map[explore.Parameter]string{explore.Seed: fmt.Sprint(e.Seed)}
	if painter.IsRecipeFile(e.Recipe.Name) {
		text, err := painter.ReadRecipe(e.Recipe.Name)
		if err != nil {
			return nil, err
		}
		fixed[explore.Recipe] = string(text)
	} else if e.Recipe.Name != "" {
		fixed[explore.Recipe] = e.Recipe.Name
	}
	if e.Recipe.Strength != nil {
		fixed[explore.Strength] = e.Recipe.Strength.String()
	}
	for name, value := range e.Recipe.Parameters {
		fixed[explore.Parameter(name)] = value
	}
	for _, setting := range e.Recipe.Settings {
		name, value, err := painter.ParseSetting(setting)
		if err == nil {
			err = painter.InSetting(name, new(paint.Fine()).Set(name, value)) // which names the flag of a mistake
		}
		if err != nil {
			return nil, err
		}
		fixed[explore.Parameter(name)] = value
	}
	return fixed, nil
}

// Paint paints the variations of a work, saves the sheet, and prints the commands. Where
// ctx ends, it does so for those that are finished.
func (e *Explorer) Paint(ctx context.Context, w painter.Work) error {
	if err := e.Engine.Validate(); err != nil {
		return err
	}
	switch {
	case e.StudySize < 1 || e.StudySize > paint.MaxSize:
		return cli.Misused("--study-size %d: expected 1 to %d", e.StudySize, paint.MaxSize)
	case e.Output == cli.StandardOutput:
		return cli.Misused("--output -: the commands are printed on standard output: expected a file")
	}
	variations, err := e.Variations()
	if err != nil {
		return err
	}
	files := append([]string{w.Content}, w.Styles...)
	out := painter.NewOutputs(files, e.Output, w.Name()+"-explore")
	if err := out.Check(); err != nil {
		return err
	}
	pictures, err := e.Inputs.OpenAll(ctx, files)
	if err != nil {
		return err
	}
	if err := out.Prepare(); err != nil {
		return err
	}
	defer out.Tidy()
	options := explore.Options{
		Size: e.StudySize, Threads: e.Engine.Threads, Precision: e.Engine.Precision, Memory: e.Engine.LimitMemory(),
	}
	if e.Engine.Network != "" {
		if options.Network, err = e.Engine.OpenNetwork(); err != nil {
			return err
		}
	}
	regions := paint.InMannerOf(pictures[1:]...)
	studies, err := explore.Prepare(pictures[0], regions, variations, options)
	if err != nil {
		return w.Files().Named(err)
	}
	var at explore.Variation
	to := report.NewIterations(report.New(e.Quiet || e.JSON), explore.Schedule(studies), func(paint.Progress) string {
		return fmt.Sprintf("painting %d of %d: %s", at.Number, len(studies), at.Label())
	})
	e.Inputs.Tell(to.Say)
	for _, s := range studies {
		if s.Err != nil {
			to.Say("%d, %s, is left out: %v", s.Number, s.Label(), s.Err)
		}
	}
	options.Progress = func(p explore.Progress) {
		at = p.Variation
		to.Iteration(p.Progress)
	}
	stop := context.AfterFunc(ctx, func() {
		to.Say("Stopping after this iteration; Ctrl-C again stops at once.")
	})
	err = explore.Paint(ctx, pictures[0], regions, studies, options)
	stop()
	to.Close()
	return e.conclude(w, out, variations, studies, err)
}

// conclude saves the sheet of the studies that are painted and prints their commands. err
// is why not all were painted, or nil.
func (e *Explorer) conclude(w painter.Work, out *painter.Outputs, variations []explore.Variation, studies []explore.Study, err error) error {
	if errors.Is(err, context.Canceled) {
		err = cli.ErrInterrupted
	}
	sheet := explore.Sheet(studies)
	if sheet == nil { // not one is finished
		for _, s := range studies {
			err = cmp.Or(err, s.Err)
		}
		return w.Files().Named(err)
	}
	if err := out.SavePicture(sheet, picture.SaveOptions{}); err != nil {
		return err
	}
	painted := record{Sheet: out.Picture}
	for i, s := range studies {
		if s.Picture != nil {
			painted.Paintings = append(painted.Paintings, e.painting(w, variations[i]))
		}
	}
	if err := painted.print(e.JSON); err != nil {
		return err
	}
	if err != nil {
		return fmt.Errorf("%w after %d of %d paintings; the sheet with these is saved in %s",
			w.Files().Named(err), len(painted.Paintings), len(studies), out.Picture)
	}
	if !e.Quiet && !e.JSON {
		cli.Warn("Saved %s (%d x %d pixels), with %d paintings.", out.Picture, sheet.W, sheet.H, len(painted.Paintings))
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// work is one picture to be painted.
type work struct {
	content string      // "" for a texture
	shape   image.Point // of a texture
	styles  []string
	// painting is the file of a work of a batch, and otherwise "".
	painting string
}

// errNotBegun ends a painting that had no iteration yet.
var errNotBegun = fmt.Errorf("%w before the first iteration; there is no painting to save", cli.ErrInterrupted)

// runWork paints a picture. With --json it reports to standard output, errors included.
func runWork(ctx context.Context, opts *paintOptions, flags *pflag.FlagSet, w work) error {
	if !opts.json {
		return paintWork(ctx, opts, flags, w, nil)
	}
	program := newEvents(os.Stdout)
	if err := paintWork(ctx, opts, flags, w, program); err != nil {
		program.send(errorEvent{"error", "", exitCode(err), err.Error()})
		return err
	}
	return cli.Unwritable("standard output", program.err)
}

// paintWork opens the inputs, paints, and saves the picture. It reports to the program,
// or to a person where that is nil.
func paintWork(ctx context.Context, opts *paintOptions, flags *pflag.FlagSet, w work, program *events) error {
	recipe, err := opts.recipe(flags)
	if err != nil {
		return err
	}
	files := opts.paths(recipe, w)
	if err := files.check(); err != nil {
		return err
	}
	saving, err := opts.saving(flags, files.painting)
	if err != nil {
		return err
	}
	if err := opts.checkCheckpoint(); err != nil {
		return err
	}
	checkpoint, resumed, err := openCheckpoint(opts.resume)
	if err != nil {
		return err
	}
	content, regions, init, err := opts.openInputs(ctx, w)
	if err != nil {
		return err
	}
	if err := files.prepare(); err != nil {
		return err
	}
	defer files.tidy()
	network, substitute, err := opts.openRecipeNetwork(flags, &recipe)
	if err != nil {
		return err
	}

	var report reporter = program
	if program == nil {
		report = newReporter(opts.quiet, recipe.Schedule(), costsAt)
	}
	watch := opts.witnesses(recipe, files, report)
	keeper := opts.newCheckpoints(files, resumed)
	if keeper != nil {
		watch = append(watch, keeper)
	}
	var shown *previews
	if opts.preview {
		if shown, err = newPreviews(report.output(), &opts.inputs); err != nil {
			report.say("pastiche: %v", err) // painting goes on without it
		} else {
			watch = append(watch, shown)
		}
	}
	options := paint.Options{
		Recipe: &recipe, Network: network, Init: init, Resume: checkpoint,
		Seed: opts.seed, Threads: opts.threads, Precision: opts.precision, Memory: opts.limitMemory(), Progress: watch.iteration,
	}
	if opts.print.Given() && w.content != "" {
		options.Shape = opts.print.Pixels(content.Bounds().Size())
	}
	if substitute != "" {
		report.say("%s", substitute)
	}
	opts.inputs.tell(report.say)
	printed, err := opts.foresee(ctx, w, content, regions, options, report)
	if err != nil {
		return err
	}
	report.begin(startEvent{"start", recipe.Name, network.Name, w.content, w.styles, files.painting, opts.seed, printed})
	quiet := context.AfterFunc(ctx, func() {
		report.say("Stopping; Ctrl-C again stops at once.")
	})
	begun, resumedAt := time.Now(), 0
	if checkpoint != nil {
		resumedAt = checkpoint.Step()
	}
	var painting *paint.Painting
	var paintErr error
	if w.content == "" {
		painting, paintErr = paint.Texture(ctx, w.shape, regions, options)
	} else {
		painting, paintErr = paint.Paint(ctx, content, regions, options)
	}
	quiet()
	closeErr := watch.close()
	if painting == nil && ctx.Err() != nil {
		return cli.ErrInterrupted
	}
	if painting == nil {
		return opts.inputFiles(w).named(checkpointError(opts.resume, paintErr))
	}
	if errors.Is(paintErr, context.Canceled) {
		switch {
		case painting.Steps == 0:
			return errNotBegun
		case w.painting != "":
			return cli.ErrInterrupted // and the batch paints it again
		}
	}
	saving.Profile, saving.Metadata = opts.inputs.kept, opts.inputs.metadata
	if opts.print.Given() {
		saving.Metadata.Resolution = opts.print.DPI()
	}
	record := opts.provenance(flags, w, recipe, network)
	record.SetOutcome(painting, paintErr)
	if !opts.noProvenance {
		saving.Record = record.Encode()
	}
	if err := files.savePainting(painting.Picture, saving); err != nil {
		return err
	}
	report.saved(files.painting)
	if paintErr != nil {
		return &unfinishedError{files.painting, record, paintErr, keeper.leave(painting)}
	}
	keeper.drop()
	report.done(doneEvent{
		"done", files.painting, painting.W, painting.H, painting.Steps, resumedAt, time.Since(begun).Seconds(), painting.Faces, painting.Costs,
	})
	if shown != nil {
		if err := shown.draw(os.Stdout, painting.Picture); err != nil {
			return err
		}
	}
	return closeErr
}

// openInputs returns the content, the styles with their masks, and the picture that
// the painting begins with. Those that w does not have are nil.
func (o *paintOptions) openInputs(ctx context.Context, w work) (content image.Image, regions []paint.Region, init image.Image, err error) {
	defer o.inputs.release()
	if content, err = o.openContent(ctx, w); err != nil {
		return nil, nil, nil, err
	}
	if regions, err = o.openRegions(ctx, w.styles); err != nil {
		return nil, nil, nil, err
	}
	if init, err = o.openInit(ctx); err != nil {
		return nil, nil, nil, err
	}
	return content, regions, init, nil
}

// openContent returns the content, or nil for a texture. With --keep-profile all
// that is opened after it has its profile, and with --keep-metadata its metadata is
// kept.
func (o *paintOptions) openContent(ctx context.Context, w work) (image.Image, error) {
	o.inputs.kept, o.inputs.metadata = nil, picture.Metadata{}
	if w.content == "" {
		return nil, nil
	}
	f, err := o.read(ctx, w.content)
	if err != nil {
		return nil, err
	}
	if o.keepProfile {
		if err := o.inputs.keep(w.content, f); err != nil {
			return nil, err
		}
	}
	if o.keepMetadata != nil {
		o.inputs.metadata = o.keepMetadata.of(f.Metadata)
		if o.inputs.metadata == (picture.Metadata{}) {
			o.inputs.warn("%s carries no metadata for --keep-metadata to keep.", w.content)
		}
	}
	return o.inputs.levels(f), nil
}

// openInit returns the picture that the painting begins with, or nil.
func (o *paintOptions) openInit(ctx context.Context) (image.Image, error) {
	if o.init == "" {
		return nil, nil
	}
	return o.openPicture(ctx, o.init)
}

// paths returns the files of a painting.
func (o *paintOptions) paths(r paint.Recipe, w work) *paths {
	p := &paths{costLog: o.costLog, chart: o.chart, sheet: o.sheet, film: o.film, checkpoint: o.checkpoint, resume: o.resume}
	if p.checkpoint == "" {
		p.checkpoint = o.resume
	}
	for _, f := range o.inputFiles(w).all() {
		p.inputs = append(p.inputs, f.path)
	}
	if w.painting != "" {
		p.choose(w.painting)
	} else {
		p.namePainting(o.output, isCourse(r), w.name())
	}
	return p
}

// witnesses returns the witnesses of a painting.
func (o *paintOptions) witnesses(r paint.Recipe, files *paths, report reporter) witnesses {
	all := witnesses{&facesFound{say: report.say}, report}
	if isCourse(r) {
		all = append(all, &courseCosts{to: courseOutput(files, report)})
	}
	if o.saveEvery > 0 {
		s := &snapshots{every: o.saveEvery, first: o.saveEvery, name: numbered, files: files, profile: o.inputs.kept, saved: report.saved}
		if isCourse(r) && o.outDir == "" {
			s.first, s.name = 1, courseSnapshot
		}
		all = append(all, s)
	}
	if o.costLog != "" || o.chart != "" {
		all = append(all, newCostLog(o.costLog, o.chart, r, report.saved))
	}
	if o.sheet != "" {
		all = append(all, &sheet{path: o.sheet, inputs: &o.inputs, saved: report.saved})
	}
	if o.film != "" {
		all = append(all, newFilm(o.film, r, &o.inputs, report.saved))
	}
	return all
}

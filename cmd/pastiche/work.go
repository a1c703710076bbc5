package main

import (
	"context"
	"image"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/paint"
)

// work is one picture to be painted.
type work struct {
	content string      // "" for a texture
	shape   image.Point // of a texture
	styles  []string
	// painting, where not "", is the file to paint, whatever --output says.
	painting string
}

// runWork reports the end to a program that listens.
func runWork(ctx context.Context, opts *paintOptions, flags *pflag.FlagSet, w work) error {
	if !opts.json {
		return paintWork(ctx, opts, flags, w, nil)
	}
	program := newEvents(os.Stdout)
	if err := paintWork(ctx, opts, flags, w, program); err != nil {
		program.send(errorEvent{"error", exitCode(err), err.Error()})
		return err
	}
	return unwritable("standard output", program.err)
}

// paintWork opens the inputs, paints, and saves what comes of it. It reports to
// the program, or where that is nil, to a person.
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
	checkpoint, err := openCheckpoint(opts.resume)
	if err != nil {
		return err
	}
	content, err := opts.openContent(w)
	if err != nil {
		return err
	}
	regions, err := opts.openRegions(ctx, w.styles)
	if err != nil {
		return err
	}
	init, err := opts.openInit()
	if err != nil {
		return err
	}
	if err := files.prepare(); err != nil {
		return err
	}
	defer files.tidy()
	network, substitute, err := opts.openNetwork(flags, &recipe)
	if err != nil {
		return err
	}

	var report reporter = program
	if program == nil {
		report = newReporter(opts.quiet, recipe.Schedule(), costsAt)
	}
	watch := opts.witnesses(recipe, files, report)
	var shown *previews
	if opts.preview {
		if shown, err = newPreviews(report.output(), &opts.profiles); err != nil {
			report.say("pastiche: %v", err) // which is no reason not to paint
		} else {
			watch = append(watch, shown)
		}
	}
	options := paint.Options{
		Recipe: &recipe, Network: network, Init: init, Resume: checkpoint,
		Seed: opts.seed, Threads: opts.threads, Precision: paint.Precision(opts.precision), Memory: opts.limitMemory(), Progress: watch.iteration,
	}
	if checkpoint != nil && opts.memory == 0 {
		options.Memory = 0 // which is what the checkpoint says
	}
	if substitute != "" {
		report.say("%s", substitute)
	}
	opts.profiles.tell(report.say)
	report.begin(startEvent{"start", recipe.Name, network.Name, w.content, w.styles, files.painting, opts.seed})
	hush := context.AfterFunc(ctx, func() {
		report.say("Stopping; Ctrl-C again stops at once.")
	})
	begun := time.Now()
	var painting *paint.Painting
	var paintErr error
	if w.content == "" {
		painting, paintErr = paint.Texture(ctx, w.shape, regions, options)
	} else {
		painting, paintErr = paint.Paint(ctx, content, regions, options)
	}
	hush()
	closeErr := watch.close()
	if painting == nil && ctx.Err() != nil {
		return errInterrupted
	}
	if painting == nil {
		return inFlags(checkpointError(opts.resume, paintErr))
	}
	saving.Profile = opts.profiles.kept
	if !opts.noNote {
		saving.Note = newRecord(flags, w, opts, &recipe, network, painting).text()
	}
	if err := save(files.painting, painting.Picture, saving); err != nil {
		return err
	}
	report.saved(files.painting)
	if paintErr != nil {
		return &unfinishedError{files.painting, painting.Steps, paintErr, files.leaveCheckpoint(painting)}
	}
	files.dropCheckpoint()
	report.done(doneEvent{
		"done", files.painting, painting.W, painting.H, painting.Steps, time.Since(begun).Seconds(), painting.Faces, painting.Costs,
	})
	if shown != nil {
		if err := shown.draw(os.Stdout, painting.Picture); err != nil {
			return err
		}
	}
	return closeErr
}

// openContent returns the content, or nil for a texture. With --keep-profile all
// that is opened after it has its profile.
func (o *paintOptions) openContent(w work) (image.Image, error) {
	o.profiles.kept = nil
	if w.content == "" {
		return nil, nil
	}
	p, f, err := o.openAsStored(w.content)
	if err != nil {
		return nil, err
	}
	if o.keepProfile {
		if err := o.profiles.keep(w.content, f); err != nil {
			return nil, err
		}
		if o.profiles.kept != nil {
			return p, nil // which has its levels
		}
	}
	return o.profiles.manage(w.content, p, f), nil
}

// openInit returns the picture that the painting begins with, or nil.
func (o *paintOptions) openInit() (image.Image, error) {
	if o.initPicture() == "" {
		return nil, nil
	}
	return o.openPicture(o.initPicture())
}

// paths returns the files of a painting.
func (o *paintOptions) paths(r paint.Recipe, w work) *paths {
	p := &paths{log: o.log, chart: o.chart, sheet: o.sheet, film: o.film, checkpoint: o.checkpoint}
	if p.checkpoint == "" {
		p.checkpoint = o.resume
	}
	if w.content != "" {
		p.inputs = append(p.inputs, w.content)
	}
	p.inputs = append(append(append(p.inputs, w.styles...), o.masks...), o.styleMasks...)
	for _, input := range []string{o.keep, o.initPicture()} {
		if input != "" {
			p.inputs = append(p.inputs, input)
		}
	}
	if w.painting != "" {
		p.painting = w.painting
	} else {
		p.namePainting(o.output, isNote(r), w.name())
	}
	return p
}

// witnesses returns who is told of each iteration.
func (o *paintOptions) witnesses(r paint.Recipe, files *paths, report reporter) witnesses {
	all := witnesses{&facesFound{say: report.say}, report}
	if isNote(r) {
		all = append(all, &note{to: report.output()})
	}
	if o.saveEvery > 0 {
		s := &snapshots{every: o.saveEvery, first: o.saveEvery, name: numbered, files: files, profile: o.profiles.kept, saved: report.saved}
		if isNote(r) {
			s.first, s.name = 1, noteSnapshot
		}
		all = append(all, s)
	}
	if files.checkpoint != "" {
		all = append(all, &checkpoints{path: files.checkpoint, every: o.checkpointEvery, last: time.Now()})
	}
	if o.log != "" {
		all = append(all, newCostLog(o.log))
	}
	if o.chart != "" {
		all = append(all, &chart{path: o.chart, recipe: r, saved: report.saved})
	}
	if o.sheet != "" {
		all = append(all, &sheet{path: o.sheet, profiles: &o.profiles, saved: report.saved})
	}
	if o.film != "" {
		all = append(all, newFilm(o.film, r, &o.profiles, report.saved))
	}
	return all
}

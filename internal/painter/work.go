package painter

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"time"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
	"github.com/pastiche-art/pastiche/provenance"
)

// Paint paints a work. With JSON it reports to standard output, errors included.
func (p *Painter) Paint(ctx context.Context, w Work) error {
	program := p.newEvents()
	err := p.paint(ctx, w, program)
	return program.end(err, nil)
}

// session is the painting of one work.
type session struct {
	*Painter
	work    Work
	recipe  paint.Recipe
	network *paint.Network
	out     *Outputs
	saving  picture.SaveOptions

	content, init image.Image // nil for those that the work does not have
	regions       []paint.Region

	resumed *paint.Checkpoint // or nil
	keeper  *checkpoints      // or nil
	report  listener
	watch   observers
	shown   *previews // or nil
}

// paint opens the inputs, paints, and saves the picture. It reports to the program, or to
// a person where that is nil.
func (p *Painter) paint(ctx context.Context, w Work, program *events) error {
	s := &session{Painter: p, work: w}
	state, err := s.check()
	if err != nil {
		return err
	}
	if err := s.open(ctx); err != nil {
		return err
	}
	if err := s.out.Prepare(); err != nil {
		return err
	}
	defer s.out.Tidy()
	var substitute string
	if s.network, substitute, err = p.Engine.OpenRecipeNetwork(&s.recipe); err != nil {
		return err
	}
	s.listen(program, state)
	options := p.Engine.Options(&s.recipe, s.network)
	options.Init, options.Resume, options.Seed, options.Progress = s.init, s.resumed, p.Seed, s.watch.Iteration
	if p.Print.Given() && w.Content != "" {
		options.Shape = p.Print.Pixels(s.content.Bounds().Size())
	}
	if substitute != "" {
		s.report.Say("%s", substitute)
	}
	p.Inputs.Tell(s.report.Say)
	printed, err := s.foresee(ctx, options)
	if err != nil {
		return err
	}
	s.report.begin(startEvent{"start", s.recipe.Name, s.network.Name, w.Content, w.Styles, s.out.Picture, p.Seed, printed})
	quiet := context.AfterFunc(ctx, func() { s.report.Say("Stopping; Ctrl-C again stops at once.") })
	begun := time.Now()
	content, regions := s.content, s.regions
	s.content, s.init, s.regions = nil, nil, nil // so that they are freed once they are measured
	var painting *paint.Painting
	var paintErr error
	if w.Content == "" {
		painting, paintErr = paint.Texture(ctx, p.shape(), regions, options)
	} else {
		painting, paintErr = paint.Paint(ctx, content, regions, options)
	}
	quiet()
	closeErr := s.watch.Close()
	switch {
	case painting == nil && ctx.Err() != nil:
		return cli.ErrInterrupted
	case painting == nil:
		return p.files(w).Named(checkpointError(p.Resume, paintErr))
	case errors.Is(paintErr, context.Canceled) && painting.Steps == 0:
		return errNotBegun
	case errors.Is(paintErr, context.Canceled) && w.painting != "":
		return cli.ErrInterrupted // and the batch paints it again
	}
	if err := s.save(painting, paintErr, time.Since(begun)); err != nil {
		return err
	}
	return closeErr
}

// check checks the settings and returns the state of the file of --resume, or nil.
func (s *session) check() (resumed os.FileInfo, err error) {
	if s.recipe, err = s.checkedRecipe(s.work); err != nil {
		return nil, err
	}
	s.out = s.outputs(s.recipe, s.work)
	if err := s.out.Check(); err != nil {
		return nil, err
	}
	if s.saving, err = s.saveOptions(s.out.Picture); err != nil {
		return nil, err
	}
	if err := s.checkCheckpoint(); err != nil {
		return nil, err
	}
	s.resumed, resumed, err = openCheckpoint(s.Resume)
	return resumed, err
}

// open opens the content, the styles with their masks, and the picture that the painting
// begins with.
func (s *session) open(ctx context.Context) (err error) {
	defer s.Inputs.release()
	if s.work.Content != "" {
		if s.content, err = s.Inputs.openContent(ctx, s.work.Content, s.KeepProfile, s.KeepMetadata); err != nil {
			return err
		}
	}
	if s.regions, err = s.OpenRegions(ctx, s.work.Styles); err != nil {
		return err
	}
	if s.Init != "" {
		s.init, err = s.Inputs.Open(ctx, s.Init)
	}
	return err
}

// listen chooses whom to tell, and the observers. state is the state of the file of
// --resume, or nil.
func (s *session) listen(program *events, state os.FileInfo) {
	s.report = program
	if program == nil {
		s.report = newPerson(s.Quiet, s.recipe.Schedule())
	}
	report, in := s.report, &s.Inputs
	s.watch = observers{report}
	course := isCourse(s.recipe)
	if course {
		s.watch = append(s.watch, &courseCosts{to: report, say: s.out.Picture == cli.StandardOutput})
	}
	if every := s.saveEvery(); every > 0 {
		shots := &snapshots{every: every, first: every, name: numbered, out: s.out, profile: in.kept, saved: report.saved}
		if course && s.OutDir == "" {
			shots.first, shots.name = 1, courseSnapshot
		}
		s.watch = append(s.watch, shots)
	}
	if s.CostLog != "" || s.Chart != "" {
		s.watch = append(s.watch, newCostLog(s.CostLog, s.Chart, s.recipe, report.saved))
	}
	if s.Sheet != "" {
		s.watch = append(s.watch, &sheet{path: s.Sheet, Inputs: in, saved: report.saved})
	}
	if s.Timelapse != "" {
		s.watch = append(s.watch, newTimelapse(s.Timelapse, s.recipe, in, report.saved))
	}
	if s.keeper = newCheckpoints(s.out.checkpoint, s.CheckpointEvery, state); s.keeper != nil {
		s.watch = append(s.watch, s.keeper)
	}
	if !s.Preview {
		return
	}
	var err error
	if s.shown, err = newPreviews(report.Output(), in); err != nil {
		report.Say("pastiche: %v", err) // painting goes on without it
	} else {
		s.watch = append(s.watch, s.shown)
	}
}

// saveEvery returns after how many iterations the picture is saved, 0 for never.
func (s *session) saveEvery() int {
	switch {
	case s.SaveEvery != nil:
		return *s.SaveEvery
	case isCourse(s.recipe) && s.OutDir == "" && s.Output != cli.StandardOutput:
		return courseInterval
	}
	return 0
}

// save saves the painting, and tells that it is done or returns why it is unfinished.
func (s *session) save(painting *paint.Painting, paintErr error, took time.Duration) error {
	saving := s.saving
	saving.Profile, saving.Metadata = s.Inputs.kept, s.Inputs.metadata
	if s.Print.Given() {
		saving.Metadata.Resolution = s.Print.DPI()
	}
	record := s.provenance(s.work, s.recipe, s.network)
	record.SetOutcome(painting, paintErr)
	if !s.NoProvenance {
		saving.Record = record.Encode()
	}
	if err := s.out.SavePicture(painting.Picture, saving); err != nil {
		return err
	}
	s.report.saved(s.out.Picture)
	if paintErr != nil {
		return &unfinishedError{s.out.Picture, record, paintErr, s.keeper.leave(painting)}
	}
	s.keeper.drop()
	resumedAt := 0
	if s.resumed != nil {
		resumedAt = s.resumed.Step()
	}
	s.report.done(doneEvent{
		"done", s.out.Picture, painting.W, painting.H, painting.Steps, resumedAt, took.Seconds(), painting.Faces, painting.Costs,
	})
	if s.shown != nil {
		return s.shown.draw(os.Stdout, painting.Picture)
	}
	return nil
}

// errNotBegun ends a painting that had no iteration yet.
var errNotBegun = fmt.Errorf("%w before the first iteration; there is no painting to save", cli.ErrInterrupted)

// unfinishedError says why a painting ended early, and where it is saved.
type unfinishedError struct {
	painting   string // the file
	record     *provenance.Record
	cause      error
	checkpoint string // the file to continue from, or ""
}

func (e *unfinishedError) Error() string {
	if !errors.Is(e.cause, context.Canceled) {
		r := e.record
		return fmt.Sprintf("%v; the best picture so far, after %d of %d iterations, at %d x %d pixels, is %s",
			e.cause, r.Steps, r.Planned, r.Width, r.Height, savedIn(e.painting))
	}
	resume := "use --checkpoint FILE to be able to continue such a painting"
	if e.checkpoint != "" {
		resume = fmt.Sprintf("the same command with --resume %s continues it", e.checkpoint)
	}
	return fmt.Sprintf("%s; the unfinished picture is %s; %s", e.record.Unfinished(), savedIn(e.painting), resume)
}

// savedIn says where a picture is.
func savedIn(path string) string {
	if path == cli.StandardOutput {
		return "written to standard output"
	}
	return "saved in " + path
}

func (e *unfinishedError) Unwrap() error { return e.cause }

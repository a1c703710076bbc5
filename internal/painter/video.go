package painter

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/report"
	"github.com/pastiche-art/pastiche/internal/video"
	"github.com/pastiche-art/pastiche/internal/videostyle"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// Video is a film to be painted, and how. The comments name the flags.
type Video struct {
	Path   string // the film, numbered pictures, or - for standard input
	Styles []string

	Rate       video.Rational // of numbered pictures; zero is the default
	Frames     FrameRange
	Temporal   float64
	Iterations int    // of a frame that follows another one
	Loop       bool   // the last frame leads to the first one
	State      string // a folder, or "" for one beside the output, which is removed at the end
	NoSound    bool
}

// FilmSize is the long side of a painted film, unless it is given or the film is smaller.
const FilmSize = 640

// FrameRange are frames, counted from 1. The zero value is all of them.
type FrameRange struct {
	First int // 0 is the first one
	Last  int // 0 is the last one
}

// ParseFrameRange parses FIRST:LAST, either of which may be empty.
func ParseFrameRange(text string) (r FrameRange, err error) {
	first, last, found := strings.Cut(text, ":")
	parse := func(number string, to *int) {
		if number == "" || err != nil {
			return
		}
		var rest string
		if n, _ := fmt.Sscanf(number+" ", "%d%s", to, &rest); n != 1 || *to < 1 {
			err = errors.New("expected FIRST:LAST, such as 100:200")
		}
	}
	parse(first, &r.First)
	parse(last, &r.Last)
	if err == nil && (!found || r.Last > 0 && r.Last < r.First) {
		err = errors.New("expected FIRST:LAST, such as 100:200")
	}
	return r, err
}

func (r FrameRange) String() string {
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return fmt.Sprint(n)
	}
	if r == (FrameRange{}) {
		return ""
	}
	return number(r.First) + ":" + number(r.Last)
}

// skip returns the number of frames before the range.
func (r FrameRange) skip() int { return max(r.First-1, 0) }

// of returns how many of a number of frames are in the range; -1 is an unknown number.
func (r FrameRange) of(frames int) int {
	last := frames
	if r.Last > 0 && (frames < 0 || r.Last < frames) {
		last = r.Last
	}
	if last < 0 {
		return -1
	}
	return max(last-r.skip(), 0)
}

// filming is the painting of one film.
type filming struct {
	*Painter
	Video
	recipe  paint.Recipe
	network *paint.Network
	reader  *video.Reader
	info    video.Info // of the output
	frames  int        // to be painted, or -1
	state   *videostyle.State
	report  report.Reporter
	events  *events

	styles []paint.Region // where they are the same for all frames
}

// PaintVideo paints a film.
func (p *Painter) PaintVideo(ctx context.Context, v Video) error {
	program := p.newEvents()
	f := &filming{Painter: p, Video: v, events: program}
	return program.end(f.paint(ctx), nil)
}

func (f *filming) paint(ctx context.Context) error {
	if err := f.check(); err != nil {
		return err
	}
	if err := f.open(ctx); err != nil {
		return err
	}
	defer f.reader.Close()
	if err := f.tryOutput(ctx); err != nil {
		return err
	}
	if err := f.openState(); err != nil {
		return err
	}
	f.report = report.New(f.Quiet || f.JSON)
	defer f.report.Close()
	f.tell()
	quiet := context.AfterFunc(ctx, func() { f.report.Say("Stopping; Ctrl-C again stops at once.") })
	begun := time.Now()
	paintErr := f.paintFrames(ctx)
	quiet()
	if paintErr != nil && ctx.Err() == nil {
		return f.named(paintErr)
	}
	done := f.state.Done()
	if done == 0 {
		return errNoFrame
	}
	// The film of what is done is written even if the user is in a hurry to stop.
	if err := f.write(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	f.events.saved(f.Output)
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %s holds the %d frames that are painted; the same command goes on from there",
			cli.ErrInterrupted, f.outputName(), done)
	}
	if f.State == "" {
		if err := f.state.Remove(); err != nil {
			return cli.Unwritable(f.stateFolder(), err)
		}
	}
	took := time.Since(begun)
	f.report.Say("Saved %s (%d frames of %d x %d pixels, %v a second) in %s.",
		f.outputName(), done, f.info.Width, f.info.Height, f.info.Rate, took.Round(time.Second/10))
	f.events.send(filmDoneEvent{"done", f.Output, f.info.Width, f.info.Height, done, f.info.Rate.String(), took.Seconds()})
	return nil
}

// errNoFrame ends a film of which no frame is painted.
var errNoFrame = fmt.Errorf("%w before the first frame was painted; there is no film to save", cli.ErrInterrupted)

// check refuses settings that no film has.
func (f *filming) check() (err error) {
	switch {
	case f.Output == "":
		return cli.Misused("no --output: expected the name of a film, such as -o painted.mp4, -o painted.avi or -o frames/%%06d.png")
	case f.Output == cli.StandardOutput && f.JSON:
		return cli.Misused("--output - and --json: expected one or the other, as both write to standard output")
	case f.Output == cli.StandardOutput && f.State == "":
		return cli.Misused("--output - without --state: expected a folder for what is painted, such as --state film/")
	case !(f.Temporal >= 0):
		return cli.Misused("--temporal %g: expected 0 or more", f.Temporal)
	case f.Iterations < 1 || f.Iterations > paint.MaxIterations:
		return cli.Misused("--frame-iterations %d: expected 1 to %d", f.Iterations, paint.MaxIterations)
	case f.Quality != nil && (*f.Quality < 1 || *f.Quality > 100):
		return cli.Misused("--quality %d: expected 1 to 100", *f.Quality)
	}
	if f.recipe, err = f.ChosenRecipe(Work{Content: f.Path, Styles: f.Styles}); err != nil {
		return err
	}
	if f.recipe.Init == paint.InitNoise && f.Temporal == 0 {
		f.Inputs.warn("%s begins with noise, which is the same in each frame.", f.recipe.Name)
	}
	return nil
}

// open opens the film, the styles and the network.
func (f *filming) open(ctx context.Context) (err error) {
	limits := video.Limits{MaxPixels: f.Inputs.MaxPixels}
	if f.reader, err = video.Open(ctx, f.Path, video.ReadOptions{Limits: limits, Rate: f.Rate, Stdin: os.Stdin}); err != nil {
		return f.inputError(ctx, err)
	}
	info := f.reader.Info()
	if f.frames = f.Frames.of(info.Frames); f.frames == 0 {
		err = cli.Misused("--frames %v: %s has %d frames", f.Frames, f.Path, info.Frames)
	}
	if err == nil && f.Loop && f.frames < 0 {
		err = cli.Misused("--loop: the number of frames of %s is not known: give it with --frames 1:LAST", f.Path)
	}
	if _, sized := f.Recipe.Parameters["size"]; !sized && err == nil && len(f.recipe.Scales) == 0 {
		f.recipe.Size = min(max(info.Width, info.Height), FilmSize)
	}
	if err == nil {
		err = InFlags(f.recipe.Validate())
	}
	if err == nil {
		err = f.openStyles(ctx)
	}
	if err == nil {
		var substitute string
		if f.network, substitute, err = f.Engine.OpenRecipeNetwork(&f.recipe); substitute != "" {
			f.Inputs.warn("%s", substitute)
		}
	}
	if err != nil {
		_ = f.reader.Close()
		return err
	}
	scales := f.recipe.Schedule()
	f.info = info
	f.info.Width, f.info.Height = picture.FitLong(info.Width, info.Height, scales[len(scales)-1].Size)
	f.info.Frames = f.frames
	return nil
}

// openStyles opens the styles, with masks that are the same for all frames.
func (f *filming) openStyles(ctx context.Context) (err error) {
	p := *f.Painter
	if f.masked() {
		p.Masks, p.Keep = nil, "" // of each frame, later
	}
	f.styles, err = p.OpenRegions(ctx, f.Styles)
	f.Inputs = p.Inputs
	f.Inputs.release()
	return err
}

// masked reports whether frames have masks of their own.
func (f *filming) masked() bool {
	for _, path := range append([]string{f.Keep}, f.Masks...) {
		if video.IsPattern(path) {
			return true
		}
	}
	return false
}

// regions returns the regions of a frame of the range, counted from 0.
func (f *filming) regions(ctx context.Context, frame int) ([]paint.Region, error) {
	if !f.masked() {
		return f.styles, nil
	}
	number := f.info.First + f.Frames.skip() + frame
	p := *f.Painter
	p.Keep = video.PatternFile(f.Keep, number)
	p.Masks = nil
	for _, path := range f.Masks {
		p.Masks = append(p.Masks, video.PatternFile(path, number))
	}
	p.Inputs = Inputs{MaxPixels: f.Inputs.MaxPixels}
	return p.OpenRegions(ctx, f.Styles)
}

// tryOutput fails, before hours of work, where the film cannot be written.
func (f *filming) tryOutput(ctx context.Context) error {
	if f.Output == cli.StandardOutput { // which would get the header twice
		return CheckOutput(f.Output)
	}
	w, err := f.create(ctx)
	if err == nil {
		w.Abort()
	}
	return err
}

func (f *filming) create(ctx context.Context) (*video.Writer, error) {
	opts := video.WriteOptions{Stdout: os.Stdout}
	if f.Quality != nil {
		opts.Quality = *f.Quality
	}
	if f.hasSound() {
		opts.Sound = &video.Sound{Path: f.Path, Frames: f.reader.Info().Frames, Skip: f.Frames.skip()}
	}
	w, err := video.Create(ctx, f.Output, f.info, opts)
	switch {
	case err == nil || errors.Is(err, picture.ErrWrite):
		return w, err
	case ctx.Err() != nil:
		return nil, cli.ErrInterrupted
	}
	return nil, &cli.UsageError{Err: err}
}

// hasSound reports whether the film has sound that the output can hold.
func (f *filming) hasSound() bool {
	return f.info.Sound && !f.NoSound && video.HoldsSound(f.Output)
}

func (f *filming) stateFolder() string {
	if f.State != "" {
		return f.State
	}
	return strings.TrimRight(f.Output, `/\`) + ".frames"
}

// openState opens the folder of what is painted.
func (f *filming) openState() (err error) {
	if video.IsPattern(f.Output) && f.State == "" {
		return cli.Misused("--output %s without --state: expected a folder for what is painted, such as --state film/", f.Output)
	}
	f.state, err = videostyle.OpenState(f.stateFolder(), f.inputs())
	switch {
	case errors.Is(err, videostyle.ErrState):
		return &cli.UsageError{Err: err}
	case err != nil:
		return cli.Unwritable(f.stateFolder(), err)
	}
	return nil
}

// inputs returns a digest of what is painted and how.
func (f *filming) inputs() string {
	info := f.reader.Info()
	data, err := json.Marshal(struct {
		Recipe               paint.Recipe
		Network, Precision   string
		Memory               int64
		Seed                 uint64
		Blend, Scales        []float64
		Styles               []string
		Masks                []string
		Frames               string
		Width, Height, First int
		Temporal             float64
		Iterations, Number   int
		Loop                 bool
	}{
		f.recipe, f.network.Digest, f.Engine.Precision.String(), f.Engine.Memory, f.Seed, f.StyleBlend, f.StyleScales,
		f.digests(f.Styles), f.digests(append(append([]string{f.Keep}, f.Masks...), f.StyleMasks...)),
		f.Frames.String(), info.Width, info.Height, info.First, f.Temporal, f.Iterations, f.frames, f.Loop,
	})
	if err != nil {
		panic(err) // only for values that JSON does not have, which check refuses
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// digests returns the digests of files, or for patterns their names.
func (f *filming) digests(files []string) (of []string) {
	for _, path := range files {
		if digest := f.Inputs.digests[path]; digest != "" {
			path = digest
		}
		of = append(of, path)
	}
	return of
}

// tell says what to know before the painting begins.
func (f *filming) tell() {
	for _, w := range f.info.Warnings {
		f.report.Say("%s", w)
	}
	f.Inputs.Tell(f.report.Say)
	if f.info.Sound && !f.NoSound && !f.hasSound() {
		f.report.Say("%s has no room for the sound of %s: the film is silent.", filepath.Base(f.Output), f.Path)
	}
	if done := f.state.Done(); done > 0 {
		f.report.Say("Going on after frame %d, which %s holds.", done, f.stateFolder())
	}
	f.events.send(filmStartEvent{"start", f.recipe.Name, f.network.Name, f.Path, f.Styles, f.Output,
		f.info.Width, f.info.Height, f.frames, f.info.Rate.String(), f.state.Done()})
}

// paintFrames paints the frames that the state has not.
func (f *filming) paintFrames(ctx context.Context) error {
	if err := f.reader.Skip(ctx, f.Frames.skip()); err != nil {
		return err
	}
	options := f.Engine.Options(&f.recipe, f.network)
	options.Seed = f.Seed
	opts := videostyle.Options{
		Paint: options, Regions: f.regions, Temporal: f.Temporal, Iterations: f.Iterations, Loop: f.Loop, Frames: max(f.frames, 0),
	}
	begun, before := time.Now(), f.state.Done()
	return videostyle.Paint(ctx, &someFrames{f.reader, f.frames}, f.state, opts, func(n int, painted *videostyle.Painted) {
		f.events.send(frameEvent{"frame", n + 1, f.frames, painted.Begins, painted.Still, f.state.PaintingFile(n)})
		f.report.Show(f.progress(n+1, time.Since(begun)/time.Duration(n+1-before)))
	})
}

// progress says how many frames are painted. each is the time that a frame takes.
func (f *filming) progress(done int, each time.Duration) report.State {
	s := report.State{Done: int64(done), Total: int64(f.frames), Pace: fmt.Sprintf("%.3g s a frame", each.Seconds())}
	if f.frames < 0 {
		s.Total = int64(done)
		s.Count, s.Line = fmt.Sprint(done), fmt.Sprintf("frame %d", done)
		return s
	}
	s.Count, s.Line = fmt.Sprintf("%d/%d", done, f.frames), fmt.Sprintf("frame %d of %d", done, f.frames)
	if left := each * time.Duration(f.frames-done); left > 0 {
		s.Pace += fmt.Sprintf(", %s left", left.Round(time.Second))
	}
	return s
}

// write writes the film from the paintings that are done.
func (f *filming) write(ctx context.Context) error {
	w, err := f.create(ctx)
	if err != nil {
		return err
	}
	for n := range f.state.Done() {
		painting, err := f.state.Painting(ctx, n)
		if err == nil {
			err = w.Write(painting)
		}
		if err != nil {
			w.Abort()
			return err
		}
	}
	return w.Close()
}

func (f *filming) outputName() string {
	if f.Output == cli.StandardOutput {
		return "standard output"
	}
	return f.Output
}

// inputError says that a film cannot be read.
func (f *filming) inputError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return cli.ErrInterrupted
	}
	return &cli.InputError{Err: err}
}

// named gives an error of painting the exit code that it deserves.
func (f *filming) named(err error) error {
	switch {
	case errors.Is(err, picture.ErrFormat), errors.Is(err, picture.ErrCorrupt), errors.Is(err, picture.ErrTooLarge), errors.Is(err, videostyle.ErrChanged), errors.Is(err, videostyle.ErrState):
		return &cli.InputError{Err: err}
	}
	return Files{Content: f.Path, Styles: f.Styles, Masks: f.Masks, StyleMasks: f.StyleMasks, Keep: f.Keep}.Named(err)
}

// someFrames are the first frames of a reader.
type someFrames struct {
	*video.Reader
	left int // -1 is all
}

func (s *someFrames) Next(ctx context.Context) (*picture.Picture, error) {
	if s.left == 0 {
		return nil, io.EOF
	}
	s.left--
	return s.Reader.Next(ctx)
}

func (s *someFrames) Skip(ctx context.Context, n int) error {
	if s.left > 0 {
		n = min(n, s.left)
		s.left -= n
	}
	return s.Reader.Skip(ctx, n)
}

type filmStartEvent struct {
	Event   string   `json:"event"` // "start"
	Recipe  string   `json:"recipe"`
	Network string   `json:"network"`
	Film    string   `json:"film"`
	Styles  []string `json:"styles"`
	Output  string   `json:"output"`
	Width   int      `json:"width"` // of the painted film, in pixels
	Height  int      `json:"height"`
	Frames  int      `json:"frames"`  // -1 where that is not known
	Rate    string   `json:"rate"`    // frames a second, such as 30000/1001
	Painted int      `json:"painted"` // by an earlier command that was interrupted
}

type frameEvent struct {
	Event    string `json:"event"` // "frame"
	Frame    int    `json:"frame"` // counted from 1
	Frames   int    `json:"frames"`
	Begins   bool   `json:"begins"` // a shot
	Still    bool   `json:"still"`  // nothing in it has moved
	Painting string `json:"painting"`
}

type filmDoneEvent struct {
	Event   string  `json:"event"` // "done"
	Output  string  `json:"output"`
	Width   int     `json:"width"`
	Height  int     `json:"height"`
	Frames  int     `json:"frames"`
	Rate    string  `json:"rate"`
	Seconds float64 `json:"seconds"`
}

// VideoEventsHelp documents for users the events of a film.
const VideoEventsHelp = `Events (--json), one JSON object a line on standard output:
  {"event":"start","recipe":…,"network":…,"film":…,"styles":[…],"output":…,
   "width":…,"height":…,"frames":…,"rate":…,"painted":…}
  {"event":"frame","frame":1,"frames":80,"begins":true,"still":false,"painting":…}
  {"event":"saved","path":…}
  {"event":"done","output":…,"width":…,"height":…,"frames":…,"rate":…,"seconds":…}
  {"event":"error","exit":…,"message":…}
The last event is done or error.`

package painter

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/report"
	"github.com/pastiche-art/pastiche/internal/video"
	"github.com/pastiche-art/pastiche/internal/videostyle"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// Video is a video to be painted, and how. The comments name the flags.
type Video struct {
	Path   string // the video, numbered pictures, or - for standard input
	Styles []string

	Rate       video.Rational // of numbered pictures; zero is the default
	Frames     FrameRange
	Temporal   float64
	Iterations int    // of a frame that follows another one
	Loop       bool   // the last frame leads to the first one
	State      string // a folder, or "" for one beside the output, which is removed at the end
	NoSound    bool
}

// VideoSize is the long side of a painted video, unless it is given or the video is smaller.
const VideoSize = 640

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

// videoSession is the painting of one video.
type videoSession struct {
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

	styles     []paint.Style
	everywhere []paint.Region // where they are the same for all frames
}

// PaintVideo paints a video.
func (p *Painter) PaintVideo(ctx context.Context, v Video) error {
	program := p.newEvents()
	s := &videoSession{Painter: p, Video: v, events: program}
	return program.end(s.paint(ctx), nil)
}

func (s *videoSession) paint(ctx context.Context) error {
	if err := s.check(); err != nil {
		return err
	}
	if err := s.open(ctx); err != nil {
		return err
	}
	defer s.reader.Close()
	if err := s.tryOutput(ctx); err != nil {
		return err
	}
	if err := s.openState(); err != nil {
		return err
	}
	s.report = report.New(s.Quiet || s.JSON)
	s.tell()
	quiet := context.AfterFunc(ctx, func() { s.report.Say("Stopping; Ctrl-C again stops at once.") })
	begun := time.Now()
	paintErr := s.paintFrames(ctx)
	quiet()
	s.report.Close()
	done := s.state.Done()
	if done == 0 && s.State == "" {
		_ = s.state.Remove() // the error of painting is more useful
	}
	switch {
	case paintErr != nil && ctx.Err() == nil && done > 0:
		return fmt.Errorf("%w; %s holds the %s before", s.named(paintErr), s.stateFolder(), count(done))
	case paintErr != nil && ctx.Err() == nil:
		return s.named(paintErr)
	case done == 0:
		return errNoFrame
	}
	// The video of what is done is written even if the user is in a hurry to stop.
	if err := s.write(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	s.events.saved(s.Output)
	if ctx.Err() != nil {
		return fmt.Errorf("%w after %s, which %s holds; the same command goes on from there",
			cli.ErrInterrupted, count(done), s.outputName())
	}
	if s.State == "" {
		if err := s.state.Remove(); err != nil {
			return cli.Unwritable(s.stateFolder(), err)
		}
	}
	took := time.Since(begun)
	s.report.Say("Saved %s (%s of %d x %d pixels, %v a second) in %s.",
		s.outputName(), count(done), s.info.Width, s.info.Height, s.info.Rate, took.Round(time.Second/10))
	s.events.send(videoDoneEvent{"done", s.Output, s.info.Width, s.info.Height, done, s.info.Rate.String(), took.Seconds()})
	return nil
}

// errNoFrame ends a video of which no frame is painted.
var errNoFrame = fmt.Errorf("%w before the first frame was painted; there is no video to save", cli.ErrInterrupted)

// check refuses settings that no video has.
func (s *videoSession) check() (err error) {
	switch {
	case s.Output == "":
		return cli.Misused("no --output: expected the name of a video, such as -o painted.mp4, -o painted.avi or -o frames/%%06d.png")
	case s.Output == cli.StandardOutput && s.JSON:
		return cli.Misused("--output - and --json: expected one or the other, as both write to standard output")
	case s.Output == cli.StandardOutput && s.State == "":
		return cli.Misused("--output - without --state: expected a folder for what is painted, such as --state video/")
	case !(s.Temporal >= 0) || math.IsInf(s.Temporal, 1):
		return cli.Misused("--temporal %g: expected 0 or more", s.Temporal)
	case s.Iterations < 1 || s.Iterations > paint.MaxIterations:
		return cli.Misused("--frame-iterations %d: expected 1 to %d", s.Iterations, paint.MaxIterations)
	case s.Quality != nil && (*s.Quality < 1 || *s.Quality > 100):
		return cli.Misused("--quality %d: expected 1 to 100", *s.Quality)
	}
	if s.recipe, err = s.ChosenRecipe(Work{Content: s.Path, Styles: s.Styles}); err != nil {
		return err
	}
	if s.recipe.Init == paint.InitNoise && s.Temporal == 0 {
		s.Inputs.warn("%s begins with noise, which is the same in each frame.", s.recipe.Name)
	}
	return nil
}

// open opens the video, the styles and the network.
func (s *videoSession) open(ctx context.Context) (err error) {
	limits := video.Limits{MaxPixels: s.Inputs.MaxPixels}
	if s.reader, err = video.Open(ctx, s.Path, video.ReadOptions{Limits: limits, Rate: s.Rate, Stdin: os.Stdin}); err != nil {
		return s.inputError(ctx, err)
	}
	info := s.reader.Info()
	s.info = info
	s.info.First += s.Frames.skip()
	if s.frames = s.Frames.of(info.Frames); s.frames == 0 {
		err = cli.Misused("--frames %v: %s has %s", s.Frames, s.Path, count(info.Frames))
	}
	if err == nil && s.Rate != (video.Rational{}) && s.Rate != info.Rate {
		err = cli.Misused("--rate %v: %s has a rate of its own, %v frames a second; expected numbered pictures", s.Rate, s.Path, info.Rate)
	}
	if err == nil && s.Loop && s.frames < 0 {
		err = cli.Misused("--loop: the number of frames of standard input is not known: give it with --frames 1:LAST")
	}
	if _, sized := s.Recipe.Parameters["size"]; !sized && err == nil && len(s.recipe.Scales) == 0 {
		s.recipe.Size = min(max(info.Width, info.Height), VideoSize)
	}
	if err == nil {
		err = InFlags(s.recipe.Validate())
	}
	if err == nil {
		err = s.openStyles(ctx)
	}
	if err == nil {
		var substitute string
		if s.network, substitute, err = s.Engine.OpenRecipeNetwork(&s.recipe); substitute != "" {
			s.Inputs.warn("%s", substitute)
		}
	}
	if err != nil {
		_ = s.reader.Close()
		return err
	}
	scales := s.recipe.Schedule()
	s.info.Width, s.info.Height = picture.FitLong(info.Width, info.Height, scales[len(scales)-1].Size)
	return nil
}

// openStyles opens the styles, and the masks if they are the same for all frames. Others
// are required to exist.
func (s *videoSession) openStyles(ctx context.Context) (err error) {
	defer s.Inputs.release()
	if s.styles, err = s.Painter.openStyles(ctx, s.Styles); err != nil {
		return err
	}
	if !s.masked() {
		s.everywhere, err = s.place(ctx, s.styles)
		return err
	}
	for n := range max(s.frames, 1) {
		for _, path := range append([]string{s.Keep}, s.Masks...) {
			name := video.PatternFile(path, s.info.First+n)
			if _, err := os.Stat(name); name != path && err != nil {
				return cli.Unreadable("%s: cannot be read: %w; expected a mask for each frame, with its number", name, reason(err))
			}
		}
	}
	return nil
}

// reason returns what went wrong with a file, without the name of the file, which the
// sentence around it has.
func reason(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// masked reports whether frames have masks of their own.
func (s *videoSession) masked() bool {
	return video.IsPattern(s.Keep) || slices.ContainsFunc(s.Masks, video.IsPattern)
}

// regions returns the regions of a frame of the range, counted from 0.
func (s *videoSession) regions(ctx context.Context, frame int) ([]paint.Region, error) {
	if !s.masked() {
		return s.everywhere, nil
	}
	p := *s.Painter
	p.Keep = video.PatternFile(s.Keep, s.info.First+frame)
	p.Masks = nil
	for _, path := range s.Masks {
		p.Masks = append(p.Masks, video.PatternFile(path, s.info.First+frame))
	}
	p.Inputs = Inputs{MaxPixels: s.Inputs.MaxPixels}
	return p.place(ctx, s.styles)
}

// tryOutput fails, before hours of work, where the video cannot be written.
func (s *videoSession) tryOutput(ctx context.Context) error {
	if err := s.refuseInputs(); err != nil {
		return err
	}
	if s.Output == cli.StandardOutput { // which would get the header twice
		return CheckOutput(s.Output)
	}
	w, err := s.create(ctx)
	if err == nil {
		w.Abort()
	}
	return err
}

// refuseInputs refuses to write over an input, or among numbered pictures that are read.
func (s *videoSession) refuseInputs() error {
	outputs := &Outputs{inputs: slices.Concat([]string{s.Path, s.Keep}, s.Styles, s.Masks, s.StyleMasks)}
	for i, path := range outputs.inputs {
		outputs.inputs[i] = video.PatternFile(path, s.info.First)
	}
	names := []string{video.PatternFile(s.Output, s.info.First)}
	if video.IsPattern(s.Output) {
		names = append(names, filepath.Dir(s.Output))
	}
	for _, name := range names {
		if err := outputs.refuseInput(name); err != nil {
			return err
		}
	}
	return nil
}

func (s *videoSession) create(ctx context.Context) (*video.Writer, error) {
	opts := video.WriteOptions{Stdout: os.Stdout}
	if s.Quality != nil {
		opts.Quality = *s.Quality
	}
	if s.hasSound() {
		opts.Sound = &video.Sound{Path: s.Path, Frames: s.reader.Info().Frames, Skip: s.Frames.skip()}
	}
	w, err := video.Create(ctx, s.Output, s.info, opts)
	switch {
	case err == nil || errors.Is(err, picture.ErrWrite):
		return w, err
	case ctx.Err() != nil:
		return nil, cli.ErrInterrupted
	}
	return nil, &cli.UsageError{Err: err}
}

// hasSound reports whether the video has sound that the output can hold.
func (s *videoSession) hasSound() bool {
	return s.info.Sound && !s.NoSound && video.HoldsSound(s.Output)
}

func (s *videoSession) stateFolder() string {
	if s.State != "" {
		return s.State
	}
	return strings.TrimRight(s.Output, `/\`) + ".frames"
}

// openState opens the folder of what is painted.
func (s *videoSession) openState() (err error) {
	s.state, err = videostyle.OpenState(s.stateFolder(), s.inputs())
	switch {
	case errors.Is(err, videostyle.ErrState):
		return &cli.UsageError{Err: err}
	case err != nil:
		return cli.Unwritable(s.stateFolder(), err)
	}
	return nil
}

// inputs returns a digest of what is painted and how.
func (s *videoSession) inputs() string {
	info := s.reader.Info()
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
		s.recipe, s.network.Digest, s.Engine.Precision.String(), s.Engine.Memory, s.Seed, s.StyleBlend, s.StyleScales,
		s.digests(s.Styles), s.digests(append(append([]string{s.Keep}, s.Masks...), s.StyleMasks...)),
		s.Frames.String(), info.Width, info.Height, info.First, s.Temporal, s.Iterations, s.frames, s.Loop,
	})
	if err != nil {
		panic(err) // only for values that JSON does not have, which check refuses
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// digests returns the digests of files, or for patterns their names.
func (s *videoSession) digests(files []string) (of []string) {
	for _, path := range files {
		if digest := s.Inputs.digests[path]; digest != "" {
			path = digest
		}
		of = append(of, path)
	}
	return of
}

// tell says what to know before the painting begins.
func (s *videoSession) tell() {
	for _, w := range s.info.Warnings {
		s.report.Say("%s", w)
	}
	s.Inputs.Tell(s.report.Say)
	if s.info.Sound && !s.NoSound && !s.hasSound() {
		s.report.Say("%s has no room for the sound of %s: the video is silent.", filepath.Base(s.Output), s.Path)
	}
	if done := s.state.Done(); done > 0 {
		s.report.Say("Going on after frame %d, which %s holds.", done, s.stateFolder())
	}
	s.events.send(videoStartEvent{"start", s.recipe.Name, s.network.Name, s.Path, s.Styles, s.Output,
		s.info.Width, s.info.Height, s.frames, s.info.Rate.String(), s.state.Done()})
}

// paintFrames paints the frames that the state has not.
func (s *videoSession) paintFrames(ctx context.Context) error {
	if err := s.reader.Skip(ctx, s.Frames.skip()); err != nil {
		return err
	}
	options := s.Engine.Options(&s.recipe, s.network)
	options.Seed = s.Seed
	opts := videostyle.Options{
		Paint: options, Regions: s.regions, Temporal: s.Temporal, Iterations: s.Iterations, Loop: s.Loop, Frames: max(s.frames, 0),
	}
	before, pace := s.state.Done(), ""
	if before == 0 {
		pace = "the first frame takes longest"
	}
	s.report.Show(s.progress(before, pace))
	begun, counted := time.Now(), before
	return videostyle.Paint(ctx, &someFrames{s.reader, s.frames}, s.state, opts, func(n int, painted *videostyle.Painted) {
		s.events.send(frameEvent{"frame", n + 1, s.frames, painted.Begins, painted.Still, s.state.PaintingFile(n)})
		each := time.Since(begun) / time.Duration(n+1-counted)
		pace := fmt.Sprintf("%.3g s a frame", each.Seconds())
		if left := each * time.Duration(s.frames-n-1); left > 0 {
			pace += fmt.Sprintf(", %s left", left.Round(time.Second))
		}
		s.report.Show(s.progress(n+1, pace))
		if n == before { // which says little about the others
			begun, counted = time.Now(), n+1
		}
	})
}

// progress says how many frames are painted.
func (s *videoSession) progress(done int, pace string) report.State {
	if s.frames < 0 {
		return report.State{Done: int64(done), Total: int64(done), Count: fmt.Sprint(done), Line: fmt.Sprintf("frame %d", done), Pace: pace}
	}
	return report.State{
		Done: int64(done), Total: int64(s.frames), Count: fmt.Sprintf("%d/%d", done, s.frames), Line: fmt.Sprintf("frame %d of %d", done, s.frames), Pace: pace,
	}
}

// write writes the video from the paintings that are done.
func (s *videoSession) write(ctx context.Context) error {
	w, err := s.create(ctx)
	if err != nil {
		return err
	}
	for n := range s.state.Done() {
		painting, err := s.state.Painting(ctx, n)
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

// count returns a number of frames in words.
func count(frames int) string {
	if frames == 1 {
		return "1 frame"
	}
	return fmt.Sprintf("%d frames", frames)
}

func (s *videoSession) outputName() string {
	if s.Output == cli.StandardOutput {
		return "standard output"
	}
	return s.Output
}

// inputError says that a video cannot be read.
func (s *videoSession) inputError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return cli.ErrInterrupted
	}
	return &cli.InputError{Err: err}
}

// named gives an error of painting the exit code that it deserves.
func (s *videoSession) named(err error) error {
	switch {
	case errors.Is(err, picture.ErrFormat), errors.Is(err, picture.ErrCorrupt), errors.Is(err, picture.ErrTooLarge), errors.Is(err, videostyle.ErrChanged), errors.Is(err, videostyle.ErrState):
		return &cli.InputError{Err: err}
	}
	return Files{Content: s.Path, Styles: s.Styles, Masks: s.Masks, StyleMasks: s.StyleMasks, Keep: s.Keep}.Named(err)
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

type videoStartEvent struct {
	Event   string   `json:"event"` // "start"
	Recipe  string   `json:"recipe"`
	Network string   `json:"network"`
	Video   string   `json:"video"`
	Styles  []string `json:"styles"`
	Output  string   `json:"output"`
	Width   int      `json:"width"` // of the painted video, in pixels
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

type videoDoneEvent struct {
	Event   string  `json:"event"` // "done"
	Output  string  `json:"output"`
	Width   int     `json:"width"`
	Height  int     `json:"height"`
	Frames  int     `json:"frames"`
	Rate    string  `json:"rate"`
	Seconds float64 `json:"seconds"`
}

// VideoEventsHelp documents for users the events of a video.
const VideoEventsHelp = `Events (--json), one JSON object a line on standard output:
  {"event":"start","recipe":…,"network":…,"video":…,"styles":[…],"output":…,
   "width":…,"height":…,"frames":…,"rate":…,"painted":…}
  {"event":"frame","frame":…,"frames":…,"begins":…,"still":…,"painting":…}
  {"event":"saved","path":…}
  {"event":"done","output":…,"width":…,"height":…,"frames":…,"rate":…,
   "seconds":…}
  {"event":"error","exit":…,"message":…}
The last event is done or error.`

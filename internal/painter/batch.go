package painter

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/pastiche-art/pastiche/batch"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
)

// The ways in which contents and styles meet in a batch.
const (
	PairsAll = "all"
	PairsZip = "zip"
)

// batchCounts counts the paintings of a batch. Paintings that an interruption prevented
// are counted in Paintings only.
type batchCounts struct {
	Paintings int `json:"paintings"` // in all
	Painted   int `json:"painted"`
	Skipped   int `json:"skipped"` // their files exist already
	Failed    int `json:"failed"`
}

// batchError holds the errors of the paintings of a batch that failed.
type batchError struct {
	failed []error
	of     int
	code   func(error) int
}

func (e *batchError) Error() string {
	return fmt.Sprintf("%d of %d paintings failed", len(e.failed), e.of)
}

// Sentences returns a line for the batch and one for each painting that failed.
func (e *batchError) Sentences() []string {
	lines := []string{e.Error() + ":"}
	for _, err := range e.failed {
		lines = append(lines, "  "+err.Error())
	}
	return lines
}

// ExitCode returns the exit code that the paintings have in common, or that of a
// failure where they have different ones.
func (e *batchError) ExitCode() int {
	code := e.code(e.failed[0])
	for _, err := range e.failed[1:] {
		if e.code(err) != code {
			return cli.ExitFailure
		}
	}
	return code
}

// PaintAll paints every pair of contents and styles into OutDir. These are files, folders
// or patterns, see [batch.Options]. With JSON the last event reports the outcome.
func (p *Painter) PaintAll(ctx context.Context, content string, styles []string) error {
	b := &batchRun{Painter: p, program: p.newEvents()}
	err := b.run(ctx, content, styles)
	return b.program.end(err, &b.counts)
}

// batchRun paints a batch into one folder.
type batchRun struct {
	*Painter
	program *events // nil without JSON
	counts  batchCounts
}

// run paints the works whose files do not exist. A failure does not stop the others.
func (b *batchRun) run(ctx context.Context, content string, styles []string) error {
	all, err := b.works(content, styles)
	if err != nil {
		return err
	}
	b.counts.Paintings = len(all)
	if _, err := b.checkedRecipe(Work{Content: content, Styles: styles}); err != nil { // an error would fail all of them
		return err
	}
	if err := os.MkdirAll(b.OutDir, 0o777); err != nil {
		return cli.Unwritable(b.OutDir, err)
	}
	failed := batchError{of: len(all), code: b.ExitCode}
	for i, w := range all {
		if cli.Exists(w.painting) {
			b.tell("%d of %d: %s is there already.", i+1, len(all), w.painting)
			b.program.send(skippedEvent{"skipped", w.Content, w.Styles, w.painting})
			b.counts.Skipped++
			continue
		}
		if ctx.Err() == nil {
			b.tell("%d of %d: %s", i+1, len(all), w.painting)
			err = b.paint(ctx, w, b.program)
		} else {
			err = cli.ErrInterrupted
		}
		switch {
		case errors.Is(err, context.Canceled):
			return fmt.Errorf("%w after %d of %d paintings; the same command goes on", cli.ErrInterrupted, i, len(all))
		case err != nil:
			b.tell("  failed: %v", err)
			b.program.fail(w.painting, err, nil)
			failed.failed = append(failed.failed, fmt.Errorf("%s: %w", w.painting, err))
			b.counts.Failed++
		default:
			b.counts.Painted++
		}
	}
	if len(failed.failed) > 0 {
		return &failed
	}
	return nil
}

// tell prints a line of progress to a person.
func (b *batchRun) tell(format string, args ...any) {
	if !b.Quiet && b.program == nil {
		cli.Warn(format, args...)
	}
}

// works returns the works of a batch, and tells which pictures are left out.
func (b *batchRun) works(content string, styles []string) ([]Work, error) {
	single := append([]output{{"--output", b.Output}}, append(b.fileFlags(), output{"--checkpoint", b.Checkpoint}, output{"--resume", b.Resume})...)
	for _, o := range single {
		if o.path != "" {
			return nil, cli.Misused("%s with --out-dir: expected one or the other, as a single file cannot hold many", o.flag)
		}
	}
	if content == cli.StandardInput || slices.Contains(styles, cli.StandardInput) {
		return nil, cli.Misused("standard input (-) with --out-dir: expected a file, a folder or a pattern")
	}
	if b.Pairs != PairsAll && b.Pairs != PairsZip {
		return nil, cli.Misused("--pairs %s: expected %s or %s", b.Pairs, PairsAll, PairsZip)
	}
	planned, leftOut, err := batch.Plan(batch.Options{
		Contents: []string{content}, Styles: styles, Folder: b.OutDir, Zip: b.Pairs == PairsZip,
	})
	if len(leftOut) > 0 {
		b.tell("%s", batch.Describe(leftOut))
		b.program.send(leftOutEvent{"left_out", leftOut})
	}
	var all []Work
	for _, p := range planned {
		all = append(all, Work{Content: p.Content, Styles: []string{p.Style}, painting: p.Painting})
	}
	var option *paint.OptionError
	switch {
	case err == nil:
		return all, nil
	case errors.Is(err, batch.ErrNotFound):
		return nil, &cli.InputError{Err: err}
	case errors.As(err, &option) && option.Option == "Zip":
		return nil, cli.Misused("--pairs zip: %s", option.Reason)
	case errors.As(err, &option):
		return nil, cli.Misused("--out-dir %s", option.Reason)
	}
	return nil, &cli.UsageError{Err: err}
}

// stem returns the part of a painting's name that comes from an input.
func stem(path string) string {
	if path == cli.StandardInput {
		return "stdin"
	}
	return batch.Stem(path)
}

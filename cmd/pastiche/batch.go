package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/batch"
	"github.com/pastiche-art/pastiche/paint"
)

// The ways in which contents and styles meet.
const (
	pairsAll = "all"
	pairsZip = "zip"
)

// batchCounts says what became of the paintings of a batch. Those that it was
// interrupted before are counted in Paintings only.
type batchCounts struct {
	Paintings int `json:"paintings"` // in all
	Painted   int `json:"painted"`
	Skipped   int `json:"skipped"` // they were there already
	Failed    int `json:"failed"`
}

// batchError says how many paintings of a batch failed, each with its reason.
type batchError struct {
	failed []error
	of     int
}

func (e *batchError) Error() string {
	return fmt.Sprintf("%d of %d paintings failed", len(e.failed), e.of)
}

// sentences returns a line for the batch and one for each painting that failed.
func (e *batchError) sentences() []string {
	lines := []string{e.Error() + ":"}
	for _, err := range e.failed {
		lines = append(lines, "  "+err.Error())
	}
	return lines
}

// exitCode returns the exit code that the paintings have in common, or that of a
// failure where they have different ones.
func (e *batchError) exitCode() int {
	code := exitCode(e.failed[0])
	for _, err := range e.failed[1:] {
		if exitCode(err) != code {
			return exitFailure
		}
	}
	return code
}

// runBatch paints every pair of contents and styles into --out-dir, and reports the
// end to a program that listens.
func runBatch(ctx context.Context, opts *paintOptions, flags *pflag.FlagSet, content string, styles []string) error {
	b := &batchRun{opts: opts, flags: flags}
	if opts.json {
		b.program = newEvents(os.Stdout)
	}
	err := b.run(ctx, content, styles)
	if b.program == nil {
		return err
	}
	b.program.end(b.counts, err)
	if err == nil {
		err = unwritable("standard output", b.program.err)
	}
	return err
}

// batchRun is many paintings for one folder.
type batchRun struct {
	opts    *paintOptions
	flags   *pflag.FlagSet
	program *events // nil where a person is told
	counts  batchCounts
}

// run paints what is not there already. What fails does not stop the others.
func (b *batchRun) run(ctx context.Context, content string, styles []string) error {
	all, err := b.works(content, styles)
	if err != nil {
		return err
	}
	b.counts.Paintings = len(all)
	if _, err := b.opts.recipe(b.flags); err != nil { // which would fail for all of them
		return err
	}
	if err := os.MkdirAll(b.opts.outDir, 0o777); err != nil {
		return unwritable(b.opts.outDir, err)
	}
	failed := batchError{of: len(all)}
	for i, w := range all {
		if exists(w.painting) {
			b.tell("%d of %d: %s is there already.", i+1, len(all), w.painting)
			b.program.send(skippedEvent{"skipped", w.content, w.styles, w.painting})
			b.counts.Skipped++
			continue
		}
		if ctx.Err() == nil {
			b.tell("%d of %d: %s", i+1, len(all), w.painting)
			err = paintWork(ctx, b.opts, b.flags, w, b.program)
		} else {
			err = errInterrupted
		}
		switch {
		case errors.Is(err, context.Canceled):
			return fmt.Errorf("%w after %d of %d paintings; the same command goes on", errInterrupted, i, len(all))
		case err != nil:
			b.tell("  failed: %v", err)
			b.program.send(errorEvent{"error", w.painting, exitCode(err), err.Error()})
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

// tell tells a person how far a batch is.
func (b *batchRun) tell(format string, args ...any) {
	if !b.opts.quiet && b.program == nil {
		warn(format, args...)
	}
}

// single are the flags that name a file, of which many paintings would need
// many.
func (o *paintOptions) single() (flag string) {
	for _, f := range []struct{ name, value string }{
		{"output", o.output}, {"cost-log", o.costLog}, {"chart", o.chart}, {"sheet", o.sheet}, {"film", o.film},
		{"checkpoint", o.checkpoint}, {"resume", o.resume},
	} {
		if f.value != "" {
			return f.name
		}
	}
	return ""
}

// works returns what --out-dir asks for, and tells which pictures are left out of it.
func (b *batchRun) works(content string, styles []string) ([]work, error) {
	if flag := b.opts.single(); flag != "" {
		return nil, misused("--%s with --out-dir: expected one or the other, as a single file cannot hold many", flag)
	}
	if content == standardInput || slices.Contains(styles, standardInput) {
		return nil, misused("standard input (-) with --out-dir: expected a file, a folder or a pattern")
	}
	if pairs := b.opts.pairs; pairs != pairsAll && pairs != pairsZip {
		return nil, misused("--pairs %s: expected %s or %s", pairs, pairsAll, pairsZip)
	}
	planned, leftOut, err := batch.Plan(batch.Options{
		Contents: []string{content}, Styles: styles, Folder: b.opts.outDir, Zip: b.opts.pairs == pairsZip,
	})
	if len(leftOut) > 0 {
		b.tell("%s", batch.Describe(leftOut))
		b.program.send(leftOutEvent{"left_out", leftOut})
	}
	var all []work
	for _, p := range planned {
		all = append(all, work{content: p.Content, styles: []string{p.Style}, painting: p.Painting})
	}
	var option *paint.OptionError
	switch {
	case err == nil:
		return all, nil
	case errors.Is(err, batch.ErrNotFound):
		return nil, &inputError{err}
	case errors.As(err, &option) && option.Option == "Zip":
		return nil, misused("--pairs zip: %s", option.Reason)
	case errors.As(err, &option):
		return nil, misused("--out-dir %s", option.Reason)
	}
	return nil, &usageError{err}
}

// stem returns what a painting is called after an input.
func stem(path string) string {
	if path == standardInput {
		return "stdin"
	}
	return batch.Stem(path)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"
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
	b := &batch{opts: opts, flags: flags}
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

// batch is many paintings for one folder.
type batch struct {
	opts    *paintOptions
	flags   *pflag.FlagSet
	program *events // nil where a person is told
	counts  batchCounts
}

// run paints what is not there already. What fails does not stop the others.
func (b *batch) run(ctx context.Context, content string, styles []string) error {
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
func (b *batch) tell(format string, args ...any) {
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
func (b *batch) works(content string, styles []string) ([]work, error) {
	if flag := b.opts.single(); flag != "" {
		return nil, misused("--%s with --out-dir: expected one or the other, as a single file cannot hold many", flag)
	}
	find := finder{outDir: b.opts.outDir}
	contents, err := find.pictures(content)
	if err != nil {
		return nil, err
	}
	var manners []string
	for _, s := range styles {
		files, err := find.pictures(s)
		if err != nil {
			return nil, err
		}
		manners = append(manners, files...)
	}
	if len(find.leftOut) > 0 {
		b.tell("%s", describe(find.leftOut))
		b.program.send(leftOutEvent{"left_out", find.leftOut})
	}
	all, err := b.pair(contents, manners)
	if err != nil {
		return nil, err
	}
	return all, distinct(all)
}

// pair returns a work for each content and style that meet.
func (b *batch) pair(contents, styles []string) (all []work, err error) {
	add := func(content, style string) {
		w := work{content: content, styles: []string{style}}
		w.painting = filepath.Join(b.opts.outDir, w.name()+".png")
		all = append(all, w)
	}
	switch b.opts.pairs {
	case pairsAll:
		for _, c := range contents {
			for _, s := range styles {
				add(c, s)
			}
		}
	case pairsZip:
		if len(contents) != len(styles) {
			return nil, misused("--pairs zip: %d contents and %d styles: expected as many of both", len(contents), len(styles))
		}
		for i, c := range contents {
			add(c, styles[i])
		}
	default:
		return nil, misused("--pairs %s: expected %s or %s", b.opts.pairs, pairsAll, pairsZip)
	}
	return all, nil
}

// distinct fails where two inputs have the same name and would write the same
// painting.
func distinct(all []work) error {
	of := make(map[string]work)
	for _, w := range all {
		if other, taken := of[w.painting]; taken {
			return misused("%s and %s would both become %s: rename one", strings.Join(append([]string{other.content}, other.styles...), " with "),
				strings.Join(append([]string{w.content}, w.styles...), " with "), w.painting)
		}
		of[w.painting] = w
	}
	return nil
}

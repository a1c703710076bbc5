package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/picture"
)

// The ways in which contents and styles meet.
const (
	pairsAll = "all"
	pairsZip = "zip"
)

// batchError says how many paintings of a batch failed, each with its reason.
type batchError struct {
	failed []error
	of     int
}

func (e *batchError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d paintings failed:", len(e.failed), e.of)
	for _, err := range e.failed {
		fmt.Fprintf(&b, "\n  %v", err)
	}
	return b.String()
}

// runBatch paints every pair of contents and styles into --out-dir. What is
// there already is left out, and what fails does not stop the others.
func runBatch(ctx context.Context, opts *paintOptions, flags *pflag.FlagSet, content string, styles []string) error {
	all, err := opts.batch(content, styles)
	if err != nil {
		return err
	}
	if _, err := opts.recipe(flags); err != nil { // which would fail for all of them
		return err
	}
	if err := os.MkdirAll(opts.outDir, 0o777); err != nil {
		return unwritable(opts.outDir, err)
	}
	var failed batchError
	for i, w := range all {
		if exists(w.painting) {
			opts.tell("%d of %d: %s is there already.", i+1, len(all), w.painting)
			continue
		}
		opts.tell("%d of %d: %s", i+1, len(all), w.painting)
		err := runWork(ctx, opts, flags, w)
		if ctx.Err() != nil {
			// What was interrupted is not done, and is to be painted again.
			os.Remove(w.painting)
			return fmt.Errorf("interrupted after %d of %d paintings; the same command goes on: %w", i, len(all), ctx.Err())
		}
		if err != nil {
			opts.tell("  failed: %v", err)
			failed.failed = append(failed.failed, fmt.Errorf("%s: %w", w.painting, err))
		}
	}
	failed.of = len(all)
	if len(failed.failed) > 0 {
		return &failed
	}
	return nil
}

// tell tells a person how far a batch is.
func (o *paintOptions) tell(format string, args ...any) {
	if !o.quiet && !o.json {
		fmt.Fprintf(os.Stderr, format+"\n", args...)
	}
}

// single are the flags that name a file, of which many paintings would need
// many.
func (o *paintOptions) single() (flag string) {
	for _, f := range []struct{ name, value string }{
		{"output", o.output}, {"log", o.log}, {"plot", o.chart}, {"sheet", o.sheet}, {"film", o.film},
		{"checkpoint", o.checkpoint}, {"resume", o.resume},
	} {
		if f.value != "" {
			return f.name
		}
	}
	return ""
}

// batch returns what --out-dir asks for.
func (o *paintOptions) batch(content string, styles []string) ([]work, error) {
	if flag := o.single(); flag != "" {
		return nil, misused("--%s with --out-dir: expected one or the other, as a single file cannot hold many", flag)
	}
	contents, err := pictureFiles(content)
	if err != nil {
		return nil, err
	}
	var manners []string
	for _, s := range styles {
		files, err := pictureFiles(s)
		if err != nil {
			return nil, err
		}
		manners = append(manners, files...)
	}
	var all []work
	add := func(content, style string) {
		w := work{content: content, styles: []string{style}}
		w.painting = filepath.Join(o.outDir, w.name()+".png")
		all = append(all, w)
	}
	switch o.pairs {
	case pairsAll:
		for _, c := range contents {
			for _, s := range manners {
				add(c, s)
			}
		}
	case pairsZip:
		if len(contents) != len(manners) {
			return nil, misused("--pairs zip: %d contents and %d styles: expected as many of both", len(contents), len(manners))
		}
		for i, c := range contents {
			add(c, manners[i])
		}
	default:
		return nil, misused("--pairs %s: expected %s or %s", o.pairs, pairsAll, pairsZip)
	}
	return all, distinct(all)
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

// pictureFiles returns the pictures that a word means: a file, those of a
// folder, or those that match a pattern, in the order of their names.
func pictureFiles(word string) ([]string, error) {
	info, err := os.Stat(word)
	switch {
	case err == nil && !info.IsDir():
		return []string{word}, nil
	case err == nil:
		entries, err := os.ReadDir(word)
		if err != nil {
			return nil, &inputError{err}
		}
		var files []string
		for _, e := range entries {
			if _, err := picture.FormatOf(e.Name()); !e.IsDir() && (err == nil || readOnly(e.Name())) {
				files = append(files, filepath.Join(word, e.Name()))
			}
		}
		if len(files) == 0 {
			return nil, &inputError{fmt.Errorf("%s: no pictures in this folder", word)}
		}
		return files, nil
	}
	matches, globErr := filepath.Glob(word)
	if globErr != nil || len(matches) == 0 {
		if !strings.ContainsAny(word, "*?[") && !errors.Is(err, os.ErrNotExist) {
			return nil, &inputError{err}
		}
		return nil, &inputError{fmt.Errorf("%s: no such file, folder or pattern", word)}
	}
	slices.Sort(matches)
	return matches, nil
}

// readOnly says whether a name is that of a picture that can be read, but not
// written.
func readOnly(name string) bool {
	return slices.Contains([]string{".gif", ".bmp"}, strings.ToLower(filepath.Ext(name)))
}

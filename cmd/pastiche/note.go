package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pastiche-art/pastiche/paint"
)

// The names and numbers of "Deep Learning & Art: Neural Style Transfer".
const (
	noteFolder   = "output"
	notePainting = "generated_image.jpg"
	// noteInterval is how often costs are printed and the picture is saved, in
	// iterations. The note counts them from 0.
	noteInterval = 20
)

// isNote tells whether a recipe is the note's.
func isNote(r paint.Recipe) bool { return r.Name == paint.Classic().Name }

// noteOutput returns where the costs are printed: on standard output, unless the
// painting goes there.
func noteOutput(files *paths, report reporter) io.Writer {
	if files.painting == standardOutput {
		return sayer{report}
	}
	return report.output()
}

// sayer is a writer of lines that a reporter says.
type sayer struct{ reporter }

func (s sayer) Write(text []byte) (int, error) {
	for line := range strings.Lines(string(text)) {
		s.say("%s", strings.TrimSuffix(line, "\n"))
	}
	return len(text), nil
}

// note prints what the note prints.
type note struct {
	to io.Writer
	firstError
}

func (n *note) iteration(p paint.Progress) {
	i := p.Step - 1
	if i%noteInterval != 0 {
		return
	}
	n.try(func() error {
		_, err := fmt.Fprintf(n.to, "Iteration %d :\ntotal cost = %.6g\ncontent cost = %.6g\nstyle cost = %.6g\n",
			i, p.Costs.Total, p.Costs.Content, p.Costs.Style)
		return unwritable("standard output", err)
	})
}

func (n *note) close() error { return n.err }

// noteSnapshot names the painting as the note does: 0.png is what the first
// iteration made of it.
func noteSnapshot(painting string, step int) string {
	return filepath.Join(filepath.Dir(painting), strconv.Itoa(step-1)+".png")
}

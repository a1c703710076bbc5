package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"

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

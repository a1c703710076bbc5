package painter

import (
	"bytes"
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/termimage"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

var errNoGraphics = errors.New("no preview: this terminal is not known to show pictures (kitty, iTerm2 or sixel graphics)")

// previewInterval is the time between two previews of a painting: often enough
// to see it come to be, seldom enough not to fill the terminal.
const previewInterval = 10 * time.Second

// previews show the painting in the terminal as it comes to be.
type previews struct {
	*Inputs
	show termimage.Protocol
	to   io.Writer
	last time.Time
	firstError
}

// newPreviews returns previews for this terminal, or errNoGraphics.
func newPreviews(to io.Writer, in *Inputs) (*previews, error) {
	if cli.IsTerminal(os.Stdout) {
		if show := termimage.Detect(os.Getenv, os.Stdin, os.Stdout); show != nil {
			return &previews{Inputs: in, show: show, to: to, last: time.Now()}, nil
		}
	}
	return nil, errNoGraphics
}

func (v *previews) Iteration(p paint.Progress) {
	now := time.Now()
	if p.Step == p.Steps || now.Sub(v.last) < previewInterval {
		return
	}
	v.last = now
	v.try(func() error { return v.draw(v.to, p.Picture()) })
}

// draw shows a picture.
func (v *previews) draw(to io.Writer, p *picture.Picture) error {
	columns, rows, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := v.show(&b, v.shown(p), termimage.Rows(p, columns, rows)); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err = to.Write(b.Bytes())
	return cli.Unwritable("standard output", err)
}

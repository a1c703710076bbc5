package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/ansi/iterm2"
	"github.com/charmbracelet/x/ansi/kitty"
	"github.com/charmbracelet/x/ansi/sixel"
	"golang.org/x/term"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// graphics is a way to show pictures in a terminal.
type graphics func(w io.Writer, p *picture.Picture, rows int) error

var errNoGraphics = errors.New("no preview: this terminal is not known to show pictures (kitty, iTerm2 or sixel graphics)")

// previewInterval is the time between two previews of a painting: often enough
// to see it come to be, seldom enough not to fill the terminal.
const previewInterval = 10 * time.Second

// previews show the painting in the terminal as it comes to be.
type previews struct {
	*inputs
	show graphics
	to   io.Writer
	last time.Time
	firstError
}

// newPreviews finds out how this terminal shows pictures.
func newPreviews(to io.Writer, c *inputs) (*previews, error) {
	if !isTerminal(os.Stdout) {
		return nil, errNoGraphics
	}
	show := graphicsOf(os.Getenv)
	if show == nil && sixelTerminal(os.Stdin, os.Stdout) {
		show = showSixel
	}
	if show == nil {
		return nil, errNoGraphics
	}
	return &previews{inputs: c, show: show, to: to, last: time.Now()}, nil
}

func (v *previews) iteration(p paint.Progress) {
	now := time.Now()
	if p.Step == p.Steps || now.Sub(v.last) < previewInterval {
		return
	}
	v.last = now
	v.try(func() error { return v.draw(v.to, p.Picture()) })
}

func (v *previews) close() error { return v.err }

// draw shows a picture.
func (v *previews) draw(to io.Writer, p *picture.Picture) error {
	columns, rows, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := v.show(&b, v.shown(p), previewRows(p, columns, rows)); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err = to.Write(b.Bytes())
	return unwritable("standard output", err)
}

// cellAspect is the height of a character relative to its width, about what
// terminals have.
const cellAspect = 2

// previewRows returns how many lines a picture may take: all but two, the
// message above and the prompt below, unless it would be too wide.
func previewRows(p *picture.Picture, columns, rows int) int {
	return max(1, min(rows-2, columns*p.H/(cellAspect*p.W)))
}

// graphicsOf returns what the environment says of the terminal, or nil.
// Terminal multiplexers inherit the variables of the terminal around them, whose
// pictures they do not pass on.
func graphicsOf(getenv func(string) string) graphics {
	kind, program := getenv("TERM"), getenv("TERM_PROGRAM")
	switch {
	case getenv("TMUX") != "", getenv("STY") != "":
		return nil
	case getenv("KITTY_WINDOW_ID") != "", strings.Contains(kind, "kitty"), strings.Contains(kind, "ghostty"), program == "ghostty":
		return showKitty
	case slices.Contains([]string{"iTerm.app", "WezTerm", "mintty", "rio"}, program), getenv("LC_TERMINAL") == "iTerm2":
		return showITerm2
	}
	return nil
}

// cellPixels is the height that a line has at least, in pixels: pictures are
// sent no larger than terminals show them, on displays of twice the density.
const cellPixels = 16

// shrunk returns a picture for so many lines of so many pixels, at most.
func shrunk(p *picture.Picture, pixels int) *picture.Picture {
	if p.H <= pixels {
		return p
	}
	return p.Resize(max(1, p.W*pixels/p.H), pixels)
}

// showKitty uses the graphics protocol of kitty.
func showKitty(w io.Writer, p *picture.Picture, rows int) error {
	return kitty.EncodeGraphics(w, shrunk(p, 2*cellPixels*rows).Image(), &kitty.Options{
		Action: kitty.TransmitAndPut, Transmission: kitty.Direct, Format: kitty.PNG, Chunk: true,
		Rows: rows, Quite: 2,
	})
}

// showITerm2 uses the inline images of iTerm2.
func showITerm2(w io.Writer, p *picture.Picture, rows int) error {
	var file bytes.Buffer
	if err := picture.Encode(&file, shrunk(p, 2*cellPixels*rows), picture.PNG, picture.SaveOptions{}); err != nil {
		return err
	}
	_, err := io.WriteString(w, ansi.ITerm2(iterm2.File{
		Inline: true, Height: iterm2.Cells(rows), Size: int64(file.Len()),
		Content: []byte(base64.StdEncoding.EncodeToString(file.Bytes())),
	}))
	return err
}

// showSixel uses the bitmap graphics of the VT340.
func showSixel(w io.Writer, p *picture.Picture, rows int) error {
	var data bytes.Buffer
	if err := new(sixel.Encoder).Encode(&data, shrunk(p, cellPixels*rows).Image()); err != nil {
		return err
	}
	_, err := io.WriteString(w, ansi.SixelGraphics(0, 1, 0, data.Bytes()))
	return err
}

// terminalPatience is how long a terminal may take to answer. Those that know
// the question answer at once, but perhaps over a network.
const terminalPatience = time.Second

// sixelAttribute is what a terminal with sixel graphics has among its device
// attributes.
const sixelAttribute = "4"

// sixelTerminal asks the terminal for its device attributes.
func sixelTerminal(in, out *os.File) bool {
	if !term.IsTerminal(int(in.Fd())) {
		return false
	}
	state, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return false
	}
	defer func() { _ = term.Restore(int(in.Fd()), state) }()
	if _, err := io.WriteString(out, ansi.RequestPrimaryDeviceAttributes); err != nil {
		return false
	}
	answer := make(chan string, 1)
	// A terminal that never answers keeps this waiting until the program ends,
	// which it is about to.
	go func() { answer <- readAttributes(in) }()
	select {
	case a := <-answer:
		attributes := strings.Split(a, ";")
		return slices.Contains(attributes[1:], sixelAttribute)
	case <-time.After(terminalPatience):
		return false
	}
}

// readAttributes returns the numbers of an answer such as ESC [ ? 62 ; 4 c,
// the first being the kind of terminal.
func readAttributes(in io.Reader) string {
	var answer []byte
	b := make([]byte, 1)
	for len(answer) == 0 || answer[len(answer)-1] != 'c' {
		if _, err := in.Read(b); err != nil {
			return ""
		}
		answer = append(answer, b[0])
	}
	_, attributes, _ := strings.Cut(string(answer), "?")
	return strings.TrimSuffix(attributes, "c")
}

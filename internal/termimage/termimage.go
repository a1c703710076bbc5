// Package termimage shows pictures in terminals with kitty, iTerm2 or sixel graphics.
package termimage

import (
	"bytes"
	"encoding/base64"
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

	"github.com/pastiche-art/pastiche/picture"
)

// A Protocol writes the sequences that show a picture on a number of rows of a terminal.
type Protocol func(w io.Writer, p *picture.Picture, rows int) error

// Detect returns the protocol of the terminal that in and out belong to, or nil. Where
// the environment does not name a known terminal, it asks the terminal itself whether
// it has sixel graphics, for at most a second.
func Detect(getenv func(string) string, in, out *os.File) Protocol {
	if p := named(getenv); p != nil {
		return p
	}
	if sixelTerminal(in, out) {
		return showSixel
	}
	return nil
}

// cellAspect is the height of a character relative to its width, about what
// terminals have.
const cellAspect = 2

// Rows returns how many lines of a terminal of columns x rows a picture may take: all
// but two, a message above and a prompt below, or fewer where it would be too wide.
func Rows(p *picture.Picture, columns, rows int) int {
	return max(1, min(rows-2, columns*p.H/(cellAspect*p.W)))
}

// named returns the protocol of the terminal that the environment names, or nil.
// A terminal multiplexer inherits the variables of the terminal that it runs in, but
// does not pass pictures on to it.
func named(getenv func(string) string) Protocol {
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

// cellPixels is the least height of a row in pixels that is expected. Pictures are sent
// no larger than that shows; kitty and iTerm2 get twice as many pixels, for dense displays.
const cellPixels = 16

// shrunk returns a picture of a height of at most so many pixels.
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

// answerTimeout is how long a terminal may take to answer. Those that know the
// question answer at once, but perhaps over a network.
const answerTimeout = time.Second

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
	// If the terminal never answers, the goroutine waits until the program ends.
	go func() { answer <- readAttributes(in) }()
	select {
	case a := <-answer:
		attributes := strings.Split(a, ";")
		return slices.Contains(attributes[1:], sixelAttribute)
	case <-time.After(answerTimeout):
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

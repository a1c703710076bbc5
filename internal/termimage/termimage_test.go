package termimage

import (
	"bytes"
	"encoding/base64"
	"image/png"
	"regexp"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/picture"
)

// shown returns what a terminal with an environment receives of a picture of 600 x 400
// pixels on 10 lines, or "" where nothing is known of the terminal.
func shown(t *testing.T, environment map[string]string) string {
	t.Helper()
	show := named(func(name string) string { return environment[name] })
	if show == nil {
		return ""
	}
	var b bytes.Buffer
	if err := show(&b, picture.New(600, 400), 10); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestProtocols(t *testing.T) {
	for _, c := range []struct {
		name        string
		environment map[string]string
		begin       string
	}{
		{"kitty", map[string]string{"TERM": "xterm-kitty"}, "\x1b_G"},
		{"ghostty", map[string]string{"TERM_PROGRAM": "ghostty"}, "\x1b_G"},
		{"iTerm2", map[string]string{"TERM_PROGRAM": "iTerm.app"}, "\x1b]1337;File="},
		{"iTerm2 over ssh", map[string]string{"LC_TERMINAL": "iTerm2"}, "\x1b]1337;File="},
		{"tmux in kitty", map[string]string{"TERM": "xterm-kitty", "TMUX": "x"}, ""},
		{"another", map[string]string{"TERM": "xterm"}, ""},
	} {
		if got := shown(t, c.environment); !strings.HasPrefix(got, c.begin) || (c.begin == "") != (got == "") {
			t.Errorf("%s: begins with %.20q, expected %q", c.name, got, c.begin)
		}
	}
}

// TestShrunk: a terminal gets no more pixels than it shows, twice 16 a line.
func TestShrunk(t *testing.T) {
	content := regexp.MustCompile(`:([A-Za-z0-9+/=]+)`).FindStringSubmatch(shown(t, map[string]string{"TERM_PROGRAM": "iTerm.app"}))
	file, err := base64.StdEncoding.DecodeString(content[1])
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if m.Bounds().Dx() != 480 || m.Bounds().Dy() != 320 {
		t.Errorf("%v", m.Bounds())
	}
}

func TestRows(t *testing.T) {
	for _, c := range []struct{ w, h, columns, rows, want int }{
		{300, 200, 80, 24, 22}, // as high as the terminal
		{600, 200, 80, 24, 13}, // as wide
		{300, 200, 80, 2, 1},   // at least a line
		{9000, 10, 80, 24, 1},
	} {
		if got := Rows(picture.New(c.w, c.h), c.columns, c.rows); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

func TestAttributes(t *testing.T) {
	if got := readAttributes(strings.NewReader("\x1b[?62;4;22c and more")); got != "62;4;22" {
		t.Errorf("got %q", got)
	}
	if got := readAttributes(strings.NewReader("\x1b[?62;4")); got != "" {
		t.Errorf("of an answer without an end: %q", got)
	}
}

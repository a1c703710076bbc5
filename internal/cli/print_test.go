package cli

import "testing"

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"a\x1b[31m\x07\n\t\x7f":      `a\x1b[31m\a\n\t\x7f`,
		"\u009b31m \xff\u202e\u2028": `\u009b31m \xff\u202e\u2028`,
		`C:\x1b "q" 'e' ü 東京 👩‍👩‍👧 `: `C:\x1b "q" 'e' ü 東京 👩‍👩‍👧 `,
		"9.41\u202fAM\u00a0x":        "9.41\u202fAM\u00a0x",
		"\uFFFD":                     "\uFFFD",
	} {
		if got := Printable(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	if got := PrintableJSON("\x7f\u009b\xff"); got != `\u007f\u009b\ufffd` {
		t.Errorf("JSON: %s", got)
	}
}

func TestShellWords(t *testing.T) {
	words := []string{"pastiche", "my photo.png", "it's", "--set", `scales=[{"size":9}]`, "a*b", "", "=x", "50%", "~x", "ä", "$HOME", "a=b,c:d"}
	want := `pastiche 'my photo.png' 'it'\''s' --set 'scales=[{"size":9}]' 'a*b' '' '=x' 50% '~x' 'ä' '$HOME' a=b,c:d`
	if got := ShellWords(words); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

package cli

import (
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

const (
	plainWidth = 80  // columns of a text where standard output is no terminal
	leastWidth = 40  // columns, however narrow the terminal
	mostWidth  = 100 // columns, however wide the terminal
)

// IsTerminal reports whether a file is a terminal that can move its cursor.
func IsTerminal(f *os.File) bool {
	return term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}

// Width returns how many columns a text for a person takes on standard output.
func Width() int {
	width, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		return plainWidth
	}
	return min(max(width, leastWidth), mostWidth)
}

// reflowed returns a text with its paragraphs Wrapped. Lines that are indented, such as
// those of a list, stay as they are, and where they are too long, continue below the text
// of their last column.
func reflowed(text string, width int) string {
	var b strings.Builder
	var paragraph []string
	flush := func() {
		if len(paragraph) > 0 {
			b.WriteString(strings.Join(Wrapped(strings.Join(paragraph, " "), width), "\n") + "\n")
		}
		paragraph = nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line != "" && line[0] != ' ' {
			paragraph = append(paragraph, line)
			continue
		}
		flush()
		column := strings.LastIndex(strings.TrimRight(line, " "), "  ") + 2
		if column < 2 || column > mostNameWidth {
			column = len(line) - len(strings.TrimLeft(line, " "))
		}
		for i, part := range Wrapped(line[column:], width-column) {
			if i > 0 {
				line = strings.Repeat(" ", len(line))
			}
			b.WriteString(strings.TrimRight(line[:column]+part, " ") + "\n")
		}
	}
	flush()
	return b.String()
}

// Wrapped returns text in lines of at most width columns, unless a word is longer. The
// first one keeps its indent.
func Wrapped(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			indent, _, _ := strings.Cut(text, word)
			line = indent + word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line)
}

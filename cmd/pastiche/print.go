package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"syscall"
	"text/tabwriter"
	"unicode"
)

// printTable prints what fill writes, its cells ended by tabs, in columns.
func printTable(fill func(w *tabwriter.Writer)) error { return printText(formatTable(fill)) }

// formatTable is what printTable prints.
func formatTable(fill func(w *tabwriter.Writer)) []byte {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fill(w)
	_ = w.Flush() // into memory
	return b.Bytes()
}

// printJSON prints one object a line.
func printJSON[T any](objects []T) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	for _, o := range objects {
		if err := encoder.Encode(o); err != nil {
			return err
		}
	}
	return printText(b.Bytes())
}

// printable is text from a file without what would command a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// printText writes to standard output.
func printText(text []byte) error {
	_, err := os.Stdout.Write(text)
	if errors.Is(err, syscall.EPIPE) {
		return &outputError{errUnread}
	}
	return unwritable("standard output", err)
}

// errUnread ends a command whose reader has read enough, as head has: nobody
// wants to be told.
var errUnread = errors.New("nobody reads standard output any more")

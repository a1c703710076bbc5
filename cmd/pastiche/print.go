package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"unicode"
	"unicode/utf8"
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

// printMessage writes a message for a person, and ends its line. Control
// characters, which a file's name may hold, are written as %q writes them: a
// message is one line, whatever it names.
func printMessage(w io.Writer, format string, args ...any) {
	fmt.Fprintln(w, printable(fmt.Sprintf(format, args...)))
}

// printable returns text with its control characters written as %q writes them,
// such as \x1b and \n: those that command a terminal, break a line or turn the
// direction of the text, and bytes that are not UTF-8. All else stays as it is.
func printable(text string) string {
	return escapeControls(text, func(char string, _ rune) string { return strings.Trim(strconv.Quote(char), `"`) })
}

// printableJSON is printable for JSON, which has an escape of its own.
func printableJSON(text string) string {
	return escapeControls(text, func(_ string, r rune) string { return fmt.Sprintf(`\u%04x`, r) })
}

// escapeControls returns text with what escape makes of each control character:
// its bytes, and the rune that they are.
func escapeControls(text string, escape func(char string, r rune) string) string {
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && size == 1 || unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			b.WriteString(escape(text[:size], r))
		} else {
			b.WriteString(text[:size])
		}
		text = text[size:]
	}
	return b.String()
}

// printError writes the sentence of the error that ends a command, or a line for
// each of several errors.
func printError(w io.Writer, err error) {
	lines := sentences(err)
	printMessage(w, "pastiche: %s", lines[0])
	for _, line := range lines[1:] {
		printMessage(w, "%s", line)
	}
}

// sentences returns the text of an error, or of each of the errors that
// [errors.Join] made it of.
func sentences(err error) []string {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		var texts, lines []string
		for _, err := range joined.Unwrap() {
			texts = append(texts, err.Error())
			lines = append(lines, sentences(err)...)
		}
		if err.Error() == strings.Join(texts, "\n") { // and not a sentence about several
			return lines
		}
	}
	var batch *batchError
	if errors.As(err, &batch) {
		return batch.sentences()
	}
	return []string{err.Error()}
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

package cli

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

// PrintTable prints what fill writes, its cells ended by tabs, in columns.
func PrintTable(fill func(w *tabwriter.Writer)) error { return PrintText(FormatTable(fill)) }

// FormatTable is what PrintTable prints.
func FormatTable(fill func(w *tabwriter.Writer)) []byte {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fill(w)
	_ = w.Flush() // into memory
	return b.Bytes()
}

// PrintJSON prints one object a line, with its control characters escaped.
func PrintJSON[T any](objects []T) error {
	var all, one bytes.Buffer
	encoder := json.NewEncoder(&one)
	encoder.SetEscapeHTML(false)
	for _, o := range objects {
		one.Reset()
		if err := encoder.Encode(o); err != nil {
			return err
		}
		all.WriteString(PrintableJSON(strings.TrimSuffix(one.String(), "\n")) + "\n")
	}
	return PrintText(all.Bytes())
}

// PrintMessage writes a message for a person, and ends its line. Control
// characters, which a file's name may hold, are written as %q writes them: a
// message is one line, whatever it names.
func PrintMessage(w io.Writer, format string, args ...any) {
	fmt.Fprintln(w, Printable(fmt.Sprintf(format, args...)))
}

// Warn writes a message for a person to standard error.
func Warn(format string, args ...any) { PrintMessage(os.Stderr, format, args...) }

// Printable returns text with its control characters written as %q writes them,
// such as \x1b and \n: those that command a terminal, break a line or turn the
// direction of the text, and bytes that are not UTF-8. All else stays as it is.
func Printable(text string) string {
	return escapeControls(text, func(char string, _ rune) string { return strings.Trim(strconv.Quote(char), `"`) })
}

// PrintableJSON is Printable for JSON, which has an escape of its own.
func PrintableJSON(text string) string {
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

// PrintError writes the sentence of the error that ends a command of a program, or a line
// for each of several errors. An error with a method Sentences has these lines.
func PrintError(w io.Writer, program string, err error) {
	lines := sentences(err)
	PrintMessage(w, "%s: %s", program, lines[0])
	for _, line := range lines[1:] {
		PrintMessage(w, "%s", line)
	}
}

// sentences returns the text of an error, or of each of the errors that
// [errors.Join] made it of, or what a method Sentences returns.
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
	var several interface {
		error
		Sentences() []string
	}
	if errors.As(err, &several) {
		return several.Sentences()
	}
	return []string{err.Error()}
}

// PrintText writes to standard output.
func PrintText(text []byte) error {
	_, err := os.Stdout.Write(text)
	if errors.Is(err, syscall.EPIPE) {
		return &OutputError{&ReportedError{err}} // enough was read, as by head: nobody wants to know
	}
	return Unwritable("standard output", err)
}

// ShellWords returns words as a shell takes them.
func ShellWords(words []string) string {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-"
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = w
		if strings.Trim(w, plain) != "" || w == "" || w[0] == '=' {
			quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

package painter

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
)

func TestBatchExitCode(t *testing.T) {
	unread, unwritten := &cli.InputError{Err: io.ErrUnexpectedEOF}, &cli.OutputError{Err: io.ErrShortWrite}
	code := func(err error) int {
		if errors.As(err, new(*paint.DivergedError)) {
			return cli.ExitDiverged
		}
		return cli.ExitCode(err)
	}
	for _, test := range []struct {
		failed []error
		want   int
	}{
		{[]error{unread}, cli.ExitInput},
		{[]error{unread, unread}, cli.ExitInput},
		{[]error{unwritten, unwritten}, cli.ExitOutput},
		{[]error{&paint.DivergedError{Err: io.EOF}}, cli.ExitDiverged},
		{[]error{unread, unwritten}, cli.ExitFailure},
		{[]error{unread, unread, &cli.UsageError{Err: io.EOF}}, cli.ExitFailure},
	} {
		if got := cli.ExitCode(&batchError{test.failed, 9, code}); got != test.want {
			t.Errorf("%v: exit code %d, want %d", test.failed, got, test.want)
		}
	}
}

// TestBatchErrorSentences: several errors are a line each, and their names do not make more.
func TestBatchErrorSentences(t *testing.T) {
	var b strings.Builder
	cli.PrintError(&b, "pastiche", errors.Join(errors.New("a\nb"), &batchError{[]error{errors.New("c\nd")}, 2, cli.ExitCode}))
	const want = "pastiche: a\\nb\n1 of 2 paintings failed:\n  c\\nd\n"
	if b.String() != want {
		t.Errorf("said %q, want %q", b.String(), want)
	}
}

package picture

import (
	"errors"
	"fmt"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
)

// The kinds of errors, for errors.Is. An error is a complete sentence: the file, what
// was expected, what was found, what to do.
var (
	// ErrFormat: the file is not a picture, or is in a format or a variant that this
	// package does not support.
	ErrFormat = errors.New("picture: unknown or unsupported format")

	// ErrTooLarge: the picture exceeds the Limits, or the largest size of its output
	// format.
	ErrTooLarge = errors.New("picture: too large")

	// ErrCorrupt: the format is known but the file is damaged, incomplete or
	// malicious.
	ErrCorrupt = errors.New("picture: corrupt or truncated")

	// ErrNotFinite: the picture holds a NaN or an infinity and is not encoded.
	ErrNotFinite = errors.New("picture: not finite")

	// ErrWrite: the file cannot be written.
	ErrWrite = atomicfile.ErrWrite
)

// failure is an error of one of the kinds above.
type failure struct {
	kind  error
	cause error // nil when there is nothing beneath
	text  string
}

// fail returns an error of a kind. errors.Is and errors.As find the cause, if not nil;
// the text should mention it where that helps.
func fail(kind, cause error, format string, args ...any) error {
	return &failure{kind, cause, fmt.Sprintf(format, args...)}
}

func (f *failure) Error() string { return f.text }

func (f *failure) Unwrap() []error {
	if f.cause == nil {
		return []error{f.kind}
	}
	return []error{f.kind, f.cause}
}

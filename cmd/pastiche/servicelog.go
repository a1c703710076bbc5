package main

import (
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// logOptions are the flags of the log of a service, which is standard error.
type logOptions struct{ format, level string }

var (
	logFormats = []string{"text", "json"}
	logLevels  = []string{"debug", "info", "warn", "error"}
)

func (o *logOptions) AddFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.format, "log-format", logFormats[0], "`FORMAT` of the log on standard error: "+strings.Join(logFormats, ", "))
	flags.StringVar(&o.level, "log-level", "info", "lowest `LEVEL` that is logged: "+strings.Join(logLevels, ", "))
	complete(cmd, "log-format", logFormats, cobra.ShellCompDirectiveNoFileComp)
	complete(cmd, "log-level", logLevels, cobra.ShellCompDirectiveNoFileComp)
}

// logger returns a log that is written to w.
func (o *logOptions) logger(w io.Writer) (*slog.Logger, error) {
	handler := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Value.Kind() == slog.KindDuration { // in JSON a number of nanoseconds otherwise
			a.Value = slog.StringValue(a.Value.Duration().String())
		}
		return a
	}}
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.level)); err != nil {
		return nil, misused("--log-level %s: expected %s", o.level, strings.Join(logLevels, ", "))
	}
	handler.Level = level
	switch o.format {
	case "text":
		return slog.New(slog.NewTextHandler(w, handler)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, handler)), nil
	}
	return nil, misused("--log-format %s: expected %s", o.format, strings.Join(logFormats, " or "))
}

// forPerson reports whether a person reads the log as it is written.
func (o *logOptions) forPerson() bool { return o.format == logFormats[0] && isTerminal(os.Stderr) }

// ended logs the error that ended a service, unless a person reads the log, for whom it
// is printed; nil stays nil.
func (o *logOptions) ended(log *slog.Logger, err error) error {
	if err == nil || o.forPerson() {
		return err
	}
	log.Error("ended by an error", "error", err)
	return &loggedError{err}
}

// A loggedError is in the log already, and is not printed.
type loggedError struct{ error }

func (e *loggedError) Unwrap() error { return e.error }

package service

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// LogFormats returns the formats of a log, the default first.
func LogFormats() []string { return []string{"text", "json"} }

// NewLog returns a log of a format that is written to w, from a level on. Durations
// are texts such as "1.5s" in both formats.
func NewLog(w io.Writer, format string, level slog.Level) (*slog.Logger, error) {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Value.Kind() == slog.KindDuration { // in JSON a number of nanoseconds otherwise
			a.Value = slog.StringValue(a.Value.Duration().String())
		}
		return a
	}}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, fmt.Errorf("--log-format %s: expected %s", format, strings.Join(LogFormats(), " or "))
}

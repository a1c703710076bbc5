package service

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// LogFormats returns the formats of a log, the default first.
func LogFormats() []string { return []string{"text", "json"} }

// LogLevels returns the levels of a log, the lowest first.
func LogLevels() []string { return []string{"debug", "info", "warn", "error"} }

// NewLog returns a logger that writes to w, in one of [LogFormats], the records of a level
// and above. Durations are texts such as "1.5s" in both formats. The error names the flag
// --log-level or --log-format.
func NewLog(w io.Writer, format string, level string) (*slog.Logger, error) {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("--log-level %s: expected %s", level, strings.Join(LogLevels(), ", "))
	}
	options := &slog.HandlerOptions{Level: least, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
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

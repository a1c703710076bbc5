package exploration

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pastiche-art/pastiche/explore"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/painter"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// TestInterrupted: the sheet of what is finished is saved.
func TestInterrupted(t *testing.T) {
	variations, err := explore.Vary(nil, explore.Strength)
	if err != nil {
		t.Fatal(err)
	}
	studies := make([]explore.Study, len(variations))
	for i, v := range variations {
		studies[i].Variation = v
	}
	e, work := Explorer{Quiet: true, JSON: true}, painter.Work{Content: "p.png", Styles: []string{"s.png"}}
	path := filepath.Join(t.TempDir(), "sheet.png")
	conclude := func(cause error) error {
		return e.conclude(work, painter.NewOutputs(nil, path, ""), variations, studies, cause)
	}
	err = conclude(context.Canceled)
	if _, missing := os.Stat(path); cli.ExitCode(err) != cli.ExitInterrupted || missing == nil {
		t.Errorf("before the first is finished: %v, no sheet: %v", err, missing)
	}
	if err := conclude(&paint.DivergedError{Err: context.DeadlineExceeded}); !errors.As(err, new(*paint.DivergedError)) {
		t.Errorf("where it diverged: %v", err)
	}
	studies[0].Picture, studies[1].Picture = picture.New(48, 32), picture.New(48, 32)
	err = conclude(context.Canceled)
	want := "interrupted after 2 of 11 paintings; the sheet with these is saved in " + path
	if cli.ExitCode(err) != cli.ExitInterrupted || err.Error() != want {
		t.Errorf("got %v, expected %s", err, want)
	}
	if _, err := picture.Open(t.Context(), path, picture.Limits{}); err != nil {
		t.Error(err)
	}
}

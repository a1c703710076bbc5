package main

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pastiche-art/pastiche/explore"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/painter"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// TestExploredCommands: what the commands paint is what the sheet shows.
func TestExploredCommands(t *testing.T) {
	for _, args := range [][]string{
		{"--size", "300", "--recipe", "strotss"},
		{"--vary", "recipe,strength", "--iterations", "7"},
		{"--vary", "colors", "--strength", "0.3"},
		{"--vary", "seed", "--seed", "9", "--style-scale", "2"},
	} {
		var opts exploreOptions
		cmd := newExploreCommand()
		cmd.ResetFlags()
		opts.AddFlags(cmd)
		if err := cmd.ParseFlags(args); err != nil {
			t.Fatal(err)
		}
		variations, err := opts.variations(cmd.Flags())
		if err != nil {
			t.Fatal(err)
		}
		work := painter.Work{Content: "p.png", Styles: []string{"s.png"}}
		for _, v := range variations {
			words := opts.explored(work, v).Command
			var painting paintOptions
			command := newPaintCommand()
			command.ResetFlags()
			painting.AddFlags(command)
			if err := command.ParseFlags(words[2:]); err != nil {
				t.Fatalf("%v: %v", words, err)
			}
			recipe, err := painting.ChosenRecipe(work)
			if diff := cmp.Diff(v.Recipe, recipe); err != nil || diff != "" || painting.Seed != v.Seed {
				t.Errorf("%v: seed %d, expected %d; %v (-want +got):\n%s", words, painting.Seed, v.Seed, err, diff)
			}
		}
	}
}

// TestInterruptedExploration: the sheet of what is finished is saved.
func TestInterruptedExploration(t *testing.T) {
	variations, err := explore.Vary(nil, explore.Strength)
	if err != nil {
		t.Fatal(err)
	}
	studies := make([]explore.Study, len(variations))
	for i, v := range variations {
		studies[i].Variation = v
	}
	opts, work := exploreOptions{quiet: true}, painter.Work{Content: "p.png", Styles: []string{"s.png"}}
	path := filepath.Join(t.TempDir(), "sheet.png")
	conclude := func(cause error) error {
		return opts.conclude(work, painter.NewOutputs(nil, path, ""), variations, studies, cause)
	}
	if err := conclude(context.Canceled); exitCode(err) != cli.ExitInterrupted || isThere(path) {
		t.Errorf("before the first is finished: %v, a sheet: %t", err, isThere(path))
	}
	if err := conclude(&paint.DivergedError{Err: context.DeadlineExceeded}); exitCode(err) != cli.ExitDiverged {
		t.Errorf("where it diverged: %v", err)
	}
	studies[0].Picture, studies[1].Picture = drawn(48, 32, 1), drawn(48, 32, 2)
	err = conclude(context.Canceled)
	want := "interrupted after 2 of 11 paintings; the sheet with these is saved in " + path
	if exitCode(err) != cli.ExitInterrupted || err.Error() != want {
		t.Errorf("got %v, expected %s", err, want)
	}
	if _, err := picture.Open(t.Context(), path, picture.Limits{}); err != nil {
		t.Error(err)
	}
}

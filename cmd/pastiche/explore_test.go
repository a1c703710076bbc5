package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pastiche-art/pastiche/internal/exploration"
	"github.com/pastiche-art/pastiche/internal/painter"
)

// TestExploredCommands: what the commands paint is what the sheet shows.
func TestExploredCommands(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.json")
	if err := os.WriteFile(file, []byte(`{"name":"gatys","content_weight":0.1,"size":300}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"--size", "300", "--recipe", "strotss"},
		{"--vary", "recipe,strength", "--iterations", "7"},
		{"--vary", "colors", "--strength", "0.3"},
		{"--vary", "seed", "--seed", "9", "--style-scale", "2"},
		{"--recipe", file},
		{"--recipe", file, "--vary", "colors", "--strength", "bold", "--set", "rotations=2"},
	} {
		var e exploration.Explorer
		cmd := newExploreCommand()
		cmd.ResetFlags()
		addExplorer(cmd, &e)
		if err := cmd.ParseFlags(args); err != nil {
			t.Fatal(err)
		}
		chooseRecipe(cmd, &e)
		variations, err := e.Variations()
		if err != nil {
			t.Fatal(err)
		}
		work := painter.Work{Content: "p.png", Styles: []string{"s.png"}}
		for _, v := range variations {
			words := e.Command(work, v)
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

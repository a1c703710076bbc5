package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/cli"
)

// helpOf returns the help text of a command, or the whole one.
func helpOf(t *testing.T, cmd *cobra.Command, whole bool) string {
	t.Helper()
	if whole {
		if err := cmd.Flags().Set("help-all", "true"); err != nil {
			t.Fatal(err)
		}
	}
	var b strings.Builder
	cmd.SetOut(&b)
	if err := cmd.Help(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestHelpFits: no line of a help text is wider than the 80 columns of a terminal.
func TestHelpFits(t *testing.T) {
	for _, whole := range []bool{false, true} {
		cli.EachCommand(newProgram().Root, func(cmd *cobra.Command) {
			for line := range strings.SplitSeq(helpOf(t, cmd, whole), "\n") {
				if n := utf8.RuneCountInString(line); n > cli.Width() {
					t.Errorf("%s: a line of %d columns:\n%s", cmd.CommandPath(), n, line)
				}
			}
		})
	}
}

// TestHelpOfPaintFitsTwoScreens: of 24 lines each.
func TestHelpOfPaintFitsTwoScreens(t *testing.T) {
	cmd, _, err := newProgram().Root.Find([]string{"paint"})
	if err != nil {
		t.Fatal(err)
	}
	if text := helpOf(t, cmd, false); strings.Count(text, "\n") > 48 {
		t.Errorf("%d lines, expected at most 48:\n%s", strings.Count(text, "\n"), text)
	}
}

// TestFlagsHaveSections: in a command that has a short help, none is left over.
func TestFlagsHaveSections(t *testing.T) {
	sectioned := 0
	cli.EachCommand(newProgram().Root, func(cmd *cobra.Command) {
		if !strings.Contains(helpOf(t, cmd, false), "--help-all' prints more") {
			return
		}
		sectioned++
		if whole := helpOf(t, cmd, true); strings.Contains(whole, "\nFlags:\n") {
			t.Errorf("%s has flags in no section:\n%s", cmd.CommandPath(), whole)
		}
	})
	if sectioned < 5 {
		t.Errorf("%d commands have sections", sectioned)
	}
}

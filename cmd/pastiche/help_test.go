package main

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newHelped returns a command with flags in two sections, of which one is everyday.
func newHelped() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "stir BOWL",
		Long:    "Stir a bowl.\n\nThe spoon is made of wood.",
		Example: "  stir a\n  stir b\n  stir c\n  stir d",
		Run:     func(*cobra.Command, []string) {},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().Int("turns", 3, "how many `TIMES` the spoon turns: more mixes better, less is faster and keeps lumps in the bowl")
	cmd.Flags().String("spoon", "", "`NAME` of the spoon")
	cmd.Flags().Bool("quiet", false, "report nothing")
	section(cmd, "Progress", "quiet")
	section(cmd, "Tools", "spoon", "turns")
	addHelp(cmd)
	return cmd
}

func TestHelpShowsFlagsBySection(t *testing.T) {
	cmd := newHelped()
	everyday(cmd, "turns")
	const short = `Stir a bowl.

Usage:
  stir BOWL [flags]

Examples:
  stir a
  stir b
  stir c

Flags:
  --turns TIMES  how many TIMES the
                 spoon turns: more mixes
                 better, less is faster
                 and keeps lumps in the
                 bowl (default 3)

'stir --help-all' prints more, and all 3 flags.
`
	if got := helpText(cmd, 40); got != short {
		t.Errorf("short help:\n%s\nexpected:\n%s", got, short)
	}
	if err := cmd.Flags().Set(helpAll, "true"); err != nil {
		t.Fatal(err)
	}
	got := helpText(cmd, plainWidth)
	after := -1
	for _, part := range []string{"made of wood", "stir d\n", "\nProgress:\n  --quiet", "\nTools:\n  --spoon NAME", "--turns TIMES"} {
		at := strings.Index(got, part)
		if at <= after {
			t.Errorf("whole help has %q at %d: expected it after %d:\n%s", part, at, after, got)
		}
		after = at
	}
}

func TestHelpWithoutEverydayFlagsIsWhole(t *testing.T) {
	got := helpText(newHelped(), plainWidth)
	if !strings.Contains(got, "made of wood") || !strings.Contains(got, "--spoon") || strings.Contains(got, helpAll) {
		t.Errorf("help of a command without everyday flags:\n%s\nexpected all of it", got)
	}
}

// TestHelpFits: without a terminal no line of a help text is wider than 80 columns.
func TestHelpFits(t *testing.T) {
	for _, all := range []bool{false, true} {
		eachCommand(newRootCommand(), func(cmd *cobra.Command) {
			if all {
				if err := cmd.Flags().Set(helpAll, "true"); err != nil {
					t.Fatal(err)
				}
			}
			for line := range strings.SplitSeq(helpText(cmd, plainWidth), "\n") {
				if n := utf8.RuneCountInString(line); n > plainWidth {
					t.Errorf("%s: a line of %d columns:\n%s", cmd.CommandPath(), n, line)
				}
			}
		})
	}
}

// TestHelpOfPaintFitsTwoScreens: of 24 lines each.
func TestHelpOfPaintFitsTwoScreens(t *testing.T) {
	if text := helpText(paintCommand(t), plainWidth); strings.Count(text, "\n") > 48 {
		t.Errorf("%d lines, expected at most 48:\n%s", strings.Count(text, "\n"), text)
	}
}

// paintCommand returns paint, the command of the whole program.
func paintCommand(t *testing.T) *cobra.Command {
	t.Helper()
	cmd, _, err := newRootCommand().Find([]string{"paint"})
	if err != nil {
		t.Fatal(err)
	}
	return cmd
}

// TestFlagsHaveSections: in a command that has a short help, none is left over.
func TestFlagsHaveSections(t *testing.T) {
	eachCommand(newRootCommand(), func(cmd *cobra.Command) {
		flags := flagsOf(cmd)
		for _, f := range flags {
			short := slices.ContainsFunc(flags, func(f *pflag.Flag) bool { return f.Annotations[everydayOf] != nil })
			if short && sectionTitle(f) == "Flags" {
				t.Errorf("%s --%s is in no section", cmd.CommandPath(), f.Name)
			}
		}
	})
}

func TestReflowedKeepsLists(t *testing.T) {
	const text = "A paragraph that\nis short.\n\n  one  the first of the items\n  two  x"
	const expected = "A paragraph that is\nshort.\n\n  one  the first of\n       the items\n  two  x\n"
	if got := reflowed(text, 20); got != expected {
		t.Errorf("got\n%s\nexpected\n%s", got, expected)
	}
}

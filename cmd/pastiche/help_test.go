package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
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
	cmd.Flags().Int("turns", 3, "`N` turns of the spoon: more mixes better, less is faster and keeps lumps in the bowl")
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
  --turns N  N turns of the spoon: more
             mixes better, less is
             faster and keeps lumps in
             the bowl (default 3)

'stir --help-all' prints all 3 flags and more about the command.
`
	if got := helpText(cmd, 40); got != short {
		t.Errorf("short help:\n%s\nexpected:\n%s", got, short)
	}
	if err := cmd.Flags().Set(helpAll, "true"); err != nil {
		t.Fatal(err)
	}
	got := helpText(cmd, plainWidth)
	after := -1
	for _, part := range []string{"made of wood", "stir d\n", "\nProgress:\n  --quiet", "\nTools:\n  --spoon NAME", "--turns N"} {
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

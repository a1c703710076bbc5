package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// newHelped returns a command with flags in two sections, of which one is everyday.
func newHelped() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "stir BOWL",
		Short:   "Stir",
		Long:    "Stir a bowl.\n\nThe spoon is made of wood.",
		Example: "  stir a\n  stir b\n  stir c\n  stir d",
		Run:     func(*cobra.Command, []string) {},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().Int("turns", 3, "how many `TIMES` the spoon turns: more mixes better, less is faster and keeps lumps in the bowl")
	cmd.Flags().String("spoon", "", "`NAME` of the spoon")
	cmd.Flags().Bool("quiet", false, "report nothing")
	Section(cmd, "Progress", "quiet")
	Section(cmd, "Tools", "spoon", "turns")
	return cmd
}

func TestHelpShowsFlagsBySection(t *testing.T) {
	cmd := newHelped()
	addHelp(cmd)
	Everyday(cmd, "turns")
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
	cmd := newHelped()
	addHelp(cmd)
	got := helpText(cmd, plainWidth)
	if !strings.Contains(got, "made of wood") || !strings.Contains(got, "--spoon") || strings.Contains(got, helpAll) {
		t.Errorf("help of a command without everyday flags:\n%s\nexpected all of it", got)
	}
}

func TestReflowedKeepsLists(t *testing.T) {
	const text = "A paragraph that\nis short.\n\n  one  the first of the items\n  two  x"
	const expected = "A paragraph that is\nshort.\n\n  one  the first of\n       the items\n  two  x\n"
	if got := reflowed(text, 20); got != expected {
		t.Errorf("got\n%s\nexpected\n%s", got, expected)
	}
}

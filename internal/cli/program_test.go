package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// newKitchen returns a program with a command stir, which writes its number of turns to
// said and returns the error ends.
func newKitchen(ends error, said io.Writer) *Program {
	root := &cobra.Command{Use: "kitchen", Args: CommandWord, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	stir := newHelped()
	stir.Args = Args(1, 1, "one bowl")
	stir.Run, stir.RunE = nil, func(cmd *cobra.Command, _ []string) error {
		turns, err := cmd.Flags().GetInt("turns")
		fmt.Fprint(said, turns)
		return errors.Join(err, ends)
	}
	root.AddCommand(stir)
	p := &Program{
		Root:      root,
		Arguments: map[string]string{"BOWL": "a bowl"},
		Meant: func(_ *cobra.Command, flag string) string {
			return map[string]string{"fork": "--spoon fork"}[flag]
		},
		ExitCode: ExitCode,
	}
	p.Prepare()
	return p
}

func TestRun(t *testing.T) {
	const usage, rootUsage = "Run 'kitchen stir --help' for usage.\n", "Run 'kitchen --help' for usage.\n"
	for name, c := range map[string]struct {
		args   string // with commas between them
		env    string // of KITCHEN_TURNS
		ends   error
		code   int
		stderr string
		turns  string
	}{
		"success":               {args: "stir,a", turns: "3"},
		"flag":                  {args: "stir,a,--turns,4", turns: "4"},
		"variable":              {args: "stir,a", env: "5", turns: "5"},
		"flag before variable":  {args: "stir,a,--turns=4", env: "5", turns: "4"},
		"unknown command":       {args: "stri", code: ExitUsage, stderr: "kitchen: no command \"stri\": did you mean stir?\n" + rootUsage},
		"unknown flag":          {args: "stir,a,--turn,4", code: ExitUsage, stderr: "kitchen: unknown flag: --turn: did you mean --turns?\n" + usage},
		"flag of another":       {args: "stir,a,--fork", code: ExitUsage, stderr: "kitchen: unknown flag: --fork: did you mean --spoon fork?\n" + usage},
		"flag like none":        {args: "stir,a,--brightness", code: ExitUsage, stderr: "kitchen: unknown flag: --brightness\n" + usage},
		"value":                 {args: "stir,a,--turns,many", code: ExitUsage, stderr: "kitchen: --turns many: expected a whole number\n" + usage},
		"value of a variable":   {args: "stir,a", env: "many", code: ExitUsage, stderr: "kitchen: KITCHEN_TURNS=many: --turns many: expected a whole number\n" + usage},
		"no argument":           {args: "stir", code: ExitUsage, stderr: "kitchen: expected one bowl, found 0\n" + usage},
		"empty argument":        {args: "stir,", code: ExitUsage, stderr: "kitchen: BOWL: expected a bowl, found an empty name\n" + usage},
		"empty flag":            {args: "stir,a,--spoon=", code: ExitUsage, stderr: "kitchen: --spoon: expected a name, found an empty name\n" + usage},
		"misuse":                {args: "stir,a", ends: Misused("--turns 3: too many"), code: ExitUsage, stderr: "kitchen: --turns 3: too many\n" + usage, turns: "3"},
		"misuse by a variable":  {args: "stir,a", env: "9", ends: Misused("--turns 9: too many"), code: ExitUsage, stderr: "kitchen: --turns 9: too many (--turns is from KITCHEN_TURNS)\n" + usage, turns: "9"},
		"input":                 {args: "stir,a", ends: Unreadable("a: it is empty"), code: ExitInput, stderr: "kitchen: a: it is empty\n", turns: "3"},
		"output":                {args: "stir,a", ends: Unwritable("b", &fs.PathError{Op: "open", Path: "b", Err: fs.ErrPermission}), code: ExitOutput, stderr: "kitchen: b: cannot be written: permission denied\n", turns: "3"},
		"interruption":          {args: "stir,a", ends: fmt.Errorf("%w after 2 turns", ErrInterrupted), code: ExitInterrupted, stderr: "kitchen: interrupted after 2 turns\n", turns: "3"},
		"failure":               {args: "stir,a", ends: errors.New("the spoon\nbroke"), code: ExitFailure, stderr: `kitchen: the spoon\nbroke` + "\n", turns: "3"},
		"several failures":      {args: "stir,a", ends: errors.Join(errors.New("one"), Unreadable("two")), code: ExitInput, stderr: "kitchen: one\ntwo\n", turns: "3"},
		"an error that is told": {args: "stir,a", ends: &OutputError{&ReportedError{io.ErrClosedPipe}}, code: ExitOutput, turns: "3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KITCHEN_TURNS", c.env)
			t.Setenv("KITCHEN_HELP", "true") // which no variable gives
			var said, stderr strings.Builder
			p := newKitchen(c.ends, &said)
			p.Root.SetArgs(strings.Split(c.args, ","))
			code := p.run(t.Context(), &stderr)
			if code != c.code || stderr.String() != c.stderr || said.String() != c.turns {
				t.Errorf("exit code %d, standard error %q, turns %q: expected %d, %q, %q", code, &stderr, &said, c.code, c.stderr, c.turns)
			}
		})
	}
}

func TestExitCode(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
	}{
		{nil, ExitOK},
		{&UsageError{Unreadable("a")}, ExitUsage}, // the outermost error decides
		{fmt.Errorf("a: %w", Unwritable("b", io.ErrShortWrite)), ExitOutput},
		{context.Canceled, ExitInterrupted},
		{io.EOF, ExitFailure},
		{Unwritable("b", nil), ExitOK},
	} {
		if code := ExitCode(c.err); code != c.code {
			t.Errorf("%v: %d, expected %d", c.err, code, c.code)
		}
	}
}

func TestManCommandWritesPages(t *testing.T) {
	p := newKitchen(nil, io.Discard)
	p.Root.AddCommand(NewManCommand("v1.2.3", ""))
	folder := filepath.Join(t.TempDir(), "pages")
	p.Root.SetArgs([]string{"man", folder})
	if code := p.run(t.Context(), io.Discard); code != ExitOK {
		t.Fatalf("exit code %d", code)
	}
	if page, err := os.ReadFile(filepath.Join(folder, "kitchen-stir.1")); err != nil || !strings.Contains(string(page), `\-\-spoon`) {
		t.Errorf("page %q, error %v", page, err)
	}
}

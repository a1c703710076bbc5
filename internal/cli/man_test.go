package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

func TestManPages(t *testing.T) {
	root := &cobra.Command{Use: "kitchen", Short: "Cook", Long: "Cook a meal."}
	root.AddCommand(newHelped(), &cobra.Command{Use: "hidden", Hidden: true, Run: func(*cobra.Command, []string) {}})
	root.AddCommand(&cobra.Command{Use: "salt", Short: "About salt", Long: ".It's \\white."})
	const stir = `.TH "KITCHEN-STIR" 1 "2026-12-01" "kitchen v1.2.3" kitchen
.SH NAME
kitchen\-stir \- Stir
.SH SYNOPSIS
kitchen stir BOWL [flags]
.SH DESCRIPTION
Stir a bowl.
.PP
The spoon is made of wood.
.SH PROGRESS
.TP
\fB\-\-quiet\fR
report nothing
.SH TOOLS
.TP
\fB\-\-spoon NAME\fR
NAME of the spoon
.TP
\fB\-\-turns TIMES\fR
how many TIMES the spoon turns: more mixes better, less is faster and keeps lumps in the bowl (default 3)
.SH EXAMPLES
.nf
  stir a
  stir b
  stir c
  stir d
.fi
.SH SEE ALSO
\fBkitchen\fR(1)
`
	const salt = `.TH "KITCHEN-SALT" 1 "2026-12-01" "kitchen v1.2.3" kitchen
.SH NAME
kitchen\-salt \- About salt
.SH DESCRIPTION
\&.It's \ewhite.
.SH SEE ALSO
\fBkitchen\fR(1)
`
	pages := ManPages(root, "v1.2.3", "2026-12-01T10:41:07Z")
	for name, expected := range map[string]string{"kitchen-stir.1": stir, "kitchen-salt.1": salt} {
		if difference := cmp.Diff(expected, pages[name]); difference != "" {
			t.Errorf("%s (-expected +got):\n%s", name, difference)
		}
	}
	if len(pages) != 3 {
		t.Errorf("%d pages, expected 3", len(pages))
	}
}

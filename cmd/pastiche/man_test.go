package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestManPages checks that each page says how its command is used, with all its flags,
// and where groff is installed, that groff has no complaint about a page.
func TestManPages(t *testing.T) {
	root := newRootCommand()
	root.InitDefaultCompletionCmd()
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Log("there is no groff")
	}
	pages := 0
	eachCommand(root, func(cmd *cobra.Command) {
		if !hasManPage(cmd) {
			return
		}
		pages++
		page := manPage(cmd, source{Version: "v1.2.3", Date: "2026-12-01T10:41:07Z"})
		for _, f := range flagsOf(cmd) {
			if !strings.Contains(page, roff("--"+f.Name)) {
				t.Errorf("%s: no --%s", manName(cmd), f.Name)
			}
		}
		if cmd.Name() == "paint" {
			for _, line := range []string{
				`.TH "PASTICHE-PAINT" 1 "2026-12-01" "pastiche v1.2.3" pastiche`,
				`pastiche\-paint \- ` + roff(cmd.Short), roff(cmd.UseLine()), `\fBpastiche\fR(1)`,
			} {
				if !strings.Contains(page, "\n"+line+"\n") && !strings.HasPrefix(page, line+"\n") {
					t.Errorf("no line %s in\n%s", line, page)
				}
			}
		}
		if groff != "" {
			check := exec.Command(groff, "-man", "-ww", "-z", "-K", "utf8")
			check.Stdin = strings.NewReader(page)
			if said, err := check.CombinedOutput(); err != nil || len(said) > 0 {
				t.Errorf("%s: %v: %s", manName(cmd), err, said)
			}
		}
	})
	if pages < 20 {
		t.Errorf("%d pages", pages)
	}
}

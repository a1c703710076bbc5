package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/internal/cli"
)

// TestManPages: groff, where it is installed, has no complaint about a manual page.
func TestManPages(t *testing.T) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("there is no groff")
	}
	for name, page := range cli.ManPages(documentedRoot(), "v1.2.3", "2026-12-01T10:41:07Z") {
		check := exec.Command(groff, "-man", "-ww", "-z", "-K", "utf8")
		check.Stdin = strings.NewReader(page)
		if said, err := check.CombinedOutput(); err != nil || len(said) > 0 {
			t.Errorf("%s: %v: %s", name, err, said)
		}
	}
}

package main

import (
	"os"
	"runtime"
	"strings"
	"testing"
)

// TestLinkedModules expects NOTICES to hold each licence of each module that the
// program links here, at the version that go.mod requires.
func TestLinkedModules(t *testing.T) {
	text, err := os.ReadFile("../../NOTICES")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOPROXY", "off") // what is linked has been downloaded
	all, err := linked("../..", runtime.GOOS+"/"+runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no module is linked: expected those of go.mod")
	}
	for _, n := range all {
		if !strings.Contains(string(text), head(n)+"\n") || !strings.Contains(string(text), plain(n.text)) {
			t.Errorf("NOTICES lacks %s: go generate ./cmd/notices", head(n))
		}
	}
}

// TestBundled expects NOTICES to hold the licences of what was copied into the
// repository.
func TestBundled(t *testing.T) {
	notices, err := os.ReadFile("../../NOTICES")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range bundled {
		text, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(notices), plain(string(text))) {
			t.Errorf("NOTICES lacks %s: go generate ./cmd/notices", file)
		}
	}
}

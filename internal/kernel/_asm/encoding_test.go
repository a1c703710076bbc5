package main

import (
	"bytes"
	"debug/elf"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	. "github.com/mmcloughlin/avo/build"
)

// assembler is the name of a GNU as for AMD64.
func assembler(t *testing.T) string {
	names := []string{"x86_64-linux-gnu-as"}
	if runtime.GOARCH == "amd64" {
		names = append(names, "as")
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("GNU as is not installed")
	return ""
}

// TestEncodings compares every instruction that the generators write as bytes
// with what GNU as makes of the mnemonic beside it.
func TestEncodings(t *testing.T) {
	as := assembler(t)
	Package(argumentsFile)
	for _, generate := range generators {
		generate()
	}
	var (
		mnemonics strings.Builder
		want      []byte
		kinds     = make(map[string]bool)
	)
	for _, e := range encoded {
		mnemonics.WriteString(e.mnemonic + "\n")
		want = append(want, e.code...)
		kinds[strings.Fields(e.mnemonic)[0]] = true
	}
	if len(kinds) != 9 {
		t.Errorf("the code has %d kinds of encoded instructions, want 9: %v", len(kinds), kinds)
	}
	name := filepath.Join(t.TempDir(), "code.o")
	c := exec.Command(as, "--64", "-o", name, "-")
	c.Stdin = strings.NewReader(mnemonics.String())
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	object, err := elf.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer object.Close()
	got, err := object.Section(".text").Data()
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for _, e := range encoded {
		if at+len(e.code) > len(got) || !bytes.Equal(got[at:at+len(e.code)], e.code) {
			t.Fatalf("%s is % x, and GNU as has % x", e.mnemonic, e.code, got[at:min(at+len(e.code), len(got))])
		}
		at += len(e.code)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes assembled, want %d", len(got), len(want))
	}
}

package main

import (
	"debug/elf"
	"encoding/binary"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestEncodings compares every word of the generated code with what GNU as
// makes of the mnemonic beside it.
func TestEncodings(t *testing.T) {
	as, err := exec.LookPath("aarch64-linux-gnu-as")
	if err != nil {
		t.Skip(err)
	}
	var (
		lines     = regexp.MustCompile(`WORD \$(0x[0-9a-f]{8}) // (.+)`).FindAllStringSubmatch(generate("../../arguments.go").text.String(), -1)
		mnemonics strings.Builder
	)
	if len(lines) == 0 {
		t.Fatal("found no words in the generated code")
	}
	for _, l := range lines {
		mnemonics.WriteString(l[2] + "\n")
	}
	name := filepath.Join(t.TempDir(), "words.o")
	c := exec.Command(as, "-o", name, "-")
	c.Stdin = strings.NewReader(mnemonics.String())
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	object, err := elf.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer object.Close()
	text, err := object.Section(".text").Data()
	if err != nil {
		t.Fatal(err)
	}
	if len(text) != 4*len(lines) {
		t.Fatalf("%d bytes assembled from %d lines", len(text), len(lines))
	}
	for i, l := range lines {
		got, err := strconv.ParseUint(l[1], 0, 32)
		if err != nil {
			t.Fatal(err)
		}
		if want := binary.LittleEndian.Uint32(text[4*i:]); uint32(got) != want {
			t.Errorf("%s is %#08x, want %#08x", l[2], got, want)
		}
	}
}

package npy

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNPY(t *testing.T) {
	values := []float32{1, -2.5, 0, 3, 1e-30, 7}
	var b bytes.Buffer
	if err := Write(&b, values, 1, 2, 3); err != nil {
		t.Fatal(err)
	}
	// The format's own words: magic, version, length, a dictionary padded with
	// spaces to a newline, so that the values begin at a multiple of 64.
	file := b.Bytes()
	if !bytes.HasPrefix(file, []byte("\x93NUMPY\x01\x00")) {
		t.Fatalf("begins with %q", file[:8])
	}
	length := int(binary.LittleEndian.Uint16(file[8:]))
	if (10+length)%64 != 0 {
		t.Errorf("the values begin at %d", 10+length)
	}
	header := string(file[10 : 10+length])
	if strings.TrimRight(header, " \n") != "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3), }" || !strings.HasSuffix(header, " \n") {
		t.Errorf("the header is %q", header)
	}
	got := make([]float32, len(values))
	if err := binary.Read(bytes.NewReader(file[10+length:]), binary.LittleEndian, got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(values, got); diff != "" {
		t.Error(diff)
	}
	if len(file) != 10+length+4*len(values) {
		t.Errorf("%d bytes", len(file))
	}
}

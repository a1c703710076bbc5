package picture

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"
)

// TestWebPsThatBendTheRules reads pictures in invalid containers.
func TestWebPsThatBendTheRules(t *testing.T) {
	read := func(path string) []byte {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	still, animated := read("testdata/webp-lossless.webp"), read("testdata/webp-animated.webp")
	riff := func(size uint32, chunks ...[]byte) []byte {
		return append(append(binary.LittleEndian.AppendUint32([]byte("RIFF"), size), "WEBP"...), join(chunks...)...)
	}
	chunks := still[riffHeaderLen:]
	f, err := Decode(t.Context(), bytes.NewReader(still), "good.webp", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	extended := func(flags byte) []byte {
		w, h := byte(f.Picture.W-1), byte(f.Picture.H-1)
		return []byte{'V', 'P', '8', 'X', vp8xLen, 0, 0, 0, flags, 0, 0, 0, w, 0, 0, h, 0, 0}
	}
	last := bytes.LastIndex(animated, []byte("ANMF"))
	if first := bytes.Index(animated, []byte("ANMF")); first < 0 || first == last {
		t.Fatal("no two frames")
	}
	tests := []struct {
		name       string
		file, good []byte
	}{
		{"size 0", riff(0, chunks), still},
		{"size too small", riff(20, chunks), still},
		{"size too large", riff(1<<31, chunks), still},
		{"bytes behind it", append(bytes.Clone(still), "more"...), still},
		{"no flags", riff(0, extended(0), chunks), still},
		{"all flags", riff(0, extended(0xff), chunks), still},
		{"unknown chunks", riff(0, extended(0), []byte("ABCD\x03\x00\x00\x00abc\x00"), chunks), still},
		{"a damaged second frame", append(bytes.Clone(animated[:last+60]), make([]byte, 50)...), animated},
		{"a second frame cut short", animated[:last+40], animated},
		{"the second frame's header cut short", animated[:last+10], animated},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want, err := Decode(t.Context(), bytes.NewReader(tt.good), "good.webp", Limits{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(t.Context(), bytes.NewReader(tt.file), "a.webp", Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Picture.Image().Pix, want.Picture.Image().Pix) {
				t.Error("another picture")
			}
		})
	}
}

package weights

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

// The parts of an archive that tests modify (PKWARE, APPNOTE.TXT 6.3).
const (
	zip64End     = "PK\x06\x06"
	zip64Locator = "PK\x06\x07"

	zipDirectoryLength = 46 // of an entry of the directory without its name
	zipEndLength       = 22
)

// TestZipDirectory checks that the memory of the directory is limited, whatever number
// of entries the archive claims.
func TestZipDirectory(t *testing.T) {
	entries := func(n int) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for range n {
			if _, err := w.CreateRaw(&zip.FileHeader{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	many := entries(50_000)
	// 65537 entries, declared as one: the count has 16 bits.
	lying := entries(1<<16 + 1)
	end := lying[len(lying)-zipEndLength:]
	binary.LittleEndian.PutUint16(end[8:], 1)
	binary.LittleEndian.PutUint16(end[10:], 1)
	for name, file := range map[string][]byte{"many": many, "more than it says": lying} {
		t.Run(name, func(t *testing.T) {
			// About ten bytes for each that is read, and the slice of entries.
			_, err := readBounded(t, file, 16*maxZipDirectory)
			if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "the directory of the zip archive has more than 1048576 bytes") {
				t.Errorf("got %v", err)
			}
		})
	}
}

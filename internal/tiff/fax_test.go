package tiff

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/image/ccitt"
)

// faxOf returns the bytes of codes in binary digits, filled up with zeros.
func faxOf(t *testing.T, codes ...string) (data []byte) {
	t.Helper()
	bits := strings.Join(codes, "")
	for bits += "0000000"; len(bits) >= 8; bits = bits[8:] {
		b, err := strconv.ParseUint(bits[:8], 2, 8)
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, byte(b))
	}
	return data
}

// TestGroup4EmptyRuns refers to the ends of an empty run, as ImageGear's faxes do:
// the first pass goes to pixel 0. The rows are those of libtiff.
func TestGroup4EmptyRuns(t *testing.T) {
	const width, horizontal, pass, vertical = 8, "001", "0001", "1"
	white := strings.Fields(whiteCodes)
	black := strings.Fields(blackCodes)
	data := faxOf(t,
		horizontal, white[0], black[0], horizontal, white[2], black[3], vertical,
		pass, horizontal, white[1], black[4], vertical)
	var work int64
	rows := make([]byte, 2)
	if _, err := io.ReadFull(newFax(&input{data, false, &work}, compressionGroup4, 0, width), rows); err != nil {
		t.Fatal(err)
	}
	if want := []byte{0b00111000, 0b01111000}; !bytes.Equal(rows, want) {
		t.Errorf("got %08b, want %08b", rows, want)
	}
}

// TestFaxOfEmptyRuns refuses a row that goes on without getting any further.
func TestFaxOfEmptyRuns(t *testing.T) {
	empty := "001" + strings.Fields(whiteCodes)[0] + strings.Fields(blackCodes)[0]
	data := faxOf(t, strings.Repeat(empty, 10_000))
	var work int64
	x := newFax(&input{data, false, &work}, compressionGroup4, 0, 8)
	var damage FormatError
	if _, err := x.Read(make([]byte, 1)); !errors.As(err, &damage) {
		t.Errorf("got %v", err)
	}
	if work > 1000 {
		t.Errorf("%d bytes read", work)
	}
}

// FuzzGroup4 compares the decoder with that of x/image: where both decode
// a fax without empty runs, it is the same.
func FuzzGroup4(f *testing.F) {
	data, err := os.ReadFile("testdata/fax-black-group4.tif")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data[8:], 20)
	f.Add([]byte("\x26\xa0\x00\x10\x01"), 8)
	f.Fuzz(func(t *testing.T, data []byte, width int) {
		const height = 12
		if width < 1 || width > 1000 {
			return
		}
		other := ccitt.NewReader(bytes.NewReader(data), ccitt.MSB, ccitt.Group4, width, height, &ccitt.Options{Invert: true})
		var work int64
		own := newFax(&input{data, false, &work}, compressionGroup4, 0, width)
		rows, want := make([]byte, (width+7)/8*height), make([]byte, (width+7)/8*height)
		if _, err := io.ReadFull(other, want); err != nil {
			return
		}
		for len(rows) > 0 {
			n := len(own.buffer)
			if _, err := io.ReadFull(own, rows[:n]); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(rows[:n], want[:n]) {
				t.Fatalf("got  %x\nwant %x", rows[:n], want[:n])
			}
			for i, at := range own.above[1:] {
				if at == own.above[i] && at < width {
					return // an empty run, which the next row refers to only here
				}
			}
			rows, want = rows[n:], want[n:]
		}
		if work > int64(len(data)) {
			t.Errorf("%d of %d bytes read", work, len(data))
		}
	})
}

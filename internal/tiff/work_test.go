package tiff

import (
	"context"
	"errors"
	"image"
	"io"
	"os"
	"testing"
)

// workBound returns how much work decoding a file may be: bytes read from
// compressed data, bytes of rows and samples made, and pixels that JPEG goes
// over. Whatever the tags say, it is a multiple of the length of the file and of
// the pixels, plus what is allowed to any picture.
func workBound(data []byte, f *File) int64 {
	const (
		perByte  = 2 + 1<<10                              // parts that share data; tables of JPEG, again for each part
		perPixel = 6*maxPixelBytes + 8*maxPixelBytes + 32 // rows with padding, shared data, samples of a bit, scans
		anyFile  = paddingAllowance + 8<<20               // padding and large tiles of JPEG
	)
	return perByte*int64(len(data)) + perPixel*int64(f.Width)*int64(f.Height) + anyFile
}

// FuzzDecode decodes anything. It may fail, in the ways that are documented, but
// may not work longer than workBound says.
func FuzzDecode(f *testing.F) {
	for _, file := range vectors(f) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		f, err := Open(data)
		if err != nil {
			var format FormatError
			var unsupported UnsupportedError
			if !errors.As(err, &format) && !errors.As(err, &unsupported) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("undocumented error %T: %v", err, err)
			}
			return
		}
		if f.Width < 1 || f.Height < 1 {
			t.Fatalf("%dx%d pixels", f.Width, f.Height)
		}
		if int64(f.Width)*int64(f.Height) > 1<<18 {
			return
		}
		m, err := f.Decode(context.Background())
		if err == nil && m.Bounds() != image.Rect(0, 0, f.Width, f.Height) {
			t.Errorf("bounds %v, want %dx%d", m.Bounds(), f.Width, f.Height)
		}
		if errors.Is(err, io.EOF) {
			t.Errorf("got %v", err)
		}
		if limit := workBound(data, f); f.work > limit {
			t.Errorf("work %d, more than %d", f.work, limit)
		}
	})
}

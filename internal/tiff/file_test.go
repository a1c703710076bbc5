package tiff

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"image"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func decode(data []byte) (*File, image.Image, error) {
	f, err := Open(data)
	if err != nil {
		return nil, nil, err
	}
	m, err := f.Decode(context.Background())
	return f, m, err
}

// TestRefusals names what is not read in words.
func TestRefusals(t *testing.T) {
	pixels := [][]byte{make([]byte, 64)}
	plain := func() map[uint16][]uint32 { return grey(2, 2, 2, compressionNone) }
	for _, c := range []struct {
		name   string
		fields map[uint16][]uint32
		want   string
	}{
		{"LZMA", with(plain(), tagCompression, 34925), "its data is compressed as LZMA"},
		{"JPEG 2000", with(plain(), tagCompression, 34712), "its data is compressed as JPEG 2000"},
		{"JPEG XL", with(plain(), tagCompression, 50002), "its data is compressed as JPEG XL"},
		{"LERC", with(plain(), tagCompression, 34887), "its data is compressed as LERC"},
		{"JBIG", with(plain(), tagCompression, 34661), "its data is compressed as JBIG"},
		{"unknown compression", with(plain(), tagCompression, 777), "its data is compressed in an unknown way (compression 777)"},
		{"old JPEG in parts", with(with(plain(), tagCompression, compressionOldJPEG), tagOldJPEGOffset, 8), "its data is compressed as old-style JPEG (compression 6)"},
		{"mask", with(plain(), tagPhotometric, transparencyMask), "it is a transparency mask and has no colours"},
		{"CFA", with(plain(), tagPhotometric, 32803), "it is a camera's raw photograph"},
		{"linear raw", with(plain(), tagPhotometric, 34892), "it is a camera's raw photograph"},
		{"ITU Lab", with(plain(), tagPhotometric, 10), "its colours are ITU Lab"},
		{"LogLuv", with(plain(), tagPhotometric, 32845), "its colours are LogLuv, logarithms of light"},
		{"unknown photometric", with(plain(), tagPhotometric, 99), "its colours are of an unknown kind (photometric interpretation 99)"},
		{"thumbnails only", with(plain(), tagNewSubfileType, 1), "all its pictures are thumbnails, as in a camera's raw photograph"},
		{"other inks", with(with(with(plain(), tagPhotometric, photometricInks), tagSamplesPerPixel, 4), tagInkSet, 2), "its inks are not cyan, magenta, yellow and black"},
		{"signed", with(plain(), tagSampleFormat, formatInt), "its samples are signed numbers"},
		{"complex", with(plain(), tagSampleFormat, 6), "its samples are complex numbers or of an unknown format"},
		{"24-bit float", with(with(plain(), tagSampleFormat, formatFloat), tagBitsPerSample, 24), "its samples are floating-point numbers of 24 bits"},
		{"64-bit integers", with(plain(), tagBitsPerSample, 64), "its samples have 64 bits"},
		{"5-6-5", with(with(plain(), tagBitsPerSample, 5, 6, 5), tagSamplesPerPixel, 3), "its samples have different numbers of bits"},
		{"too many samples", with(plain(), tagSamplesPerPixel, 200), "its pixels have 200 samples of 8 bits"},
		{"predictor", with(with(plain(), tagCompression, compressionLZW), tagPredictor, 34892), "its data is predicted in an unknown way (predictor 34892)"},
		{"predicted bits", with(with(with(plain(), tagCompression, compressionLZW), tagPredictor, 2), tagBitsPerSample, 4), "its data has differences of samples of 4 bits"},
		{"predicted chroma", with(with(with(grey(2, 2, 2, compressionLZW), tagPhotometric, photometricYCbCr), tagSamplesPerPixel, 3), tagPredictor, 2), "its data has differences of subsampled colours"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := decode(build(pixels, c.fields))
			var unsupported UnsupportedError
			if !errors.As(err, &unsupported) || err.Error() != c.want {
				t.Errorf("got %T %v, want %q", err, err, c.want)
			}
		})
	}
}

// TestDamage tells damage from what is unsupported and from a file that ends early.
func TestDamage(t *testing.T) {
	pixels := [][]byte{{1, 2, 3, 4}}
	plain := func() map[uint16][]uint32 { return grey(2, 2, 2, compressionNone) }
	good := build(pixels, plain())
	for _, c := range []struct {
		name string
		data []byte
		ends bool // early
	}{
		{"no size", build(pixels, with(plain(), tagImageWidth, 0)), false},
		{"no samples", build(pixels, with(plain(), tagSamplesPerPixel, 0)), false},
		{"RGB of one sample", build(pixels, with(plain(), tagPhotometric, photometricRGB)), false},
		{"no palette", build(pixels, with(plain(), tagPhotometric, photometricIndex)), false},
		{"palette cut", build(pixels, with(with(plain(), tagPhotometric, photometricIndex), tagColorMap, 1, 2, 3)), false},
		{"a strip too few", build(pixels, with(plain(), tagRowsPerStrip, 1)), false},
		{"no strips", build(pixels, with(plain(), tagStripOffsets)), false},
		{"strip not written", build(pixels, with(plain(), tagStripOffsets, 0)), false},
		{"strip of fewer bytes", build([][]byte{{1, 2}, {3, 4}, {5}}, grey(2, 3, 1, compressionNone)), true},
		{"strip behind the end", build(pixels, with(plain(), tagStripOffsets, 1<<31)), true},
		{"strip that leaves the file", build(pixels, with(plain(), tagStripOffsets, uint32(len(good)-2))), true},
		{"empty strip", build(append(pixels, []byte{0}), with(with(grey(2, 2, 1, compressionPackBits), tagStripOffsets, 8, 8), tagStripByteCounts, 4, 0)), false},
		{"tiles of no size", build(pixels, with(with(plain(), tagTileWidth, 0), tagTileLength, 16)), false},
		{"tiles of absurd size", build(pixels, with(with(plain(), tagTileWidth, 1<<30), tagTileLength, 1<<30)), false},
		{"a million tiles", build(pixels, with(with(grey(1024, 1024, 1, 1), tagTileWidth, 1), tagTileLength, 1)), false},
		{"not Deflate", build(pixels, grey(2, 2, 2, compressionDeflate)), false},
		{"not ZSTD", build([][]byte{bytes.Repeat([]byte{7}, 90)}, grey(2, 2, 2, compressionZSTD)), false},
		{"not LZW", build([][]byte{{0xff, 0xff, 0xff}}, grey(2, 2, 2, compressionLZW)), false},
		{"not a JPEG", build(pixels, grey(2, 2, 2, compressionJPEG)), false},
		{"fax of bytes", build(pixels, grey(2, 2, 2, compressionGroup4)), false},
		{"chroma of three", build(pixels, with(with(with(plain(), tagPhotometric, photometricYCbCr), tagSamplesPerPixel, 3), tagYCbCrSubsampling, 3, 1)), false},
		{"no directory", []byte("II*\x00\x00\x00\x00\x00"), false},
		{"a directory behind the end", []byte("MM\x00*\xff\xff\xff\xff"), true},
		{"half a directory", []byte("II*\x00\x08\x00\x00\x00\xff\xff\x00\x01"), true},
		{"half a header", []byte("II*\x00\x08"), true},
		{"BigTIFF of 4 bytes", []byte("II+\x00\x04\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00"), false},
		{"half a BigTIFF", []byte("II+\x00\x08\x00\x00\x00\x10"), true},
		{"cut", good[:len(good)-10], true},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := decode(c.data)
			var unsupported UnsupportedError
			if err == nil || errors.As(err, &unsupported) || errors.Is(err, io.ErrUnexpectedEOF) != c.ends {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestTruncated cuts a file, whose pixels come last, everywhere.
func TestTruncated(t *testing.T) {
	m := noise(40, 30, 7)
	var b bytes.Buffer
	if err := Encode(&b, m, Metadata{}); err != nil {
		t.Fatal(err)
	}
	const trailer = 5 + 4 // zlib's last block, which is empty, and its checksum are not needed
	for n := range b.Len() - trailer {
		if _, _, err := decode(b.Bytes()[:n]); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut after %d of %d bytes: %v", n, b.Len(), err)
		}
	}
}

// TestDirectoryOfThePicture takes the tags of the directory that is read.
func TestDirectoryOfThePicture(t *testing.T) {
	for _, name := range []string{"rgb8-thumbnail-first", "rgb8-subifd"} {
		data, err := os.ReadFile(filepath.Join("testdata", name+".tif"))
		if err != nil {
			t.Fatal(err)
		}
		first, err := ReadDirectory(data)
		if err != nil || first.Uint(TagOrientation, 0) != 6 {
			t.Fatalf("%s: first directory %v, %v", name, first, err)
		}
		f, err := Open(data)
		if err != nil || f.Width != 20 || f.Has(TagOrientation) {
			t.Errorf("%s: got %+v, %v", name, f, err)
		}
	}
}

// TestChainOfDirectories ends where directories refer to each other.
func TestChainOfDirectories(t *testing.T) {
	data := build([][]byte{{1}}, with(grey(1, 1, 1, 1), tagNewSubfileType, 1))
	at := slices.Clone(data[4:8])
	copy(data[len(data)-4:], at) // the next is the same again
	if _, err := Open(data); err == nil || !strings.Contains(err.Error(), "thumbnails") {
		t.Errorf("got %v", err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, name := range []string{"rgb8-plain", "ycc-jpeg", "ycc-2x2"} {
		data, err := os.ReadFile(filepath.Join("testdata", name+".tif"))
		if err != nil {
			t.Fatal(err)
		}
		f, err := Open(data)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := f.Decode(ctx); m != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestStripsThatShareBytes refuses strips that make the decoder read the same
// bytes again and again, and reads those that pay for what they take.
func TestStripsThatShareBytes(t *testing.T) {
	const rows = 1000
	var deflated bytes.Buffer
	z := zlib.NewWriter(&deflated)
	for range 100_000 {
		if err := z.Flush(); err != nil { // an empty block
			t.Fatal(err)
		}
	}
	if _, err := z.Write(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	packed := append([]byte{7, 1, 2, 3, 4, 5, 6, 7, 8}, bytes.Repeat([]byte{0x80}, 100_000)...)
	clears := bytes.Repeat([]byte{0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01, 0x00}, 20_000)
	same := func(v int) []uint32 { return slices.Repeat([]uint32{uint32(v)}, rows) }
	for name, c := range map[string]struct {
		compression uint32
		strip       []byte
	}{"PackBits": {compressionPackBits, packed}, "Deflate": {compressionDeflate, deflated.Bytes()}, "LZW": {compressionLZW, clears}} {
		data := build([][]byte{c.strip}, with(with(grey(8, rows, 1, c.compression), tagStripOffsets, same(8)...), tagStripByteCounts, same(len(c.strip))...))
		f, _, err := decode(data)
		if err == nil || f.work > int64(len(data)) {
			t.Errorf("%s: work %d for a file of %d bytes, error %v", name, f.work, len(data), err)
		}
		// Without counts each strip goes on to the end of the file.
		f, _, err = decode(build([][]byte{c.strip}, with(with(grey(8, rows, 1, c.compression), tagStripOffsets, same(8)...), tagStripByteCounts)))
		if err == nil || f.work > int64(len(data)) {
			t.Errorf("%s without counts: work %d for a file of %d bytes, error %v", name, f.work, len(data), err)
		}
	}
	short := []byte{0x81, 9} // 128 times 9
	data := build([][]byte{short}, with(with(grey(128, rows, 1, compressionPackBits), tagStripOffsets, same(8)...), tagStripByteCounts, same(2)...))
	if _, _, err := decode(data); err != nil {
		t.Errorf("strips that share what is shorter than their pixels: %v", err)
	}
}

// TestNoOperations reads what decodes to nothing once, and no more of it than
// the file has.
func TestNoOperations(t *testing.T) {
	packed := append(bytes.Repeat([]byte{0x80}, 100_000), 3, 1, 2, 3, 4)
	data := build([][]byte{packed}, grey(2, 2, 2, compressionPackBits))
	f, m, err := decode(data)
	if g, ok := m.(*image.Gray); !ok || err != nil || !bytes.Equal(g.Pix, []byte{1, 2, 3, 4}) {
		t.Fatalf("got %v, %v", m, err)
	}
	if f.work > int64(len(data)) {
		t.Errorf("work %d for a file of %d bytes", f.work, len(data))
	}
}

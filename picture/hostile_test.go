package picture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// allocated returns how many bytes f allocates in all, freed or not.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// hostileLimits are small, so that files easily exceed them.
var hostileLimits = Limits{MaxPixels: 1 << 14, MaxBytes: 1 << 20}

// hostileAllowance is the limit that Limits documents, applied to all allocations, not
// only to simultaneous ones; reading copies the file a few times. The constant part is
// for very narrow pictures padded to whole blocks, and grows with the side: under
// hostileLimits it is at most a quarter of that for MaxSide.
func hostileAllowance(lim Limits, file int) uint64 {
	return uint64(64*lim.MaxPixels) + uint64(4*file) + 64<<20/4
}

// checkHostile decodes any file and requires a valid picture within the limits or one
// clear error, and no more memory than the limits allow.
func checkHostile(t *testing.T, name string, data []byte) {
	t.Helper()
	var (
		p   *Picture
		err error
	)
	used := allocated(func() { p, err = srgb(Decode(t.Context(), bytes.NewReader(data), name, hostileLimits)) })
	if limit := hostileAllowance(hostileLimits, len(data)); used > limit {
		t.Errorf("%s: %d bytes allocated, allowed %d", name, used, limit)
	}
	checkOutcome(t, name, p, err)
}

func checkOutcome(t *testing.T, name string, p *Picture, err error) {
	t.Helper()
	if err != nil {
		if p != nil {
			t.Errorf("%s: both a picture and the error %v", name, err)
		}
		if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: an error of no kind: %v", name, err)
		}
		if text := err.Error(); !strings.HasPrefix(text, name+": ") || strings.ContainsAny(text, "\n\r\x00") || len(text) > len(name)+300 {
			t.Errorf("%s: not a clear sentence: %q", name, text)
		}
		return
	}
	if p.W < 1 || p.H < 1 || int64(p.W)*int64(p.H) > hostileLimits.MaxPixels ||
		len(p.RGB) != 3*p.W*p.H || p.Alpha != nil && len(p.Alpha) != p.W*p.H {
		t.Errorf("%s: %dx%d with %d levels and %d opacities", name, p.W, p.H, len(p.RGB), len(p.Alpha))
	}
	for _, v := range p.RGB {
		if !(v >= 0 && v <= maxLevel) {
			t.Errorf("%s: level %v", name, v)
			break
		}
	}
	for _, v := range p.Alpha {
		if !(v >= 0 && v <= 1) {
			t.Errorf("%s: opacity %v", name, v)
			break
		}
	}
}

func TestHostileFiles(t *testing.T) {
	const (
		truncations = 16 // of each fixture
		mutations   = 30
	)
	files := 0
	check := func(name string, data []byte) {
		files++
		checkHostile(t, name, data)
	}
	for name, data := range absurdFiles() {
		check(name, data)
	}
	rng := rand.New(rand.NewPCG(2, 0))
	for _, path := range fixtures(t) {
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		for i := range truncations {
			check(fmt.Sprintf("%s.cut%d", name, i), whole[:rng.IntN(len(whole))])
		}
		for i := range mutations {
			check(fmt.Sprintf("%s.mutant%d", name, i), mutate(rng, whole))
		}
	}
	if files < 2000 {
		t.Errorf("only %d hostile files", files)
	}
	t.Logf("%d files", files)
}

// mutate changes a few bytes, half the time among the first, where the headers are,
// preferably to values that overflow.
func mutate(rng *rand.Rand, whole []byte) []byte {
	const headerLen = 64
	data := bytes.Clone(whole)
	for range 1 + rng.IntN(4) {
		i := rng.IntN(len(data))
		if rng.IntN(2) == 0 {
			i = rng.IntN(min(len(data), headerLen))
		}
		switch rng.IntN(4) {
		case 0:
			data[i] = 0xff
		case 1:
			data[i] = 0
		case 2:
			data[i] ^= 1 << rng.IntN(8)
		case 3:
			data[i] = byte(rng.Uint32())
		}
	}
	return data
}

// absurdFiles returns files that claim or contain unreasonable amounts.
func absurdFiles() map[string][]byte {
	le, be := binary.LittleEndian, binary.BigEndian
	files := map[string][]byte{
		"empty":        {},
		"one byte":     {0xff},
		"zeros":        make([]byte, 5000),
		"noise":        bytes.Repeat([]byte{0x9d, 1, 0x2a, 0xf3}, 999),
		"jpeg magic":   []byte("\xff\xd8\xff"),
		"jpeg soi":     []byte("\xff\xd8\xff\xd8\xff\xd8\xff\xd8"),
		"png magic":    []byte("\x89PNG\r\n\x1a\n"),
		"webp magic":   []byte("RIFF\xff\xff\xff\xffWEBP"),
		"webp no data": []byte("RIFF\xff\xff\xff\xffWEBPVP8 \xff\xff\xff\xff"),
		"bmp magic":    []byte("BM"),
		"gif trailer":  []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"),
		"gif huge":     hugeGIF(),
	}

	pngHeader := func(w, h uint32, depth, colour byte) []byte {
		ihdr := be.AppendUint32([]byte("IHDR"), w)
		ihdr = append(be.AppendUint32(ihdr, h), depth, colour, 0, 0, 0)
		return append([]byte("\x89PNG\r\n\x1a\n"), pngChunk(ihdr)...)
	}
	files["png huge"] = pngHeader(1<<31-1, 1<<31-1, 16, 6)
	files["png zero"] = pngHeader(0, 0, 8, 2)
	files["png at the limit"] = pngHeader(128, 128, 16, 6)
	bomb := append(pngHeader(100, 100, 8, 2), pngChunk(append([]byte("IDAT"), deflated(make([]byte, 32<<20))...))...)
	files["png idat bomb"] = append(bomb, pngChunk([]byte("IEND"))...)
	files["png ztxt bomb"] = append(pngHeader(100, 100, 8, 2), pngChunk(append([]byte("zTXtComment\x00\x00"), deflated(make([]byte, 32<<20))...))...)

	bmpFile := func(w, h int32, bits uint16) []byte {
		b := append([]byte("BM"), make([]byte, 52)...)
		le.PutUint32(b[10:], 54)
		le.PutUint32(b[14:], 40)
		le.PutUint32(b[18:], uint32(w))
		le.PutUint32(b[22:], uint32(h))
		le.PutUint16(b[26:], 1)
		le.PutUint16(b[28:], bits)
		return b
	}
	files["bmp huge"] = bmpFile(1<<31-1, 1<<31-1, 24)
	files["bmp upside down"] = bmpFile(100, -1<<31, 24)
	files["bmp negative"] = bmpFile(-5, 5, 32)
	files["bmp 16 bit"] = bmpFile(5, 5, 16)

	sof := func(marker byte, w, h uint16, sampling byte) []byte {
		b := []byte{0xff, 0xd8, 0xff, marker, 0, 17, 8}
		b = be.AppendUint16(be.AppendUint16(b, h), w)
		return append(b, 3, 1, sampling, 0, 2, 0x11, 0, 3, 0x11, 0)
	}
	// A scan without the tables that it names; the decoder allocates before it checks.
	scan := []byte{0xff, 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 0, 0}
	files["jpeg huge"] = append(sof(0xc0, 65535, 65535, 0x22), scan...)
	files["jpeg narrow progressive"] = append(sof(0xc2, 1, 16384, 0x42), scan...)
	files["jpeg flat progressive"] = append(sof(0xc2, 16384, 1, 0x42), scan...)
	files["jpeg of scans"] = append(sof(0xc2, 128, 128, 0x11), bytes.Repeat(scan, 5000)...)
	files["jpeg lossless"] = append(sof(0xc3, 100, 100, 0x11), scan...)

	vp8x := func(w, h int) []byte {
		b := []byte("VP8X\x0a\x00\x00\x00\x02\x00\x00\x00")
		return append(b, byte(w-1), byte((w-1)>>8), byte((w-1)>>16), byte(h-1), byte((h-1)>>8), byte((h-1)>>16))
	}
	riff := func(chunks []byte) []byte {
		return append(append(le.AppendUint32([]byte("RIFF"), uint32(4+len(chunks))), "WEBP"...), chunks...)
	}
	vp8l := []byte("VP8L\x06\x00\x00\x00\x2f\xff\xff\xff\x0f\x00")
	files["webp huge vp8l"] = riff(vp8l)
	files["webp huge canvas"] = riff(append(vp8x(1<<24, 1<<24), vp8l...))
	anmf := append([]byte("ANMF\x1e\x00\x00\x00"), make([]byte, 16)...)
	files["webp frame beyond canvas"] = riff(append(append(vp8x(10, 10), anmf...), vp8l...))
	files["webp nested riff"] = riff(bytes.Repeat([]byte("RIFF\x04\x00\x00\x00WEBP"), 1000))

	type field struct{ tag, kind, count, value uint32 }
	tiffFile := func(fields []field, rest []byte) []byte {
		b := []byte("II*\x00\x08\x00\x00\x00")
		b = le.AppendUint16(b, uint16(len(fields)))
		for _, f := range fields {
			b = le.AppendUint16(le.AppendUint16(b, uint16(f.tag)), uint16(f.kind))
			b = le.AppendUint32(le.AppendUint32(b, f.count), f.value)
		}
		return append(append(b, 0, 0, 0, 0), rest...)
	}
	grey := func(w, h, compression uint32, more ...field) []field {
		return append([]field{{256, 4, 1, w}, {257, 4, 1, h}, {258, 3, 1, 8}, {259, 3, 1, compression}, {262, 3, 1, 1}}, more...)
	}
	strip := func(offset, length uint32) []field {
		return []field{{273, 4, 1, offset}, {279, 4, 1, length}}
	}
	files["tiff huge"] = tiffFile(grey(1<<30, 1<<30, 1, strip(8, 1<<31)...), nil)
	files["tiff huge product"] = tiffFile(grey(1<<31, 1<<31+1, 1, strip(8, 8)...), nil)
	files["tiff lying strip"] = tiffFile(grey(100, 100, 1, strip(1<<31, 1<<31)...), nil)
	files["tiff million strips"] = tiffFile(grey(100, 100, 1, field{273, 4, 1 << 28, 8}, field{278, 3, 1, 1}, field{279, 4, 1 << 28, 8}), nil)
	files["tiff endless directory"] = append([]byte("II*\x00\x08\x00\x00\x00\xff\xff"), make([]byte, 100)...)
	files["tiff directory beyond"] = []byte("MM\x00*\xff\xff\xff\xff")
	files["tiff narrow tiles"] = tiffFile(grey(1, 16384, 8, field{322, 4, 1, 17}, field{323, 4, 1, 16400}, field{324, 4, 1, 122}, field{325, 4, 1, 1 << 20}), deflated(make([]byte, 32<<20)))
	files["tiff huge tile"] = tiffFile(grey(100, 100, 8, field{322, 4, 1, 1 << 20}, field{323, 4, 1, 1 << 20}, field{324, 4, 1, 122}, field{325, 4, 1, 1 << 20}), deflated(make([]byte, 32<<20)))
	files["tiff deflate bomb"] = tiffFile(grey(128, 128, 8, strip(98, 1<<20)...), deflated(make([]byte, 32<<20)))
	files["tiff packbits bomb"] = tiffFile(grey(128, 128, 32773, strip(98, 1<<20)...), bytes.Repeat([]byte{0x81, 0}, 1<<18))
	files["tiff thumbnail"] = tiffFile(append([]field{{254, 4, 1, 1}}, grey(2, 2, 1, strip(110, 4)...)...), make([]byte, 4))
	files["tiff planes"] = tiffFile(grey(2, 2, 1, field{273, 4, 1, 110}, field{279, 4, 1, 4}, field{284, 3, 1, 2}), make([]byte, 4))
	return files
}

// TestPNGOverflow checks the error for a size far beyond the limits.
func TestPNGOverflow(t *testing.T) {
	_, err := Decode(t.Context(), bytes.NewReader(absurdFiles()["png huge"]), "a.png", Limits{})
	if !errors.Is(err, ErrTooLarge) || strings.Contains(err.Error(), "convert it") {
		t.Errorf("got %v", err)
	}
}

// hugeGIF is 34 bytes that claim 65535x65535 pixels.
func hugeGIF() []byte {
	b := []byte("GIF89a\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\xff\xff\xff")
	b = append(b, ",\x00\x00\x00\x00\xff\xff\xff\xff\x00"...)
	return append(b, 2, 1, 0x44, 0, ';')
}

func TestHugeClaimAllocatesNothing(t *testing.T) {
	data := hugeGIF()
	if len(data) != 34 {
		t.Fatalf("the file has %d bytes", len(data))
	}
	var err error
	used := allocated(func() { _, err = Decode(t.Context(), bytes.NewReader(data), "huge.gif", Limits{}) })
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("error %v, want ErrTooLarge", err)
	}
	if const64K := uint64(64 << 10); used > const64K {
		t.Errorf("%d bytes allocated", used)
	}
}

func TestAnimationStopsAtFirstFrame(t *testing.T) {
	const side, frames = 100, 400
	var anim gif.GIF
	for range frames {
		anim.Image = append(anim.Image, image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.Black, color.White}))
		anim.Delay = append(anim.Delay, 1)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &anim); err != nil {
		t.Fatal(err)
	}
	used := allocated(func() {
		if _, err := Decode(t.Context(), &b, "many.gif", Limits{}); err != nil {
			t.Error(err)
		}
	})
	if all := uint64(frames * side * side); used > all/4 {
		t.Errorf("%d bytes allocated; all frames have %d", used, all)
	}
}

func TestDecoderPanicIsAnError(t *testing.T) {
	explode := func(context.Context, []byte, Limits) (*raster, error) { var none []int; _ = none[1]; return nil, nil }
	p, err := contain(t.Context(), explode, nil, Limits{})
	if p != nil || err == nil || !errors.Is(explain("x.png", PNG, Limits{}, err), ErrCorrupt) {
		t.Errorf("got %v, %v", p, err)
	}
}

func FuzzDecode(f *testing.F) {
	addFixtures(f)
	f.Fuzz(func(t *testing.T, data []byte) { checkHostile(t, "fuzz", data) })
}

func addFixtures(f *testing.F) {
	paths, err := filepath.Glob("testdata/jpeg/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range append(paths, fixtures(f)...) {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(scansOf(16, 16, 3, 9))
	f.Add(bmpTest{info: 40, bits: 4, compression: bmpRLE4, palette: make([]byte, 64), pixels: []byte{0, 5, 0x43, 0x21, 0, 0, 0, 0, 1, 0, 2, 0x12, 2, 0x34, 0, 1}}.file())
}

// counter is a reader that counts the bytes requested and returned.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// FuzzWork limits the work of the format libraries. image/jpeg processes all blocks of
// the picture for each scan: neither its work nor that of image/png may exceed a
// multiple of the file and the pixels.
func FuzzWork(f *testing.F) {
	addFixtures(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		const constant = 8 << 10 // for any file, however small
		switch size := int64(len(data)); sniff(data[:min(len(data), sniffLen)]) {
		case JPEG:
			file, err := readJPEG(data)
			if err != nil || hostileLimits.admit(file.width, file.height) != nil {
				return
			}
			walked, picture, tables := 0, 0, 0
			for _, c := range file.components {
				picture += c.w * c.rows
			}
			for _, s := range file.scans {
				tables += len(s.tables)
				for _, p := range s.parts {
					walked += file.components[p.component].w * file.components[p.component].rows
				}
			}
			if len(file.scans) > maxScans || walked > maxScanWalks*picture || tables > maxScans*maxTables {
				t.Errorf("%d scans of %d blocks, of a picture of %d, with %d tables", len(file.scans), walked, picture, tables)
			}
			plain := &counter{r: file.plain()}
			if _, err := io.Copy(io.Discard, plain); err != nil || plain.n > size+constant {
				t.Errorf("%d bytes of a file of %d: %v", plain.n, size, err)
			}
			files, err := file.split(t.Context())
			split := int64(0)
			for _, file := range files {
				split += int64(len(file))
			}
			// A DC coefficient has five bits of code and up to 16 more.
			if err == nil && split > 4*(size+int64(walked))+constant*int64(len(file.scans)) {
				t.Errorf("split: %d bytes of a file of %d and %d blocks", split, size, walked)
			}
		case PNG:
			file, err := readPNG(data, hostileLimits)
			if err != nil {
				return
			}
			rows := file.rowBytes()
			if most := int64(8*file.w*file.h + 8*(file.h+8)); rows > most {
				t.Errorf("%d bytes of rows for %dx%d", rows, file.w, file.h)
			}
			plain := &counter{r: file.plain(t.Context())}
			_, _ = io.Copy(io.Discard, plain)
			if plain.n > rows+rows/1000+constant {
				t.Errorf("%d bytes for rows of %d", plain.n, rows)
			}
			pixels := &counter{r: &file.pixels}
			_, _ = io.Copy(io.Discard, pixels)
			if pixels.n > size {
				t.Errorf("%d bytes of pixels in a file of %d", pixels.n, size)
			}
		case GIF:
			blocks := &counter{r: &gifBlocks{rest: data}}
			_, _ = io.Copy(io.Discard, blocks)
			if blocks.n > size {
				t.Errorf("%d bytes in a file of %d", blocks.n, size)
			}
		}
	})
}

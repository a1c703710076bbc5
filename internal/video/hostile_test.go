package video

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/pastiche-art/pastiche/internal/planar"
	"github.com/pastiche-art/pastiche/picture"
)

// hostileLimits are small, so that files easily exceed them.
var hostileLimits = Limits{MaxPixels: 1 << 13, MaxFrames: 40, MaxBytes: 1 << 20, Untrusted: true}

// mostAllocated bounds everything that reading a video allocates, freed or not: for each
// frame a few pictures of float32 with opacity and the decoder's own.
func mostAllocated(file, frames int) uint64 {
	const perPixel = 64 // picture.Limits
	return uint64(4*file) + uint64(frames+2)*(2*perPixel*uint64(hostileLimits.MaxPixels)+1<<18) + 1<<20
}

// checkHostile reads a file and requires frames within the limits and then the end or
// one sentence.
func checkHostile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(path)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	frames := 0
	r, err := Open(t.Context(), path, ReadOptions{Limits: hostileLimits})
	if err == nil {
		info := r.Info()
		if info.Width < 1 || info.Height < 1 || int64(info.Width)*int64(info.Height) > hostileLimits.MaxPixels || info.Frames > hostileLimits.MaxFrames || !info.Rate.valid() {
			t.Errorf("%s: %+v", path, info)
		}
		for err == nil {
			var p *picture.Picture
			if p, err = r.Next(t.Context()); err == nil {
				frames++
				if p.W != info.Width || p.H != info.Height || !planar.Finite(p.RGB) {
					t.Errorf("%s: frame %d has %dx%d pixels", path, frames, p.W, p.H)
				}
			}
		}
		if _, again := r.Next(t.Context()); again == nil || again.Error() != err.Error() {
			t.Errorf("%s: %v, then %v", path, err, again)
		}
		if err := r.Close(); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if errors.Is(err, io.EOF) {
			if frames != info.Frames {
				t.Errorf("%s: %d of %d frames and no error", path, frames, info.Frames)
			}
			err = nil
		}
	}
	runtime.ReadMemStats(&after)
	if used, most := after.TotalAlloc-before.TotalAlloc, mostAllocated(len(data), frames); used > most {
		t.Errorf("%s: %d bytes allocated for %d frames, at most %d expected", path, used, frames, most)
	}
	if err == nil {
		return
	}
	if !errors.Is(err, picture.ErrFormat) && !errors.Is(err, picture.ErrTooLarge) && !errors.Is(err, picture.ErrCorrupt) {
		t.Errorf("an error of no kind: %v", err)
	}
	checkSentence(t, path, err)
}

// small are the fixtures that hostile files are made from, with their extensions.
func small(t testing.TB) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	for _, name := range []string{
		"video.avi", "gif-clear.gif", "gif-previous.gif", "png-previous-over.png", "png-clear-source.png",
		"webp-lossless.webp", "webp-mixed.webp", "yuv-420jpeg-limited-24x16.y4m", "yuv-411-full-24x16.y4m",
	} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = data
	}
	return files
}

// TestHostileFiles reads truncated, mutated and absurd files. FFmpeg is out of reach:
// it answers for itself.
func TestHostileFiles(t *testing.T) {
	t.Setenv("PATH", "")
	dir := t.TempDir()
	files := 0
	check := func(name string, data []byte) {
		files++
		checkHostile(t, filepath.Join(dir, name), data)
	}
	random := rand.New(rand.NewPCG(19, 0))
	fixtures := small(t)
	for _, name := range slices.Sorted(maps.Keys(fixtures)) {
		whole := fixtures[name]
		for i := range 12 {
			check(fmt.Sprintf("cut%d-%s", i, name), whole[:random.IntN(len(whole))])
		}
		for i := range 24 {
			check(fmt.Sprintf("mutant%d-%s", i, name), mutate(random, whole))
		}
	}
	for name, data := range absurd(t) {
		check(name, data)
	}
	if files < 200 {
		t.Errorf("only %d files", files)
	}
}

// mutate changes a few bytes, half the time among the first, where the headers are,
// preferably to values that overflow.
func mutate(random *rand.Rand, whole []byte) []byte {
	const headerLen = 96
	data := bytes.Clone(whole)
	for range 1 + random.IntN(4) {
		i := random.IntN(len(data))
		if random.IntN(2) == 0 {
			i = random.IntN(min(len(data), headerLen))
		}
		data[i] = []byte{0xff, 0, data[i] ^ 1<<random.IntN(8), byte(random.Uint32())}[random.IntN(4)]
	}
	return data
}

// absurd returns files that promise much.
func absurd(t *testing.T) map[string][]byte {
	t.Helper()
	le, be := binary.LittleEndian, binary.BigEndian
	files := map[string][]byte{
		"huge.y4m":    []byte("YUV4MPEG2 W30000 H30000 F25:1\nFRAME\n"),
		"wide.y4m":    []byte("YUV4MPEG2 W2147483647 H2147483647 F25:1\nFRAME\n"),
		"wider.y4m":   []byte("YUV4MPEG2 W9223372036854775807 H3 F25:1\nFRAME\n"),
		"endless.y4m": bytes.Repeat([]byte("YUV4MPEG2 "), 5000),
		"frames.y4m":  append([]byte("YUV4MPEG2 W1 H1 F1:1 Cmono\n"), bytes.Repeat([]byte("FRAME\n\x10"), 5000)...),
		"rate.y4m":    []byte("YUV4MPEG2 W1 H1 F9223372036854775807:1 Cmono\nFRAME\n\x10"),
		"riff.avi":    append([]byte("RIFF\xff\xff\xff\xffAVI "), bytes.Repeat([]byte("LIST\xff\xff\xff\xffhdrl"), 500)...),
		"junk.avi":    append([]byte("RIFF\xff\xff\xff\xffAVI "), bytes.Repeat([]byte("JUNK\x00\x00\x00\x00"), 20000)...),
		"riffs.avi":   bytes.Repeat([]byte("RIFF\x04\x00\x00\x00AVI "), 5000),
	}
	small := small(t)

	// Frames of a large delay need more frames than are allowed.
	slow := bytes.Clone(small["gif-clear.gif"])
	control := bytes.Index(slow, []byte{gifExtension, gifControl})
	le.PutUint16(slow[control+4:], 65535)
	files["slow.gif"] = slow

	// A GIF whose header says 65535 columns, while its frames are small.
	canvas := bytes.Clone(small["gif-clear.gif"])
	le.PutUint16(canvas[6:], 65535)
	le.PutUint16(canvas[8:], 65535)
	files["canvas.gif"] = canvas

	// More frames than are allowed, a byte each.
	frame := []byte{gifFrame, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 0}
	files["frames.gif"] = append(append([]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00"), bytes.Repeat(frame, 50000)...), gifEnd)

	// An animated PNG of a large canvas, and one that declares many frames.
	header := be.AppendUint32(be.AppendUint32(nil, 30000), 30000)
	files["canvas.png"] = appendPNGChunk([]byte(pngSignature), "IHDR", append(header, 8, 2, 0, 0, 0))
	header = be.AppendUint32(be.AppendUint32(nil, 1), 1)
	many := appendPNGChunk([]byte(pngSignature), "IHDR", append(header, 8, 0, 0, 0, 0))
	files["frames.png"] = appendPNGChunk(appendPNGChunk(many, "acTL", []byte{0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0}), "IEND", nil)

	// A WebP whose canvas is the largest, and one without frames.
	files["canvas.webp"] = riffChunk("RIFF", []byte("WEBP"), vp8x(vp8xAnimation, 1<<24, 1<<24))
	files["none.webp"] = riffChunk("RIFF", []byte("WEBP"), vp8x(vp8xAnimation, 8, 8))
	return files
}

func fuzz(f *testing.F, ext string) {
	for name, data := range small(f) {
		if filepath.Ext(name) == ext {
			f.Add(data)
		}
	}
	f.Setenv("PATH", "") // no ffmpeg
	f.Fuzz(func(t *testing.T, data []byte) {
		checkHostile(t, filepath.Join(t.TempDir(), "video"), data)
	})
}

func FuzzY4M(f *testing.F)  { fuzz(f, ".y4m") }
func FuzzGIF(f *testing.F)  { fuzz(f, ".gif") }
func FuzzAPNG(f *testing.F) { fuzz(f, ".png") }
func FuzzWebP(f *testing.F) { fuzz(f, ".webp") }
func FuzzAVI(f *testing.F)  { fuzz(f, ".avi") }

// TestPlaylistsAreRefused: FFmpeg reads no playlist of a stranger, even where its first
// bytes do not look like text.
func TestPlaylistsAreRefused(t *testing.T) {
	if !HasFFmpeg() {
		t.Skip("FFmpeg is not installed")
	}
	dir := t.TempDir()
	frame := picture.New(16, 16)
	w, err := Create(t.Context(), filepath.Join(dir, "secret.mp4"), Info{Width: 16, Height: 16, Rate: Rational{25, 1}}, WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(frame), w.Write(frame), w.Close()); err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "list.mp4")
	text := "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.mp4\n#EXT-X-ENDLIST\n#\x00\n"
	if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), list, ReadOptions{Limits: hostileLimits}); !errors.Is(err, picture.ErrCorrupt) && !errors.Is(err, picture.ErrFormat) {
		t.Errorf("a playlist: %v", err)
	}
}

package studio_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"github.com/pastiche-art/pastiche/internal/job"
)

// hostile makes uploads none of which is a request.
type hostile struct {
	*rand.Rand
	valid map[string][]byte // files by format
}

func newHostile() *hostile {
	m := drawing(24, 16)
	paletted := image.NewPaletted(m.Bounds(), palette.Plan9)
	draw.Draw(paletted, m.Bounds(), m, image.Point{}, draw.Src)
	encode := func(encode func(*bytes.Buffer) error) []byte {
		var b bytes.Buffer
		if err := encode(&b); err != nil {
			panic(err)
		}
		return b.Bytes()
	}
	return &hostile{rand.New(rand.NewPCG(1, 2)), map[string][]byte{
		"png": pngOf(m), "jpeg": jpegOf(m),
		"gif":  encode(func(b *bytes.Buffer) error { return gif.Encode(b, paletted, nil) }),
		"bmp":  encode(func(b *bytes.Buffer) error { return bmp.Encode(b, m) }),
		"tiff": encode(func(b *bytes.Buffer) error { return tiff.Encode(b, m, nil) }),
	}}
}

func (h *hostile) garbage(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(h.Uint32())
	}
	return b
}

// picture returns a file that is no picture.
func (h *hostile) picture() []byte {
	formats := []string{"png", "jpeg", "gif", "bmp", "tiff"}
	format := formats[h.IntN(len(formats))]
	file := bytes.Clone(h.valid[format])
	switch h.IntN(6) {
	case 0: // broken off
		return file[:h.IntN(len(file)/2)]
	case 1: // a good beginning
		return append(file[:8+h.IntN(8)], h.garbage(h.IntN(400))...)
	case 2: // a bit of IHDR or IDAT, which their checksums cover
		const signature, frame, end = 8, 12, 12
		file = bytes.Clone(h.valid["png"])
		header := signature + frame + 13
		at := signature + 8 + h.IntN(13+4)
		if h.IntN(2) == 0 {
			at = header + 8 + h.IntN(len(file)-header-8-end)
		}
		file[at] ^= 1 << h.IntN(8)
		return file
	case 3: // a size that is not there
		return hugePNG(1<<16+h.Uint32()>>4, 1<<16+h.Uint32()>>4)
	case 4: // something else
		other := []string{
			`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`,
			`<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>`,
			"<html><body onload=alert(1)>", "%PDF-1.7", "PK\x03\x04", "\x7fELF", "#!/bin/sh\nid\n", "", "http://localhost/x.png",
		}
		return []byte(other[h.IntN(len(other))])
	}
	return h.garbage(h.IntN(600))
}

// hugePNG claims a size in 57 bytes.
func hugePNG(w, h uint32) []byte {
	chunk := func(kind string, data []byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
		b = append(append(b, kind...), data...)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
	}
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	file := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(header, 8, 2, 0, 0, 0))...)
	return append(append(file, chunk("IDAT", nil)...), chunk("IEND", nil)...)
}

// options returns options that are none.
func (h *hostile) options() string {
	all := []string{
		"[]", "null,", `{"recipe":`, `{"recipe":[]}`, `{"recipe":{"name":"nobody"}}`, `{"recipe":{"network":"http://evil.example/x.pth"}}`,
		`{"recipe":{"size":-1}}`, `{"recipe":{"size":1000000000}}`, `{"recipe":{"size":1e999}}`, `{"recipe":{"iterations":0}}`,
		`{"recipe":{"learning_rate":-1}}`, `{"recipe":{"init":"picture"}}`, `{"recipe":{"style_scale":1e30}}`,
		`{"recipe":{"content_layers":[{"name":"../../etc/passwd","weight":1}]}}`, `{"weights":[1,2,3]}`, `{"weights":"1"}`,
		`{"seed":-1}`, strings.Repeat(`{"recipe":`, 200), strings.Repeat("[", 20000), `{"recipe":{"scales":[{"size":64,"iterations":1},{"size":32,"iterations":1}]}}`,
		`{"recipe":{"scales":` + "[" + strings.Repeat(`{"size":1,"iterations":1},`, 300) + `{"size":1,"iterations":1}]}}`,
		`{"recipe":{"optimizer":"sgd"}}`, string(h.garbage(50)), strings.Repeat(" ", 70<<10),
	}
	return all[h.IntN(len(all))]
}

// upload returns one of the requests.
func (h *hostile) upload() (body *bytes.Buffer, contentType string) {
	good := quick()
	switch h.IntN(8) {
	case 0:
		return form(part{"content", h.picture()}, good[1])
	case 1:
		return form(good[0], part{"style", h.picture()})
	case 2:
		return form(good[0], good[1], part{[]string{"keep", "mask"}[h.IntN(2)], h.picture()})
	case 3:
		return form(good[0], good[1], part{"options", []byte(h.options())})
	case 4:
		parts := [][]part{
			{good[0]}, {}, {good[0], good[0], good[1]}, {good[0], good[1], good[2], good[2]},
			{good[0], good[1], {"network", h.garbage(100)}}, {good[0], good[1], {"../../x", h.garbage(10)}},
			{good[0], good[1], {"mask", h.valid["png"]}, {"mask", h.valid["png"]}},
			{good[0], good[1], good[1], good[1], good[1], good[1], good[1], good[1], good[1], good[1]},
			{good[1]}, // a texture without a shape
		}
		return form(parts[h.IntN(len(parts))]...)
	case 5: // broken off
		body, contentType = form(good...)
		body.Truncate(h.IntN(body.Len() - 60))
		return body, contentType
	case 6: // not a form
		kinds := []string{"", "application/json", "image/png", "multipart/form-data", "multipart/form-data; boundary=", "text/plain; x", "multipart/mixed; boundary=x"}
		return bytes.NewBuffer(h.garbage(h.IntN(300))), kinds[h.IntN(len(kinds))]
	}
	return bytes.NewBuffer(h.garbage(h.IntN(2000))), "multipart/form-data; boundary=x"
}

func TestHostileUploads(t *testing.T) {
	f := newServer(t, setup{})
	h := newHostile()
	uploads := 400
	if text := os.Getenv("PASTICHE_HOSTILE"); text != "" {
		var err error
		if uploads, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	} else if testing.Short() {
		uploads = 100
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	statuses := make(map[int]int)
	var before uint64
	var heaps []uint64
	for i := range uploads {
		body, contentType := h.upload()
		size, sent := body.Len(), body.String()
		r := httptest.NewRequest(http.MethodPost, "/api/v1/jobs", body)
		r.Host = f.Listener.Addr().String()
		r.Header.Set("X-Pastiche-Token", f.token)
		r.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		f.handler.ServeHTTP(w, r)
		statuses[w.Code]++
		if w.Code < 400 || w.Code >= 500 || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("upload %d, %d bytes of %q: %d %.200s\n%q", i, size, contentType, w.Code, w.Body, sent[max(0, size-250):])
		}
		if i == uploads/10 {
			before = heap() // when caches are warm
		}
		if i%(uploads/10) == 0 {
			heaps = append(heaps, heap())
		}
	}
	t.Log(fmt.Sprint(uploads, " uploads by status: ", statuses))
	const slack = 16 << 20
	// What a painting of an earlier test still holds goes; a leak stays.
	if after := slices.Min(heaps[len(heaps)-3:]); after > before+slack {
		t.Errorf("the heap grew from %d to %d MiB", before>>20, after>>20)
	}
	if list, err := f.jobs.List(t.Context(), job.Listing{Limit: 1}); err != nil || len(list.Records) != 0 {
		t.Errorf("accepted: %+v, %v", list, err)
	}
}

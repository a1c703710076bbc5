package picture

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
)

// A note is a text that travels inside a picture's file. Each format has its
// place for one: an iTXt chunk in PNG, a comment in JPEG, the description in
// TIFF, an XMP packet in WebP.

// MaxNote is the longest note, in bytes: a JPEG comment holds no more than 64
// KiB.
const MaxNote = 60_000

// ErrNoNote says that a picture carries no note of this package's.
var ErrNoNote = errors.New("picture: no note")

const (
	noteKeyword = "pastiche"
	notePrefix  = noteKeyword + " " // where a format has no keywords

	pngHeaderEnd = 8 + 25 // the signature and IHDR, which always comes first
	jpegComment  = 0xfe

	tagImageDescription = 270
	typeASCII           = 2

	vp8xXMPBit = 0x04
)

// pngNote returns the chunk of a note: a keyword, no compression, no language and
// no translated keyword.
func pngNote(note string) []byte {
	return pngChunk(append([]byte("iTXt"+noteKeyword+"\x00\x00\x00\x00\x00"), note...))
}

// jpegNote returns the segment of a note, or nothing where there is none.
func jpegNote(note string) []byte {
	if note == "" {
		return nil
	}
	comment := notePrefix + note
	segment := binary.BigEndian.AppendUint16([]byte{0xff, jpegComment}, uint16(2+len(comment)))
	return append(segment, comment...)
}

// xmpBegin and xmpEnd are the packet of a WebP around the note.
const (
	xmpBegin = `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>` +
		`<x:xmpmeta xmlns:x="adobe:ns:meta/">` +
		`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description rdf:about="" xmlns:pastiche="https://github.com/pastiche-art/pastiche">` +
		`<pastiche:note>`
	xmpEnd = `</pastiche:note></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>`
)

// xmp is what is read of a packet.
type xmp struct {
	XMLName xml.Name `xml:"adobe:ns:meta/ xmpmeta"`
	RDF     struct {
		XMLName     xml.Name `xml:"http://www.w3.org/1999/02/22-rdf-syntax-ns# RDF"`
		Description struct {
			XMLName xml.Name `xml:"http://www.w3.org/1999/02/22-rdf-syntax-ns# Description"`
			Note    string   `xml:"https://github.com/pastiche-art/pastiche note"`
		}
	}
}

// xmpPacket returns the packet of a note.
func xmpPacket(note string) []byte {
	var packet bytes.Buffer
	packet.WriteString(xmpBegin)
	if err := xml.EscapeText(&packet, []byte(note)); err != nil {
		panic(err) // which memory never returns
	}
	packet.WriteString(xmpEnd)
	return packet.Bytes()
}

// OpenNote returns the note of the picture in a file, as SaveOptions.Note had it,
// without decoding the picture. The errors are [ErrNoNote] and those of [Open].
func OpenNote(path string, lim Limits) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", cannotRead(path, err)
	}
	defer f.Close()
	lim = lim.orDefault()
	data, err := io.ReadAll(io.LimitReader(f, lim.MaxBytes+1))
	if err != nil {
		return "", cannotRead(path, err)
	}
	if int64(len(data)) > lim.MaxBytes {
		return "", tooManyBytes(path, lim)
	}
	format := sniff(data[:min(len(data), sniffLen)])
	if _, known := decoders[format]; !known {
		return "", fail(ErrFormat, nil, "%s: not a picture pastiche can read (found %s; expected %s)", path, format, readable)
	}
	note, ok := findNote(data, format)
	if !ok {
		return "", fmt.Errorf("%s: %w", path, ErrNoNote)
	}
	return note, nil
}

// findNote returns the note in a file, which may be damaged.
func findNote(data []byte, format Format) (note string, ok bool) {
	switch format {
	case PNG:
		for id, body := range pngChunks(data) {
			if text, ours := bytes.CutPrefix(body, []byte(noteKeyword+"\x00\x00\x00\x00\x00")); ours && id == "iTXt" {
				return string(text), true
			}
		}
	case JPEG:
		for marker, body := range jpegSegments(data) {
			if text, ours := bytes.CutPrefix(body, []byte(notePrefix)); ours && marker == jpegComment {
				return string(text), true
			}
		}
	case TIFF:
		text, ours := bytes.CutPrefix(tiffData(data, tagImageDescription, typeASCII), []byte(notePrefix))
		return string(bytes.TrimRight(text, "\x00")), ours
	case WebP:
		for id, body := range riffChunks(data[min(len(data), riffHeaderLen):]) {
			var packet xmp
			if id == "XMP " && xml.Unmarshal(body, &packet) == nil {
				note = packet.RDF.Description.Note
				return note, note != ""
			}
		}
	}
	return "", false
}

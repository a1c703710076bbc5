package picture

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
)

// A record is a text in a picture's file: an iTXt chunk in PNG, a comment in JPEG, the
// description in TIFF, an XMP packet in WebP.

// MaxRecord is the longest record in bytes: a JPEG comment holds at most 64 KiB.
const MaxRecord = 60_000

// ErrNoRecord is the error of a picture without a record.
var ErrNoRecord = errors.New("picture: no record")

const (
	recordKeyword = "pastiche"
	recordPrefix  = recordKeyword + " " // where a format has no keywords
)

// xmpBegin and xmpEnd enclose the record in the packet of a WebP.
const (
	xmpBegin = `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>` +
		`<x:xmpmeta xmlns:x="adobe:ns:meta/">` +
		`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description rdf:about="" xmlns:pastiche="https://github.com/pastiche-art/pastiche">` +
		`<pastiche:record>`
	xmpEnd = `</pastiche:record></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>`
)

// xmp is the part of a packet that is read.
type xmp struct {
	XMLName xml.Name `xml:"adobe:ns:meta/ xmpmeta"`
	RDF     struct {
		XMLName     xml.Name `xml:"http://www.w3.org/1999/02/22-rdf-syntax-ns# RDF"`
		Description struct {
			XMLName xml.Name `xml:"http://www.w3.org/1999/02/22-rdf-syntax-ns# Description"`
			Record  string   `xml:"https://github.com/pastiche-art/pastiche record"`
		}
	}
}

// xmpPacket returns the packet of a record.
func xmpPacket(record string) []byte {
	var packet bytes.Buffer
	packet.WriteString(xmpBegin)
	if err := xml.EscapeText(&packet, []byte(record)); err != nil {
		panic(err) // which memory never returns
	}
	packet.WriteString(xmpEnd)
	return packet.Bytes()
}

// OpenRecord returns the record of the picture in a file, as in SaveOptions.Record,
// without decoding the picture. The errors are [ErrNoRecord] and those of [Open].
func OpenRecord(ctx context.Context, path string, lim Limits) (string, error) {
	f, err := open(ctx, path, lim)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, format, err := readAll(ctx, f, path, lim.orDefault())
	if err != nil {
		return "", err
	}
	record, ok := findRecord(data, format)
	if !ok {
		return "", fmt.Errorf("%s: %w", path, ErrNoRecord)
	}
	return record, nil
}

// findRecord returns the record in a file, which may be damaged.
func findRecord(data []byte, format Format) (record string, ok bool) {
	switch format {
	case PNG:
		for id, body := range pngChunks(data) {
			if text, ours := bytes.CutPrefix(body, []byte(recordKeyword+"\x00\x00\x00\x00\x00")); ours && id == "iTXt" {
				return string(text), true
			}
		}
	case JPEG:
		for marker, body := range jpegSegments(data) {
			if text, ours := bytes.CutPrefix(body, []byte(recordPrefix)); ours && marker == markerCOM {
				return string(text), true
			}
		}
	case TIFF:
		return tiffRecord(data)
	case WebP:
		for id, body := range riffChunks(data[min(len(data), riffHeaderLen):]) {
			var packet xmp
			if id == "XMP " && xml.Unmarshal(body, &packet) == nil {
				record = packet.RDF.Description.Record
				return record, record != ""
			}
		}
	}
	return "", false
}

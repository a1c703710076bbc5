package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"io"
)

// Where each format has its ICC profile: an iCCP chunk in PNG, APP2 segments in
// JPEG, a tag in TIFF, a chunk in WebP, an application extension in GIF, behind a
// header of version 5 in BMP (annex B of ICC.1:2022 and the formats' own
// specifications).

const (
	pngProfileID = "iCCP"

	jpegApp2        = 0xe2
	jpegProfile     = "ICC_PROFILE\x00"
	maxJPEGProfile  = 0xffff - 2 - len(jpegProfile) - 2 // in one segment
	mostProfileMark = 255                               // segments

	tagICCProfile = 34675
	typeByte      = 1
	typeUndefined = 7

	webpProfileID  = "ICCP"
	vp8xProfileBit = 0x20

	gifProfileID  = "ICCRGBG1012"
	gifScreenEnd  = 13 // of the signature and the description of the screen
	gifExtension  = 0x21
	gifApp        = 0xff // the kind of an extension
	gifColorsBit  = 0x80 // of the flags of the screen: colours follow it
	gifColorsMask = 0x07 // two to the power of one more than this, of three bytes each

	bmpInfo         = 14  // where the second header begins, with its length
	bmpColorSpace   = 56  // from there on
	bmpProfileAt    = 112 // which counts from there, too
	bmpInfoLen5     = 124
	bmpOwnProfile   = "DEBM"
	bmpOtherProfile = "KNIL" // in a file of its own, which is not looked at
)

// findProfile returns the profile in a file, which may be damaged, or nil.
func findProfile(data []byte, format Format) []byte {
	switch format {
	case PNG:
		for id, body := range pngChunks(data) {
			if id == pngProfileID {
				return inflatedProfile(body)
			}
			if id == "IDAT" {
				break
			}
		}
	case JPEG:
		return joinedProfile(data)
	case TIFF:
		return tiffData(data, tagICCProfile, typeUndefined, typeByte)
	case WebP:
		for id, body := range riffChunks(data[min(len(data), riffHeaderLen):]) {
			if id == webpProfileID {
				return body
			}
		}
	case GIF:
		return gifProfile(data)
	case BMP:
		return bmpProfile(data)
	}
	return nil
}

// gifProfile returns what an application extension before the first picture holds.
func gifProfile(data []byte) []byte {
	if len(data) < gifScreenEnd {
		return nil
	}
	rest := data[gifScreenEnd:]
	if flags := data[10]; flags&gifColorsBit != 0 {
		rest = rest[min(3<<(flags&gifColorsMask+1), len(rest)):]
	}
	for len(rest) > 2 && rest[0] == gifExtension {
		var blocks [][]byte
		kind := rest[1]
		for rest = rest[2:]; len(rest) > 0 && rest[0] > 0; {
			end := min(1+int(rest[0]), len(rest))
			blocks, rest = append(blocks, rest[1:end]), rest[end:]
		}
		if kind == gifApp && len(blocks) > 0 && string(blocks[0]) == gifProfileID {
			return join(blocks[1:]...)
		}
		rest = rest[min(1, len(rest)):]
	}
	return nil
}

// bmpProfile returns the profile that a header of version 5 says where to find. One
// that is not there, or in another file, comes empty.
func bmpProfile(data []byte) []byte {
	if len(data) < bmpInfo+bmpInfoLen5 {
		return nil
	}
	info, le := data[bmpInfo:], binary.LittleEndian
	if le.Uint32(info) < bmpInfoLen5 {
		return nil
	}
	switch string(info[bmpColorSpace:][:4]) {
	case bmpOwnProfile:
		at, n := uint64(le.Uint32(info[bmpProfileAt:])), uint64(le.Uint32(info[bmpProfileAt+4:]))
		if at+n <= uint64(len(info)) {
			return info[at : at+n]
		}
		return []byte{}
	case bmpOtherProfile:
		return []byte{}
	}
	return nil
}

// inflatedProfile returns what an iCCP chunk holds: a name, the number of the
// compression, which is 0, and the profile. One that is larger than is looked at
// comes cut, and one too damaged to come out comes empty.
func inflatedProfile(chunk []byte) []byte {
	_, compressed, found := bytes.Cut(chunk, []byte{0})
	profile := []byte{}
	if !found || len(compressed) < 1 || compressed[0] != 0 {
		return profile
	}
	r, err := zlib.NewReader(bytes.NewReader(compressed[1:]))
	if err != nil {
		return profile
	}
	profile, err = io.ReadAll(io.LimitReader(r, maxProfile+1))
	if err != nil {
		return profile[:0]
	}
	return profile
}

// joinedProfile joins the segments that hold a profile in the order of their
// numbers, which count from 1.
func joinedProfile(data []byte) []byte {
	var parts [mostProfileMark + 1][]byte
	found := false
	for marker, body := range jpegSegments(data) {
		part, ours := bytes.CutPrefix(body, []byte(jpegProfile))
		if marker != jpegApp2 || !ours || len(part) < 2 {
			continue
		}
		parts[part[0]] = part[2:]
		found = true
	}
	if !found {
		return nil
	}
	return join(parts[1:]...)
}

// tiffData returns the data of a tag of the first directory, of one of some
// types of single bytes, or nil.
func tiffData(data []byte, tag uint16, types ...uint16) []byte {
	d, err := readIFD(data)
	if err != nil {
		return nil
	}
	for e := d.entries; len(e) >= ifdEntryLen; e = e[ifdEntryLen:] {
		n, at := uint64(d.order.Uint32(e[4:])), uint64(d.order.Uint32(e[8:]))
		if d.order.Uint16(e) != tag || n <= 4 || at+n > uint64(len(data)) {
			continue
		}
		for _, t := range types {
			if d.order.Uint16(e[2:]) == t {
				return data[at : at+n]
			}
		}
	}
	return nil
}

// withMetadata returns an encoded picture with the profile and the note of the
// options.
func withMetadata(file []byte, format Format, p *Picture, opt SaveOptions) []byte {
	if opt.Note == "" && opt.Profile == nil {
		return file
	}
	switch format {
	case PNG:
		var chunks []byte
		if opt.Profile != nil {
			// A name, no other method of compression than the first.
			chunks = pngChunk(append([]byte(pngProfileID+"ICC profile\x00\x00"), deflated(opt.Profile.data)...))
		}
		if opt.Note != "" {
			chunks = append(chunks, pngNote(opt.Note)...)
		}
		return join(file[:pngHeaderEnd], chunks, file[pngHeaderEnd:])
	case JPEG:
		const start = 2 // the start-of-image marker
		return join(file[:start], jpegProfileSegments(opt.Profile), jpegNote(opt.Note), file[start:])
	case TIFF:
		var fields []tiffField
		if opt.Note != "" {
			fields = append(fields, tiffField{tagImageDescription, typeASCII, []byte(notePrefix + opt.Note + "\x00")})
		}
		if opt.Profile != nil {
			fields = append(fields, tiffField{tagICCProfile, typeUndefined, opt.Profile.data})
		}
		return tiffWith(file, fields)
	}
	return webpWith(file, p, opt)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// pngChunk returns a chunk, given its type and its data.
func pngChunk(typed []byte) []byte {
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(typed)-4))
	chunk = append(chunk, typed...)
	return binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(typed))
}

func deflated(data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		panic(err) // which memory never returns
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func jpegProfileSegments(f *Profile) []byte {
	if f == nil {
		return nil
	}
	var segments []byte
	parts := (len(f.data) + maxJPEGProfile - 1) / maxJPEGProfile
	for i := range parts {
		part := f.data[i*maxJPEGProfile : min((i+1)*maxJPEGProfile, len(f.data))]
		segments = append(segments, 0xff, jpegApp2)
		segments = binary.BigEndian.AppendUint16(segments, uint16(2+len(jpegProfile)+2+len(part)))
		segments = append(segments, jpegProfile...)
		segments = append(segments, byte(i+1), byte(parts))
		segments = append(segments, part...)
	}
	return segments
}

// tiffField is an entry of a directory whose data stand elsewhere.
type tiffField struct {
	tag, kind uint16
	data      []byte
}

// tiffWith moves the directory of a little-endian TIFF to the end of the file,
// with some fields more.
func tiffWith(file []byte, fields []tiffField) []byte {
	d, err := readIFD(file)
	if err != nil {
		panic("picture: a TIFF without a directory") // which the encoder always writes
	}
	entries := bytes.Clone(d.entries)
	even := func() { // which offsets are
		file = append(file, make([]byte, len(file)%2)...)
	}
	le := binary.LittleEndian
	for _, f := range fields {
		even()
		entry := le.AppendUint16(le.AppendUint16(nil, f.tag), f.kind)
		entry = le.AppendUint32(le.AppendUint32(entry, uint32(len(f.data))), uint32(len(file)))
		file = append(file, f.data...)
		before := 0 // entries are in the order of their tags
		for before < len(entries) && le.Uint16(entries[before:]) < f.tag {
			before += ifdEntryLen
		}
		entries = join(entries[:before], entry, entries[before:])
	}
	even()
	le.PutUint32(file[4:], uint32(len(file)))
	file = le.AppendUint16(file, uint16(len(entries)/ifdEntryLen))
	return append(append(file, entries...), 0, 0, 0, 0) // no other directory
}

// webpWith makes a simple WebP an extended one, which may hold more than the
// picture.
func webpWith(file []byte, p *Picture, opt SaveOptions) []byte {
	var flags byte
	if p.Alpha != nil {
		flags |= vp8xAlphaBit
	}
	if opt.Profile != nil {
		flags |= vp8xProfileBit
	}
	if opt.Note != "" {
		flags |= vp8xXMPBit
	}
	w, h := uint32(p.W-1), uint32(p.H-1)
	body := []byte("WEBP")
	add := func(id string, data []byte) {
		body = binary.LittleEndian.AppendUint32(append(body, id...), uint32(len(data)))
		body = append(body, data...)
		body = append(body, make([]byte, len(data)&1)...)
	}
	add("VP8X", []byte{flags, 0, 0, 0, byte(w), byte(w >> 8), byte(w >> 16), byte(h), byte(h >> 8), byte(h >> 16)})
	if opt.Profile != nil {
		add(webpProfileID, opt.Profile.data)
	}
	for id, data := range riffChunks(file[riffHeaderLen:]) {
		if id != "VP8X" {
			add(id, data)
		}
	}
	if opt.Note != "" {
		add("XMP ", xmpPacket(opt.Note))
	}
	header := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body)))
	return append(header, body...)
}

package tiff

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// Tags of EXIF (CIPA DC-008) that are read or written.
const (
	tagEXIF             = 34665 // of the main directory: where the EXIF directory is
	tagGPS              = 34853 // of the main directory: where the GPS directory is
	tagEXIFVersion      = 36864
	TagDateTimeOriginal = 36867
)

// exifVersion is EXIF 2.32. All written fields exist since 2.0.
const exifVersion = "0232"

// EXIF holds the directories of an EXIF structure. A missing or damaged directory has
// no tags.
type EXIF struct {
	Main  Directory // the main directory of the TIFF structure
	Photo Directory // how the picture was taken
	GPS   Directory // where
}

// ReadEXIF returns the directories of an EXIF structure or of a TIFF. The error
// is that of [ReadDirectory].
func ReadEXIF(data []byte) (EXIF, error) {
	s, first, err := readHeader(data)
	if err != nil {
		return EXIF{}, err
	}
	var e EXIF
	if e.Main, _, err = s.directory(first); err != nil {
		return EXIF{}, err
	}
	e.Photo = s.sub(e.Main, tagEXIF)
	e.GPS = s.sub(e.Main, tagGPS)
	return e, nil
}

// sub returns the directory that a tag points to.
func (s *structure) sub(main Directory, tag uint16) Directory {
	at := main.Uint(tag, 0)
	if at == 0 {
		return Directory{}
	}
	d, _, err := s.directory(at)
	if err != nil {
		return Directory{}
	}
	return d
}

// A Field is a tag with its values as they are in a little-endian file.
type Field struct {
	Tag, Kind uint16
	Value     []byte
}

// Field returns a tag that a classic TIFF may contain, with at most limit bytes of
// values. ok is false where the tag is missing, longer, cut off by the end of the file,
// or of a type that only BigTIFF has.
func (d Directory) Field(tag uint16, limit int) (Field, bool) {
	f, ok := d.fields[tag]
	if !ok || f.cut || len(f.values) == 0 || len(f.values) > limit || f.kind > typeDouble {
		return Field{}, false
	}
	value := slices.Clone(f.values)
	word := int(typeSizes[f.kind])
	if f.kind == typeRational || f.kind == typeSRational {
		word /= 2
	}
	if d.order == binary.BigEndian {
		for at := 0; at < len(value); at += word {
			slices.Reverse(value[at : at+word])
		}
	}
	return Field{tag, f.kind, value}, true
}

// Floats returns the numbers of a field, at most limit, as [Directory.Floats]
// does.
func (f Field) Floats(limit int) []float64 {
	d := Directory{binary.LittleEndian, map[uint16]field{f.Tag: {f.Kind, f.Value, false}}}
	return d.Floats(f.Tag, limit)
}

// EncodeEXIF returns the metadata as a little-endian EXIF structure, without the
// profile, which file formats store elsewhere.
func EncodeEXIF(meta Metadata) []byte {
	meta.ICCProfile = nil
	file, _ := encodeStructure(meta.fields(), meta)
	return file
}

// encodeStructure returns a little-endian TIFF up to its pixels: the header, the
// main directory with some fields, and the other directories of the metadata.
// places are the offsets of the values of the main directory, by their tags.
func encodeStructure(fields []Field, meta Metadata) (file []byte, places map[uint16]int) {
	var photo []Field
	if meta.DateTimeOriginal != "" {
		photo = []Field{{tagEXIFVersion, typeUndefined, []byte(exifVersion)}, asciiField(TagDateTimeOriginal, meta.DateTimeOriginal)}
	}
	subs := []struct {
		tag    uint16
		fields []Field
	}{{tagEXIF, photo}, {tagGPS, meta.GPS}}
	for _, sub := range subs {
		if len(sub.fields) > 0 {
			fields = append(fields, Field{sub.tag, typeLong, make([]byte, 4)})
		}
	}
	le := binary.LittleEndian
	file = []byte("II*\x00\x08\x00\x00\x00")
	file, places = appendDirectory(file, fields)
	for _, sub := range subs {
		if len(sub.fields) > 0 {
			file = append(file, make([]byte, len(file)%2)...)
			le.PutUint32(file[places[sub.tag]:], uint32(len(file)))
			file, _ = appendDirectory(file, sub.fields)
		}
	}
	return file, places
}

// appendDirectory appends a directory, the last of its chain, and its values to a
// file of even length, and returns the offset of each value.
func appendDirectory(file []byte, fields []Field) ([]byte, map[uint16]int) {
	const count, entry, next = 2, 12, 4
	fields = slices.SortedFunc(slices.Values(fields), func(a, b Field) int { return cmp.Compare(a.Tag, b.Tag) })
	le := binary.LittleEndian
	at := len(file) + count + entry*len(fields) + next
	var values []byte
	places := make(map[uint16]int)
	file = le.AppendUint16(file, uint16(len(fields)))
	for _, f := range fields {
		file = le.AppendUint16(le.AppendUint16(file, f.Tag), f.Kind)
		file = le.AppendUint32(file, uint32(uint64(len(f.Value))/typeSizes[f.Kind]))
		if len(f.Value) <= 4 {
			places[f.Tag] = len(file)
			file = append(append(file, f.Value...), make([]byte, 4-len(f.Value))...)
			continue
		}
		values = append(values, make([]byte, len(values)%2)...)
		places[f.Tag] = at + len(values)
		file = le.AppendUint32(file, uint32(at+len(values)))
		values = append(values, f.Value...)
	}
	file = le.AppendUint32(file, 0)
	return append(file, values...), places
}

// asciiField returns a text field.
func asciiField(tag uint16, s string) Field {
	return Field{tag, typeASCII, append([]byte(s), 0)}
}

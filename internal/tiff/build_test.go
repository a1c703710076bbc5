package tiff

import "encoding/binary"

// build returns a little-endian TIFF with one directory, behind the strips. The
// tag of their offsets and that of their lengths are added unless they are among
// the fields. Every value is a LONG.
func build(strips [][]byte, fields map[uint16][]uint32) []byte {
	le := binary.LittleEndian
	file := []byte("II*\x00\x00\x00\x00\x00")
	var offsets, counts []uint32
	for _, s := range strips {
		offsets, counts = append(offsets, uint32(len(file))), append(counts, uint32(len(s)))
		file = append(file, s...)
	}
	if _, ok := fields[tagStripOffsets]; !ok {
		fields[tagStripOffsets] = offsets
	}
	if _, ok := fields[tagStripByteCounts]; !ok {
		fields[tagStripByteCounts] = counts
	}
	var entries []byte
	for tag := range 1 << 16 {
		values, ok := fields[uint16(tag)]
		if !ok {
			continue
		}
		entries = le.AppendUint16(le.AppendUint16(entries, uint16(tag)), typeLong)
		entries = le.AppendUint32(entries, uint32(len(values)))
		if len(values) == 1 {
			entries = le.AppendUint32(entries, values[0])
			continue
		}
		entries = le.AppendUint32(entries, uint32(len(file)))
		for _, v := range values {
			file = le.AppendUint32(file, v)
		}
	}
	le.PutUint32(file[4:], uint32(len(file)))
	file = le.AppendUint16(file, uint16(len(fields)))
	return append(append(file, entries...), 0, 0, 0, 0)
}

// grey returns the fields of a picture of 8-bit grey.
func grey(w, h, rowsPerStrip, compression uint32) map[uint16][]uint32 {
	return map[uint16][]uint32{
		tagImageWidth: {w}, tagImageLength: {h}, tagRowsPerStrip: {rowsPerStrip}, tagBitsPerSample: {8},
		tagSamplesPerPixel: {1}, tagPhotometric: {blackIsZero}, tagCompression: {compression},
	}
}

// with returns the fields with one more, or another value of one.
func with(fields map[uint16][]uint32, tag uint16, values ...uint32) map[uint16][]uint32 {
	fields[tag] = values
	return fields
}

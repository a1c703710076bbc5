package picture

import "encoding/binary"

// jpegSegments yields the segments of a JPEG before its first scan, by their
// markers, until the data ends.
func jpegSegments(data []byte) func(yield func(marker byte, body []byte) bool) {
	const startOfScan = 0xda
	return func(yield func(byte, []byte) bool) {
		for data = data[min(len(data), 2):]; len(data) >= 4 && data[0] == 0xff; {
			marker, n := data[1], int(binary.BigEndian.Uint16(data[2:]))
			if marker == 0xff { // a fill byte
				data = data[1:]
				continue
			}
			if marker == startOfScan || n < 2 || 2+n > len(data) || !yield(marker, data[4:2+n]) {
				return
			}
			data = data[2+n:]
		}
	}
}

// pngChunks yields the chunks of a PNG until the data ends.
func pngChunks(data []byte) func(yield func(id string, body []byte) bool) {
	const signature, frame = 8, 12 // a frame is length, type and checksum
	return func(yield func(string, []byte) bool) {
		for data = data[min(len(data), signature):]; len(data) >= frame; {
			n := uint64(binary.BigEndian.Uint32(data))
			if n+frame > uint64(len(data)) || !yield(string(data[4:8]), data[8:8+n]) {
				return
			}
			data = data[n+frame:]
		}
	}
}

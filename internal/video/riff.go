package video

import "encoding/binary"

// WebP and AVI files are RIFF files: "RIFF", a size, a kind, and chunks, each with an
// identifier, a size and a body that is padded to an even length.
const (
	riffHeaderLen = 12
	chunkHeadLen  = 8
)

// isRIFF reports whether a file is a RIFF file of a kind.
func isRIFF(head []byte, kind string) bool {
	return len(head) >= riffHeaderLen && string(head[:4]) == "RIFF" && string(head[chunkHeadLen:riffHeaderLen]) == kind
}

// riffChunks yields the chunks of data with their bodies, the last of which may be cut.
func riffChunks(data []byte) func(yield func(id string, body []byte) bool) {
	return func(yield func(string, []byte) bool) {
		for len(data) >= chunkHeadLen {
			id, n := string(data[:4]), uint64(binary.LittleEndian.Uint32(data[4:]))
			data = data[chunkHeadLen:]
			if !yield(id, data[:min(n, uint64(len(data)))]) {
				return
			}
			data = data[min(n+n&1, uint64(len(data))):]
		}
	}
}

// riffChunk returns a chunk.
func riffChunk(id string, parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	chunk := make([]byte, 0, chunkHeadLen+n+1)
	chunk = binary.LittleEndian.AppendUint32(append(chunk, id...), uint32(n))
	for _, p := range parts {
		chunk = append(chunk, p...)
	}
	return append(chunk, make([]byte, n&1)...)
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

func appendUint24(b []byte, v int) []byte { return append(b, byte(v), byte(v>>8), byte(v>>16)) }

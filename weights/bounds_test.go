package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"runtime"
	"testing"
)

// readBounded reads a file and checks its memory use, and that the result is a valid
// network or one clear sentence.
func readBounded(t testing.TB, file []byte, most int) (*Network, error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := readBytes(file)
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > allocationFactor*uint64(most) {
		t.Errorf("allocated %d bytes for a file of %d, expected at most %d (%v)", got, len(file), most, err)
	}
	checkForeign(t, n, err)
	return n, err
}

// checkForeign is checkOutcome for a file of any format. Safetensors does not store
// that a network came from another format.
func checkForeign(t testing.TB, n *Network, err error) {
	t.Helper()
	if err == nil {
		kept := *n
		kept.Format, kept.InputSource = "safetensors", "the file says so"
		n = &kept
	}
	checkOutcome(t, n, err)
}

// checkReadErrors checks that an error of the file system, anywhere in the file, is not
// reported as an error in the file, and that a file that shrinks during reading is
// malformed.
func checkReadErrors(t *testing.T, file []byte) {
	t.Helper()
	broken := errors.New("input/output error")
	for good := range file {
		r := readerAt(func(p []byte, offset int64) (int, error) {
			if int(offset)+len(p) > good {
				return max(0, copy(p, file[min(int(offset), good):good])), broken
			}
			return copy(p, file[offset:]), nil
		})
		if _, err := Read(r, int64(len(file)), "x", Override{}); err != nil && (!errors.Is(err, broken) || errors.Is(err, ErrMalformed)) {
			t.Fatalf("broken after %d bytes: got %v", good, err)
		}
		_, err := Read(bytes.NewReader(file[:good]), int64(len(file)), "x", Override{})
		if err != nil && !errors.Is(err, ErrMalformed) {
			t.Fatalf("shrunk to %d bytes: got %v", good, err)
		}
	}
}

// mutate changes a copy of a binary file in one to three places.
func mutate(r *rand.Rand, file []byte) []byte {
	numbers := []uint64{0, 1, 2, 3, 4, 5, 7, 8, 9, 14, 15, 255, 1 << 15, 1<<16 - 1, 1 << 31, 1<<31 - 1, 1<<32 - 1, 1 << 63, 1<<64 - 1}
	file = bytes.Clone(file)
	for range 1 + r.IntN(3) {
		at := r.IntN(len(file) + 1)
		size := min(r.IntN(64), len(file)-at)
		switch r.IntN(7) {
		case 0: // truncate, rarely, because most of what follows would not be read
			if r.IntN(4) == 0 {
				file = file[:at]
			}
		case 1: // change a bit
			if at < len(file) {
				file[at] ^= 1 << r.IntN(8)
			}
		case 2: // delete
			file = append(file[:at:at], file[at+size:]...)
		case 3: // repeat
			file = append(file[:at+size:at+size], file[at:]...)
		case 4: // another number, of any size and byte order
			word := binary.LittleEndian.AppendUint64(nil, numbers[r.IntN(len(numbers))])
			if r.IntN(4) == 0 {
				word = binary.BigEndian.AppendUint64(nil, numbers[r.IntN(len(numbers))])
			}
			at &^= 3
			copy(file[min(at, len(file)):], word[:1<<r.IntN(4)])
		case 5: // a slightly different number
			if at < len(file) {
				file[at] += byte(r.IntN(33) - 16)
			}
		case 6: // copy bytes to another place
			from := r.IntN(len(file) + 1)
			copy(file[at:at+size], file[from:])
		}
		if len(file) == 0 {
			break
		}
	}
	return file
}

// checkMutations reads 3000 mutations of the seeds and requires that some are accepted
// and some refused.
func checkMutations(t *testing.T, r *rand.Rand, seeds [][]byte, read func(testing.TB, []byte) (*Network, error)) {
	t.Helper()
	const files = 3000
	accepted := 0
	for range files {
		file := mutate(r, seeds[r.IntN(len(seeds))])
		if _, err := read(t, file); err == nil {
			accepted++
		}
		if t.Failed() {
			t.Fatalf("file %q", file)
		}
	}
	checkTwoSided(t, accepted, files)
}

// checkTwoSided checks that mutations were neither all accepted nor all refused.
func checkTwoSided(t *testing.T, accepted, files int) {
	t.Helper()
	if accepted < files/20 || accepted > files*19/20 {
		t.Errorf("of %d mutated files, %d were accepted: the mutations are one-sided", files, accepted)
	}
}

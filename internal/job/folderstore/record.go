package folderstore

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/pastiche-art/pastiche/internal/job"
)

// ref names a record.
type ref struct{ owner, id string }

func (k ref) String() string { return job.OwnerWord(k.owner) + "." + k.id }

// valid reports whether the owner and the id may be part of a path.
func (k ref) valid() bool {
	return (k.owner == "" || isWord(k.owner)) && isWord(k.id)
}

// isWord reports whether a word consists of 1 to 64 lower-case letters, digits and "-".
func isWord(word string) bool {
	return word != "" && len(word) <= 64 && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// parseRef parses the result of [ref.String].
func parseRef(name string) (ref, bool) {
	owner, id, ok := strings.Cut(name, ".")
	k := ref{job.OwnerOf(owner), id}
	return k, ok && k.valid() && k.String() == name
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// recordPath returns the path of a record's file.
func (s *Store) recordPath(k ref) string {
	shard := fmt.Sprintf("%03x", crc32.Checksum([]byte(k.id), castagnoli)&0xfff)
	return s.path("records", shard, k.String()+".json")
}

// keyPath returns the path of the file that holds the id of the job with an idempotency
// key.
func (s *Store) keyPath(owner, key string) string {
	sum := sha256.Sum256([]byte(key))
	name := hex.EncodeToString(sum[:])
	return s.path("keys", job.OwnerWord(owner), name[:2], name[2:])
}

// encodeFile returns the bytes of a record's file.
func encodeFile(data []byte, revision uint64) []byte {
	return append(header(data, revision), data...)
}

// header returns the first line of a record's file. Its checksum covers the revision and
// the JSON.
func header(data []byte, revision uint64) []byte {
	number := strconv.AppendUint(nil, revision, 10)
	sum := crc32.Update(crc32.Checksum(number, castagnoli), castagnoli, data)
	return fmt.Appendf(nil, "pastiche-record 1 %s %08x\n", number, sum)
}

// decodeFile returns the record k from the bytes of its file. The error is a
// [*job.DamagedError].
func decodeFile(k ref, file []byte) (*job.Record, error) {
	line, data, _ := bytes.Cut(file, []byte("\n"))
	fields := bytes.Fields(line)
	if len(fields) != 4 || string(fields[0]) != "pastiche-record" {
		return nil, &job.DamagedError{ID: k.id, Err: errors.New("it does not begin with a line \"pastiche-record\"")}
	}
	if string(fields[1]) != "1" {
		return nil, &job.DamagedError{ID: k.id, Err: fmt.Errorf("it has format %q, and this version of pastiche reads 1: upgrade pastiche", fields[1])}
	}
	revision, err := strconv.ParseUint(string(fields[2]), 10, 64)
	if err != nil || !bytes.Equal(file[:len(file)-len(data)], header(data, revision)) {
		return nil, &job.DamagedError{ID: k.id, Err: errors.New("its checksum is wrong")}
	}
	r, err := job.Decode(k.id, data)
	if err != nil {
		return nil, err
	}
	if r.Owner != k.owner {
		return nil, &job.DamagedError{ID: k.id, Err: fmt.Errorf("it belongs to %q", r.Owner)}
	}
	r.Revision = revision
	return r, nil
}

// read reads a record from its file. The error is [job.ErrNotFound], a
// [*job.DamagedError] that names the file, or [job.ErrDown].
func (s *Store) read(k ref) (*job.Record, error) {
	if !k.valid() {
		return nil, job.ErrNotFound
	}
	path := s.recordPath(k)
	file, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := s.exists(); err != nil {
			return nil, err
		}
		return nil, job.ErrNotFound
	case errors.Is(err, syscall.EIO): // a bad sector
		return nil, &job.DamagedError{ID: k.id, Err: err}
	case err != nil:
		return nil, s.explain(err)
	}
	r, err := decodeFile(k, file)
	var damaged *job.DamagedError
	if errors.As(err, &damaged) {
		return nil, &job.DamagedError{ID: k.id, Err: fmt.Errorf("%s: %w", path, damaged.Err)}
	}
	return r, err
}

package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

// maxRecord is the largest size of a record, in bytes. Records have about 600.
const maxRecord = 16 << 10

// sums are SHA-256 in lower-case hexadecimal.
var sums = regexp.MustCompile(`^[0-9a-f]{64}$`)

// names matches names that are valid file names on every system and cannot be mistaken
// for a path.
var names = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

func usable(name string) bool {
	// IsLocal knows the names that Windows reserves for devices.
	return names.MatchString(name) && filepath.IsLocal(name)
}

// errRecord is the error of a damaged record.
var errRecord = errors.New("not the record of a network")

// readRecord reads the record of a name. It fails with [fs.ErrNotExist], errRecord, or
// another error of the file system.
func (s *Store) readRecord(name string) (Entry, error) {
	if s.Dir == "" || !usable(name) {
		return Entry{}, fs.ErrNotExist
	}
	path := s.record(name)
	// A named pipe would block when opened, so ask what path is first.
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, syscall.ENOTDIR):
		return Entry{}, fs.ErrNotExist // for example below /dev/null
	case err != nil:
		return Entry{}, err
	case !info.Mode().IsRegular():
		return Entry{}, fmt.Errorf("%s: %w: expected a regular file", path, errRecord)
	}
	f, err := os.Open(path)
	if err != nil {
		return Entry{}, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxRecord))
	if err != nil {
		return Entry{}, err
	}
	var e Entry
	if err := json.Unmarshal(text, &e); err != nil {
		return Entry{}, fmt.Errorf("%s: %w: %w", path, errRecord, err)
	}
	// The checksum becomes part of a path.
	if !sums.MatchString(e.Local.SHA256) {
		return Entry{}, fmt.Errorf("%s: %w: its SHA-256 is %.80q, expected 64 hexadecimal digits", path, errRecord, e.Local.SHA256)
	}
	e.Name, e.URLs, e.BuiltIn = name, nil, false // whatever the file says
	return e, nil
}

// writeRecord writes an entry to its record file as JSON. The file leaves out the URLs, and
// the name, after which the file is called.
func (s *Store) writeRecord(e Entry) error {
	path := s.record(e.Name)
	e.Name, e.URLs = "", nil
	text, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	return write(path, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// recorded lists the names of all records, sorted.
func (s *Store) recorded() ([]string, error) {
	if s.Dir == "" {
		return nil, nil
	}
	files, err := os.ReadDir(filepath.Join(s.Dir, "names"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		return nil, err
	}
	var list []string
	for _, f := range files {
		if name, ok := strings.CutSuffix(f.Name(), ".json"); ok && usable(name) {
			list = append(list, name)
		}
	}
	return list, nil
}

package folderstore

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
)

// list names a list: the records of an owner that are not active and have a state.
type list struct {
	owner string
	state api.State
}

func (l list) valid() bool {
	return (l.owner == "" || isWord(l.owner)) && isWord(string(l.state))
}

// marker is an empty file about a record. A marker in a list also has the list's state and
// the record's revision.
type marker struct {
	path     string
	ref      ref
	state    api.State
	revision uint64
}

func (m marker) listed() bool { return m.state != "" }

func (s *Store) activePath(k ref) string { return s.path("active", k.String()) }

func (s *Store) listPath(l list) string {
	return s.path("lists", job.OwnerWord(l.owner), string(l.state))
}

// listMarker returns the marker of a record in a list.
func (s *Store) listMarker(k ref, state api.State, revision uint64) marker {
	return marker{
		path: filepath.Join(s.listPath(list{k.owner, state}),
			fmt.Sprintf("%09d", revision/1_000_000), fmt.Sprintf("%03d", revision/1000%1000), fmt.Sprintf("%03d.%s", revision%1000, k.id)),
		ref: k, state: state, revision: revision,
	}
}

// parseBase returns the first revision of a folder of markers.
func parseBase(million, thousand string) (uint64, bool) {
	m, err := strconv.ParseUint(million, 10, 44)
	if err != nil || len(million) != 9 {
		return 0, false
	}
	k, err := strconv.ParseUint(thousand, 10, 64)
	return m*1_000_000 + k*1000, err == nil && len(thousand) == 3
}

// parseMarker returns the marker with a name in the folder of a list that begins at the
// revision base.
func (s *Store) parseMarker(l list, base uint64, name string) (marker, bool) {
	number, id, ok := strings.Cut(name, ".")
	n, err := strconv.ParseUint(number, 10, 64)
	if !ok || err != nil || len(number) != 3 || !isWord(id) {
		return marker{}, false
	}
	return s.listMarker(ref{l.owner, id}, l.state, base+n), true
}

// markers returns the markers of a list with revisions below before, the greatest
// revision first. It reads a folder only when it needs its markers.
func (s *Store) markers(l list, before uint64) iter.Seq2[marker, error] {
	return func(yield func(marker, error) bool) {
		each := func(dir string, visit func(name string) bool) bool {
			names, err := readNames(dir)
			if err != nil {
				yield(marker{}, err)
				return false
			}
			for _, name := range slices.Backward(names) {
				if !visit(name) {
					return false
				}
			}
			return true
		}
		top := s.listPath(l)
		each(top, func(million string) bool {
			if base, ok := parseBase(million, "000"); !ok || base >= before {
				return true
			}
			return each(filepath.Join(top, million), func(thousand string) bool {
				base, ok := parseBase(million, thousand)
				if !ok || base >= before {
					return true
				}
				return each(filepath.Join(top, million, thousand), func(name string) bool {
					m, ok := s.parseMarker(l, base, name)
					return !ok || m.revision >= before || yield(m, nil)
				})
			})
		})
	}
}

// dueTime is the layout of the names of the folders in due: a folder for each hour.
const dueTime = "2006-01-02T15"

// dueMarker returns the path of the marker of a record that expires at a time.
func (s *Store) dueMarker(k ref, state api.State, revision uint64, expires time.Time) string {
	return s.path("due", expires.UTC().Format(dueTime),
		fmt.Sprintf("%d.%s.%s.%d.%s", expires.Unix(), job.OwnerWord(k.owner), state, revision, k.id))
}

// parseDue parses the name of a file in due: the Unix second at which the record expires,
// and the marker that the record has in a list.
func (s *Store) parseDue(name string) (seconds int64, listed marker, ok bool) {
	words := strings.Split(name, ".")
	if len(words) != 5 {
		return 0, marker{}, false
	}
	seconds, err := strconv.ParseInt(words[0], 10, 64)
	if err != nil {
		return 0, marker{}, false
	}
	revision, err := strconv.ParseUint(words[3], 10, 64)
	k, l := ref{job.OwnerOf(words[1]), words[4]}, list{job.OwnerOf(words[1]), api.State(words[2])}
	if err != nil || !k.valid() || !l.valid() {
		return 0, marker{}, false
	}
	return seconds, s.listMarker(k, l.state, revision), true
}

// markersOf returns the markers that a record with a revision needs, and none for nil.
func (s *Store) markersOf(r *job.Record, revision uint64) []marker {
	if r == nil {
		return nil
	}
	var markers []marker
	k := ref{r.Owner, r.ID}
	if r.Active() {
		markers = append(markers, marker{path: s.activePath(k)})
	} else {
		markers = append(markers, s.listMarker(k, r.List(), revision))
	}
	if r.Expires != nil {
		// It comes last: when Sweep finds it stale, Sweep also removes the marker in a
		// list.
		markers = append(markers, marker{path: s.dueMarker(k, r.List(), revision, *r.Expires)})
	}
	return markers
}

// mark makes a marker and counts it.
func (s *Store) mark(m marker) error {
	if err := s.touch(m.path); err != nil {
		return err
	}
	if m.listed() {
		s.count(list{m.ref.owner, m.state}, m.revision, 1)
	}
	return nil
}

// unmark removes a marker and the folders that this leaves empty. It returns nil where the
// marker does not exist.
func (s *Store) unmark(m marker) error {
	_, err := os.Lstat(m.path)
	existed := err == nil
	if err := s.remove(m.path); err != nil {
		return err
	}
	if existed && m.listed() {
		s.count(list{m.ref.owner, m.state}, m.revision, -1)
	}
	for dir := filepath.Dir(m.path); filepath.Dir(dir) != s.dir; dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil {
			break // it is not empty
		}
	}
	return nil
}

// heal reads a record again and removes the given markers if they are stale. Reading again
// is necessary because the caller read the record without s.mu, and it may have changed.
func (s *Store) heal(k ref, stale func(r *job.Record, err error) bool, markers ...marker) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	if !stale(s.read(k)) {
		return nil
	}
	for _, m := range markers {
		s.log.Debug("removing a stale marker", "path", m.path)
		if err := s.unmark(m); err != nil {
			return s.explain(err)
		}
	}
	return nil
}

// stale reports whether m, a marker in a list, does not agree with its record. r and err
// are what reading the record returned.
func (m marker) stale(r *job.Record, err error) bool {
	return isOther(r, err, m.revision) || err == nil && (r.Active() || r.List() != m.state)
}

// isOther reports whether a record is gone or has another revision. r and err are what
// reading the record returned.
func isOther(r *job.Record, err error, revision uint64) bool {
	return errors.Is(err, job.ErrNotFound) || err == nil && r.Revision != revision
}

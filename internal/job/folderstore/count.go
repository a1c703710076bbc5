package folderstore

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/internal/job"
)

// length is the number of markers in a list, as far as they have been counted: those with
// revisions below upTo, and those that were made since Open.
type length struct {
	n    int
	upTo uint64
}

// counted is the upTo of a list that has been counted.
const counted = math.MaxUint64

// count adds 1 or -1 to the length of a list, after a marker with a revision was made or
// removed.
func (s *Store) count(l list, revision uint64, add int) {
	if s.lengths[l] == nil {
		s.lengths[l] = &length{upTo: counted}
	}
	if at := s.lengths[l]; revision < at.upTo || revision > s.opened {
		at.n += add
	}
}

// total returns the number of markers in lists, or -1 where a list has not been counted.
func (s *Store) total(lists []list) int {
	total := 0
	for _, l := range lists {
		switch at := s.lengths[l]; {
		case at == nil:
		case at.upTo != counted:
			return -1
		default:
			total += at.n
		}
	}
	return total
}

// findLists adds the lists that exist to s.lengths, not yet counted, and sets s.revision
// to the greatest revision in them.
func (s *Store) findLists(ctx context.Context) error {
	owners, err := readNames(s.path("lists"))
	if err != nil {
		return err
	}
	for _, owner := range owners {
		states, err := readNames(s.path("lists", owner))
		if err != nil {
			return err
		}
		for _, state := range states {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			l := list{job.OwnerOf(owner), api.State(state)}
			if !l.valid() {
				continue
			}
			s.lengths[l] = &length{}
			for m, err := range s.markers(l, math.MaxUint64) {
				if err != nil {
					return err
				}
				s.revision = max(s.revision, m.revision)
				break
			}
		}
	}
	return nil
}

// countAll counts the lists that have not been counted.
func (s *Store) countAll(ctx context.Context) {
	s.mu.Lock()
	var lists []list
	for l, at := range s.lengths {
		if at.upTo != counted {
			lists = append(lists, l)
		}
	}
	s.mu.Unlock()
	for _, l := range lists {
		if err := s.countList(ctx, l); err != nil {
			if ctx.Err() == nil {
				s.log.Error("the jobs of a state cannot be counted", "owner", l.owner, "state", l.state, "err", err)
			}
			return
		}
	}
}

// countList counts the markers of a list, one folder of them at a time.
func (s *Store) countList(ctx context.Context, l list) error {
	millions, err := readNames(s.listPath(l))
	if err != nil {
		return err
	}
	for _, million := range millions {
		thousands, err := readNames(filepath.Join(s.listPath(l), million))
		if err != nil {
			return err
		}
		for _, thousand := range thousands {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			base, ok := parseBase(million, thousand)
			if !ok || base > s.opened {
				continue
			}
			if err := s.countFolder(l, base, filepath.Join(s.listPath(l), million, thousand)); err != nil {
				return err
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lengths[l].upTo = counted
	return nil
}

// countFolder counts the markers of the 1000 revisions from base.
func (s *Store) countFolder(l list, base uint64, dir string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	names, err := readNames(dir)
	if err != nil {
		return err
	}
	at := s.lengths[l]
	for _, name := range names {
		if m, ok := s.parseMarker(l, base, name); ok && m.revision <= s.opened {
			at.n++
		}
	}
	at.upTo = base + 1000
	return nil
}

// removeTemporary removes temporary files that are older than this process. A process that
// was killed left them.
func (s *Store) removeTemporary(ctx context.Context, began time.Time) {
	for _, pattern := range []string{s.path("records", "*"), s.path("keys", "*", "*")} {
		dirs, err := filepath.Glob(pattern)
		for _, dir := range dirs {
			if ctx.Err() != nil {
				return
			}
			err = errors.Join(err, atomicfile.Sweep(dir, time.Since(began)+10*time.Second))
		}
		if err != nil {
			s.log.Warn("temporary files cannot be removed", "err", err)
		}
	}
}

// counts is the content of the file counts: the lengths of all lists. The file exists only
// while no process uses the folder, and only if the last process called Close.
type counts struct {
	Revision uint64                    `json:"revision"`
	Lengths  map[string]map[string]int `json:"lengths"` // by owner and state
}

// readCounts reads the file counts and removes it. It returns false where the file is
// missing or damaged.
func (s *Store) readCounts() (bool, error) {
	path := s.path("counts")
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := s.remove(path); err != nil {
		return false, err
	}
	if err := atomicfile.SyncDir(s.dir); err != nil {
		return false, err
	}
	var c counts
	if err := json.Unmarshal(data, &c); err != nil || c.Lengths == nil {
		return false, nil // the lists are counted again
	}
	s.revision = c.Revision
	for owner, states := range c.Lengths {
		for state, n := range states {
			s.lengths[list{owner, api.State(state)}] = &length{n, counted}
		}
	}
	return true, nil
}

// writeCounts writes the file counts, unless a list has not been counted.
func (s *Store) writeCounts() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := counts{s.revision, map[string]map[string]int{}}
	for l, at := range s.lengths {
		if at.upTo != counted {
			return nil
		}
		if c.Lengths[l.owner] == nil {
			c.Lengths[l.owner] = map[string]int{}
		}
		c.Lengths[l.owner][string(l.state)] = at.n
	}
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return s.write(s.path("counts"), data)
}

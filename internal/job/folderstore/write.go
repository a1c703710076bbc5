package folderstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/internal/job"
)

// Create implements [job.Store].
func (s *Store) Create(ctx context.Context, r *job.Record) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	k := ref{r.Owner, r.ID}
	if !k.valid() {
		return fmt.Errorf("a record with owner %q and id %q: expected 1 to 64 lower-case letters, digits and \"-\"", r.Owner, r.ID)
	}
	if _, err := s.read(k); !errors.Is(err, job.ErrNotFound) {
		if err == nil {
			err = fmt.Errorf("the record %s exists already: %w", k, job.ErrStale)
		}
		return err
	}
	if r.Key != "" {
		holder, err := s.holder(r.Owner, r.Key)
		if err != nil {
			return err
		}
		if holder != "" {
			return &job.KeyError{ID: holder}
		}
		// The key is bound before the record is made. Until then the key counts as
		// free.
		if err := s.write(s.keyPath(r.Owner, r.Key), []byte(r.ID+"\n")); err != nil {
			return s.explain(err)
		}
	}
	return s.put(nil, r)
}

// holder returns the id of the record that has a key, or "" where the key is free.
func (s *Store) holder(owner, key string) (id string, err error) {
	id, err = s.bound(owner, key)
	if id == "" || err != nil {
		return "", err
	}
	r, err := s.read(ref{owner, id})
	var damaged *job.DamagedError
	switch {
	case errors.As(err, &damaged):
		return id, nil
	case errors.Is(err, job.ErrNotFound):
		return "", nil
	case err != nil:
		return "", err
	case r.State == job.Deleted || r.Key != key:
		return "", nil
	}
	return id, nil
}

// bound returns the id in the file of a key, or "".
func (s *Store) bound(owner, key string) (id string, err error) {
	data, err := os.ReadFile(s.keyPath(owner, key))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", s.explain(err)
	}
	return strings.TrimSpace(string(data)), nil
}

// Load implements [job.Store].
func (s *Store) Load(_ context.Context, owner, id string) (*job.Record, error) {
	return s.read(ref{owner, id})
}

// Replace implements [job.Store].
func (s *Store) Replace(ctx context.Context, r *job.Record) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	old, err := s.current(r)
	if err != nil {
		return err
	}
	return s.put(old, r)
}

// current returns the stored record where it has r's Revision, and [job.ErrStale] where it
// does not.
func (s *Store) current(r *job.Record) (*job.Record, error) {
	k := ref{r.Owner, r.ID}
	old, err := s.read(k)
	if errors.Is(err, job.ErrNotFound) {
		if _, was := s.active[k]; was { // its file was removed by hand
			s.revision++
			s.commit(k, entry{revision: s.revision}, true, false)
		}
		return nil, job.ErrStale
	}
	if err != nil {
		return nil, err
	}
	if old.Revision != r.Revision {
		return nil, job.ErrStale
	}
	return old, nil
}

// put stores r in the place of old, which may be nil.
func (s *Store) put(old, r *job.Record) error {
	k := ref{r.Owner, r.ID}
	if !isWord(string(r.State)) {
		return fmt.Errorf("a record with state %q: expected 1 to 64 lower-case letters, digits and \"-\"", r.State)
	}
	data, err := r.Encode()
	if err != nil {
		return err
	}
	s.revision++
	revision := s.revision
	was, is := []marker(nil), s.markersOf(r, revision)
	if old != nil {
		was = s.markersOf(old, old.Revision)
	}
	for i, m := range is {
		if slices.Contains(was, m) {
			continue
		}
		if err := s.mark(m); err != nil {
			s.unmarkAll(is[:i+1], was)
			return s.explain(err)
		}
	}
	writeErr := s.write(s.recordPath(k), encodeFile(data, revision))
	if writeErr != nil {
		if now, err := s.read(k); err != nil || now.Revision != revision {
			s.unmarkAll(is, was)
			return s.explain(writeErr)
		}
		// The file was renamed before the error. Only a power failure can bring the old
		// one back.
	}
	s.unmarkAll(was, is)
	s.commit(k, entry{data: data, revision: revision}, old != nil && old.Active(), r.Active())
	if writeErr != nil {
		return fmt.Errorf("%w: %w", job.ErrDown, writeErr)
	}
	r.Revision = revision
	return nil
}

// unmarkAll removes markers, except those in kept. After an error the others stay as stale
// markers.
func (s *Store) unmarkAll(markers, kept []marker) {
	for _, m := range markers {
		if slices.Contains(kept, m) {
			continue
		}
		if err := s.unmark(m); err != nil {
			s.log.Warn("a stale marker cannot be removed", "err", err)
			return
		}
	}
}

// Delete implements [job.Store].
func (s *Store) Delete(ctx context.Context, r *job.Record) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	old, err := s.current(r)
	if err != nil {
		return err
	}
	k := ref{r.Owner, r.ID}
	path := s.recordPath(k)
	if err := s.remove(path); err != nil {
		return s.explain(err)
	}
	syncErr := atomicfile.SyncDir(filepath.Dir(path))
	s.unmarkAll(s.markersOf(old, old.Revision), nil)
	if old.Key != "" {
		if err := s.unbind(old); err != nil {
			s.log.Warn("the file of a free key cannot be removed", "err", err)
		}
	}
	s.revision++
	s.commit(k, entry{revision: s.revision}, old.Active(), false)
	if syncErr != nil {
		return fmt.Errorf("%w: %w", job.ErrDown, syncErr)
	}
	return nil
}

// unbind removes the file of a record's key, unless the key stands for another record now.
func (s *Store) unbind(r *job.Record) error {
	id, err := s.bound(r.Owner, r.Key)
	if err != nil || id != r.ID {
		return err
	}
	return s.remove(s.keyPath(r.Owner, r.Key))
}

// commit updates s.active after a change of a record, and notifies the watches if the
// record was or is active. An entry without data stands for a deleted record.
func (s *Store) commit(k ref, e entry, was, is bool) {
	if is {
		s.active[k] = e
	} else {
		delete(s.active, k)
	}
	if !was && !is {
		return
	}
	s.changed = e.revision
	for w := range s.watchers {
		w.add(event{k, e})
	}
}

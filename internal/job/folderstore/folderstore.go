// Package folderstore keeps the records of jobs in a folder of files, for one
// process.
//
//	lock                                      held by the process that uses the folder
//	records/SHARD/OWNER.ID.json               a record
//	active/OWNER.ID                           marks an active record
//	lists/OWNER/LIST/MILLIONS/THOUSANDS/N.ID  marks a record that is not active; job.Record.List names the list
//	due/HOUR/SECONDS.OWNER.LIST.REVISION.ID   marks a record that expires
//	keys/OWNER/XX/REST                        holds the id that an idempotency key stands for
//	counts                                    the lengths of the lists, from Close until Open
//	clock                                     its modification time is the time of the last Sweep
//
// An owner without a name is "_". SHARD is three hexadecimal digits of a checksum of
// the id, so that no folder grows too large. XX and REST are the digits of a checksum of
// the key. The store ignores other files in the folder.
//
// # Records
//
// A record file is a line with the record's revision and a checksum, and the record
// as JSON:
//
//	pastiche-record 1 REVISION CRC-32C
//	{"version":1,"id":…}
//
// A rename replaces it. Where a file has a flipped bit or a missing end, reading its
// record returns a [*job.DamagedError]. No other record is affected.
//
// # Markers
//
// The record files are authoritative. Markers are empty files that index them. The
// markers that a record will need are on the disk before the record file changes. The
// markers that it no longer needs are removed after the change. After a crash between two steps there
// may be stale markers, but none is missing. A stale marker, one that does not agree with
// its record, is removed when it is read: by [Open] in active, by List in lists, and by
// Sweep in due and lists.
//
// Revisions count the changes of the whole store. A list is in the order of revisions,
// which does not depend on a clock. Two levels of folders, with at most 1000 entries each,
// stand for the first digits of the revision. A page of a long list is therefore read
// from a few small folders.
//
// # Totals
//
// The lengths of the lists are in memory. [Store.Close] saves them and [Open] reads
// them. After a crash the markers are counted in the background, and Page.Total is -1
// until that is done. A stale marker is counted until it is removed.
//
// # Clocks that jump
//
// Sweep deletes by the clock. If the clock were years ahead, it would delete everything.
// Where the clock is more than a day later than at the last Sweep, of this or of an
// earlier process, Sweep logs a warning and uses the time of the last Sweep for an hour.
// If the clock is set right within that hour, nothing is lost. A server that was stopped
// for days begins to delete an hour late.
package folderstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/internal/job"
)

// A Store is a [job.Store] in a folder.
type Store struct {
	dir  string
	log  *slog.Logger
	lock *flock.Flock
	// step is called before each change of the folder, where it is not nil. Tests
	// make it fail.
	step func(path string) error

	stop       context.CancelFunc // ends the goroutines of background
	background sync.WaitGroup
	closing    chan struct{} // closed by Close

	// mu is held while the folder changes. Records and markers are read without it.
	mu       sync.Mutex
	closed   bool
	revision uint64 // the revision of the last change
	changed  uint64 // the revision of the last change of an active record
	opened   uint64 // the value of revision at the end of Open
	active   map[ref]entry
	watchers map[*watcher]bool
	lengths  map[list]*length
	clock    clock
}

// entry is an active record in memory. Each watch decodes the JSON in data for itself.
type entry struct {
	data     []byte
	revision uint64
	damaged  *job.DamagedError
}

var _ job.Store = (*Store)(nil)

var errClosed = fmt.Errorf("%w: it is closed", job.ErrDown)

// Open opens the store in a folder, and makes the folder where it does not exist. It reads
// only the active records. Messages about damaged records and clocks go to log.
func Open(dir string, log *slog.Logger) (*Store, error) {
	return open(dir, log, nil)
}

func open(dir string, log *slog.Logger, step func(path string) error) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the job store in %s: %w", dir, err)
	}
	if err := atomicfile.CheckWritable(filepath.Join(dir, "counts")); err != nil {
		return nil, fmt.Errorf("the job store in %s: %w", dir, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Store{
		dir: dir, log: log, lock: flock.New(filepath.Join(dir, "lock")), step: step,
		stop: cancel, closing: make(chan struct{}),
		active: make(map[ref]entry), watchers: make(map[*watcher]bool), lengths: make(map[list]*length),
	}
	held, err := s.lock.TryLock()
	if err != nil {
		cancel()
		return nil, fmt.Errorf("the job store in %s cannot be locked: %w", dir, err)
	}
	if !held {
		cancel()
		return nil, fmt.Errorf("%s is in use by another server: stop it, or choose another folder", dir)
	}
	if err := s.recover(ctx); err != nil {
		cancel()
		s.background.Wait()
		return nil, errors.Join(fmt.Errorf("the job store in %s: %w", dir, err), s.lock.Close())
	}
	return s, nil
}

// recover makes the folders, reads the active records and removes their stale markers.
// After a crash it starts to count the lists in the background.
func (s *Store) recover(ctx context.Context) error {
	began := time.Now()
	for _, dir := range []string{"records", "active", "lists", "due", "keys"} {
		if err := s.mkdir(s.path(dir)); err != nil {
			return err
		}
	}
	if err := s.openClock(); err != nil {
		return err
	}
	clean, err := s.readCounts()
	if err != nil {
		return err
	}
	if !clean {
		if err := s.findLists(ctx); err != nil {
			return err
		}
	}
	if err := s.readActive(ctx); err != nil {
		return err
	}
	s.opened, s.changed = s.revision, s.revision
	if !clean {
		s.background.Go(func() {
			s.countAll(ctx)
			s.removeTemporary(ctx, began)
		})
	}
	return nil
}

// readActive reads the records that are marked as active.
func (s *Store) readActive(ctx context.Context) error {
	names, err := readNames(s.path("active"))
	if err != nil {
		return err
	}
	for _, name := range names {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		k, ok := parseRef(name)
		if !ok {
			continue
		}
		r, err := s.read(k)
		var damaged *job.DamagedError
		switch {
		case errors.As(err, &damaged):
			s.log.Error("a record cannot be read", "err", damaged)
			s.active[k] = entry{damaged: damaged}
			continue
		case errors.Is(err, job.ErrNotFound): // the process was killed before the record was made, or after it was deleted
			if err := s.unmark(marker{path: s.activePath(k)}); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		case !r.Active(): // the process was killed before the record became active, or after it ceased to be
			if err := s.unmark(marker{path: s.activePath(k)}); err != nil {
				return err
			}
		default:
			data, err := r.Encode()
			if err != nil {
				return err
			}
			s.active[k] = entry{data: data, revision: r.Revision}
		}
		s.revision = max(s.revision, r.Revision)
	}
	return nil
}

// Close implements [job.Store].
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.closing)
	s.mu.Unlock()
	s.stop()
	s.background.Wait()
	if err := s.writeCounts(); err != nil {
		s.log.Warn("the numbers of jobs cannot be saved: the next process counts the jobs", "err", err)
	}
	return s.lock.Close()
}

// Lead implements [job.Store]. The one process that uses the folder is the leader.
func (s *Store) Lead(context.Context) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false, errClosed
	}
	return true, nil
}

// Ready implements [job.Store]. It writes a small file and removes it.
func (s *Store) Ready(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	path := s.path("probe")
	if err := s.write(path, make([]byte, 4096)); err != nil {
		return s.explain(err)
	}
	return s.explain(s.remove(path))
}

// begin takes s.mu for a change, unless the store is closed or ctx has ended.
func (s *Store) begin(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errClosed
	}
	return nil
}

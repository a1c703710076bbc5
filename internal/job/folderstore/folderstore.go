// Package folderstore keeps the records of jobs in a folder of files, for one
// process.
//
//	lock                                      held by the process that uses the folder
//	records/SHARD/OWNER.ID.json               a record
//	active/OWNER.ID                           marks an active record
//	lists/OWNER/LIST/MILLIONS/THOUSANDS/N.ID  marks a record that is not active; job.Record.List names the list
//	due/HOUR/SECONDS.OWNER.LIST.REVISION.ID   marks a record that expires
//	keys/OWNER/XX/REST                        holds the id that has an idempotency key
//	counts                                    the lengths of the lists, from Close until Open
//	clock                                     its modification time is that of the last Sweep
//
// An owner without a name is "_". SHARD is three hexadecimal digits of a checksum of
// the id, so that no folder grows too large. Other files in the folder are ignored.
//
// # Records
//
// A record file is a line with the record's revision and a checksum, and the record
// as JSON:
//
//	pastiche-record 1 REVISION CRC-32C
//	{"version":1,"id":…}
//
// It is replaced by a rename. A file with a flipped bit or a missing end is a
// [*job.DamagedError]; no other job is affected.
//
// # Markers
//
// The record files are authoritative. Markers are empty files that index them. Markers that a record will need are made, and are on the disk, before the
// record file changes. Those that it no longer needs are removed afterwards. A crash
// between two steps therefore leaves markers too many, never too few. A marker that
// does not agree with its record is removed when it is read: [Open] removes those of
// active records, List those of lists, and Sweep those of expired records in both
// due and lists.
//
// Revisions count the changes of the whole store, and a list is in their order, which
// no clock can change. Two levels of folders, of at most 1000 entries each, stand for
// the first digits of the revision. A page of a long list is therefore read from a
// few small folders.
//
// # Totals
//
// The lengths of the lists are in memory. [Store.Close] saves them and [Open] reads
// them. After a crash they are counted again from the markers in the background, and
// Page.Total is -1 until then. A marker that the crash left too many is counted until
// it is met.
//
// # Clocks that jump
//
// Sweep deletes by the clock, and a clock that is wrong by years would have it delete
// everything. Where the clock is more than a day later than at the last Sweep, be it
// of another process, Sweep logs a warning and goes on with the earlier time for an
// hour. When the clock is set back meanwhile, nothing is lost. A server that was
// stopped for days deletes an hour later.
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
	// step is called before each change of the folder. Tests let it fail.
	step func(path string) error

	stop       context.CancelFunc // ends what runs in the background
	background sync.WaitGroup
	closing    chan struct{} // closed by Close

	// mu is held while the folder changes. Records and markers are read without it.
	mu       sync.Mutex
	closed   bool
	revision uint64 // of the last change
	changed  uint64 // of the last change of an active record
	opened   uint64 // the revision at Open
	active   map[ref]entry
	watchers map[*watcher]bool
	lengths  map[list]*length
	clock    clock
}

// entry is an active record in memory: its JSON, which each watcher decodes for
// itself.
type entry struct {
	data     []byte
	revision uint64
	damaged  *job.DamagedError
}

var _ job.Store = (*Store)(nil)

var errClosed = fmt.Errorf("%w: it is closed", job.ErrDown)

// Open opens the store in a folder, which is made where it does not exist. It reads
// the active records only. Messages about damaged records and clocks go to log.
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

// recover makes the folders, reads the active records and completes what a crash
// interrupted.
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
		case errors.Is(err, job.ErrNotFound): // a crash came before the record was made, or after it was deleted
			if err := s.unmark(marker{path: s.activePath(k)}); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		case !r.Active(): // a crash came before it was marked as active, or after it ceased to be
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
		s.log.Warn("the numbers of jobs cannot be saved and will be counted again", "err", err)
	}
	return s.lock.Close()
}

// Lead implements [job.Store]. The only process is the leader.
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

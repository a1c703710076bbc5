package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/pastiche-art/pastiche/weights"
)

// patience says how long to bear with a mirror.
type patience struct {
	// stall is how long a mirror may stay silent.
	stall time.Duration
	// attempts is how many may fail in a row, without bringing progress bytes,
	// before the mirror is given up.
	attempts int
	progress int64
	// pause is the time before the second attempt. It doubles with each
	// failure.
	pause time.Duration
}

var usual = patience{stall: 30 * time.Second, attempts: 4, progress: 64 << 10, pause: time.Second}

// Pull fetches the network of that name, unless it is present, and returns its
// entry. Mirrors are tried in order; a connection that breaks off is resumed,
// as is a download that an earlier call has begun. What arrives is kept only
// with the right checksum. Where no mirror delivers, the error says why of each.
func (s *Store) Pull(ctx context.Context, name string) (Entry, error) {
	e, err := s.Entry(name)
	if err != nil || e.Present() {
		return e, err
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return e, err
	}
	defer unlock()
	// Another process may have pulled it while this one waited.
	if e, err = s.present(name); !errors.Is(err, ErrAbsent) || len(e.URLs) == 0 {
		return e, err
	}
	files, urls, err := s.mirrors(e)
	if err != nil {
		return e, err
	}
	var failures mirrorsError
	for _, file := range files {
		err := s.check(ctx, e, file)
		if err == nil {
			return s.convert(file, e)
		}
		if ctx.Err() != nil {
			return e, err
		}
		failures = append(failures, err)
	}
	if len(urls) == 0 {
		return e, fmt.Errorf("%s: %w", e.Name, failures)
	}
	return s.download(ctx, urls, e, failures)
}

// check compares a file in a mirror with what it should be.
func (s *Store) check(ctx context.Context, e Entry, file string) error {
	got, err := checksumFile(ctx, file)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", file, fs.ErrNotExist)
	}
	if err != nil {
		return err
	}
	return got.compare(e.Source, file)
}

// download keeps the entry's file from the first of the URLs that has it. The
// failures are those of mirrors before them.
func (s *Store) download(ctx context.Context, urls []string, e Entry, failures mirrorsError) (Entry, error) {
	d := newDownload(s, e.Source)
	if err := d.open(ctx); err != nil {
		return e, err
	}
	err := d.fromAny(ctx, urls, failures)
	if closeErr := d.close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return e, fmt.Errorf("%s: %w", e.Name, err)
	}
	if e, err = s.convert(d.path, e); err == nil {
		d.discard()
	}
	return e, err
}

// convert keeps the file at path, which is the entry's.
func (s *Store) convert(path string, e Entry) (Entry, error) {
	s.report(Converting{path})
	n, err := weights.OpenWith(path, whole(e.Input))
	if err != nil {
		return e, err
	}
	return s.keep(n, e)
}

// A mirrorsError says why no mirror delivered.
type mirrorsError []error

func (e mirrorsError) Error() string {
	reasons := make([]string, len(e))
	for i, err := range e {
		reasons[i] = err.Error()
	}
	return strings.Join(reasons, "; ")
}

func (e mirrorsError) Unwrap() []error { return e }

func (e mirrorsError) Is(target error) bool { return target == ErrUndelivered }

// fromAny completes the download from the first mirror that can. Where none
// does, the error adds to the failures of others.
func (d *download) fromAny(ctx context.Context, urls []string, failures mirrorsError) error {
	for _, mirror := range urls {
		err := d.from(ctx, mirror)
		if err == nil || ctx.Err() != nil || errors.Is(err, ErrWrite) {
			return err
		}
		failures = append(failures, err)
	}
	return failures
}

// from completes the download from one mirror.
func (d *download) from(ctx context.Context, mirror string) error {
	pause := d.patience.pause
	for failed := 0; ; {
		before := d.sum.size
		err := d.attempt(ctx, mirror)
		if err == nil {
			pure := d.source == mirror
			if err = d.check(mirror); err == nil {
				return nil
			}
			if err := d.reset(""); err != nil {
				return err
			}
			if pure {
				d.store.report(Failed{redacted(mirror), err, true})
				return err
			}
			// Bytes of another mirror or of an earlier run may be to blame.
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if d.sum.size-before >= d.patience.progress {
			failed, pause = 0, d.patience.pause
		}
		failed++
		var final *finalError
		done := errors.As(err, &final) || errors.Is(err, ErrWrite) || failed == d.patience.attempts
		d.store.report(Failed{redacted(mirror), err, done})
		if done {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause *= 2
	}
}

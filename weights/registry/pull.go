package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// A retryPolicy determines how often to retry a failing mirror.
type retryPolicy struct {
	// stall is how long a mirror may send nothing before an attempt fails.
	stall time.Duration
	// attempts is the number of consecutive attempts without progress after which to
	// give a mirror up.
	attempts int
	// progress is the number of bytes that make an attempt count as one with progress.
	progress int64
	// pause is the time before the second attempt. It doubles with each failure.
	pause time.Duration
}

var defaultRetry = retryPolicy{stall: 30 * time.Second, attempts: 4, progress: 64 << 10, pause: time.Second}

// Pull downloads the named network, unless it is present, and returns its entry. It
// tries mirrors in order. It resumes interrupted connections, and downloads of earlier
// calls. It keeps a file only if the checksum is right. If no mirror delivers the file,
// the error holds the reason for each mirror.
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
	// Another process may have pulled it in the meantime.
	if e, err = s.present(name); !errors.Is(err, ErrAbsent) || len(e.URLs) == 0 {
		return e, err
	}
	files, urls, err := s.mirrors(e)
	if err != nil {
		return e, err
	}
	var failures mirrorsError
	for _, file := range files {
		f, err := openPublished(ctx, e, file)
		if err == nil {
			defer f.Close()
			return s.convert(f, e)
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

// openPublished opens a file in a mirror that is a folder. It must have the checksum of
// the published file.
func openPublished(ctx context.Context, e Entry, path string) (*checkedFile, error) {
	f, err := openFile(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	if err := f.sum.compare(e.Source, path); err != nil {
		_ = f.Close() // the file was only read
		return nil, err
	}
	return f, nil
}

// download fetches the entry's file from the first URL that delivers it. failures are
// those of the mirrors tried before.
func (s *Store) download(ctx context.Context, urls []string, e Entry, failures mirrorsError) (Entry, error) {
	d := newDownload(s, e.Source)
	if err := d.open(ctx); err != nil {
		return e, err
	}
	err := d.fromAny(ctx, urls, failures)
	if err != nil {
		err = fmt.Errorf("%s: %w", e.Name, err)
	} else {
		var info fs.FileInfo
		if info, err = d.file.Stat(); err == nil {
			e, err = s.convert(&checkedFile{d.file, e.Source, info.ModTime()}, e)
		}
	}
	closeErr := d.close()
	if err == nil {
		d.discard()
		err = closeErr
	}
	return e, err
}

// convert stores the network of a file with the entry's checksum.
func (s *Store) convert(f *checkedFile, e Entry) (Entry, error) {
	s.report(Converting{f.Name()})
	n, err := f.network(e.override())
	if err != nil {
		return e, err
	}
	e.Input = n.Input
	return s.keep(n, e)
}

// A mirrorsError holds the error of each mirror.
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

// fromAny completes the download from the first mirror that delivers the file. If none
// does, the error includes the given failures.
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
	pause := d.retry.pause
	for failed := 0; ; {
		before := d.sum.size
		err := d.attempt(ctx, mirror)
		if err == nil {
			fromThis := d.source == mirror // all received bytes
			if err = d.check(mirror); err == nil {
				return nil
			}
			if err := d.reset(""); err != nil {
				return err
			}
			if fromThis {
				d.store.report(Failed{redacted(mirror), err, true})
				return err
			}
			// Bytes from another mirror or an earlier run may be the wrong ones.
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if d.sum.size-before >= d.retry.progress {
			failed, pause = 0, d.retry.pause
		}
		failed++
		var final *finalError
		done := errors.As(err, &final) || errors.Is(err, ErrWrite) || failed == d.retry.attempts
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

package registry

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
	"github.com/pastiche-art/pastiche/weights"
)

// A Store is a folder of networks and a list of those that can be pulled into
// it. Several processes may use the same folder at the same time; what changes
// it waits for its turn.
type Store struct {
	// Dir is the folder, made when it is first written to. Where it is empty,
	// only the built-in network is there.
	Dir string
	// Known are the networks that can be pulled.
	Known []Entry
	// Mirror, where not empty, replaces the URLs of all entries: an http,
	// https or file URL, or a folder, under which the files have the names
	// that they have at their origin; or several, with commas between them.
	Mirror string
	// Progress, where not nil, is called with each event, by the goroutine that
	// called the store.
	Progress func(Event)

	retry retryPolicy // zero for the default
}

// List returns the networks that are known or were kept here: the built-in one,
// those that can be pulled, and the imported ones by name. Those that are damaged
// say so in [Entry.Damage]. Where the file system reports an error, the list holds
// all others.
func (s *Store) List() ([]Entry, error) {
	var list []Entry
	var failures []error
	add := func(name string) {
		e, err := s.Entry(name)
		if err != nil {
			failures = append(failures, err)
			return
		}
		list = append(list, e)
	}
	for _, e := range s.Known {
		add(e.Name)
	}
	names, err := s.recorded()
	if err != nil {
		return list, err
	}
	for _, name := range names {
		if _, known := s.known(name); !known {
			add(name)
		}
	}
	return list, errors.Join(failures...)
}

// Entry returns the network of that name, or [ErrUnknown].
func (s *Store) Entry(name string) (Entry, error) {
	e, known := s.known(name)
	if e.BuiltIn {
		return e, nil
	}
	recorded, err := s.readRecord(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && known:
		return e, nil
	case errors.Is(err, fs.ErrNotExist):
		return e, fmt.Errorf("%q: %w", name, ErrUnknown)
	case errors.Is(err, errRecord):
		e.Name, e.Damage = name, err
		return e, nil
	case err != nil:
		return e, err
	case !known:
		e = recorded
	}
	e.Local = File{}
	path := s.blob(recorded.Local)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Damage = fmt.Errorf("%s is missing", path)
	case err != nil:
		return e, err
	case !info.Mode().IsRegular():
		e.Damage = fmt.Errorf("%s is not a regular file", path)
	case info.Size() != recorded.Local.Size:
		e.Damage = fmt.Errorf("%s has %d bytes, expected %d", path, info.Size(), recorded.Local.Size)
	default:
		e.Local, e.Input = recorded.Local, recorded.Input
	}
	return e, nil
}

func (s *Store) known(name string) (Entry, bool) {
	i := slices.IndexFunc(s.Known, func(e Entry) bool { return e.Name == name })
	if i < 0 {
		return Entry{}, false
	}
	return s.Known[i], true
}

// present returns the network of that name, or [ErrAbsent].
func (s *Store) present(name string) (Entry, error) {
	e, err := s.Entry(name)
	switch {
	case err != nil || e.Present():
		return e, err
	case e.Damage != nil && len(e.URLs) > 0:
		return e, fmt.Errorf("%s: %w: %w: pull it again", name, ErrAbsent, e.Damage)
	case e.Damage != nil:
		return e, fmt.Errorf("%s: %w: %w: import it again", name, ErrAbsent, e.Damage)
	default:
		return e, fmt.Errorf("%s: %w: run 'pastiche networks pull %s' first", name, ErrAbsent, name)
	}
}

// Open reads the network of that name. One that is known but has not been
// pulled, or whose file is missing, is [ErrAbsent]. A [*ChecksumError] reports a
// file that is damaged.
func (s *Store) Open(name string) (*weights.Network, error) {
	e, err := s.present(name)
	if err != nil {
		return nil, err
	}
	if e.BuiltIn {
		return weights.Builtin()
	}
	f, err := s.openBlob(context.Background(), e)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	n, err := f.network(weights.Override{})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	n.Name = name
	return n, nil
}

// openBlob opens what is kept of a network that is present, and compares it with
// its checksum. The caller closes it.
func (s *Store) openBlob(ctx context.Context, e Entry) (*checkedFile, error) {
	f, err := openFile(ctx, s.blob(e.Local))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.Name, err)
	}
	if err := f.sum.compare(e.Local, f.Name()); err != nil {
		_ = f.Close() // it was only read
		again := "pull"
		if len(e.URLs) == 0 {
			again = "import"
		}
		return nil, fmt.Errorf("%w: remove %s, and %s it again", err, e.Name, again)
	}
	return f, nil
}

// Path returns the safetensors file of the network of that name: [ErrAbsent] or
// [ErrBuiltIn] where it has none.
func (s *Store) Path(name string) (string, error) {
	e, err := s.present(name)
	switch {
	case err != nil:
		return "", err
	case e.BuiltIn:
		return "", fmt.Errorf("%s: %w: it has no file", name, ErrBuiltIn)
	}
	return s.blob(e.Local), nil
}

// Verify compares what is kept of the network of that name with its checksum; a
// [*ChecksumError] reports a difference.
func (s *Store) Verify(ctx context.Context, name string) error {
	e, err := s.present(name)
	if err != nil {
		return err
	}
	if e.BuiltIn {
		got, err := checksum(ctx, strings.NewReader(weights.BuiltinFile()))
		if err != nil {
			return err
		}
		return got.compare(e.Local, name)
	}
	f, err := s.openBlob(ctx, e)
	if err != nil {
		return err
	}
	return f.Close()
}

// Remove forgets the network of that name and deletes what is kept of it,
// including a download that was begun. The built-in network is [ErrBuiltIn].
func (s *Store) Remove(ctx context.Context, name string) error {
	e, known := s.known(name)
	if e.BuiltIn {
		return fmt.Errorf("%s: %w: it cannot be removed", name, ErrBuiltIn)
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	hadDownload := known && newDownload(s, e.Source).discard()
	// A record that cannot be read can be removed all the same.
	err = os.ErrNotExist
	if usable(name) {
		err = os.Remove(s.record(name))
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && hadDownload:
		return nil
	case errors.Is(err, fs.ErrNotExist) && known:
		return fmt.Errorf("%s: %w", name, ErrAbsent)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%q: %w", name, ErrUnknown)
	case err != nil:
		return atomicfile.Failed(s.record(name), err)
	}
	return s.sweep()
}

func (s *Store) report(e Event) {
	if s.Progress != nil {
		s.Progress(e)
	}
}

// The places in the folder, as the package's documentation has them.

func (s *Store) record(name string) string { return filepath.Join(s.Dir, "names", name+".json") }

func (s *Store) blob(f File) string {
	return filepath.Join(s.Dir, "blobs", f.SHA256+".safetensors")
}

func (s *Store) incoming(name string) string { return filepath.Join(s.Dir, "incoming", name) }

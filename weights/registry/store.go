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
	// Progress, where not nil, is told what goes on, by the goroutine that
	// called the store.
	Progress func(Event)

	patience patience // zero for the usual
}

// List returns the networks that are known or present: the built-in one, those
// that can be pulled, and the imported ones by name. Where a record cannot be
// read, the error says so and the list holds all others.
func (s *Store) List() ([]Entry, error) {
	var list []Entry
	var broken []error
	add := func(name string) {
		e, err := s.Entry(name)
		if err != nil {
			broken = append(broken, err)
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
	return list, errors.Join(broken...)
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
	case err != nil:
		return e, err
	case !known:
		e = recorded
	}
	e.Local = File{}
	if info, err := os.Stat(s.blob(recorded.Local)); err == nil && info.Size() == recorded.Local.Size {
		e.Local = recorded.Local
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
	case len(e.URLs) == 0:
		return e, fmt.Errorf("%s: %w: what was imported from %s is gone: import it again", name, ErrAbsent, e.Origin)
	default:
		return e, fmt.Errorf("%s: %w: pull it first", name, ErrAbsent)
	}
}

// Open reads the network of that name. One that is known but has not been
// pulled is [ErrAbsent].
func (s *Store) Open(name string) (*weights.Network, error) {
	e, err := s.present(name)
	if err != nil {
		return nil, err
	}
	if e.BuiltIn {
		return weights.Builtin()
	}
	n, err := weights.Open(s.blob(e.Local))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	n.Name = name
	return n, nil
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
	got, err := checksumFile(ctx, s.blob(e.Local))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return got.compare(e.Local, s.blob(e.Local))
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
	begun := known && newDownload(s, e.Source).discard()
	// A record that cannot be read can be removed all the same.
	err = os.ErrNotExist
	if usable(name) {
		err = os.Remove(s.record(name))
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && begun:
		return nil
	case errors.Is(err, fs.ErrNotExist) && known:
		return fmt.Errorf("%s: %w", name, ErrAbsent)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%q: %w", name, ErrUnknown)
	case err != nil:
		return cannotWrite(s.record(name), err)
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

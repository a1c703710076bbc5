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

// A Store is a folder of networks and a list of networks that can be pulled into it.
// Several processes may use a folder at the same time; changes wait for each other.
type Store struct {
	// Dir is the folder. It is created when it is first written to. Where Dir is empty,
	// only the built-in network is available.
	Dir string
	// Known are the networks that can be pulled.
	Known []Entry
	// Mirror, unless empty, replaces the URLs of all entries. It is an http, https or
	// file URL, or a folder, that holds the files under their original names; or
	// several, separated by commas.
	Mirror string
	// Progress, unless nil, is called with each event, by the goroutine that called the
	// store.
	Progress func(Event)

	retry retryPolicy // zero for the default
}

// List returns the networks that are known or stored: the built-in one, those that can
// be pulled, and the imported ones by name. [Entry.Damage] reports damaged ones. If the
// file system reports an error, the list holds all others.
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

// Entry returns the entry of the named network, or [ErrUnknown].
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

// present returns the entry of a network that is present, or [ErrAbsent].
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

// Open reads the named network. It returns [ErrAbsent] where the network has not been
// pulled or its file is missing, and a [*ChecksumError] where the file is damaged.
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

// openBlob opens the stored file of a network that is present and compares it with its
// checksum. The caller closes it.
func (s *Store) openBlob(ctx context.Context, e Entry) (*checkedFile, error) {
	f, err := openFile(ctx, s.blob(e.Local))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.Name, err)
	}
	if err := f.sum.compare(e.Local, f.Name()); err != nil {
		_ = f.Close() // the file was only read
		again := "pull"
		if len(e.URLs) == 0 {
			again = "import"
		}
		return nil, fmt.Errorf("%w: remove %s, and %s it again", err, e.Name, again)
	}
	return f, nil
}

// Path returns the path of the safetensors file of the named network, or [ErrAbsent] or
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

// Verify compares the stored file of the named network with its checksum. It returns a
// [*ChecksumError] where they differ.
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

// Remove deletes the named network, including an unfinished download. For the built-in
// network it returns [ErrBuiltIn].
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
	// A record that cannot be read can be removed as well.
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

// The paths in the folder; see the package documentation.

func (s *Store) record(name string) string { return filepath.Join(s.Dir, "names", name+".json") }

func (s *Store) blob(f File) string {
	return filepath.Join(s.Dir, "blobs", f.SHA256+".safetensors")
}

func (s *Store) incoming(name string) string { return filepath.Join(s.Dir, "incoming", name) }

package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/pastiche-art/pastiche/weights"
)

// Read reads the network file at path and returns its entry: the published one with its
// checksum, or else an entry without a name. The override, unless it is zero, takes
// precedence over the published entry and the file.
func (s *Store) Read(ctx context.Context, path string, override weights.Override) (*weights.Network, Entry, error) {
	f, err := openFile(ctx, path)
	if err != nil {
		return nil, Entry{}, err
	}
	defer f.Close()
	e, published := s.publishedAs(f.sum)
	published = published && override.IsZero()
	if published {
		override = e.override()
	} else {
		e = Entry{Origin: filepath.Base(path), Source: f.sum}
	}
	n, err := f.network(override)
	if err != nil {
		return nil, Entry{}, err
	}
	if published {
		n.InputSource = "published as " + e.Name + ", by its checksum"
	}
	e.Family, e.License, e.Input = cmp.Or(e.Family, n.Family), cmp.Or(e.License, n.License), n.Input
	return n, e, nil
}

// Import converts the network file at path and stores it under the given name. An empty
// name stands for the name under which the file is published, or else for the network's
// own name. The override is that of [Store.Read]. Import returns [ErrName] for an
// unusable name: one with other characters than lower-case letters, digits, dots,
// hyphens and underscores, one that is published for another file or input, or one that
// another network has.
func (s *Store) Import(ctx context.Context, path, name string, override weights.Override) (Entry, error) {
	if name != "" && !usable(name) {
		return Entry{}, fmt.Errorf("%q: %w: expected at most 64 lower-case letters, digits, '.', '_' and '-'", name, ErrName)
	}
	s.report(Converting{path})
	n, e, err := s.Read(ctx, path, override)
	if err != nil {
		return Entry{}, err
	}
	e.Name = cmp.Or(name, e.Name, nameOf(n))
	switch k, known := s.known(e.Name); {
	case k.BuiltIn && k.Source == e.Source:
		return Entry{}, fmt.Errorf("%s: %w: it is always there", k.Name, ErrBuiltIn)
	case known && k.Source != e.Source:
		return Entry{}, fmt.Errorf("%s: %w: it stands for the file with the SHA-256 %s, and that of %s is %s: choose another name",
			k.Name, ErrName, k.Source.SHA256, path, e.Source.SHA256)
	case known && !override.IsZero() && k.Input != e.Input:
		return Entry{}, fmt.Errorf("%s: %w: it stands for that file with the input %s: choose another name", k.Name, ErrName, k.Input)
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return Entry{}, err
	}
	defer unlock()
	return s.keep(n, e)
}

// publishedAs returns the published entry of a file.
func (s *Store) publishedAs(f File) (Entry, bool) {
	for _, e := range s.Known {
		if e.Source == f {
			return e, true
		}
	}
	return Entry{}, false
}

var unusableLetters = regexp.MustCompile(`[^a-z0-9._-]+`)

// nameOf returns a valid name made from the network's own name.
func nameOf(n *weights.Network) string {
	name := unusableLetters.ReplaceAllString(strings.ToLower(n.Name), "-")
	name = strings.Trim(name, "._-")
	return cmp.Or(name[:min(len(name), 64)], "network")
}

// keep writes the network that was read from e.Source to the folder and records its
// name. The caller holds the lock of the folder.
func (s *Store) keep(n *weights.Network, e Entry) (Entry, error) {
	n.Name, n.Family, n.License = e.Name, e.Family, e.License
	before, err := s.Entry(e.Name)
	if err != nil && !errors.Is(err, ErrUnknown) {
		return e, err
	}
	fill := func(w io.Writer) error { return n.WriteSafetensors(w, weights.Float32) }
	sum := newSum()
	if err := fill(sum); err != nil {
		return e, err
	}
	e.Local = sum.file()
	if before.Present() && before.Local != e.Local {
		return e, fmt.Errorf("%s: %w: a network imported from %s has it: remove that one first, or choose another name",
			e.Name, ErrName, before.Origin)
	}
	if err := write(s.blob(e.Local), fill); err != nil {
		return e, err
	}
	if err := s.writeRecord(e); err != nil {
		return e, err
	}
	return s.Entry(e.Name)
}

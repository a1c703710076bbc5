package studio

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pastiche-art/pastiche/internal/studio/keyfile"
)

// Keys are the API keys that a server accepts. They are safe for use by several
// goroutines.
//
// A keys file is UTF-8 text. Each of its lines is empty, a comment that begins with
// "#", or a name and a key with spaces or tabs between them:
//
//	# The laptop has two keys while it changes from one to the other.
//	alice  3dSWCH2fEkHGGtbZ
//	alice  e7e3vXAUlCZzGvM0
//	bob    sha256:5f4f2d6a1b...
//
// A name is 1 to 32 lower-case letters, digits and "-". It is the owner of the jobs
// that are submitted with the key, so that a key can be replaced and its jobs stay. A
// key is 16 to 200 printable ASCII characters. "sha256:" and 64 hexadecimal digits
// stand for the key with that digest. Whoever can read the file can make sessions of
// its keys, also where it holds digests.
type Keys struct {
	path    string
	log     *slog.Logger
	seen    fileVersion
	entries atomic.Pointer[[]keyfile.Key]
}

// fileVersion identifies a version of a file.
type fileVersion struct {
	modified time.Time
	size     int64
}

// keysEvery is the interval at which the keys file is checked.
const keysEvery = 2 * time.Second

// ParseKeys reads the text of a keys file. Errors begin with the name of the file
// and the number of the line.
func ParseKeys(file string, text []byte) (*Keys, error) {
	entries, err := keyfile.Parse(file, text)
	if err != nil {
		return nil, err
	}
	k := &Keys{}
	k.entries.Store(&entries)
	return k, nil
}

// LoadKeys reads a keys file. Messages of [Keys.Watch], and a warning where other
// users can read the file, go to log.
func LoadKeys(path string, log *slog.Logger) (*Keys, error) {
	k := &Keys{path: path, log: log}
	return k, k.load()
}

// Watch reads the file of [LoadKeys] again when it changes, until ctx ends. Where the
// changed file is refused, the keys stay as they are.
func (k *Keys) Watch(ctx context.Context) {
	t := time.NewTicker(keysEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if version, err := versionOf(k.path); err == nil && version == k.seen {
			continue
		}
		before := k.seen
		switch err := k.load(); {
		case err == nil:
			k.log.Info("keys file read again", "file", k.path, "keys", len(*k.entries.Load()))
		case k.seen != before: // once for each change
			k.log.Error("keys file refused: the keys before the change stay in use", "error", err)
		}
	}
}

func versionOf(path string) (fileVersion, error) {
	info, err := os.Stat(path)
	if err != nil {
		return fileVersion{}, err
	}
	return fileVersion{info.ModTime(), info.Size()}, nil
}

// load reads the file.
func (k *Keys) load() error {
	f, err := os.Open(k.path)
	if err != nil {
		k.seen = fileVersion{}
		return fmt.Errorf("the keys file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("the keys file: %w", err)
	}
	k.seen = fileVersion{info.ModTime(), info.Size()}
	text, err := io.ReadAll(io.LimitReader(f, keyfile.MaxSize+1))
	if err != nil {
		return fmt.Errorf("the keys file: %w", err)
	}
	entries, err := keyfile.Parse(k.path, text)
	if err != nil {
		return err
	}
	if public := fs.FileMode(0o004); info.Mode()&public != 0 {
		k.log.Warn("every user of this machine can read the keys file: chmod o= would prevent it", "file", k.path)
	}
	k.entries.Store(&entries)
	return nil
}

// find returns the entry of a key. It takes the same time for all keys.
func (k *Keys) find(key string) (found keyfile.Key, ok bool) {
	sum := sha256.Sum256([]byte(key))
	for _, e := range *k.entries.Load() {
		if subtle.ConstantTimeCompare(sum[:], e.Sum[:]) == 1 {
			found, ok = e, true
		}
	}
	return found, ok
}

// names returns the names of the keys, each once.
func (k *Keys) names() []string {
	var all []string
	for _, e := range *k.entries.Load() {
		all = append(all, e.Name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// named returns the entries with a name.
func (k *Keys) named(name string) (all []keyfile.Key) {
	for _, e := range *k.entries.Load() {
		if e.Name == name {
			all = append(all, e)
		}
	}
	return all
}

package studio

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"
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
	entries atomic.Pointer[[]keyEntry]
}

// keyEntry is a line of a keys file.
type keyEntry struct {
	name string
	sum  [sha256.Size]byte // of the key
}

// fileVersion tells whether a file has changed.
type fileVersion struct {
	modified time.Time
	size     int64
}

const (
	minKey, maxKey = 16, 200 // characters
	maxKeyName     = 32
	maxKeysFile    = 1 << 20 // bytes
	digestPrefix   = "sha256:"
	// keysEvery is how often the keys file is looked at.
	keysEvery = 2 * time.Second
)

// ParseKeys reads the text of a keys file. Errors begin with the name of the file
// and the number of the line.
func ParseKeys(file string, text []byte) (*Keys, error) {
	entries, err := parseKeys(file, text)
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
	text, err := io.ReadAll(io.LimitReader(f, maxKeysFile+1))
	if err != nil {
		return fmt.Errorf("the keys file: %w", err)
	}
	entries, err := parseKeys(k.path, text)
	if err != nil {
		return err
	}
	if public := fs.FileMode(0o004); info.Mode()&public != 0 {
		k.log.Warn("every user of this machine can read the keys file: chmod o= would prevent it", "file", k.path)
	}
	k.entries.Store(&entries)
	return nil
}

func parseKeys(file string, text []byte) ([]keyEntry, error) {
	if len(text) > maxKeysFile {
		return nil, fmt.Errorf("%s: expected at most %d KiB", file, maxKeysFile>>10)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // a byte order mark
	var entries []keyEntry
	for n, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		e, err := parseKey(line)
		for _, other := range entries {
			if err == nil && other.sum == e.sum {
				err = fmt.Errorf("the key is that of an earlier line, of %s: expected another one", other.name)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, n+1, err)
		}
		entries = append(entries, e)
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("%s: no keys: expected lines with a name and a key each", file)
	}
	return entries, nil
}

// parseKey reads a line with a key. Errors do not tell the key.
func parseKey(line string) (e keyEntry, err error) {
	if !utf8.ValidString(line) {
		return e, errors.New("not UTF-8 text")
	}
	fields := strings.Fields(line)
	if len(fields) != 2 {
		return e, fmt.Errorf("%d words: expected a name and a key, such as: alice %s", len(fields), "3dSWCH2fEkHGGtbZ")
	}
	e.name = fields[0]
	key := fields[1]
	if len(e.name) > maxKeyName || strings.ContainsFunc(e.name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-'
	}) {
		return e, fmt.Errorf("the name, the first of two words, is not 1 to %d lower-case letters, digits and \"-\"", maxKeyName)
	}
	if digits, hashed := strings.CutPrefix(key, digestPrefix); hashed {
		sum, err := hex.DecodeString(digits)
		if err != nil || len(sum) != sha256.Size {
			return e, fmt.Errorf("the key of %s begins with %q: expected %d hexadecimal digits after it", e.name, digestPrefix, 2*sha256.Size)
		}
		e.sum = [sha256.Size]byte(sum)
		return e, nil
	}
	if len(key) < minKey || len(key) > maxKey {
		return e, fmt.Errorf("the key of %s has %d characters: expected %d to %d, such as openssl rand -hex 16 prints", e.name, len(key), minKey, maxKey)
	}
	if strings.ContainsFunc(key, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return e, fmt.Errorf("the key of %s has characters that are not printable ASCII, which no header can hold", e.name)
	}
	e.sum = sha256.Sum256([]byte(key))
	return e, nil
}

// find returns the entry of a key. It takes the same time for all keys.
func (k *Keys) find(key string) (found keyEntry, ok bool) {
	sum := sha256.Sum256([]byte(key))
	for _, e := range *k.entries.Load() {
		if subtle.ConstantTimeCompare(sum[:], e.sum[:]) == 1 {
			found, ok = e, true
		}
	}
	return found, ok
}

// names returns the names of the keys, each once.
func (k *Keys) names() []string {
	var all []string
	for _, e := range *k.entries.Load() {
		all = append(all, e.name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// named returns the entries with a name.
func (k *Keys) named(name string) (all []keyEntry) {
	for _, e := range *k.entries.Load() {
		if e.name == name {
			all = append(all, e)
		}
	}
	return all
}

// Package keyfile reads files of API keys, whose form the documentation of studio.Keys
// describes.
package keyfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxSize is the size of the largest file that is read, in bytes.
const MaxSize = 1 << 20

const (
	minKey, maxKey = 16, 200 // characters
	maxName        = 32
	digestPrefix   = "sha256:"
)

// A Key is a line of a keys file.
type Key struct {
	Name string            // who has the key
	Sum  [sha256.Size]byte // of the key
}

// Parse reads the text of a keys file. Errors begin with the name of the file and the
// number of the line, and contain no key.
func Parse(file string, text []byte) ([]Key, error) {
	if len(text) > MaxSize {
		return nil, fmt.Errorf("%s: expected at most %d KiB", file, MaxSize>>10)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // a byte order mark
	var keys []Key
	for n, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		k, err := parse(line)
		for _, other := range keys {
			if err == nil && other.Sum == k.Sum {
				err = fmt.Errorf("the key is that of an earlier line, of %s: expected another one", other.Name)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, n+1, err)
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s: no keys: expected lines with a name and a key each", file)
	}
	return keys, nil
}

// parse reads a line with a key. Errors do not contain the key.
func parse(line string) (k Key, err error) {
	if !utf8.ValidString(line) {
		return k, errors.New("not UTF-8 text")
	}
	fields := strings.Fields(line)
	if len(fields) != 2 {
		return k, fmt.Errorf("%d words: expected a name and a key, such as: alice %s", len(fields), "3dSWCH2fEkHGGtbZ")
	}
	k.Name = fields[0]
	key := fields[1]
	if len(k.Name) > maxName || strings.ContainsFunc(k.Name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-'
	}) {
		return k, fmt.Errorf("the name, the first of two words, is not 1 to %d lower-case letters, digits and \"-\"", maxName)
	}
	if digits, hashed := strings.CutPrefix(key, digestPrefix); hashed {
		sum, err := hex.DecodeString(digits)
		if err != nil || len(sum) != sha256.Size {
			return k, fmt.Errorf("the key of %s begins with %q: expected %d hexadecimal digits after it", k.Name, digestPrefix, 2*sha256.Size)
		}
		k.Sum = [sha256.Size]byte(sum)
		return k, nil
	}
	if len(key) < minKey || len(key) > maxKey {
		return k, fmt.Errorf("the key of %s has %d characters: expected %d to %d, such as openssl rand -hex 16 prints", k.Name, len(key), minKey, maxKey)
	}
	if strings.ContainsFunc(key, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return k, fmt.Errorf("the key of %s has characters that are not printable ASCII, which no header can hold", k.Name)
	}
	k.Sum = sha256.Sum256([]byte(key))
	return k, nil
}

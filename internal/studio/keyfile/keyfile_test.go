package keyfile_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/internal/studio/keyfile"
)

const aliceKey, bobKey = "alice-0123456789abcdef", "bob-0123456789abcdef"

func digest(key string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(key))) }

func TestParseRefuses(t *testing.T) {
	for name, test := range map[string]struct{ text, expected string }{
		"empty":            {"\n# nothing\n", "keys: no keys"},
		"key alone":        {"# one\n" + aliceKey, "keys:2: 1 words"},
		"words after":      {"alice " + aliceKey + " # hers", "keys:1: 4 words"},
		"capitals":         {"Alice " + aliceKey, "keys:1: the name"},
		"name too long":    {strings.Repeat("a", 33) + " " + aliceKey, "keys:1: the name"},
		"underscore":       {"_ " + aliceKey, "keys:1: the name"},
		"short":            {"bob " + bobKey + "\nalice 0123456789abcde", "keys:2: the key of alice has 15 characters"},
		"long":             {"alice " + strings.Repeat("x", 201), "keys:1: the key of alice has 201 characters"},
		"not ASCII":        {"alice " + aliceKey + "é", "not printable ASCII"},
		"not UTF-8":        {"alice " + aliceKey + "\xff", "keys:1: not UTF-8"},
		"short digest":     {"alice sha256:0123456789", "keys:1: the key of alice begins"},
		"not a digest":     {"alice " + digest(aliceKey)[:70] + "x", "keys:1: the key of alice begins"},
		"twice":            {"alice " + aliceKey + "\nbob " + aliceKey, "keys:2: the key is that of an earlier line, of alice"},
		"digest and plain": {"alice " + aliceKey + "\nalice " + digest(aliceKey), "keys:2: the key is that of an earlier line"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := keyfile.Parse("keys", []byte(test.text))
			if err == nil || !strings.Contains(err.Error(), test.expected) {
				t.Fatalf("error %v, expected %q", err, test.expected)
			}
			if strings.Contains(err.Error(), aliceKey) {
				t.Errorf("the error tells a key: %v", err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"alice " + aliceKey, "\ufeff# c\n\na\t" + digest(aliceKey), "alice sha256:00", "a b c", "\xff", strings.Repeat("x ", 500),
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := keyfile.Parse("keys", text)
		if (keys == nil) != (err != nil) {
			t.Fatalf("keys %v and error %v", keys, err)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "keys:") {
			t.Errorf("error %q does not begin with the file", err)
		}
		// What is accepted has at least one line of a name and a key.
		if err == nil && len(bytes.Fields(text)) < 2 {
			t.Errorf("accepted %q", text)
		}
	})
}

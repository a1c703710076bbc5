package studio_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pastiche-art/pastiche/internal/studio"
)

func digest(key string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(key))) }

func TestParseKeys(t *testing.T) {
	const other = "0123456789abcdef"
	for name, text := range map[string]string{
		"plain":                "alice " + aliceKey,
		"comments and spaces":  "# keys\n\n \talice\t " + aliceKey + " \r\n  # more\n",
		"byte order mark":      "\ufeffalice " + aliceKey,
		"digest":               "alice " + digest(aliceKey),
		"several of a name":    "alice " + other + "\nalice " + aliceKey + "\nbob " + bobKey,
		"capitals in a digest": "alice sha256:" + strings.ToUpper(digest(aliceKey)[7:]),
	} {
		t.Run(name, func(t *testing.T) {
			keys, err := studio.ParseKeys("keys", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			f := newServer(t, setup{Config: studio.Config{Keys: keys}})
			f.key = aliceKey
			f.decode(f.do(f.request(http.MethodGet, "/jobs", nil)), http.StatusOK, nil)
		})
	}
}

func TestLoadKeysWarnsOfAPublicFile(t *testing.T) {
	for mode, warns := range map[os.FileMode]bool{0o600: false, 0o640: false, 0o644: true, 0o604: true} {
		path := filepath.Join(t.TempDir(), "keys")
		if err := os.WriteFile(path, []byte("alice "+aliceKey), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		log := &logged{}
		if _, err := studio.LoadKeys(path, log.logger()); err != nil {
			t.Fatal(err)
		}
		if warned := strings.Contains(log.String(), "level=WARN"); warned != warns {
			t.Errorf("mode %o: log %q, expected a warning: %t", mode, log, warns)
		}
	}
	if _, err := studio.LoadKeys(filepath.Join(t.TempDir(), "none"), nil); err == nil {
		t.Error("a file that does not exist is no error")
	}
}

// TestKeysAreReadAgain: the keys of the last good file are in use.
func TestKeysAreReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	at := time.Now()
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		at = at.Add(time.Second) // whatever the resolution of the file system's clock
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	write("alice " + aliceKey)
	log := &logged{}
	keys, err := studio.LoadKeys(path, log.logger())
	if err != nil {
		t.Fatal(err)
	}
	h := studio.New(studio.Config{Jobs: newServer(t, setup{}).jobs, Keys: keys, Rate: 1e9})
	status := func(key string) int {
		return ask(h, http.MethodGet, "/api/v1/jobs/none", "Authorization", "Bearer "+key).Code
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go keys.Watch(ctx)
		expect := func(what string, alice, bob int, said string) {
			t.Helper()
			time.Sleep(10 * time.Second)
			synctest.Wait()
			if a, b := status(aliceKey), status(bobKey); a != alice || b != bob {
				t.Errorf("%s: statuses %d and %d, expected %d and %d", what, a, b, alice, bob)
			}
			if n := strings.Count(log.String(), said); n != 1 {
				t.Errorf("%s: the log says %q %d times, expected once:\n%s", what, said, n, log)
			}
		}
		const in, out = http.StatusNotFound, http.StatusUnauthorized
		write("alice " + aliceKey + "\nbob " + bobKey)
		expect("another key", in, in, "keys=2")
		write("bob " + bobKey + "\nalice short")
		expect("a broken file", in, in, "keys:2: the key of alice has 5 characters")
		write("bob " + bobKey)
		expect("without alice", out, in, "keys=1")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		expect("without a file", out, in, "no such file")
	})
}

// Package blobtest holds the contract of blob.Store as a test suite.
package blobtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/pastiche-art/pastiche/internal/blob"
)

// largeSize is the size of a blob that every store divides: more than two parts of
// an S3 upload, and a multiple of nothing.
const largeSize = 11<<20 + 17 // bytes

// Run tests a store. It calls open for each part of the contract; the stores that
// open returns may share their blobs. open closes its store when its test ends.
func Run(t *testing.T, open func(t *testing.T) blob.Store) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s inFolder)
	}{
		{"put and open", putAndOpen},
		{"seek", seek},
		{"read all", readAll},
		{"failing reader", failingReader},
		{"cancelled context", cancelled},
		{"names", names},
		{"remove", remove},
		{"copy", copies},
		{"concurrent puts", concurrent},
		{"put and remove at once", putAndRemove},
		{"replace", replace},
		{"remove while reading", removeWhileReading},
		{"replace while reading", replaceWhileReading},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := open(t)
			if err := s.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			// The stores may share their blobs, so that each test has its folder.
			test.run(t, inFolder{s, strings.ReplaceAll(test.name, " ", "-") + "/"})
		})
	}
}

// inFolder is a store whose names are in a folder of another store.
type inFolder struct {
	blob.Store
	folder string
}

func (f inFolder) Put(ctx context.Context, name string, r io.Reader) (blob.Info, error) {
	return f.Store.Put(ctx, f.folder+name, r)
}

func (f inFolder) Open(ctx context.Context, name string) (blob.Reader, error) {
	return f.Store.Open(ctx, f.folder+name)
}

func (f inFolder) Copy(ctx context.Context, from, to string) error {
	return f.Store.Copy(ctx, f.folder+from, f.folder+to)
}

func (f inFolder) Remove(ctx context.Context, name string) error {
	return f.Store.Remove(ctx, f.folder+name)
}

func putAndOpen(t *testing.T, s inFolder) {
	for _, size := range []int{0, 1, 512 << 10, largeSize} {
		name := fmt.Sprintf("job/size-%d.png", size)
		data := random(size)
		missing(t, s, name)
		put(t, s, name, data)
		has(t, s, name, data)
		discard(t, s, name)
		missing(t, s, name)
	}
	missing(t, s, "job/size-1.png/below")
	missing(t, s, "job")
}

func seek(t *testing.T, s inFolder) {
	data := random(largeSize)
	put(t, s, "a", data)
	r := open(t, s, "a")
	if r.Size() != largeSize {
		t.Errorf("size %d; want %d", r.Size(), largeSize)
	}
	for _, part := range []struct{ begin, size int }{
		{0, 10}, {largeSize - 5, 5}, {512<<10 - 3, 6}, {5 << 20, 1}, {1, 2 << 20}, {512 << 10, 512 << 10}, {0, largeSize},
	} {
		if pos, err := r.Seek(int64(part.begin), io.SeekStart); err != nil || pos != int64(part.begin) {
			t.Fatalf("seek to %d: %d, %v", part.begin, pos, err)
		}
		got := make([]byte, part.size)
		if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, data[part.begin:part.begin+part.size]) {
			t.Errorf("%d bytes at %d: other bytes, %v", part.size, part.begin, err)
		}
	}
	if pos, err := r.Seek(-7, io.SeekEnd); err != nil || pos != largeSize-7 {
		t.Errorf("seek to 7 bytes before the end: %d, %v", pos, err)
	}
	if pos, err := r.Seek(3, io.SeekCurrent); err != nil || pos != largeSize-4 {
		t.Errorf("seek 3 bytes on: %d, %v", pos, err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data[largeSize-4:]) {
		t.Errorf("the last bytes are %x, %v; want %x", got, err, data[largeSize-4:])
	}
	if _, err := r.Seek(-1, io.SeekStart); err == nil {
		t.Error("seek to before the beginning: no error")
	}
	if pos, err := r.Seek(10, io.SeekEnd); err != nil || pos != largeSize+10 {
		t.Errorf("seek to behind the end: %d, %v", pos, err)
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("read behind the end: %d bytes, %v; want io.EOF", n, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := r.Read(make([]byte, 1)); err == nil {
		t.Error("read after Close: no error")
	}
}

func readAll(t *testing.T, s inFolder) {
	data := random(100_000)
	info := put(t, s, "a", data)
	if got, err := blob.ReadAll(t.Context(), s, "a", info); err != nil || !bytes.Equal(got, data) {
		t.Errorf("other bytes, %v", err)
	}
	if _, err := blob.ReadAll(t.Context(), s, "b", info); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("a missing blob: %v; want %v", err, blob.ErrNotFound)
	}
	for name, want := range map[string]blob.Info{
		"size":   {Size: info.Size + 1, SHA256: info.SHA256},
		"digest": {Size: info.Size, SHA256: digest([]byte("other"))},
	} {
		var damaged *blob.DamagedError
		if _, err := blob.ReadAll(t.Context(), s, "a", want); !errors.As(err, &damaged) || damaged.Want != want {
			t.Errorf("another %s: %v; want a DamagedError", name, err)
		}
	}
}

func failingReader(t *testing.T, s inFolder) {
	broken := errors.New("broken")
	for _, size := range []int{0, 10, largeSize} {
		// A cut HTTP body ends with io.ErrUnexpectedEOF.
		for _, failure := range []error{broken, io.ErrUnexpectedEOF} {
			r := io.MultiReader(bytes.NewReader(random(size)), iotest.ErrReader(failure))
			if _, err := s.Put(t.Context(), "job/a", r); !errors.Is(err, failure) {
				t.Errorf("after %d bytes: %v; want %v", size, err, failure)
			}
			missing(t, s, "job/a")
		}
	}
}

func cancelled(t *testing.T, s inFolder) {
	data := random(largeSize)
	for _, after := range []int{0, 10, largeSize - 1, largeSize} {
		ctx, cancel := context.WithCancel(t.Context())
		cut := readerFunc(func([]byte) (int, error) {
			cancel()
			return 0, io.EOF
		})
		r := io.MultiReader(bytes.NewReader(data[:after]), cut, bytes.NewReader(data[after:]))
		if _, err := s.Put(ctx, "job/a", r); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled after %d bytes: %v; want %v", after, err, context.Canceled)
		}
		cancel()
		missing(t, s, "job/a")
	}

	put(t, s, "job/b", data)
	ctx, cancel := context.WithCancel(t.Context())
	r, err := s.Open(ctx, "job/b")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Read(make([]byte, 10)); err != nil {
		t.Error(err)
	}
	cancel()
	if _, err := io.Copy(io.Discard, r); !errors.Is(err, context.Canceled) {
		t.Errorf("reading: %v; want %v", err, context.Canceled)
	}
	for operation, err := range map[string]error{
		"Open":   second(s.Open(ctx, "job/b")),
		"Copy":   s.Copy(ctx, "job/b", "job/c"),
		"Remove": s.Remove(ctx, "job/b"),
		"Ready":  s.Ready(ctx),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v; want %v", operation, err, context.Canceled)
		}
	}
	missing(t, s, "job/c")
	has(t, s, "job/b", data)
}

// badNames are names that no store takes.
var badNames = []string{
	"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/..", "a/../b", "a/./b", ".a", "a/.b", "a.", "a./b",
	"A", "a/B", "a b", "a\x00b", "a\nb", `a\b`, "ä", "a*", "a/>", "c:", "%2e%2e", strings.Repeat("a", blob.MaxName+1),
}

func names(t *testing.T, below inFolder) {
	s := below.Store
	put(t, s, "names/a", []byte("a"))
	for _, name := range badNames {
		for operation, err := range map[string]error{
			"CheckName": blob.CheckName(name),
			"Put":       second(s.Put(t.Context(), name, strings.NewReader("b"))),
			"Open":      second(s.Open(t.Context(), name)),
			"Copy":      s.Copy(t.Context(), "names/a", name),
			"Copy from": s.Copy(t.Context(), name, "names/b"),
			"Remove":    s.Remove(t.Context(), name),
		} {
			if err == nil || errors.Is(err, blob.ErrNotFound) {
				t.Errorf("%s of %.30q: %v; want another error", operation, name, err)
			}
		}
	}
	missing(t, s, "names/b")
	has(t, s, "names/a", []byte("a"))
	long := "names/" + strings.Repeat("a", blob.MaxName-len("names/"))
	for _, name := range []string{"names/0", "names/a-b_c.d..e", "names/-/_", "names/x/y/z/1.2", long} {
		put(t, s, name, []byte(name))
		has(t, s, name, []byte(name))
	}
}

func remove(t *testing.T, s inFolder) {
	kept := []string{"a/bc", "a/b-c/d", "a/b.c", "a/b_", "ab", "b/b"}
	removed := []string{"a/b/c", "a/b/d.e", "a/b/f/g", "a/b/0"}
	for _, name := range append(kept, removed...) {
		put(t, s, name, []byte(name))
	}
	discard(t, s, "a/b")
	for _, name := range removed {
		missing(t, s, name)
	}
	for _, name := range kept {
		has(t, s, name, []byte(name))
	}
	discard(t, s, "a/b")     // again
	discard(t, s, "a/bc/d")  // below a blob
	discard(t, s, "nothing") // never there
	has(t, s, "a/bc", []byte("a/bc"))
	discard(t, s, "a")
	missing(t, s, "a/bc")
	put(t, s, "a/b/c", []byte("new"))
	has(t, s, "a/b/c", []byte("new"))
}

func copies(t *testing.T, s inFolder) {
	for _, size := range []int{0, 10, largeSize} {
		data := random(size)
		put(t, s, "a/b", data)
		for range 2 { // the second time, it replaces the copy
			if err := s.Copy(t.Context(), "a/b", "c/d/e"); err != nil {
				t.Fatal(err)
			}
			has(t, s, "c/d/e", data)
		}
		discard(t, s, "a")
		has(t, s, "c/d/e", data)
		discard(t, s, "c")
	}
	if err := s.Copy(t.Context(), "a/b", "c/d/e"); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("copy of a missing blob: %v; want %v", err, blob.ErrNotFound)
	}
	missing(t, s, "c/d/e")
}

// concurrent stores and removes blobs whose folders become empty meanwhile.
func concurrent(t *testing.T, s inFolder) {
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for round := range 10 {
				name := fmt.Sprintf("shared/folder/%d-%d", i, round)
				data := random(1000 * i)
				if _, err := s.Put(t.Context(), name, bytes.NewReader(data)); err != nil {
					t.Errorf("put: %v", err)
					return
				}
				if err := s.Copy(t.Context(), name, name+"-copy"); err != nil {
					t.Errorf("copy: %v", err)
					return
				}
				has(t, s, name+"-copy", data)
				if err := errors.Join(s.Remove(t.Context(), name), s.Remove(t.Context(), name+"-copy")); err != nil {
					t.Errorf("remove: %v", err)
				}
			}
		})
	}
	all.Wait()
}

// putAndRemove removes a folder while blobs are stored in it: each Put fails or
// leaves a whole blob.
func putAndRemove(t *testing.T, s inFolder) {
	data := random(600 << 10)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for range 5 {
				name := fmt.Sprintf("job/%d", i)
				_, _ = s.Put(t.Context(), name, bytes.NewReader(data)) // its folder may be removed
				got, err := content(t, s, name)
				if err == nil && !bytes.Equal(got, data) {
					t.Errorf("%s: other bytes", name)
				}
				if err != nil && !errors.Is(err, blob.ErrNotFound) {
					t.Errorf("%s: %v; want all bytes or %v", name, err, blob.ErrNotFound)
				}
			}
		})
	}
	stop := make(chan struct{})
	var remover sync.WaitGroup
	remover.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				discard(t, s, "job")
			}
		}
	})
	all.Wait()
	close(stop)
	remover.Wait()
	discard(t, s, "job")
	for i := range 4 {
		missing(t, s, fmt.Sprintf("job/%d", i))
	}
}

func replace(t *testing.T, s inFolder) {
	for _, size := range []int{largeSize, 600 << 10, 10, 0, largeSize} {
		data := random(size)
		put(t, s, "a/b", data)
		has(t, s, "a/b", data)
	}
	discard(t, s, "a/b")
	missing(t, s, "a/b")
}

func removeWhileReading(t *testing.T, s inFolder) {
	disturbed(t, s, func() { discard(t, s, "job") })
	missing(t, s, "job/a")
}

func replaceWhileReading(t *testing.T, s inFolder) {
	other := random(largeSize)
	slices.Reverse(other)
	disturbed(t, s, func() { put(t, s, "job/a", other) })
	has(t, s, "job/a", other)
}

// disturbed reads a blob, the latter part of it after disturb was called.
func disturbed(t *testing.T, s blob.Store, disturb func()) {
	data := random(largeSize)
	put(t, s, "job/a", data)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := s.Open(ctx, "job/a")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	begin := make([]byte, 700<<10)
	if _, err := io.ReadFull(r, begin); err != nil {
		t.Fatal(err)
	}
	disturb()
	rest, err := io.ReadAll(r)
	if got := slices.Concat(begin, rest); !bytes.HasPrefix(data, got) || err == nil && len(got) != len(data) {
		t.Errorf("read %d bytes, %v; want all or some of the first and an error", len(got), err)
	}
	if _, seekErr := r.Seek(0, io.SeekStart); seekErr != nil {
		t.Error(seekErr)
	}
	again, err := io.ReadAll(r)
	if !bytes.HasPrefix(data, again) || err == nil && len(again) != len(data) {
		t.Errorf("read %d bytes from the beginning, %v; want all or some of the first and an error", len(again), err)
	}
	if ctx.Err() != nil {
		t.Error("reading hangs")
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// random returns bytes that are the same for each size, and no part of others.
func random(size int) []byte {
	data := make([]byte, size)
	seed := [32]byte{byte(size), byte(size >> 8), byte(size >> 16)}
	_, _ = rand.NewChaCha8(seed).Read(data) // it never fails
	return data
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func second[T any](_ T, err error) error { return err }

func put(t *testing.T, s blob.Store, name string, data []byte) blob.Info {
	t.Helper()
	info, err := s.Put(t.Context(), name, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if want := (blob.Info{Size: int64(len(data)), SHA256: digest(data)}); info != want {
		t.Errorf("put of %s: %v; want %v", name, info, want)
	}
	return info
}

func open(t *testing.T, s blob.Store, name string) blob.Reader {
	t.Helper()
	r, err := s.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() }) // a test may have closed it
	return r
}

func content(t *testing.T, s blob.Store, name string) ([]byte, error) {
	r, err := s.Open(t.Context(), name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err == nil && r.Size() != int64(len(data)) {
		t.Errorf("%s has %d bytes and the size %d", name, len(data), r.Size())
	}
	return data, err
}

func has(t *testing.T, s blob.Store, name string, want []byte) {
	t.Helper()
	got, err := content(t, s, name)
	if err != nil {
		t.Error(err)
	} else if !bytes.Equal(got, want) {
		t.Errorf("%s has %d bytes, and not the %d that were stored", name, len(got), len(want))
	}
}

func missing(t *testing.T, s blob.Store, name string) {
	t.Helper()
	if _, err := s.Open(t.Context(), name); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("open of %s: %v; want %v", name, err, blob.ErrNotFound)
	}
}

func discard(t *testing.T, s blob.Store, name string) {
	t.Helper()
	if err := s.Remove(t.Context(), name); err != nil {
		t.Error(err)
	}
}

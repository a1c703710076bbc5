package folderstore

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/job/storetest"
)

// add creates a record.
func add(t *testing.T, s *Store, r *job.Record) *job.Record {
	t.Helper()
	if err := s.Create(ctx, r); err != nil {
		t.Fatal(err)
	}
	return r
}

// ids returns the ids of the first page of an owner's finished records.
func ids(t *testing.T, s *Store, owner string) (ids []string) {
	t.Helper()
	page, err := s.List(ctx, job.Query{Owner: owner, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range page.Records {
		ids = append(ids, r.ID)
	}
	return ids
}

// TestReopen opens a store again that was closed, and one whose process was killed.
func TestReopen(t *testing.T) {
	dir := memoryDir(t)
	// An older version kept a NATS server in this folder.
	old := filepath.Join(dir, "jetstream", "stream", "1.blk")
	if err := os.MkdirAll(filepath.Dir(old), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(old, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := openTest(t, dir)
	for _, id := range []string{"a", "b"} {
		add(t, s, storetest.Record("", id, storetest.In(api.Done)))
	}
	queued := add(t, s, storetest.Record("", "queued"))
	s.Close()
	for _, killed := range []bool{false, true, false} {
		if killed { // nothing was saved
			if err := os.Remove(filepath.Join(dir, "counts")); err != nil {
				t.Fatal(err)
			}
		}
		s = openTest(t, dir)
		page, err := s.List(ctx, job.Query{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		if !killed && page.Total != 2 {
			t.Errorf("after Close the total is %d, want 2 at once", page.Total)
		}
		if n := total(t, s, job.Query{Limit: 1}); n != 2 {
			t.Errorf("the total is %d, want 2", n)
		}
		if got := ids(t, s, ""); !slices.Equal(got, []string{"b", "a"}) {
			t.Errorf("listed are %v", got)
		}
		if changes := told(t, s); len(changes) != 1 || changes[0].ID != "queued" || changes[0].Record.Revision != queued.Revision {
			t.Errorf("active are %+v", changes)
		}
		// Revisions go on.
		next := add(t, s, storetest.Record("", "next"))
		if next.Revision <= queued.Revision {
			t.Errorf("revision %d after %d", next.Revision, queued.Revision)
		}
		if err := s.Delete(ctx, next); err != nil {
			t.Fatal(err)
		}
		s.Close()
	}
	if data, err := os.ReadFile(old); err != nil || string(data) != "old" {
		t.Errorf("the folder of the older version: %q, %v", data, err)
	}
}

// TestTemporaryFiles removes what a killed process left half written.
func TestTemporaryFiles(t *testing.T) {
	dir := memoryDir(t)
	s := openTest(t, dir)
	add(t, s, storetest.Record("", "one", storetest.WithKey("key")))
	var left []string
	for _, path := range []string{s.recordPath(ref{"", "one"}), s.keyPath("", "key")} {
		path = filepath.Join(filepath.Dir(path), ".pastiche-00000001.tmp")
		left = append(left, path)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		earlier := time.Now().Add(-time.Hour)
		if err := os.Chtimes(path, earlier, earlier); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	if err := os.Remove(filepath.Join(dir, "counts")); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, dir)
	s.background.Wait()
	for _, path := range left {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there: %v", path, err)
		}
	}
	if _, err := s.Load(ctx, "", "one"); err != nil {
		t.Error(err)
	}
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	_, err := Open(dir, slog.New(slog.DiscardHandler))
	if want := dir + " is in use by another server: stop it, or choose another folder"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	add(t, s, storetest.Record("", "one"))
	s.Close()
	openTest(t, dir)
}

// TestDamaged cuts a record file at each byte and changes each byte.
func TestDamaged(t *testing.T) {
	dir := memoryDir(t)
	s := openTest(t, dir)
	add(t, s, storetest.Record("ann", "before", storetest.In(api.Done)))
	r := add(t, s, storetest.Record("ann", "one", storetest.WithKey("key"), storetest.In(api.Done)))
	add(t, s, storetest.Record("ann", "after", storetest.In(api.Done)))
	path := s.recordPath(ref{"ann", "one"})
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, at int, data []byte) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		var damaged *job.DamagedError
		if _, err := s.Load(ctx, "ann", "one"); !errors.As(err, &damaged) || damaged.ID != "one" || !strings.Contains(err.Error(), path) {
			t.Fatalf("%s %d: error %v", what, at, err)
		}
	}
	for i := range file {
		check("cut at", i, file[:i])
		for bit := range 8 {
			flipped := bytes.Clone(file)
			flipped[i] ^= 1 << bit
			check("flipped at", i, flipped)
		}
	}
	check("longer by", 1, append(bytes.Clone(file), ' '))
	// The file of another record.
	other, err := os.ReadFile(s.recordPath(ref{"ann", "after"}))
	if err != nil {
		t.Fatal(err)
	}
	check("another record", 0, other)

	page, err := s.List(ctx, job.Query{Owner: "ann", Limit: 2})
	if err != nil || len(page.Records) != 1 || page.Records[0].ID != "after" || len(page.Damaged) != 1 || page.Damaged[0].ID != "one" || page.Next == "" {
		t.Errorf("the page: %+v, %v", page, err)
	}
	var (
		damaged *job.DamagedError
		key     *job.KeyError
	)
	if err := s.Replace(ctx, r); !errors.As(err, &damaged) {
		t.Errorf("Replace: error %v", err)
	}
	if err := s.Create(ctx, storetest.Record("ann", "two", storetest.WithKey("key"))); !errors.As(err, &key) || key.ID != "one" {
		t.Errorf("Create with its key: error %v", err)
	}
	due := []string{}
	if err := s.Sweep(ctx, time.Now().Add(2*time.Hour), func(_, id string) error { due = append(due, id); return nil }); err != nil || len(due) != 3 {
		t.Errorf("due are %v, %v", due, err)
	}
}

// TestDamagedActive opens a store in which an active record is damaged.
func TestDamagedActive(t *testing.T) {
	dir := memoryDir(t)
	s := openTest(t, dir)
	add(t, s, storetest.Record("ann", "bad"))
	add(t, s, storetest.Record("ann", "good"))
	path := s.recordPath(ref{"ann", "bad"})
	s.Close()
	if err := os.Truncate(path, 50); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s, err := Open(dir, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	changes := told(t, s)
	if len(changes) != 2 || changes[0].Damaged == nil || changes[0].ID != "bad" || changes[0].Owner != "ann" || changes[1].ID != "good" || changes[1].Damaged != nil {
		t.Errorf("told are %+v", changes)
	}
	if !strings.Contains(log.String(), path) {
		t.Errorf("the log does not name the file: %s", log.String())
	}
}

// TestRemovedByHand removes the file of a record while the store is open.
func TestRemovedByHand(t *testing.T) {
	s := openTest(t, memoryDir(t))
	active := add(t, s, storetest.Record("", "active"))
	add(t, s, storetest.Record("", "done", storetest.In(api.Done)))
	for _, id := range []string{"active", "done"} {
		if err := os.Remove(s.recordPath(ref{"", id})); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Replace(ctx, active); !errors.Is(err, job.ErrStale) {
		t.Errorf("Replace: error %v", err)
	}
	if changes := told(t, s); len(changes) != 0 {
		t.Errorf("active are %+v", changes)
	}
	if got := ids(t, s, ""); len(got) != 0 {
		t.Errorf("listed are %v", got)
	}
	if n := total(t, s, job.Query{Limit: 1}); n != 0 {
		t.Errorf("the total is %d", n)
	}
}

// TestFolderGone removes the folder while the store is open. It is not made again.
func TestFolderGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "jobs")
	s := openTest(t, dir)
	r := add(t, s, storetest.Record("", "one"))
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	_, loadErr := s.Load(ctx, "", "one")
	_, listErr := s.List(ctx, job.Query{Limit: 1})
	for what, err := range map[string]error{
		"Create":  s.Create(ctx, storetest.Record("", "two", storetest.WithKey("key"))),
		"Replace": s.Replace(ctx, r),
		"Delete":  s.Delete(ctx, r),
		"Load":    loadErr,
		"List":    listErr,
		"Sweep":   s.Sweep(ctx, time.Now(), nil),
		"Ready":   s.Ready(ctx),
	} {
		if !errors.Is(err, job.ErrDown) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: error %v", what, err)
		}
	}
	if err := s.touch(s.activePath(ref{"", "two"})); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a marker: error %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is there again: %v", err)
	}
}

// TestForeignFiles has files in the folder that are not the store's.
func TestForeignFiles(t *testing.T) {
	s := openTest(t, memoryDir(t))
	add(t, s, storetest.Record("ann", "one", storetest.In(api.Done)))
	for _, path := range []string{
		s.path("active", "README"), s.path("active", "ann.UPPER"), s.path("due", ".hidden"),
		s.path("due", "2020-01-01T00", "note"), s.path("lists", "README"), s.path("lists", "ann", "done", "note"),
		s.path("lists", "ann", "done", "000000000", "note"), s.path("lists", "ann", "done", "000000000", "000", "note"),
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	if err := os.Remove(s.path("counts")); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, s.dir)
	if got := ids(t, s, "ann"); !slices.Equal(got, []string{"one"}) {
		t.Errorf("listed are %v", got)
	}
	if n := total(t, s, job.Query{Owner: "ann", Limit: 1}); n != 1 {
		t.Errorf("the total is %d", n)
	}
	if err := s.Sweep(ctx, time.Now(), nil); err != nil {
		t.Error(err)
	}
}

// TestClockJumps sweeps by a clock that is suddenly years ahead.
func TestClockJumps(t *testing.T) {
	dir := memoryDir(t)
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t, dir)
		add(t, s, storetest.Record("", "short", storetest.In(api.Done)))
		add(t, s, storetest.Record("", "long", storetest.In(api.Done), func(r *job.Record) {
			expires := time.Now().Add(90 * 24 * time.Hour)
			r.Expires = &expires
		}))
		sweep := func(now time.Time) (due []string) {
			t.Helper()
			if err := s.Sweep(ctx, now, func(_, id string) error {
				due = append(due, id)
				return errors.New("kept for the test")
			}); err != nil && len(due) == 0 {
				t.Fatal(err)
			}
			return due
		}
		if got := sweep(time.Now()); len(got) != 0 {
			t.Fatalf("due are %v", got)
		}
		wrong := 5 * 365 * 24 * time.Hour
		for range 3 {
			if got := sweep(time.Now().Add(wrong)); len(got) != 0 {
				t.Fatalf("when the clock has jumped, due are %v", got)
			}
			time.Sleep(10 * time.Minute)
		}
		// It is set right, and jumps again while the store is closed.
		time.Sleep(time.Hour)
		if got := sweep(time.Now()); !slices.Equal(got, []string{"short"}) {
			t.Fatalf("due are %v, want the one that expires in an hour", got)
		}
		s.Close()
		s = openTest(t, dir)
		if got := sweep(time.Now().Add(wrong)); !slices.Equal(got, []string{"short"}) {
			t.Fatalf("due are %v, want the one that expired before the jump", got)
		}
		// It was right after all.
		time.Sleep(2 * time.Hour)
		if got := sweep(time.Now().Add(wrong)); !slices.Equal(got, []string{"short", "long"}) {
			t.Fatalf("an hour after the jump, due are %v", got)
		}
	})
}

func FuzzDecodeFile(f *testing.F) {
	data, err := storetest.Record("ann", "one").Encode()
	if err != nil {
		f.Fatal(err)
	}
	whole := encodeFile(data, 57)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add(encodeFile([]byte(`{"version":9,"id":"one"}`), 1))
	f.Add(encodeFile([]byte(`{"id":"two","owner":"ann"}`), 1))
	f.Add([]byte("pastiche-record 2 1 00000000\n{}"))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := decodeFile(ref{"ann", "one"}, file)
		var damaged *job.DamagedError
		if err != nil {
			if r != nil || !errors.As(err, &damaged) || damaged.ID != "one" {
				t.Errorf("record %v, error %v", r, err)
			}
			return
		}
		if r.ID != "one" || r.Owner != "ann" {
			t.Errorf("decoded record %s of %q", r.ID, r.Owner)
		}
		// What was decoded is stored and decoded again.
		data, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeFile(ref{"ann", "one"}, encodeFile(data, r.Revision))
		if err != nil || again.Revision != r.Revision {
			t.Errorf("decoded again: %v, %v", again, err)
		}
	})
}

package folderstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/job/storetest"
)

var ctx = context.Background()

// operation is a change of the record "subject", which is first put into states in
// turn. Where there are none, it is new.
type operation struct {
	name   string
	states []func(*job.Record)
	change func(s *Store, r *job.Record) error
}

// outcome returns the record before and after the change, or nil for none.
func (op operation) outcome(was, is *job.Record) (before, after *job.Record) {
	if op.states == nil {
		was = nil
	}
	if strings.HasPrefix(op.name, "remove ") {
		is = nil
	}
	return was, is
}

var operations = []operation{
	{"create queued", nil, create(storetest.In(api.Queued))},
	{"create stored", nil, create(storetest.In(job.Stored))},
	{"create done", nil, create(storetest.In(api.Done))},
	{"claim", edits(api.Queued), replace(storetest.In(api.Running))},
	{"finish", edits(api.Queued, api.Running), replace(storetest.In(api.Done))},
	{"retry", edits(api.Queued, api.Failed), replace(storetest.In(api.Queued))},
	{"keep longer", edits(api.Done), replace(func(r *job.Record) { *r.Expires = r.Expires.Add(time.Hour) })},
	{"delete a job", edits(api.Queued, api.Done), replace(storetest.In(job.Deleted))},
	{"await delivery", edits(api.Done), replace(func(r *job.Record) { r.Undelivered = []api.State{api.Done} })},
	{"delivered", []func(*job.Record){undelivered}, replace(func(r *job.Record) { r.Undelivered = nil })},
	{"remove queued", edits(api.Queued), remove},
	{"remove done", edits(api.Done), remove},
	{"remove deleted", edits(api.Done, job.Deleted), remove},
}

func edits(states ...api.State) []func(*job.Record) {
	var all []func(*job.Record)
	for _, state := range states {
		all = append(all, storetest.In(state))
	}
	return all
}

func undelivered(r *job.Record) {
	storetest.In(api.Done)(r)
	r.Undelivered = []api.State{api.Done}
}

func create(edit func(*job.Record)) func(*Store, *job.Record) error {
	return func(s *Store, r *job.Record) error {
		edit(r)
		return s.Create(ctx, r)
	}
}

func replace(edit func(*job.Record)) func(*Store, *job.Record) error {
	return func(s *Store, r *job.Record) error {
		edit(r)
		return s.Replace(ctx, r)
	}
}

func clone(t *testing.T, r *job.Record) *job.Record {
	t.Helper()
	data, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	c, err := job.Decode(r.ID, data)
	if err != nil {
		t.Fatal(err)
	}
	c.Revision = r.Revision
	return c
}

// told returns what a watch tells before Synced.
func told(t *testing.T, s *Store) []job.Change {
	t.Helper()
	var changes []job.Change
	ctx, cancel := context.WithCancel(ctx)
	err := s.Watch(ctx, func(c job.Change) {
		if c.Synced {
			cancel()
			return
		}
		changes = append(changes, c)
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	return changes
}

func remove(s *Store, r *job.Record) error { return s.Delete(ctx, r) }

// faulty is a folder whose changes fail.
type faulty struct {
	armed bool
	steps int // until the first failure
	once  bool
	err   error
}

func (f *faulty) step(string) error {
	if !f.armed {
		return nil
	}
	if f.steps--; f.steps < 0 && (!f.once || f.steps == -1) {
		return f.err
	}
	return nil
}

// prepare opens a store with two records besides the subject, and returns the subject.
func prepare(t *testing.T, dir string, f *faulty, states []func(*job.Record)) (*Store, *job.Record) {
	t.Helper()
	s, err := open(dir, slog.New(slog.DiscardHandler), f.step)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for _, r := range []*job.Record{
		storetest.Record("ann", "before", storetest.In(api.Done)),
		storetest.Record("ann", "active"),
	} {
		if err := s.Create(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	r := storetest.Record("ann", "subject", storetest.WithKey("key"))
	for i, edit := range states {
		edit(r)
		change := s.Replace
		if i == 0 {
			change = s.Create
		}
		if err := change(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Create(ctx, storetest.Record("ann", "after", storetest.In(api.Failed))); err != nil {
		t.Fatal(err)
	}
	return s, r
}

// consistent fails the test unless each record is in one place, and the subject is
// what it was or what it became.
func consistent(t *testing.T, s *Store, was, is *job.Record, changed bool) {
	t.Helper()
	subject, err := s.Load(ctx, "ann", "subject")
	switch {
	case errors.Is(err, job.ErrNotFound):
		subject = nil
	case err != nil:
		t.Fatal(err)
	}
	text := func(r *job.Record) string {
		if r == nil {
			return "none"
		}
		data, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if got := text(subject); got != text(is) && (changed || got != text(was)) {
		t.Fatalf("the record is  %s\nit was         %s\nand has become %s (reported: %t)", got, text(was), text(is), changed)
	}
	records := map[string]*job.Record{"subject": subject}
	for _, id := range []string{"before", "active", "after"} {
		if records[id], err = s.Load(ctx, "ann", id); err != nil {
			t.Fatal(err)
		}
	}
	var active, due []string
	for _, c := range told(t, s) {
		active = append(active, c.ID)
	}
	slices.Sort(active)
	wantActive := []string{}
	for _, state := range []api.State{job.Receiving, api.Queued, api.Running, api.Done, api.Failed, job.Stored, job.Deleted} {
		var want []string
		for _, id := range []string{"active", "after", "before", "subject"} {
			r := records[id]
			switch {
			case r == nil || r.State != state:
			case r.Active():
				wantActive = append(wantActive, id)
			default:
				want = append(want, id)
			}
		}
		q := job.Query{Owner: "ann", States: []api.State{state}, Limit: 10}
		page, err := s.List(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		var listed []string
		for _, r := range page.Records {
			listed = append(listed, r.ID)
		}
		slices.Sort(listed)
		if !slices.Equal(listed, want) {
			t.Errorf("%s: listed are %v, want %v", state, listed, want)
		}
		if n := total(t, s, q); n != len(want) { // after the list was healed
			t.Errorf("%s: the total is %d, want %d", state, n, len(want))
		}
	}
	slices.Sort(wantActive)
	if !slices.Equal(active, wantActive) {
		t.Errorf("active are %v, want %v", active, wantActive)
	}
	refused := errors.New("refused")
	if err := s.Sweep(ctx, time.Now().Add(20*time.Hour), func(_, id string) error { due = append(due, id); return refused }); err != nil && !errors.Is(err, refused) {
		t.Fatal(err)
	}
	slices.Sort(due)
	wantDue := []string{"after", "before"}
	if subject != nil && subject.Expires != nil {
		wantDue = append(wantDue, "subject")
	}
	if !slices.Equal(due, wantDue) {
		t.Errorf("due are %v, want %v", due, wantDue)
	}
	// Every marker that is left has its record: nothing waits to be healed.
	markers, err := filepath.Glob(s.path("due", "*", "*"))
	if err != nil || len(markers) != len(wantDue) {
		t.Errorf("markers of due records: %v", markers)
	}
	var key *job.KeyError
	err = s.Create(ctx, storetest.Record("ann", "another", storetest.WithKey("key")))
	if taken := subject != nil && subject.State != job.Deleted; taken != errors.As(err, &key) || !taken && err != nil {
		t.Errorf("the key: error %v", err)
	}
}

// total waits until a total is known.
func total(t *testing.T, s *Store, q job.Query) int {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(time.Millisecond) {
		page, err := s.List(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		if page.Total >= 0 {
			return page.Total
		}
		if time.Now().After(deadline) {
			t.Fatal("the total is not known")
		}
	}
}

// TestCrash ends the process at every step of every change, and opens the store again.
func TestCrash(t *testing.T) {
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			for steps, done := 0, false; !done; steps++ {
				f := &faulty{err: errors.New("crashed")}
				dir := memoryDir(t)
				s, was := prepare(t, dir, f, op.states)
				is := clone(t, was)
				f.armed, f.steps = true, steps
				err := op.change(s, is)
				done = f.steps >= 0 // it has not come to the crash
				s.Close()
				was, is = op.outcome(was, is)
				if t.Run(fmt.Sprint("step ", steps), func(t *testing.T) { consistent(t, openTest(t, dir), was, is, err == nil) }); t.Failed() {
					return
				}
				if done && err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// markers returns the paths of all markers.
func markers(t *testing.T, s *Store) []string {
	t.Helper()
	var paths []string
	for _, dir := range []string{"active", "lists", "due"} {
		if err := filepath.WalkDir(s.path(dir), func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				paths = append(paths, path)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

// TestFull lets every step of every change find no space, once.
func TestFull(t *testing.T) {
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			for steps, done := 0, false; !done; steps++ {
				f := &faulty{once: true, err: fmt.Errorf("write: %w", syscall.ENOSPC)}
				s, was := prepare(t, memoryDir(t), f, op.states)
				is := clone(t, was)
				before := markers(t, s)
				f.armed, f.steps = true, steps
				err := op.change(s, is)
				done, f.armed = f.steps >= 0, false
				if err != nil && !errors.Is(err, blob.ErrFull) {
					t.Fatalf("error %v, want %v", err, blob.ErrFull)
				}
				if err != nil {
					if after := markers(t, s); !slices.Equal(after, before) {
						t.Errorf("step %d: markers are left: %v\nbefore: %v", steps, after, before)
					}
					// There is space again.
					is = clone(t, was)
					if err := op.change(s, is); err != nil {
						t.Fatal(err)
					}
				}
				was, is = op.outcome(was, is)
				if t.Run(fmt.Sprint("step ", steps), func(t *testing.T) { consistent(t, s, was, is, true) }); t.Failed() {
					return
				}
			}
		})
	}
}

// TestSavedCounts saves the lengths of the lists and does not use them after a crash.
func TestSavedCounts(t *testing.T) {
	dir := memoryDir(t)
	s := openTest(t, dir)
	add(t, s, storetest.Record("", "one", storetest.In(api.Done)))
	s.Close()
	f := &faulty{err: errors.New("crashed")}
	s, err := open(dir, slog.New(slog.DiscardHandler), f.step)
	if err != nil {
		t.Fatal(err)
	}
	add(t, s, storetest.Record("", "two", storetest.In(api.Done)))
	f.armed = true
	s.Close()
	s = openTest(t, dir)
	if n := total(t, s, job.Query{Limit: 1}); n != 2 {
		t.Errorf("the total is %d, want 2", n)
	}
}

// TestHealReadsAgain heals markers that agree with their record, as after a change
// between reading the record and healing.
func TestHealReadsAgain(t *testing.T) {
	s := openTest(t, memoryDir(t))
	r := add(t, s, storetest.Record("", "one", storetest.In(api.Done)))
	for _, m := range s.markersOf(r, r.Revision) {
		m.state, m.ref, m.revision = r.State, ref{"", "one"}, r.Revision
		if err := s.heal(m.ref, m.stale, m); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(m.path); err != nil {
			t.Error(err)
		}
	}
}

// TestSweepHeals sweeps when the record of a marker is gone, as after a crash. No
// list is read.
func TestSweepHeals(t *testing.T) {
	s := openTest(t, memoryDir(t))
	r := add(t, s, storetest.Record("ann", "one", storetest.In(api.Done)))
	if err := os.Remove(s.recordPath(ref{"ann", "one"})); err != nil {
		t.Fatal(err)
	}
	if err := s.Sweep(ctx, *r.Expires, func(_, id string) error { return errors.New(id + " is due") }); err != nil {
		t.Error(err)
	}
	if left := markers(t, s); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

// TestListWithoutHealing lists records where a marker that is not needed cannot be
// removed, as on a disk that has become read-only.
func TestListWithoutHealing(t *testing.T) {
	f := &faulty{err: syscall.EROFS}
	s, _ := prepare(t, memoryDir(t), f, edits(api.Done))
	if err := os.Remove(s.recordPath(ref{"ann", "subject"})); err != nil {
		t.Fatal(err)
	}
	f.armed = true
	if got := ids(t, s, "ann"); !slices.Equal(got, []string{"after", "before"}) {
		t.Errorf("listed are %v", got)
	}
}

// TestKeyOfAnother has a key that stands for a record with another key, as when a
// crash came between the key and its record and the id was used again.
func TestKeyOfAnother(t *testing.T) {
	s := openTest(t, memoryDir(t))
	if err := s.write(s.keyPath("ann", "key"), []byte("one\n")); err != nil {
		t.Fatal(err)
	}
	add(t, s, storetest.Record("ann", "one", storetest.WithKey("another")))
	add(t, s, storetest.Record("ann", "two", storetest.WithKey("key")))
}

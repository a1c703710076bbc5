package folderstore

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/job/storetest"
)

// fill writes n finished records into a folder without a store, which would wait for
// the disk. Every 1000th has failed and every 20,000th was cancelled. perRecord is how
// many revisions each record takes. The first expires at the time that is returned,
// each other 9 s after the one before it.
func fill(t *testing.T, dir string, n, perRecord int) (now time.Time) {
	t.Helper()
	s := &Store{dir: dir}
	now = time.Now().UTC().Truncate(time.Second)
	write := func(path string, data []byte) error {
		err := os.WriteFile(path, data, 0o600)
		if os.IsNotExist(err) {
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				return err
			}
			err = os.WriteFile(path, data, 0o600)
		}
		return err
	}
	one := func(i int) error {
		state := api.Done
		switch {
		case i%20_000 == 0:
			state = api.Cancelled
		case i%1000 == 0:
			state = api.Failed
		}
		r := storetest.Record("ann", fmt.Sprintf("job%07d", i), storetest.In(state))
		*r.Expires = now.Add(time.Duration(i) * 9 * time.Second)
		data, err := r.Encode()
		if err != nil {
			return err
		}
		revision := uint64((i + 1) * perRecord)
		if err := write(s.recordPath(ref{r.Owner, r.ID}), encodeFile(data, revision)); err != nil {
			return err
		}
		for _, m := range s.markersOf(r, revision) {
			if err := write(m.path, nil); err != nil {
				return err
			}
		}
		return nil
	}
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				if err := one(i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return now
}

// TestMany opens a folder of many records. No folder in it is large. With PASTICHE_MILLION=1 there are a million
// records, and the test logs times.
func TestMany(t *testing.T) {
	n, dir := 20_000, memoryDir(t)
	if os.Getenv("PASTICHE_MILLION") != "" {
		n, dir = 1_000_000, t.TempDir()
	} else if testing.Short() {
		n = 3000
	}
	took := func(what string) func() {
		began := time.Now()
		return func() { t.Logf("%-40s %v", what, time.Since(began).Round(10*time.Microsecond)) }
	}
	stop := took("writing")
	now := fill(t, dir, n, 10)
	stop()

	largest := 0
	for _, kind := range []string{"lists", "records", "due"} {
		err := filepath.WalkDir(filepath.Join(dir, kind), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			entries, err := os.ReadDir(path)
			if len(entries) > largest {
				largest = len(entries)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if largest > 4096 {
		t.Errorf("a folder has %d entries", largest)
	}

	for _, clean := range []bool{false, true} {
		name := map[bool]string{false: "after a crash: ", true: "after Close: "}[clean]
		stop := took(name + "Open")
		s := openTest(t, dir)
		stop()
		if clean {
			page, err := s.List(ctx, job.Query{Owner: "ann", Limit: 1})
			if err != nil || page.Total != n {
				t.Errorf("the total is %d at once, want %d (%v)", page.Total, n, err)
			}
		}
		runtime.GC()
		var mem runtime.MemStats
		runtime.ReadMemStats(&mem)
		t.Logf("%-40s %.1f MB", name+"heap", float64(mem.HeapAlloc)/1e6)
		failed, cancelled := 0, 0
		for i := range n {
			switch {
			case i%20_000 == 0:
				cancelled++
			case i%1000 == 0:
				failed++
			}
		}
		for _, q := range []struct {
			name   string
			states []api.State
			want   int
		}{
			{"all", nil, n},
			{"failed", []api.State{api.Failed}, failed},
			{"cancelled", []api.State{api.Cancelled}, cancelled},
			{"failed and cancelled", []api.State{api.Cancelled, api.Failed}, failed + cancelled},
			{"stored", []api.State{job.Stored}, 0},
		} {
			query := job.Query{Owner: "ann", States: q.states, Limit: 100}
			stop := took(name + "page of " + q.name)
			page, err := s.List(ctx, query)
			stop()
			if err != nil || len(page.Records) != min(100, q.want) {
				t.Fatalf("%s: %d records, %v", q.name, len(page.Records), err)
			}
			// Later pages cost as much.
			if q.states == nil {
				query.After = fmt.Sprint(n / 2 * 10)
				stop := took(name + "page in the middle")
				page, err := s.List(ctx, query)
				stop()
				if err != nil || page.Records[0].ID != fmt.Sprintf("job%07d", n/2-2) {
					t.Fatalf("the page in the middle begins with %s, %v", page.Records[0].ID, err)
				}
			}
		}
		stop = took(name + "counting")
		if got := total(t, s, job.Query{Owner: "ann", Limit: 1}); got != n {
			t.Errorf("the total is %d, want %d", got, n)
		}
		s.background.Wait()
		stop()
		due := 0
		stop = took(name + "sweeping 100 records")
		err := s.Sweep(ctx, now.Add(99*9*time.Second), func(_, id string) error { due++; return fs.ErrInvalid })
		stop()
		if due != 100 || err == nil || !strings.HasPrefix(err.Error(), "100 expired jobs") {
			t.Errorf("%d records were due, %v", due, err)
		}
		s.Close()
	}
}

// TestCountWhileChanging adds and deletes records while they are counted.
func TestCountWhileChanging(t *testing.T) {
	dir := memoryDir(t)
	const n = 3000
	fill(t, dir, n, 3)
	s := openTest(t, dir)
	want := n
	for i := range 100 {
		add(t, s, storetest.Record("ann", fmt.Sprintf("new%d", i), storetest.In(api.Done)))
		want++
		for _, id := range []string{fmt.Sprintf("new%d", i/2), fmt.Sprintf("job%07d", i*n/100)} {
			r, err := s.Load(ctx, "ann", id)
			if err != nil {
				continue
			}
			if err := s.Delete(ctx, r); err != nil {
				t.Fatal(err)
			}
			want--
		}
	}
	if got := total(t, s, job.Query{Owner: "ann", Limit: 1}); got != want {
		t.Errorf("the total is %d, want %d", got, want)
	}
	listed := 0
	q := job.Query{Owner: "ann", Limit: 1000}
	for {
		page, err := s.List(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		listed += len(page.Records)
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	if listed != want {
		t.Errorf("%d records are listed, want %d", listed, want)
	}
}

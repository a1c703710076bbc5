//go:build linux

package job_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/job"
)

// times is how often a test does something violent: a few times, or as often as a
// variable of the environment says, which bench/durability.sh sets.
func times(t *testing.T, variable string, few int) int {
	t.Helper()
	if testing.Short() {
		t.Skip("killing takes a while")
	}
	text := os.Getenv(variable)
	if text == "" {
		return few
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestKilled kills a process with the store and a worker in it again and again, at
// random moments from its start on.
func TestKilled(t *testing.T) {
	kills := times(t, "PASTICHE_KILLS", 3)
	const orders = 2
	want := results(t, orders)
	for kills > 0 {
		dir := t.TempDir()
		for {
			local := role{Kind: "local", Dir: dir, Jobs: orders}.begin(t)
			ended := make(chan error, 1)
			go func() { ended <- local.Wait() }()
			var kill <-chan time.Time
			if kills > 0 {
				kill = time.After(rand.N(2 * time.Second))
			}
			select {
			case err := <-ended:
				if err != nil {
					t.Fatalf("the process failed: %v", err)
				}
			case <-kill:
				kills--
				if err := local.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
					t.Fatal(err)
				}
				<-ended
				continue
			}
			break
		}
		s := open(t, dir)
		s.compare(t, want)
		s.stop()
	}
}

// natsCluster is NATS servers, each in a process of its own.
type natsCluster struct {
	roles   []role
	running []*exec.Cmd
	url     string
}

func startCluster(t *testing.T, n int) *natsCluster {
	t.Helper()
	all := ports(t, 2*n)
	c := &natsCluster{}
	var routes []string
	for _, route := range all[n:] {
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", route))
	}
	for i := range n {
		r := role{Kind: "nats", Dir: filepath.Join(t.TempDir(), fmt.Sprintf("nats-%d", i)), Port: all[i]}
		if n > 1 {
			r.Route, r.Routes = all[n+i], routes
		}
		c.roles = append(c.roles, r)
		c.running = append(c.running, r.begin(t))
		if i > 0 {
			c.url += ","
		}
		c.url += fmt.Sprintf("nats://127.0.0.1:%d", r.Port)
	}
	t.Cleanup(func() {
		for _, cmd := range c.running {
			end(cmd)
		}
	})
	return c
}

// open starts a service on the cluster.
func (c *natsCluster) open(t *testing.T, edits ...func(*job.Config)) *server {
	t.Helper()
	store, blobs, err := cluster(t.Context(), c.url, len(c.roles), logger())
	if err != nil {
		t.Fatal(err)
	}
	return start(t, store, blobs, store.Bus(), append([]func(*job.Config){func(cfg *job.Config) {
		*cfg = clusterConfig(store, blobs, logger())
	}}, edits...)...)
}

func (c *natsCluster) worker() role { return role{Kind: "worker", URL: c.url} }

// finals counts how often each job becomes final.
type finals struct {
	mu    sync.Mutex
	count map[string]map[uint64]bool // revisions, by job
}

// watchFinals watches a store for jobs that become final.
func watchFinals(t *testing.T, s *server) *finals {
	f := &finals{count: make(map[string]map[uint64]bool)}
	var watching sync.WaitGroup
	watching.Go(func() {
		for t.Context().Err() == nil {
			s.store.Watch(t.Context(), func(c job.Change) { //nolint:errcheck // it begins anew
				if c.Record == nil || c.Deleted || c.Damaged != nil || !c.State.Final() {
					return
				}
				f.mu.Lock()
				defer f.mu.Unlock()
				if f.count[c.ID] == nil {
					f.count[c.ID] = make(map[uint64]bool)
				}
				f.count[c.ID][c.Record.Revision] = true
			})
		}
	})
	t.Cleanup(watching.Wait)
	return f
}

// once fails where a job became final twice.
func (f *finals) once(t *testing.T) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, revisions := range f.count {
		if len(revisions) > 1 {
			t.Errorf("job %s became final %d times", id, len(revisions))
		}
	}
}

// TestWorkerKilled kills the workers of a cluster one after the other.
func TestWorkerKilled(t *testing.T) {
	kills := times(t, "PASTICHE_WORKER_KILLS", 1)
	const orders = 2
	want := results(t, orders)
	c := startCluster(t, 1)
	s := c.open(t)
	ends := watchFinals(t, s)
	worker := c.worker().begin(t)
	defer func() { end(worker) }()
	for kills > 0 {
		var all []*job.Record
		for i := range orders {
			all = append(all, s.submit(t, orderOf(i)))
		}
		for _, r := range all {
			for {
				time.Sleep(200*time.Millisecond + rand.N(time.Second))
				now, err := s.Get(t.Context(), r.Owner, r.ID)
				if err != nil {
					t.Fatal(err)
				}
				if now.State.Final() || kills == 0 {
					break
				}
				kills--
				end(worker)
				worker = c.worker().begin(t)
				eventually(t, "resumed", func() bool {
					again, err := s.Get(t.Context(), r.Owner, r.ID)
					return err == nil && (again.State.Final() || again.Attempts > now.Attempts || now.State == api.Queued)
				})
			}
		}
		for _, r := range all {
			s.in(t, r, api.Done)
		}
		s.compare(t, want)
		ends.once(t)
		for _, r := range all { // again from the beginning
			if err := s.Delete(t.Context(), r.Owner, r.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestFrozenWorker stops a worker until another has taken its job over.
func TestFrozenWorker(t *testing.T) {
	times(t, "", 1)
	want := results(t, 1)
	c := startCluster(t, 1)
	s := c.open(t)
	ends := watchFinals(t, s)
	frozen := c.worker().begin(t)
	defer end(frozen)
	r := s.submit(t, orderOf(0))
	painting := func(attempt int) func() bool {
		return func() bool {
			now, err := s.Get(t.Context(), r.Owner, r.ID)
			return err == nil && now.Attempts >= attempt
		}
	}
	eventually(t, "painting", painting(1))
	if err := frozen.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	other := c.worker().begin(t)
	defer end(other)
	eventually(t, "painting again", painting(2))
	if err := frozen.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if r = s.in(t, r, api.Done); r.Attempts < 2 { // more where this machine is slow
		t.Errorf("%d attempts, expected 2 or more", r.Attempts)
	}
	s.compare(t, want)
	ends.once(t)
}

// TestServersKilled kills one of three NATS servers after the other, while two
// workers paint.
func TestServersKilled(t *testing.T) {
	orders := times(t, "PASTICHE_CLUSTER_JOBS", 3)
	want := results(t, orders)
	c := startCluster(t, 3)
	s := c.open(t)
	ends := watchFinals(t, s)
	for range 2 {
		defer end(c.worker().begin(t))
	}
	stop := make(chan struct{})
	kills := 0
	var killing sync.WaitGroup
	killing.Go(func() {
		for i := 0; ; i = (i + 1) % len(c.roles) {
			select {
			case <-stop:
				return
			case <-time.After(3 * time.Second):
			}
			end(c.running[i])
			kills++
			time.Sleep(time.Second)
			c.running[i] = c.roles[i].begin(t)
			time.Sleep(4 * time.Second) // a majority has to catch up
		}
	})
	var all []*job.Record
	for i := range orders {
		var r *job.Record
		eventually(t, "submitted", func() bool {
			var err error
			r, _, err = s.trySubmit(t.Context(), orderOf(i))
			return err == nil
		})
		all = append(all, r)
	}
	for _, r := range all {
		s.in(t, r, api.Done)
	}
	close(stop)
	killing.Wait()
	t.Logf("%d servers killed", kills)
	eventually(t, "ready again", func() bool { return s.Ready(t.Context()) == nil })
	s.compare(t, want)
	ends.once(t)
}

// TestDiskFull fills a small disk under the store, and empties it.
func TestDiskFull(t *testing.T) {
	cycles := times(t, "PASTICHE_FULL_DISKS", 2)
	if os.Geteuid() != 0 {
		t.Skip("only root mounts a small disk")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=48m"); err != nil {
		t.Skipf("no small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s := open(t, dir)
	t.Cleanup(s.stop)
	filler := filepath.Join(dir, "filler")
	for cycle := range cycles {
		before := s.submit(t, order{})
		fill(t, filler)
		if _, _, err := s.trySubmit(t.Context(), order{}); !errors.Is(err, blob.ErrFull) {
			t.Errorf("cycle %d: with a full disk: %v", cycle, err)
		}
		if _, err := s.Get(t.Context(), "", before.ID); err != nil {
			t.Errorf("cycle %d: with a full disk, a job that is there: %v", cycle, err)
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		after := s.submit(t, order{}) // at once
		for _, r := range []*job.Record{before, after} {
			if err := s.Delete(t.Context(), "", r.ID); err != nil {
				t.Errorf("cycle %d: %v", cycle, err)
			}
		}
	}
}

// fill writes until there is no space left.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; size /= 2 {
		for block := make([]byte, size); ; {
			if _, err := f.Write(block); err != nil {
				break
			}
		}
	}
}

// TestOneServerPerFolder opens a folder that another process has open.
func TestOneServerPerFolder(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	second := role{Kind: "local", Dir: dir, Jobs: 0}
	cmd := second.begin(t)
	if err := cmd.Wait(); err == nil {
		t.Error("two processes use one folder")
	}
	s.stop()
}

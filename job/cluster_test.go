//go:build linux

package job_test

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/job"
)

// cluster is some NATS servers, and what it takes to begin each again.
type cluster struct {
	roles   []role
	running []*exec.Cmd
	url     string
}

func startCluster(t *testing.T, n int) *cluster {
	t.Helper()
	free := ports(t, 2*n)
	c := &cluster{}
	var routes, urls []string
	for i := range n {
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", free[n+i]))
		urls = append(urls, fmt.Sprintf("nats://127.0.0.1:%d", free[i]))
	}
	c.url = strings.Join(urls, ",")
	dir := t.TempDir()
	for i := range n {
		r := role{Kind: "nats", Dir: filepath.Join(dir, fmt.Sprintf("server%d", i)), Port: free[i]}
		if n > 1 {
			r.Routes, r.Route = routes, free[n+i]
		}
		c.roles = append(c.roles, r)
		c.running = append(c.running, r.begin(t))
	}
	t.Cleanup(func() {
		for _, cmd := range c.running {
			end(cmd)
		}
	})
	return c
}

// open opens the store of a cluster as soon as that is ready.
func (c *cluster) open(t *testing.T) *job.Store {
	t.Helper()
	var err error
	for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(200 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		var s *job.Store
		s, err = job.Open(ctx, c.worker().config())
		cancel()
		if err == nil {
			return s
		}
	}
	t.Fatal(err)
	return nil
}

func (c *cluster) worker() role {
	return role{Kind: "worker", URL: c.url, Routes: c.roles[0].Routes}
}

// ends counts how often each job becomes done.
type ends struct {
	mu    sync.Mutex
	count map[string]int
	state map[string]job.State
}

func watchEnds(ctx context.Context, s *job.Store) *ends {
	e := &ends{count: make(map[string]int), state: make(map[string]job.State)}
	go s.WatchAll(ctx, func(changes []job.Change) error { //nolint:errcheck // ctx's, when the test ends
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, c := range changes {
			if c.State == job.Done && e.state[c.ID] != job.Done {
				e.count[c.ID]++
			}
			e.state[c.ID] = c.State
		}
		return nil
	})
	return e
}

// once fails where a job became done more often than once.
func (e *ends) once(t *testing.T) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, n := range e.count {
		if n != 1 {
			t.Errorf("job %s became done %d times", id, n)
		}
	}
}

// submit accepts an order, again and again where servers are being killed: the
// key makes it one job.
func submit(t *testing.T, s *job.Store, i int) *job.Job {
	t.Helper()
	var err error
	for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(200 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		var j *job.Job
		j, _, err = s.Submit(ctx, order(i))
		cancel()
		if err == nil {
			return j
		}
	}
	t.Fatalf("order %d: %v", i, err)
	return nil
}

// settle waits until a cluster in which a server was killed lists its jobs.
func settle(t *testing.T, s *job.Store) {
	t.Helper()
	var err error
	for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(200 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		_, err = s.List(ctx, job.Query{})
		cancel()
		if err == nil {
			return
		}
	}
	t.Fatal(err)
}

// done waits until a job is done, whatever is killed meanwhile.
func done(t *testing.T, s *job.Store, id string) *job.Job {
	t.Helper()
	var last *job.Job
	var err error
	for begun := time.Now(); time.Since(begun) < 3*time.Minute; time.Sleep(200 * time.Millisecond) {
		var j *job.Job
		if j, err = s.Get(t.Context(), id); err != nil {
			continue
		}
		if last = j; j.State.Final() {
			return j
		}
	}
	t.Fatalf("job %s is not done: %+v, %v", id, last, err)
	return nil
}

// TestStoresOfAClusterListTheSame lists in one process what another has just
// accepted.
func TestStoresOfAClusterListTheSame(t *testing.T) {
	times(t, "", 1)
	c := startCluster(t, 1)
	one, other := c.open(t), c.open(t)
	defer one.Close()
	defer other.Close()
	for i := range 20 {
		j := submit(t, one, i)
		list, err := other.List(t.Context(), job.Query{Limit: 1})
		if err != nil || list.Jobs[0].ID != j.ID {
			t.Fatalf("listed %+v, %v, expected job %s first", list, err, j.ID)
		}
		if i%2 == 0 {
			if err := other.Delete(t.Context(), j.ID); err != nil {
				t.Fatal(err)
			}
			if list, err := one.List(t.Context(), job.Query{}); err != nil || len(list.Jobs) != i/2 {
				t.Fatalf("%d jobs are left, %v, expected %d", len(list.Jobs), err, i/2)
			}
		}
	}
}

//go:build linux

package job_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/job"
)

// times is how often a test does something dreadful: a few times, or as often
// as a variable of the environment says, which bench/durability.sh sets.
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

// TestKilled kills a process with the queue and a worker in it again and again.
func TestKilled(t *testing.T) {
	kills := times(t, "PASTICHE_KILLS", 3)
	const orders = 2
	want := results(t, orders)
	for round := 0; kills > 0; round++ {
		dir := t.TempDir()
		// They live the longer the more often they were killed: a job is given up
		// whose attempts all end before they come to a checkpoint.
		for longest := 4 * time.Second; ; longest += 2 * time.Second {
			shop := role{Kind: "shop", Dir: dir, Jobs: orders}.begin(t)
			ended := make(chan error, 1)
			go func() { ended <- shop.Wait() }()
			alive := 500*time.Millisecond + rand.N(longest)
			select {
			case err := <-ended:
				if err != nil {
					t.Fatalf("the shop failed: %v", err)
				}
			case <-time.After(alive):
				kills--
				if err := shop.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
					t.Fatal(err)
				}
				<-ended
				continue
			}
			break
		}
		s := open(t, dir)
		compare(t, s, want)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestWorkerKilled kills the workers of a NATS server in turn.
func TestWorkerKilled(t *testing.T) {
	kills := times(t, "PASTICHE_WORKER_KILLS", 1)
	const orders = 2
	want := results(t, orders)
	c := startCluster(t, 1)
	s := c.open(t)
	defer s.Close()
	defer maintain(t, s)()
	ends := watchEnds(t.Context(), s)
	worker := c.worker().begin(t)
	defer func() { end(worker) }()
	for kills > 0 {
		var ids []string
		for i := range orders {
			ids = append(ids, submit(t, s, i).ID)
		}
		for _, id := range ids {
			for {
				time.Sleep(time.Duration(500+rand.IntN(3000)) * time.Millisecond)
				j, err := s.Get(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				if j.State.Final() || kills == 0 {
					break
				}
				kills--
				end(worker)
				killed := time.Now()
				worker = c.worker().begin(t)
				resumed := false
				for !resumed && time.Since(killed) < 45*time.Second {
					time.Sleep(50 * time.Millisecond)
					now, err := s.Get(t.Context(), id)
					resumed = err == nil && (now.State.Final() || now.Attempts > j.Attempts || j.State == job.Queued)
				}
				if !resumed {
					t.Fatalf("job %s was not resumed within 45 s", id)
				}
			}
		}
		for _, id := range ids {
			done(t, s, id)
		}
		compare(t, s, want)
		ends.once(t)
		if kills > 0 { // again from the beginning
			for _, id := range ids {
				if err := s.Delete(t.Context(), id); err != nil {
					t.Fatal(err)
				}
			}
			ends.mu.Lock()
			clear(ends.count)
			clear(ends.state)
			ends.mu.Unlock()
		}
	}
}

// TestFrozenWorkerIsRejected stops a worker until another has taken over.
func TestFrozenWorkerIsRejected(t *testing.T) {
	times(t, "", 1)
	want := results(t, 1)
	c := startCluster(t, 1)
	s := c.open(t)
	defer s.Close()
	ends := watchEnds(t.Context(), s)
	frozen := c.worker().begin(t)
	defer end(frozen)
	j := submit(t, s, 0)
	wait(t, s, j.ID, func(j *job.Job) bool { return j.Progress != nil })
	if err := frozen.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	other := c.worker().begin(t)
	defer end(other)
	wait(t, s, j.ID, func(j *job.Job) bool { return j.Attempts == 2 && j.Progress != nil })
	if err := frozen.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if j = done(t, s, j.ID); j.Attempts != 2 {
		t.Errorf("%d attempts, expected 2", j.Attempts)
	}
	time.Sleep(2 * time.Second) // in which the frozen one would do harm
	compare(t, s, want)
	ends.once(t)
}

// TestReadOutlastsRestart reads a picture while its only server is replaced.
func TestReadOutlastsRestart(t *testing.T) {
	times(t, "", 1)
	c := startCluster(t, 1)
	s := c.open(t)
	defer s.Close()
	worker := c.worker().begin(t)
	defer end(worker)
	j := submit(t, s, 0)
	done(t, s, j.ID)
	want, err := s.Preview(t.Context(), j.ID)
	if err != nil {
		t.Fatal(err)
	}
	end(c.running[0])
	var starting sync.WaitGroup
	starting.Go(func() {
		time.Sleep(6 * time.Second) // longer than a client waits by itself
		c.running[0] = c.roles[0].begin(t)
	})
	got, err := s.Preview(t.Context(), j.ID)
	starting.Wait()
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes of %d, %v", len(got), len(want), err)
	}
}

// TestServersKilled kills one of three NATS servers after the other.
func TestServersKilled(t *testing.T) {
	orders := times(t, "PASTICHE_CLUSTER_JOBS", 3)
	want := results(t, orders)
	c := startCluster(t, 3)
	s := c.open(t)
	defer s.Close()
	defer maintain(t, s)()
	ends := watchEnds(t.Context(), s)
	for range 2 {
		defer end(c.worker().begin(t))
	}
	stop := make(chan struct{})
	var killing sync.WaitGroup
	killing.Go(func() {
		for i := 0; ; i = (i + 1) % len(c.roles) {
			select {
			case <-stop:
				return
			case <-time.After(3 * time.Second):
			}
			end(c.running[i])
			time.Sleep(time.Second)
			c.running[i] = c.roles[i].begin(t)
			time.Sleep(4 * time.Second) // a majority has to catch up
		}
	})
	var ids []string
	for i := range orders {
		ids = append(ids, submit(t, s, i).ID)
	}
	for _, id := range ids {
		done(t, s, id)
	}
	close(stop)
	killing.Wait()
	settle(t, s)
	compare(t, s, want)
	ends.once(t)
}

// TestDiskFull fills a small disk under the queue, and empties it.
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
	s, err := job.Open(t.Context(), job.Config{Dir: filepath.Join(dir, "jobs"), Memory: memory, Reserve: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	defer maintain(t, s)()
	filler := filepath.Join(dir, "filler")
	for cycle := range cycles {
		fill(t, filler)
		begun := time.Now()
		_, _, err := s.Submit(t.Context(), request(t, quick))
		if took := time.Since(begun); !errors.Is(err, job.ErrFull) || took > time.Second {
			t.Errorf("cycle %d: with a full disk: %v, after %v", cycle, err, took)
		}
		for _, j := range list(t, s) {
			begun := time.Now()
			_, err := s.Retry(t.Context(), j.ID)
			if took := time.Since(begun); !errors.Is(err, job.ErrFull) || took > time.Second {
				t.Errorf("cycle %d: again, with a full disk: %v, after %v", cycle, err, took)
			}
			// Whoever writes nevertheless meets a disk that is full.
			if err := s.Delete(t.Context(), j.ID); err != nil {
				t.Logf("cycle %d: %v", cycle, err)
				break
			}
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		freed := time.Now()
		for {
			j, _, err := s.Submit(t.Context(), request(t, quick))
			if err == nil {
				if _, err := s.Cancel(t.Context(), j.ID); err != nil {
					t.Errorf("cycle %d: %v", cycle, err)
				}
				break
			}
			if time.Since(freed) > 10*time.Second {
				t.Fatalf("cycle %d: no recovery 10 s after there was space: %v", cycle, err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		t.Logf("cycle %d: recovered after %v", cycle, time.Since(freed).Round(time.Millisecond))
	}
}

func list(t *testing.T, s *job.Store) []job.Job {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	list, err := s.List(ctx, job.Query{})
	if err != nil {
		t.Logf("listing with a full disk: %v", err)
		return nil
	}
	return list.Jobs
}

func maintain(t *testing.T, s *job.Store) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.Maintain(ctx) })
	return func() { cancel(); running.Wait() }
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

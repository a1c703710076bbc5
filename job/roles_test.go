//go:build linux

package job_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"go.uber.org/goleak"

	"github.com/pastiche-art/pastiche/job"
	"github.com/pastiche-art/pastiche/picture"
)

// roleVariable makes the test binary another process of a test, which can be
// killed.
const roleVariable = "PASTICHE_TEST_ROLE"

// role is what a process does.
type role struct {
	Kind string // shop, worker or nats
	Dir  string
	URL  string
	Jobs int
	// Of a NATS server.
	Port   int
	Routes []string
	Route  int
}

func TestMain(m *testing.M) {
	if text := os.Getenv(roleVariable); text != "" {
		var r role
		err := json.Unmarshal([]byte(text), &r)
		if err == nil {
			err = r.play()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	// The client's own, which it leaves behind when a connection is closed.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/nats-io/nats.go/jetstream.(*jetStream).resetPendingAcksOnReconnect"))
}

// begin starts a process.
func (r role) begin(t *testing.T) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// end kills a process that may have ended.
func end(cmd *exec.Cmd) {
	cmd.Process.Kill() //nolint:errcheck // it may have ended
	cmd.Wait()         //nolint:errcheck // it was killed
}

func (r role) play() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	switch r.Kind {
	case "nats":
		return r.serve(ctx)
	case "worker":
		s, err := job.Open(ctx, r.config())
		if err != nil {
			return err
		}
		run(ctx, s)
		return s.Close()
	}
	return r.shop(ctx)
}

// silence is short enough for a test to wait for it.
const silence = 3 * time.Second

func (r role) config() job.Config {
	c := job.Config{Dir: r.Dir, URL: r.URL, Memory: memory, Silence: silence, Queue: 1000}
	c.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	if r.URL != "" {
		c.Replicas = max(1, len(r.Routes))
	}
	return c
}

// run paints until ctx is cancelled.
func run(ctx context.Context, s *job.Store) {
	var all sync.WaitGroup
	all.Go(func() { (&job.Worker{Store: s, Memory: memory}).Run(ctx) })
	all.Go(func() { s.Maintain(ctx) })
	all.Wait()
}

// shop has its jobs painted in its own queue, and ends when all are. It may be
// killed and begun again.
func (r role) shop(ctx context.Context) error {
	s, err := job.Open(ctx, r.config())
	if err != nil {
		return err
	}
	working, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { run(working, s) })
	var failed error
	for i := range r.Jobs {
		j, _, err := s.Submit(ctx, order(i))
		if err == nil {
			err = s.Watch(ctx, j.ID, func(job.Change) error { return nil })
		}
		failed = errors.Join(failed, err)
	}
	stop()
	all.Wait()
	return errors.Join(failed, s.Close())
}

// order is one of the jobs of a test, which takes some seconds.
func order(i int) job.Request {
	options, err := job.ParseOptions([]byte(`{"recipe":{"name":"classic","size":96,"iterations":200}}`))
	if err != nil {
		panic(err)
	}
	options.Seed = uint64(i)
	return job.Request{
		Options: options, Content: noise(96, 64, uint64(i)), Styles: []*picture.Picture{noise(64, 64, uint64(i)+100)},
		Key: "order " + strconv.Itoa(i),
	}
}

// serve runs a NATS server until ctx is cancelled.
func (r role) serve(ctx context.Context) error {
	o := &server.Options{
		ServerName: filepath.Base(r.Dir), Host: "127.0.0.1", Port: r.Port, JetStream: true, StoreDir: r.Dir, NoSigs: true, NoLog: true,
	}
	if r.Route != 0 {
		o.Cluster = server.ClusterOpts{Name: "pastiche", Host: "127.0.0.1", Port: r.Route}
		for _, route := range r.Routes {
			u, err := url.Parse(route)
			if err != nil {
				return err
			}
			o.Routes = append(o.Routes, u)
		}
	}
	s, err := server.NewServer(o)
	if err != nil {
		return err
	}
	s.Start()
	<-ctx.Done()
	s.Shutdown()
	s.WaitForShutdown()
	return nil
}

// ports returns ports that are free.
func ports(t *testing.T, n int) []int {
	t.Helper()
	var all []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		number, err := strconv.Atoi(port)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, number)
	}
	return all
}

// results returns what the orders give where nobody is killed.
func results(t *testing.T, n int) [][]byte {
	t.Helper()
	s := open(t, t.TempDir())
	defer s.Close()
	defer work(t, s)()
	var all [][]byte
	for i := range n {
		j, _, err := s.Submit(t.Context(), order(i))
		if err != nil {
			t.Fatal(err)
		}
		wait(t, s, j.ID, finished)
		file, err := s.Result(t.Context(), j.ID)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, file)
	}
	return all
}

// compare holds the jobs of a store against what they should be.
func compare(t *testing.T, s *job.Store, want [][]byte) {
	t.Helper()
	for i, file := range want {
		j, created, err := s.Submit(t.Context(), order(i))
		if err != nil || created || j.State != job.Done {
			t.Errorf("order %d: created %t, %+v, %v", i, created, j, err)
			continue
		}
		got, err := s.Result(t.Context(), j.ID)
		if err != nil || !bytes.Equal(got, file) {
			t.Errorf("order %d: other bytes than without a kill, after %d attempts, %v", i, j.Attempts, err)
		}
	}
	if list, err := s.List(t.Context(), job.Query{}); err != nil || len(list.Jobs) != len(want) {
		t.Errorf("%+v for %d orders, %v", list, len(want), err)
	}
}

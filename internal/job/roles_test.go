//go:build linux

package job_test

import (
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

	natsserver "github.com/nats-io/nats-server/v2/server"
	"go.uber.org/goleak"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/job/folderstore"
	"github.com/pastiche-art/pastiche/internal/job/natsstore"
)

// roleVariable makes the test binary another process of a test, which can be
// killed.
const roleVariable = "PASTICHE_TEST_ROLE"

// role is what a process does.
type role struct {
	Kind string // local, server, worker or nats
	Dir  string
	URL  string
	Jobs int // that a local server submits and waits for
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
	// nats.go's own, which it leaves behind when a connection is closed.
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
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	switch r.Kind {
	case "nats":
		return r.serveNATS(ctx)
	case "worker":
		store, blobs, err := cluster(ctx, r.URL, 0, log)
		if err != nil {
			return err
		}
		(&job.Worker{Store: store, Blobs: blobs, Bus: store.Bus(), Memory: memory, Log: log}).Run(ctx)
		return errors.Join(blobs.Close(), store.Close())
	case "server":
		store, blobs, err := cluster(ctx, r.URL, max(1, len(r.Routes)), log)
		if err != nil {
			return err
		}
		err = job.New(clusterConfig(store, blobs, log)).Run(ctx)
		return errors.Join(err, blobs.Close(), store.Close())
	}
	return r.local(ctx, log)
}

// silence is short enough for a test to wait for it.
const silence = 3 * time.Second

func clusterConfig(store *natsstore.Store, blobs blob.Store, log *slog.Logger) job.Config {
	return job.Config{Store: store, Blobs: blobs, Bus: store.Bus(), Memory: memory, Silence: silence, Queue: 20_000, Log: log}
}

// cluster opens the store of a cluster. A server creates it with so many replicas, a
// worker, with 0, does not.
func cluster(ctx context.Context, url string, replicas int, log *slog.Logger) (*natsstore.Store, blob.Store, error) {
	store, err := natsstore.Open(ctx, natsstore.Config{URL: url, Replicas: replicas, Create: replicas > 0, Log: log})
	if err != nil {
		return nil, nil, err
	}
	blobs, err := blob.NewNATS(ctx, store.JetStream(), blob.NATSConfig{Prefix: "pastiche", Replicas: replicas, Create: replicas > 0})
	return store, blobs, err
}

// local has its jobs painted in one process, and ends when all are. It may be killed
// and begun again.
func (r role) local(ctx context.Context, log *slog.Logger) error {
	store, err := folderstore.Open(filepath.Join(r.Dir, "records"), log)
	if err != nil {
		return err
	}
	blobs, err := blob.NewFolder(filepath.Join(r.Dir, "blobs"), 0)
	if err != nil {
		return err
	}
	bus := &job.LocalBus{}
	s := &server{job.New(job.Config{Store: store, Blobs: blobs, Bus: bus, Memory: memory, Exclusive: true, Log: log}), store, blobs, bus, nil}
	working, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { err = errors.Join(err, s.Run(working)) })
	all.Go(func() { (&job.Worker{Store: store, Blobs: blobs, Bus: bus, Memory: memory, Log: log}).Run(working) })
	var failed error
	for s.Ready(ctx) != nil {
		time.Sleep(10 * time.Millisecond)
	}
	for i := range r.Jobs {
		failed = errors.Join(failed, s.finish(ctx, i))
	}
	stop()
	all.Wait()
	return errors.Join(err, failed, blobs.Close(), store.Close())
}

// finish submits an order and waits until it is painted.
func (s *server) finish(ctx context.Context, i int) error {
	r, _, err := s.trySubmit(ctx, orderOf(i))
	if err != nil {
		return err
	}
	sub := s.Subscribe(r.Owner, r.ID)
	defer sub.Close()
	for {
		r, err = s.Get(ctx, r.Owner, r.ID)
		if err != nil || r.State.Final() {
			return err
		}
		if _, err := sub.Take(ctx); err != nil {
			return err
		}
	}
}

// orderOf is one of the jobs of a test, which takes some seconds.
func orderOf(i int) order {
	return order{
		key: "order " + strconv.Itoa(i), options: slow, seed: uint64(i) + 1, //nolint:gosec // i is small
		content: noise(96, 64, uint64(i)), style: noise(64, 64, uint64(i)+100), //nolint:gosec // i is small
	}
}

// serveNATS runs a NATS server until ctx ends.
func (r role) serveNATS(ctx context.Context) error {
	o := &natsserver.Options{
		ServerName: filepath.Base(r.Dir), Host: "127.0.0.1", Port: r.Port, JetStream: true, StoreDir: r.Dir, NoSigs: true, NoLog: true,
	}
	if r.Route != 0 {
		o.Cluster = natsserver.ClusterOpts{Name: "pastiche", Host: "127.0.0.1", Port: r.Route}
		for _, route := range r.Routes {
			u, err := url.Parse(route)
			if err != nil {
				return err
			}
			o.Routes = append(o.Routes, u)
		}
	}
	s, err := natsserver.NewServer(o)
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
		port, err := strconv.Atoi(l.Addr().String()[len("127.0.0.1:"):])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, port)
	}
	return all
}

// results returns what the orders give where no process is killed.
func results(t *testing.T, n int) [][]byte {
	t.Helper()
	s := open(t, t.TempDir())
	defer s.stop()
	defer s.work(t)()
	var all [][]byte
	for i := range n {
		all = append(all, s.result(t, s.in(t, s.submit(t, orderOf(i)), api.Done)))
	}
	return all
}

// compare holds the jobs of a store against what they should be.
func (s *server) compare(t *testing.T, want [][]byte) {
	t.Helper()
	for i, file := range want {
		r, created, err := s.trySubmit(t.Context(), orderOf(i))
		if err != nil || created || r.State != api.Done {
			t.Errorf("order %d: created %t, %+v, %v", i, created, r, err)
			continue
		}
		if got := s.result(t, r); string(got) != string(file) {
			t.Errorf("order %d: other bytes than without a kill, after %d attempts", i, r.Attempts)
		}
	}
	list, err := s.List(t.Context(), job.Listing{Limit: 1000})
	if err != nil || len(list.Records) != len(want) {
		t.Errorf("%+v for %d orders, %v", list, len(want), err)
	}
}

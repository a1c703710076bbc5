package blob_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/blob/blobtest"
)

// startNATS starts a server with JetStream.
func startNATS(t *testing.T, change func(*server.Options)) *server.Server {
	t.Helper()
	opts := &server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true,
		JetStream: true, StoreDir: t.TempDir(),
	}
	if change != nil {
		change(opts)
	}
	s, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if opts.Cluster.Port == 0 && !s.ReadyForConnections(time.Minute) {
		t.Fatal("the NATS server does not start")
	}
	return s
}

// startCluster starts three servers. It returns when they have elected a leader.
func startCluster(t *testing.T) []*server.Server {
	t.Helper()
	const size = 3
	var reserved []net.Listener
	var routes []*url.URL
	for range size {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		reserved = append(reserved, l)
		routes = append(routes, &url.URL{Scheme: "nats", Host: l.Addr().String()})
	}
	var servers []*server.Server
	for i, l := range reserved {
		port, err := strconv.Atoi(routes[i].Port())
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		servers = append(servers, startNATS(t, func(o *server.Options) {
			o.ServerName = fmt.Sprintf("server%d", i)
			o.Cluster = server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: port}
			o.Routes = routes
		}))
	}
	for _, s := range servers {
		if !s.ReadyForConnections(time.Minute) {
			t.Fatal("a NATS server does not start")
		}
	}
	eventually(t, "leader", func() bool {
		for _, s := range servers {
			if s.JetStreamIsLeader() {
				return len(s.JetStreamClusterPeers()) == size
			}
		}
		return false
	})
	return servers
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	const patience = 5 * time.Minute
	for begun := time.Now(); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Since(begun) > patience {
			t.Fatalf("no %s within %v", what, patience)
		}
	}
}

func connect(t *testing.T, s *server.Server) jetstream.JetStream {
	t.Helper()
	conn, err := nats.Connect(s.ClientURL(), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

func openNATS(t *testing.T, js jetstream.JetStream, replicas int) *blob.NATS {
	t.Helper()
	s, err := blob.NewNATS(t.Context(), js, blob.NATSConfig{Prefix: "test", Replicas: replicas, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNATS(t *testing.T) {
	s := startNATS(t, nil)
	blobtest.Run(t, func(t *testing.T) blob.Store { return openNATS(t, connect(t, s), 1) })
}

func TestNATSCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("starts three servers")
	}
	servers := startCluster(t)
	next := 0
	blobtest.Run(t, func(t *testing.T) blob.Store {
		next++
		return openNATS(t, connect(t, servers[next%len(servers)]), 3)
	})
	t.Run("read elsewhere", func(t *testing.T) {
		var stores []*blob.NATS
		for _, s := range servers {
			stores = append(stores, openNATS(t, connect(t, s), 3))
		}
		for i := range 60 {
			name := fmt.Sprintf("elsewhere/%d", i)
			info, err := stores[i%3].Put(t.Context(), name, strings.NewReader(name))
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range stores {
				if _, err := blob.ReadAll(t.Context(), s, name, info); err != nil {
					t.Error(err)
				}
			}
			if err := stores[i%3].Remove(t.Context(), name); err != nil {
				t.Fatal(err)
			}
			for _, s := range stores {
				if _, err := s.Open(t.Context(), name); !errors.Is(err, blob.ErrNotFound) {
					t.Errorf("%v; want %v", err, blob.ErrNotFound)
				}
			}
		}
	})
	t.Run("lost leader", func(t *testing.T) {
		js := connect(t, servers[0])
		store := openNATS(t, js, 3)
		data := bytes.Repeat([]byte("0123456789abcdef"), 300<<10)
		info, err := store.Put(t.Context(), "lost/before", bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		stream, err := js.Stream(t.Context(), "TEST_BLOBS")
		if err != nil {
			t.Fatal(err)
		}
		leader := stream.CachedInfo().Cluster.Leader
		for _, s := range servers {
			if s.Name() == leader {
				s.Shutdown()
			}
		}
		if _, err := blob.ReadAll(t.Context(), store, "lost/before", info); err != nil {
			t.Error(err)
		}
		if info, err = store.Put(t.Context(), "lost/after", bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
		if _, err := blob.ReadAll(t.Context(), store, "lost/after", info); err != nil {
			t.Error(err)
		}
	})
}

func TestNATSStream(t *testing.T) {
	s := startNATS(t, nil)
	js := connect(t, s)
	ctx := t.Context()
	fails := func(cfg blob.NATSConfig, want string) {
		t.Helper()
		if _, err := blob.NewNATS(ctx, js, cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v; want an error with %q", cfg, err, want)
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := blob.NewNATS(ended, js, blob.NATSConfig{Prefix: "new"}); err == nil {
		t.Error("a stream that does not exist was opened")
	}
	waited := make(chan error, 1)
	go func() {
		_, err := blob.NewNATS(ctx, js, blob.NATSConfig{Prefix: "new"})
		waited <- err
	}()
	fails(blob.NATSConfig{Prefix: "a.b", Create: true}, `"a.b"`)
	fails(blob.NATSConfig{Create: true}, `""`)
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "OTHER_BLOBS", Subjects: []string{"other.>"}}); err != nil {
		t.Fatal(err)
	}
	fails(blob.NATSConfig{Prefix: "other"}, "other settings")

	cfg := blob.NATSConfig{Prefix: "new", Create: true}
	if _, err := blob.NewNATS(ctx, js, cfg); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; err != nil {
		t.Errorf("waiting for the stream: %v", err)
	}
	stream, err := js.Stream(ctx, "NEW_BLOBS")
	if err != nil {
		t.Fatal(err)
	}
	// A setting of an administrator stays.
	changed := stream.CachedInfo().Config
	changed.MaxBytes = 1 << 30
	if _, err := js.UpdateStream(ctx, changed); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := blob.NewNATS(ctx, js, cfg); err != nil {
			t.Fatal(err)
		}
		cfg.Create = false
		cfg.Replicas = 3 // of the stream that Create would make
	}
	if info, err := stream.Info(ctx); err != nil || info.Config.MaxBytes != 1<<30 {
		t.Errorf("the stream was changed: %+v, %v", info, err)
	}
	cfg.Create = true
	fails(cfg, "the NATS stream NEW_BLOBS has 1 replicas, and 3 were asked for")
}

// messages returns how many messages of blobs the stream has.
func messages(t *testing.T, js jetstream.JetStream) uint64 {
	t.Helper()
	stream, err := js.Stream(t.Context(), "TEST_BLOBS")
	if err != nil {
		t.Fatal(err)
	}
	info, err := stream.Info(t.Context(), jetstream.WithSubjectFilter("test.blob.>"))
	if err != nil {
		t.Fatal(err)
	}
	var n uint64
	for _, count := range info.State.Subjects {
		n += count
	}
	return n
}

// Neither a failed Put nor Remove leaves messages behind, and there are no
// consumers.
func TestNATSLeavesNothing(t *testing.T) {
	js := connect(t, startNATS(t, nil))
	s := openNATS(t, js, 1)
	data := make([]byte, 3<<20)
	broken := errors.New("broken")
	_, err := s.Put(t.Context(), "a/b", io.MultiReader(bytes.NewReader(data), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) {
		t.Errorf("%v; want %v", err, broken)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = s.Put(ctx, "a/b", io.MultiReader(bytes.NewReader(data), atEnd(cancel)))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v; want %v", err, context.Canceled)
	}
	if n := messages(t, js); n != 0 {
		t.Errorf("%d messages after failures; want none", n)
	}
	if _, err := s.Put(t.Context(), "a/b", bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	if n := messages(t, js); n != 7 {
		t.Errorf("%d messages of a blob of 3 MiB; want 6 chunks and a manifest", n)
	}
	if err := s.Remove(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if n := messages(t, js); n != 0 {
		t.Errorf("%d messages after Remove; want none", n)
	}
	stream, err := js.Stream(t.Context(), "TEST_BLOBS")
	if err != nil {
		t.Fatal(err)
	}
	if n := stream.CachedInfo().State.Consumers; n != 0 {
		t.Errorf("%d consumers; want none", n)
	}
}

// atEnd is a reader without bytes that calls a function.
type atEnd func()

func (f atEnd) Read([]byte) (int, error) {
	f()
	return 0, io.EOF
}

// A blob whose chunks are removed before its manifest is stored does not appear.
func TestNATSRemovedWhilePut(t *testing.T) {
	js := connect(t, startNATS(t, nil))
	s := openNATS(t, js, 1)
	_, err := s.Put(t.Context(), "a/b", io.MultiReader(bytes.NewReader(make([]byte, 512<<10)), atEnd(func() {
		eventually(t, "chunk", func() bool { return messages(t, js) == 1 })
		if err := s.Remove(t.Context(), "a"); err != nil {
			t.Error(err)
		}
	})))
	if err == nil {
		t.Error("no error")
	}
	if n := messages(t, js); n != 0 {
		t.Errorf("%d messages; want none", n)
	}
}

func TestNATSFull(t *testing.T) {
	t.Run("stream", func(t *testing.T) {
		js := connect(t, startNATS(t, nil))
		s := openNATS(t, js, 1)
		stream, err := js.Stream(t.Context(), "TEST_BLOBS")
		if err != nil {
			t.Fatal(err)
		}
		cfg := stream.CachedInfo().Config
		cfg.MaxBytes = 1 << 20
		if _, err := js.UpdateStream(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
		isFull(t, js, s)
	})
	t.Run("server", func(t *testing.T) {
		js := connect(t, startNATS(t, func(o *server.Options) { o.JetStreamMaxStore = 1 << 20 }))
		isFull(t, js, openNATS(t, js, 1))
	})
}

// isFull fails unless a blob of 2 MiB is refused, and leaves nothing behind.
func isFull(t *testing.T, js jetstream.JetStream, s *blob.NATS) {
	t.Helper()
	if _, err := s.Put(t.Context(), "a/b", bytes.NewReader(make([]byte, 2<<20))); !errors.Is(err, blob.ErrFull) {
		t.Errorf("%v; want %v", err, blob.ErrFull)
	}
	if n := messages(t, js); n != 0 {
		t.Errorf("%d messages; want none", n)
	}
	if _, err := s.Put(t.Context(), "a/c", strings.NewReader("small")); err != nil {
		t.Errorf("a small blob afterwards: %v", err)
	}
}

func TestNATSNotReady(t *testing.T) {
	server := startNATS(t, nil)
	s := openNATS(t, connect(t, server), 1)
	if err := s.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	server.Shutdown()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.Ready(ctx); err == nil {
		t.Error("ready without a server")
	}
}

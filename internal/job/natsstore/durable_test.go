package natsstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/job/natsstore"
	"github.com/pastiche-art/pastiche/internal/job/storetest"
)

// patience bounds how long a test waits. A slow machine under the race detector needs
// minutes for what takes a second.
const patience = 5 * time.Minute

// eventually waits until done returns true.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// proxy passes bytes between clients and a NATS server.
type proxy struct {
	listener net.Listener
	server   string
	wg       sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
	// mute makes the proxy swallow what the server sends, from the next message
	// with an id that a client sends.
	armed, mute bool
}

func newProxy(t *testing.T, server string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, server: strings.TrimPrefix(server, "nats://")}
	p.wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", p.server)
			if err != nil {
				client.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, client, server)
			p.mu.Unlock()
			p.wg.Go(func() { p.pass(client, server, true) })
			p.wg.Go(func() { p.pass(server, client, false) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.cut()
		p.wg.Wait()
	})
	return p
}

func (p *proxy) url() string { return "nats://" + p.listener.Addr().String() }

func (p *proxy) pass(from, to net.Conn, up bool) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		p.mu.Lock()
		if up && p.armed && bytes.Contains(buf[:n], []byte(nats.MsgIdHdr)) {
			p.armed, p.mute = false, true
		}
		swallow := !up && p.mute
		p.mu.Unlock()
		if swallow {
			continue
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (p *proxy) arm() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = true
}

// silence swallows what the server sends from now on.
func (p *proxy) silence() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute = true
}

// cut ends all connections. The next ones are whole.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
	p.conns, p.armed, p.mute = nil, false, false
}

// TestLostAcknowledgement loses the acknowledgement of writes that were done. They
// succeed, and are done once.
func TestLostAcknowledgement(t *testing.T) {
	if testing.Short() {
		t.Skip("waiting for acknowledgements takes some seconds")
	}
	server := one(t)
	p := newProxy(t, server.ClientURL())
	c := natsstore.Config{URL: server.ClientURL(), Prefix: fresh(), Create: true}
	direct := open(t, c)
	c.URL = p.url()
	s := open(t, c)
	lose := func(what string, write func() error, done func() bool) {
		t.Helper()
		p.arm()
		written := make(chan error, 1)
		go func() { written <- write() }()
		eventually(t, what, done)
		p.cut()
		if err := <-written; err != nil {
			t.Fatalf("%s whose acknowledgement was lost: %v", what, err)
		}
	}
	load := func() *job.Record {
		r, err := direct.Load(t.Context(), "ann", "one")
		if err != nil {
			return &job.Record{}
		}
		return r
	}
	same := func(r *job.Record) {
		t.Helper()
		if got := load(); got.Revision != r.Revision || got.State != r.State || got.Fence != r.Fence {
			t.Fatalf("stored is revision %d, %s, fence %d; want %d, %s, fence %d", got.Revision, got.State, got.Fence, r.Revision, r.State, r.Fence)
		}
	}
	r := storetest.Record("ann", "one", storetest.WithKey("key"))
	lose("Create", func() error { return s.Create(t.Context(), r) }, func() bool { return load().ID == "one" })
	same(r)
	r.Fence++
	lose("Replace", func() error { return s.Replace(t.Context(), r) }, func() bool { return load().Fence == r.Fence })
	same(r)
	storetest.In(api.Done)(r)
	lose("a move", func() error { return s.Replace(t.Context(), r) }, func() bool { return load().State == api.Done })
	same(r)
	lose("Delete", func() error { return s.Delete(t.Context(), r) }, func() bool { return load().ID == "" })
	again := storetest.Record("ann", "two", storetest.WithKey("key"))
	if err := s.Create(t.Context(), again); err != nil {
		t.Errorf("the key of a deleted record: %v", err)
	}
}

// TestLostAcknowledgementOvertaken has another process change the record before the
// first learns that its change was stored.
func TestLostAcknowledgementOvertaken(t *testing.T) {
	if testing.Short() {
		t.Skip("waiting for acknowledgements takes some seconds")
	}
	server := one(t)
	p := newProxy(t, server.ClientURL())
	c := natsstore.Config{URL: server.ClientURL(), Prefix: fresh(), Create: true}
	direct := open(t, c)
	c.URL = p.url()
	s := open(t, c)
	r := storetest.Record("", "one")
	if err := direct.Create(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	for _, state := range []api.State{api.Running, api.Done} { // a message, and a batch
		storetest.In(state)(r)
		p.arm()
		written := make(chan error, 1)
		go func() { written <- s.Replace(t.Context(), r) }()
		var other *job.Record
		eventually(t, "Replace", func() bool {
			var err error
			other, err = direct.Load(t.Context(), "", "one")
			return err == nil && other.State == state
		})
		other.Reason = "the other process"
		if err := direct.Replace(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		p.cut()
		if err := <-written; err != nil {
			t.Errorf("a change to %s that was stored: %v", state, err)
		}
		if err := s.Replace(t.Context(), r); !errors.Is(err, job.ErrStale) {
			t.Errorf("the next change: %v, want %v", err, job.ErrStale)
		}
		r = other
	}
}

// TestClientLeaves ends the context of a write and of Ready.
func TestClientLeaves(t *testing.T) {
	s := open(t, natsstore.Config{URL: one(t).ClientURL(), Prefix: fresh(), Create: true})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Ready(ctx); err != nil {
		t.Errorf("Ready for a client that has left: %v", err)
	}
}

// TestReplicas opens a stream with another number of replicas than it has.
func TestReplicas(t *testing.T) {
	server := one(t)
	c := natsstore.Config{URL: server.ClientURL(), Prefix: fresh(), Create: true, Replicas: 1}
	s := open(t, c)
	before := streamConfig(t, s, c.Prefix)
	c.Replicas = 3
	_, err := natsstore.Open(t.Context(), c)
	if err == nil || !strings.Contains(err.Error(), "has 1 replicas and 3 were asked for") || !strings.Contains(err.Error(), "nats stream edit") {
		t.Errorf("a server that asks for 3 replicas: %v", err)
	}
	c.Create = false
	open(t, c)
	if after := streamConfig(t, s, c.Prefix); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("a worker changed the stream from\n%+v to\n%+v", before, after)
	}
	c.Prefix, c.Create = fresh(), true
	if _, err = natsstore.Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "3 replicas") {
		t.Errorf("3 replicas on one server: %v", err)
	}
}

func streamConfig(t *testing.T, s *natsstore.Store, prefix string) jetstream.StreamConfig {
	t.Helper()
	stream, err := s.JetStream().Stream(t.Context(), strings.ToUpper(prefix)+"_RECORDS")
	if err != nil {
		t.Fatal(err)
	}
	return stream.CachedInfo().Config
}

// TestOpenWaits opens a store before its server begins, and as a worker before there
// is a stream.
func TestOpenWaits(t *testing.T) {
	o := serverOptions(t.TempDir())
	o.Port = free(t, 1)[0]
	c := natsstore.Config{URL: fmt.Sprint("nats://127.0.0.1:", o.Port), Prefix: fresh()}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := natsstore.Open(ctx, c); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Open without a server: %v", err)
	}
	type opened struct {
		*natsstore.Store
		error
	}
	worker := make(chan opened, 1)
	go func() {
		s, err := natsstore.Open(t.Context(), c)
		worker <- opened{s, err}
	}()
	server := start(t, o)
	defer stop(server)
	eventually(t, "Open of a worker says that there is no stream", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		s, err := natsstore.Open(ctx, c)
		if err == nil {
			s.Close()
			t.Fatal("a worker opened a store without a stream")
		}
		return strings.Contains(err.Error(), "no pastiche server")
	})
	c.Create = true
	s := open(t, c)
	w := <-worker
	if w.error != nil {
		t.Fatal(w.error)
	}
	defer w.Close()
	if err := s.Create(t.Context(), storetest.Record("", "one")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Load(t.Context(), "", "one"); err != nil {
		t.Error(err)
	}
}

// TestDown uses a store whose server has gone, and comes back.
func TestDown(t *testing.T) {
	if testing.Short() {
		t.Skip("waiting for a server takes some seconds")
	}
	o := serverOptions(t.TempDir())
	o.Port = free(t, 1)[0]
	server := start(t, o.Clone())
	s := open(t, natsstore.Config{URL: server.ClientURL(), Prefix: fresh(), Create: true})
	r := storetest.Record("", "one")
	if err := s.Create(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	stop(server)
	eventually(t, "the connection is lost", func() bool { return !s.Conn().IsConnected() })
	_, loaded := s.Load(t.Context(), "", "one")
	_, listed := s.List(t.Context(), job.Query{Limit: 1})
	_, leads := s.Lead(t.Context())
	for what, err := range map[string]error{
		"Load": loaded, "List": listed, "Lead": leads,
		"Create":  s.Create(t.Context(), storetest.Record("", "two")),
		"Replace": s.Replace(t.Context(), r),
		"Delete":  s.Delete(t.Context(), r),
		"Watch":   s.Watch(t.Context(), func(job.Change) {}),
		"Sweep":   s.Sweep(t.Context(), time.Now(), func(_, _ string) error { return nil }),
		"Ready":   s.Ready(t.Context()),
	} {
		if !errors.Is(err, job.ErrDown) {
			t.Errorf("%s without a server: %v, want %v", what, err, job.ErrDown)
		}
	}
	if _, err := s.Bus().Request(t.Context(), "work", nil); !errors.Is(err, job.ErrNobody) {
		t.Errorf("Request without a server: %v, want %v", err, job.ErrNobody)
	}
	server = start(t, o.Clone())
	defer stop(server)
	eventually(t, "the store is ready again", func() bool { return s.Ready(t.Context()) == nil })
	if _, err := s.Load(t.Context(), "", "one"); err != nil {
		t.Errorf("after the restart: %v", err)
	}
}

// TestFull fills a server whose storage is small.
func TestFull(t *testing.T) {
	o := serverOptions(t.TempDir())
	o.JetStreamMaxStore = 1 << 20
	o.JetStreamMaxMemory = 1 << 20
	server := start(t, o)
	defer stop(server)
	s := open(t, natsstore.Config{URL: server.ClientURL(), Prefix: fresh(), Create: true})
	large := func(r *job.Record) { r.Error = strings.Repeat("x", 100_000) }
	for i := range 50 {
		id := fmt.Sprint("job-", i)
		err := s.Create(t.Context(), storetest.Record("", id, storetest.WithKey(id), large))
		if err == nil {
			continue
		}
		if !errors.Is(err, blob.ErrFull) || errors.Is(err, job.ErrDown) {
			t.Fatalf("Create on a full server: %v, want %v", err, blob.ErrFull)
		}
		if _, err := s.Load(t.Context(), "", id); !errors.Is(err, job.ErrNotFound) {
			t.Errorf("Load of the record that was refused: %v", err)
		}
		return
	}
	t.Error("5 MB were stored where 1 MiB is the limit")
}

// TestExpires checks that the servers delete finished records a day after they
// expire.
func TestExpires(t *testing.T) {
	c := natsstore.Config{URL: one(t).ClientURL(), Prefix: fresh(), Create: true}
	s := open(t, c)
	if err := s.Create(t.Context(), storetest.Record("ann", "one", storetest.In(api.Done))); err != nil {
		t.Fatal(err)
	}
	stream, err := s.JetStream().Stream(t.Context(), strings.ToUpper(c.Prefix)+"_RECORDS")
	if err != nil {
		t.Fatal(err)
	}
	m, err := stream.GetLastMsgForSubject(t.Context(), c.Prefix+".finished.ann.done.one")
	if err != nil {
		t.Fatal(err)
	}
	if ttl := m.Header.Get(jetstream.MsgTTLHeader); ttl < "89900" || ttl > "90000" {
		t.Errorf("the record is kept for %q seconds, want an hour and a day", ttl)
	}
}

// TestWatchSilence watches by a connection on which the server says nothing more.
func TestWatchSilence(t *testing.T) {
	if testing.Short() {
		t.Skip("missing heartbeats takes some seconds")
	}
	p := newProxy(t, one(t).ClientURL())
	s := open(t, natsstore.Config{URL: p.url(), Prefix: fresh(), Create: true})
	synced, ended := make(chan struct{}), make(chan error)
	go func() {
		ended <- s.Watch(t.Context(), func(c job.Change) {
			if c.Synced {
				close(synced)
			}
		})
	}()
	<-synced
	p.silence()
	if err := <-ended; err == nil {
		t.Error("the watch ended without an error")
	}
}

// TestDamaged stores records that cannot be read. They do not affect the others.
func TestDamaged(t *testing.T) {
	c := natsstore.Config{URL: one(t).ClientURL(), Prefix: fresh(), Create: true}
	s := open(t, c)
	for _, r := range []*job.Record{storetest.Record("ann", "queued"), storetest.Record("ann", "done", storetest.In(api.Done))} {
		if err := s.Create(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	for _, subject := range []string{".active.ann.bad", ".finished.ann.done.worse"} {
		if _, err := s.JetStream().Publish(t.Context(), c.Prefix+subject, []byte(`{"version":1`)); err != nil {
			t.Fatal(err)
		}
	}
	var damaged *job.DamagedError
	for _, id := range []string{"bad", "worse"} {
		if _, err := s.Load(t.Context(), "ann", id); !errors.As(err, &damaged) || damaged.ID != id {
			t.Errorf("Load of %s: %v", id, err)
		}
	}
	page, err := s.List(t.Context(), job.Query{Owner: "ann", Limit: 10})
	if err != nil || len(page.Records) != 1 || len(page.Damaged) != 1 || page.Damaged[0].ID != "worse" {
		t.Errorf("List: %+v, %v", page, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	told := map[string]bool{} // whether they are damaged
	err = s.Watch(ctx, func(c job.Change) {
		if c.Synced {
			cancel()
			return
		}
		told[c.Owner+"/"+c.ID] = c.Damaged != nil
	})
	if !errors.Is(err, context.Canceled) || !maps.Equal(told, map[string]bool{"ann/queued": false, "ann/bad": true}) {
		t.Errorf("Watch: %v, %v", told, err)
	}
}

// TestTooLarge stores a record that is larger than a message may be.
func TestTooLarge(t *testing.T) {
	s := open(t, natsstore.Config{URL: one(t).ClientURL(), Prefix: fresh(), Create: true})
	err := s.Create(t.Context(), storetest.Record("", "one", func(r *job.Record) { r.Error = strings.Repeat("x", 2<<20) }))
	if err == nil || errors.Is(err, job.ErrDown) || !strings.Contains(err.Error(), "max_payload") {
		t.Errorf("Create of 2 MiB: %v", err)
	}
}

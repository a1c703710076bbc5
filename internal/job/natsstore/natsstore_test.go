package natsstore_test

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"go.uber.org/goleak"

	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/job/natsstore"
	"github.com/pastiche-art/pastiche/internal/job/storetest"
)

// serverVariable makes the test binary a NATS server that keeps its streams in the
// folder which the variable names. It ends with its standard input.
const serverVariable = "PASTICHE_TEST_NATS"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serverVariable); dir != "" {
		s, err := server.NewServer(serverOptions(dir))
		if err != nil {
			panic(err)
		}
		s.Start()
		if s.ReadyForConnections(30 * time.Second) {
			fmt.Println(s.ClientURL())
			_, _ = io.Copy(io.Discard, os.Stdin)
		}
		stop(s)
		return
	}
	goleak.VerifyTestMain(m)
}

// serverOptions returns the options of a NATS server that keeps its streams in dir.
func serverOptions(dir string) *server.Options {
	return &server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: dir, NoLog: true, NoSigs: true}
}

// start starts a NATS server.
func start(t *testing.T, o *server.Options) *server.Server {
	t.Helper()
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(30 * time.Second) {
		t.Fatal("the NATS server does not start")
	}
	return s
}

func stop(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// one starts a NATS server for a test.
func one(t *testing.T) *server.Server {
	t.Helper()
	s := start(t, serverOptions(t.TempDir()))
	t.Cleanup(func() { stop(s) })
	return s
}

// open opens a store, which ends with the test.
func open(t *testing.T, c natsstore.Config) *natsstore.Store {
	t.Helper()
	s, err := natsstore.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// cluster is three NATS servers.
type cluster struct {
	options [3]*server.Options
	servers [3]*server.Server
}

// three starts a cluster. Its tests take a while.
func three(t *testing.T) *cluster {
	t.Helper()
	if testing.Short() {
		t.Skip("a cluster of three NATS servers takes a while")
	}
	c := &cluster{}
	dir := t.TempDir()
	ports := free(t, 6)
	for i := range c.options {
		o := serverOptions(filepath.Join(dir, fmt.Sprint(i)))
		o.ServerName = fmt.Sprint("server-", i)
		o.Port = ports[i]
		o.Cluster = server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: ports[3+i]}
		for _, port := range ports[3:] {
			o.Routes = append(o.Routes, &url.URL{Scheme: "nats", Host: fmt.Sprint("127.0.0.1:", port)})
		}
		c.options[i] = o
	}
	for i := range c.options {
		c.start(t, i)
	}
	t.Cleanup(func() {
		for _, s := range c.servers {
			stop(s)
		}
	})
	return c
}

func (c *cluster) start(t *testing.T, i int) {
	t.Helper()
	c.servers[i] = start(t, c.options[i].Clone())
}

// url returns the address of one server.
func (c *cluster) url(i int) string { return fmt.Sprint("nats://127.0.0.1:", c.options[i].Port) }

// urls returns the addresses of all servers.
func (c *cluster) urls() string { return c.url(0) + "," + c.url(1) + "," + c.url(2) }

// free returns ports that nobody listens to.
func free(t *testing.T, n int) []int {
	t.Helper()
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port //nolint:errcheck // it is one
	}
	return ports
}

var prefixes int

// fresh returns a prefix that no other test uses.
func fresh() string {
	prefixes++
	return fmt.Sprint("test", prefixes)
}

func TestStore(t *testing.T) {
	s := one(t)
	storetest.Run(t, func(t *testing.T) job.Store {
		return open(t, natsstore.Config{URL: s.ClientURL(), Prefix: fresh(), Create: true})
	})
}

func TestTwo(t *testing.T) {
	s := one(t)
	storetest.RunTwo(t, func(t *testing.T) (a, b job.Store) {
		c := natsstore.Config{URL: s.ClientURL(), Prefix: fresh(), Create: true}
		return open(t, c), open(t, c)
	})
}

func TestBus(t *testing.T) {
	s := one(t)
	storetest.RunBus(t, func(t *testing.T) (a, b job.Bus) {
		c := natsstore.Config{URL: s.ClientURL(), Prefix: fresh(), Create: true}
		return open(t, c).Bus(), open(t, c).Bus()
	})
}

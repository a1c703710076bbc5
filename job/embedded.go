package job

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
)

// startTimeout is how long recovering the store of a server may take.
const startTimeout = time.Minute

// embedded is a NATS server in this process, without a port. It is restarted
// where a full disk has stopped its streams for good.
type embedded struct {
	dir  string
	lock *flock.Flock

	mu  sync.Mutex
	now *server.Server
}

func startEmbedded(dir string) (*embedded, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	e := &embedded{dir: dir, lock: flock.New(filepath.Join(dir, "lock"))}
	held, err := e.lock.TryLock()
	if err != nil {
		return nil, err
	}
	if !held {
		return nil, fmt.Errorf("%s is in use by another server: stop it, or choose another folder", dir)
	}
	if e.now, err = e.start(); err != nil {
		return nil, errors.Join(err, e.lock.Unlock())
	}
	return e, nil
}

func (e *embedded) start() (*server.Server, error) {
	s, err := server.NewServer(&server.Options{
		ServerName: "pastiche", DontListen: true, JetStream: true, StoreDir: e.dir,
		SyncAlways: true, // acknowledged data survives a power cut
		NoSigs:     true, NoLog: true, DisableJetStreamBanner: true,
		MaxPayload: 8 << 20,
	})
	if err != nil {
		return nil, fmt.Errorf("the queue in %s: %w", e.dir, err)
	}
	s.Start()
	if !s.ReadyForConnections(startTimeout) {
		s.Shutdown()
		return nil, fmt.Errorf("the queue in %s did not start within %v", e.dir, startTimeout)
	}
	return s, nil
}

// InProcessConn connects to the server that runs now.
func (e *embedded) InProcessConn() (net.Conn, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now.InProcessConn()
}

func (e *embedded) restart() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now.Shutdown()
	e.now.WaitForShutdown()
	s, err := e.start()
	if err == nil {
		e.now = s
	}
	return err
}

func (e *embedded) close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now.Shutdown()
	e.now.WaitForShutdown()
	return e.lock.Unlock()
}

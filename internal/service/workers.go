package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync/atomic"

	"github.com/dustin/go-humanize"
	"golang.org/x/sync/errgroup"

	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/studio"
	"github.com/pastiche-art/pastiche/paint"
)

// MinMemory is the least [Workers.Memory], in bytes. A painting of 512 pixels by the
// default recipe fits into it.
const MinMemory = 256 << 20

// Workers says how many paintings a process paints at a time.
type Workers struct {
	Count  int   // --workers
	Memory int64 // --memory: bytes for each painting
}

// validate returns an error for fewer than least workers, and for more than processors.
func (w *Workers) validate(least int) error {
	if most := runtime.GOMAXPROCS(0); w.Count < least || w.Count > most {
		return fmt.Errorf("--workers %d: expected %d to %d: a painting needs a processor of its own, and there are %d", w.Count, least, most, most)
	}
	if w.Memory < MinMemory {
		return fmt.Errorf("--memory %s: expected at least 256MiB, which a painting of 512 pixels takes", humanize.IBytes(uint64(max(w.Memory, 0))))
	}
	return nil
}

// start returns the workers. It logs a warning where they may take more memory than is
// free.
func (w *Workers) start(s *stores, software string, log *slog.Logger) job.Workers {
	if needed, free := int64(w.Count)*(w.Memory+job.LookMemory), paint.DefaultMemory(); needed > free {
		log.Warn("paintings may take more memory than is free: lower --workers or --memory",
			"workers", w.Count, "mebibytes", needed>>20, "free", free>>20)
	}
	return job.NewWorkers(w.Count, &job.Worker{
		Store: s.records, Blobs: s.blobs, Bus: s.bus, Memory: w.Memory, Software: software, Log: log, Measure: true,
	})
}

// A Worker is a process that paints the jobs of a cluster.
type Worker struct {
	Storage
	Workers
	MetricsAddr string // --metrics-addr; "" serves no metrics
	Version     string // of this program
}

// Validate returns an error for a value that cannot be used, or for values that
// contradict each other.
func (w *Worker) Validate() error {
	if w.NATS == "" {
		return errors.New("--nats: expected the URL of a NATS server")
	}
	return cmp.Or(checkMetricsAddr(w.MetricsAddr), w.Storage.validate(), w.Workers.validate(1))
}

// Load returns an error where a file cannot be read.
func (w *Worker) Load() error { return w.load() }

// Run paints until ctx ends and the jobs under way are put back. It waits for NATS, and
// for a server to make the streams.
func (w *Worker) Run(ctx context.Context, log *slog.Logger) error {
	health, err := listenHealth(w.MetricsAddr, log)
	if err != nil {
		return err
	}
	var p workerProcess
	all, ctx := errgroup.WithContext(ctx)
	if health != nil {
		all.Go(func() error { return studio.Serve(ctx, health, p.handler(), studio.DrainTimeout, log) })
	}
	all.Go(func() error {
		s, err := w.open(ctx, false, log)
		if err != nil && ctx.Err() != nil {
			return nil // stopped while it waited for NATS
		}
		if err != nil {
			return err
		}
		workers := w.start(s, software(w.Version), log)
		p.Store(&openWorker{s, workers})
		workers.Run(ctx)
		return s.close()
	})
	return all.Wait()
}

// workerProcess is the state that health and metrics of a worker report. It is nil
// until the storage is open.
type workerProcess struct{ atomic.Pointer[openWorker] }

type openWorker struct {
	*stores
	workers job.Workers
}

func (p *workerProcess) handler() http.Handler {
	ready := func(ctx context.Context) error {
		if open := p.Load(); open != nil {
			return open.ready(ctx)
		}
		return job.ErrDown
	}
	return studio.WorkerHealth(ready, func() []*job.Worker {
		if open := p.Load(); open != nil {
			return open.workers
		}
		return nil
	})
}

func checkMetricsAddr(addr string) error {
	if addr == "" {
		return nil
	}
	if _, err := studio.ParseBind(addr); err != nil {
		return fmt.Errorf("--metrics-addr %w", err)
	}
	return nil
}

// listenHealth listens on the address for health and metrics, or returns nil where it
// is "".
func listenHealth(addr string, log *slog.Logger) (net.Listener, error) {
	if addr == "" {
		return nil, nil
	}
	listener, err := net.Listen("tcp", addr)
	if err == nil {
		log.Info("health and metrics are served", "url", "http://"+listener.Addr().String())
	}
	return listener, err
}

// software is the name of the program in the provenance of paintings.
func software(version string) string { return "pastiche " + version }

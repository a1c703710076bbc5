//go:build linux

package job_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/job/natsstore"
	"github.com/pastiche-art/pastiche/paint"
)

// TestManyWorkers paints with many workers, on three NATS servers with three
// services, and fails where a job is lost or painted twice. It logs the bytes that a
// worker and the services move for a job. PASTICHE_SCALE=10,30,100 says with how many
// workers, PASTICHE_SCALE_JOBS how many jobs each paints.
func TestManyWorkers(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a cluster")
	}
	jobs := times(t, "PASTICHE_SCALE_JOBS", 2)
	counts := "4"
	if text := os.Getenv("PASTICHE_SCALE"); text != "" {
		counts = text
	}
	for _, text := range strings.Split(counts, ",") {
		workers, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(text, func(t *testing.T) { manyWorkers(t, workers, jobs*workers) })
	}
}

func manyWorkers(t *testing.T, workers, jobs int) {
	c := startCluster(t, 3)
	var servers []*server
	var conns []*nats.Conn
	for range 3 {
		servers = append(servers, c.open(t, func(cfg *job.Config) {
			cfg.Silence = time.Minute
			if s, ok := cfg.Store.(*natsstore.Store); ok {
				conns = append(conns, s.Conn())
			}
		}))
	}
	var painted sync.Map // how often each seed was painted
	var twice atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var running sync.WaitGroup
	var stores []*natsstore.Store
	for range workers {
		store, blobs, err := cluster(ctx, c.url, 0, logger())
		if err != nil {
			t.Fatal(err)
		}
		stores = append(stores, store)
		w := &job.Worker{Store: store, Blobs: blobs, Bus: store.Bus(), Memory: memory, Log: logger()}
		w.Paint = func(ctx context.Context, in job.Inputs, opts paint.Options) (*paint.Painting, error) {
			if _, again := painted.LoadOrStore(opts.Seed, true); again {
				twice.Add(1)
			}
			select {
			case <-time.After(time.Second / 2):
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
			return flat(ctx, in, opts)
		}
		running.Go(func() { w.Run(ctx) })
	}
	begun := time.Now()
	var submitting sync.WaitGroup
	for i, s := range servers {
		submitting.Go(func() {
			for n := i; n < jobs; n += len(servers) {
				o := order{
					owner: fmt.Sprintf("owner-%d", n%7), seed: uint64(n) + 1, //nolint:gosec // n is small
					content: noise(16, 16, 1), style: noise(16, 16, 2),
					options: `{"recipe":{"name":"classic","size":48,"iterations":4}}`,
				}
				if _, _, err := s.trySubmit(ctx, o); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	submitting.Wait()
	if t.Failed() {
		cancel()
		running.Wait()
		return
	}
	accepted := time.Since(begun)
	done := 0
	for begun := time.Now(); done < jobs && time.Since(begun) < 20*time.Minute; {
		time.Sleep(200 * time.Millisecond)
		done = 0
		for _, s := range servers {
			if n := int(s.Stats().Finished[api.Done]); n > done { //nolint:gosec // n is small
				done = n
			}
		}
	}
	took := time.Since(begun)
	var in, out uint64
	for _, s := range stores {
		stats := s.Conn().Stats()
		in, out = in+stats.InBytes, out+stats.OutBytes
	}
	var serverIn, serverOut uint64
	for _, conn := range conns {
		stats := conn.Stats()
		serverIn, serverOut = serverIn+stats.InBytes, serverOut+stats.OutBytes
	}
	cancel()
	running.Wait()
	for _, s := range stores {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	listed, distinct := 0, make(map[string]bool)
	for owner := range 7 {
		for l := (job.Listing{Owner: fmt.Sprintf("owner-%d", owner), Limit: 500}); ; {
			page, err := servers[0].List(t.Context(), l)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Records {
				if r.State != api.Done || r.Attempts != 1 {
					t.Errorf("job %s is %s after %d attempts: %s", r.ID, r.State, r.Attempts, r.Error)
				}
				listed++
				distinct[r.ID] = true
			}
			if l.After = page.Next; l.After == "" {
				break
			}
		}
	}
	if listed != jobs || len(distinct) != jobs || twice.Load() != 0 {
		t.Errorf("%d jobs listed, %d of them distinct, of %d; %d painted twice", listed, len(distinct), jobs, twice.Load())
	}
	per := func(n uint64) uint64 { return n / uint64(jobs) / 1024 } //nolint:gosec // there are some
	t.Logf("%d workers, %d jobs: accepted in %v, done in %v; for each job, a worker received %d KiB and sent %d KiB, the three services %d and %d KiB",
		workers, jobs, accepted.Round(time.Second), took.Round(time.Second), per(in), per(out), per(serverIn), per(serverOut))
}

package main

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"os"
	"sync/atomic"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/studio"
)

type workerOptions struct {
	storageOptions
	painterOptions
	logOptions
	metricsAddr string
}

func newWorkerCommand() *cobra.Command {
	o := &workerOptions{}
	cmd := &cobra.Command{
		Use:   "worker",
		Short: "Paint the jobs of a NATS cluster",
		Long: `Paint the jobs of a NATS cluster until interrupted. The worker waits for a server
('pastiche serve --nats') to make the streams, and changes nothing but the jobs that it
paints. Jobs under way when it is interrupted are put back within 45 seconds with a
checkpoint, from which another worker continues.` + exitHelp(exitOK, exitFailure, exitUsage, exitInput),
		Example: `  pastiche worker --nats nats://queue.example:4222
  pastiche worker --nats nats://queue.example:4222 --workers 4 --memory 8GiB --metrics-addr :9090`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), cmd.Flags()) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	o.replicas = 1
	o.storageOptions.AddFlags(cmd)
	o.painterOptions.AddFlags(cmd)
	flags.StringVar(&o.metricsAddr, "metrics-addr", "", "`ADDRESS` and port that answer /healthz, /readyz and /metrics")
	o.logOptions.AddFlags(cmd)
	return cmd
}

func (o *workerOptions) run(ctx context.Context, flags *pflag.FlagSet) error {
	if o.nats == "" {
		return misused("--nats: expected the URL of a NATS server")
	}
	if o.metricsAddr != "" {
		if _, err := studio.ParseBind(o.metricsAddr); err != nil {
			return misused("--metrics-addr %w", err)
		}
	}
	if err := cmp.Or(o.storageOptions.validate(flags), o.painterOptions.validate(1)); err != nil {
		return err
	}
	log, err := o.logger(os.Stderr)
	if err != nil {
		return err
	}
	return o.ended(log, o.work(ctx, log))
}

// work paints until ctx ends.
func (o *workerOptions) work(ctx context.Context, log *slog.Logger) error {
	var process workerProcess
	all, ctx := errgroup.WithContext(ctx)
	health, err := listenHealth(o.metricsAddr, log)
	if err != nil {
		return err
	}
	if health != nil {
		all.Go(func() error {
			return studio.Serve(ctx, health, process.handler(), studio.DrainTimeout, log)
		})
	}
	all.Go(func() error {
		s, err := o.open(ctx, false, log)
		if err != nil && ctx.Err() != nil {
			return nil // stopped while it waited for NATS
		}
		if err != nil {
			return err
		}
		p := o.newPainters(s, log)
		process.Store(&openWorker{s, p})
		p.run(ctx)
		return s.Close()
	})
	return all.Wait()
}

// workerProcess is what the health and the metrics of a worker are about. It is nil
// until the storage is open.
type workerProcess struct{ atomic.Pointer[openWorker] }

type openWorker struct {
	storage  *storage
	painters painters
}

func (p *workerProcess) handler() http.Handler {
	ready := func(ctx context.Context) error {
		if open := p.Load(); open != nil {
			return open.storage.Ready(ctx)
		}
		return job.ErrDown
	}
	return studio.WorkerHealth(ready, func() []*job.Worker {
		if open := p.Load(); open != nil {
			return open.painters
		}
		return nil
	})
}

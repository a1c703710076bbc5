package main

import (
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/service"
)

func newWorkerCommand() *cobra.Command {
	w := &service.Worker{Version: moduleVersion()}
	w.Replicas = 1
	log := &logOptions{}
	cmd := &cobra.Command{
		Use:   "worker",
		Short: "Paint the jobs of a NATS cluster",
		Long: `Paint the jobs of a NATS cluster until interrupted. The worker waits for a
server ('pastiche serve --nats') to make the streams, and changes only the jobs
that it paints. When it is interrupted, it puts jobs under way back within 45
seconds with a checkpoint, from which another worker continues.`,
		Example: `  pastiche worker --nats nats://queue.example:4222
  pastiche worker --nats nats://queue.example:4222 --metrics-addr :9090`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return log.run(w.Validate, func(*slog.Logger) error { return w.Load() },
				func(l *slog.Logger) error { return w.Run(cmd.Context(), l) })
		},
	}
	addStorage(cmd, &w.Storage)
	cli.Section(cmd, "Storage", "nats", "nats-creds", "nats-ca", "nats-prefix", "blobs")
	addWorkers(cmd, &w.Workers)
	cli.Section(cmd, "Workers", "workers", "memory")
	cmd.Flags().StringVar(&w.MetricsAddr, "metrics-addr", "", "bind `ADDRESS` and port of /healthz, /readyz and /metrics")
	cli.Section(cmd, "Address", "metrics-addr")
	log.AddFlags(cmd)
	return cmd
}

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/service"
	"github.com/pastiche-art/pastiche/picture"
)

func newServeCommand() *cobra.Command {
	s := &service.Server{Version: moduleVersion()}
	log := &logOptions{}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the studio, a web page and an HTTP API for painting",
		Long: `Serve the studio: a web page and an HTTP API, at /api/v1/docs, for painting.

Jobs are kept in the folder --data and painted in this process. With --nats they
are kept in a NATS cluster, and painted by this process and every 'pastiche
worker' of the cluster. Accepted jobs survive the end of any process.

With --workers N, N paintings at a time share the processors evenly: each takes
longer, and a short one does not wait for a long one.

Only this machine reaches the default address. For other addresses, --keys names
a file of API keys, and each request needs one of them.`,
		Example: `  pastiche serve
  pastiche serve --addr 0.0.0.0:8080 --keys keys.txt
  pastiche serve --nats nats://queue.example:4222 --replicas 3 --workers 0`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return log.run(s.Validate, s.Load, func(l *slog.Logger) error {
				return s.Run(cmd.Context(), l, func(url string) {
					if log.forPerson() {
						fmt.Fprintln(os.Stderr, "The studio is open at", url)
						return
					}
					l.Info("the studio is open", "url", url)
				})
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&s.Addr, "addr", "127.0.0.1:8080", "bind `ADDRESS` and port; 0.0.0.0:8080 is open to other machines")
	flags.StringSliceVar(&s.Hosts, "host", nil, "`HOST:PORT` by which clients call this server, besides the bind address; repeatable")
	flags.StringVar(&s.MetricsAddr, "metrics-addr", "", "bind `ADDRESS` and port of /healthz, /readyz and /metrics without a key")
	flags.StringSliceVar(&s.Proxies, "proxy", nil, "`ADDRESS` or prefix of a proxy whose X-Forwarded-For names the client, besides proxies on this machine; repeatable")
	cli.Section(cmd, "Address", "addr", "host", "metrics-addr", "proxy")

	flags.StringVar(&s.Keys, "keys", "", "`FILE` of API keys, a name and a key in each line; it is read again when it changes")
	flags.BoolVar(&s.Insecure, "insecure", false, "let everybody in who reaches the address")
	flags.StringSliceVar(&s.CORSOrigins, "cors-origin", nil, "`ORIGIN` whose pages may use the API with a key, such as https://app.example; repeatable")
	flags.StringSliceVar(&s.WebhookHosts, "webhook-host", nil, "`HOST` whose webhooks are called, or an address or prefix that is not public; repeatable; * is every public host")
	flags.StringVar(&s.WebhookSecrets, "webhook-secrets", "", "`FILE` of secrets that sign webhooks, the newest first")
	cli.Section(cmd, "Access", "keys", "insecure", "cors-origin", "webhook-host", "webhook-secrets")

	flags.StringVar(&s.Data, "data", "", "`FOLDER` for jobs (default pastiche/jobs in the user's configuration folder)")
	addStorage(cmd, &s.Storage)
	flags.IntVar(&s.Replicas, "replicas", 1, "NATS servers that keep each record, when the streams are made: 1, 3 or 5")
	flags.DurationVar(&s.Retention, "retention", 7*24*time.Hour, "`TIME` that finished jobs and their pictures are kept")
	flags.Lookup("retention").DefValue = "168h"
	flags.Func("max-retention", "longest retention that a client may ask for, a `TIME` or "+api.Forever+" (default 720h or --retention, the longer one, and without keys "+api.Forever+")", func(text string) (err error) {
		s.MaxRetention, err = job.ParseRetention(text)
		return err
	})
	cli.Section(cmd, "Storage", "data", "nats", "nats-creds", "nats-ca", "nats-prefix", "replicas", "blobs", "retention", "max-retention")

	flags.Float64Var(&s.Rate, "rate", 50, "requests per second of an API key, or without keys of an address; short bursts may be faster")
	flags.IntVar(&s.Queue, "queue", 100, "jobs that may wait")
	flags.IntVar(&s.OwnerQueue, "owner-queue", 0, "jobs of one API key that may wait (default half of --queue, and without keys all of it)")
	flags.IntVar(&s.MaxSize, "max-size", 4096, "longest side of a painting, in pixels")
	cli.Section(cmd, "Limits", "rate", "queue", "owner-queue", "max-size")

	addWorkers(cmd, &s.Workers)
	flags.StringVar(&s.Presets, "presets", "", "`FILE` of recipes that are offered besides the built-in ones, a list in JSON")
	cli.Section(cmd, "Workers", "workers", "memory", "presets")
	log.AddFlags(cmd)
	cli.Everyday(cmd, "addr", "keys", "data", "nats", "retention", "workers", "memory", "log-format")
	return cmd
}

// addStorage adds the flags of the storage that a server and a worker have in common.
func addStorage(cmd *cobra.Command, s *service.Storage) {
	flags := cmd.Flags()
	flags.StringVar(&s.NATS, "nats", "", "`URL` of a NATS server, or several with commas between them, that keeps the jobs of a cluster")
	flags.StringVar(&s.Creds, "nats-creds", "", "`FILE` of NATS credentials")
	flags.StringVar(&s.CA, "nats-ca", "", "`FILE` of the certificate authority of the NATS servers")
	flags.StringVar(&s.Prefix, "nats-prefix", service.DefaultPrefix, "`NAME` that begins the names of streams and subjects; clusters with different names share a NATS account")
	flags.StringVar(&s.Blobs, "blobs", "", "`URL` of the pictures: file:///FOLDER or s3://BUCKET/PREFIX?endpoint=URL&region=NAME (default beside the jobs)")
}

// addWorkers adds the flags of the workers of a process.
func addWorkers(cmd *cobra.Command, w *service.Workers) {
	w.Memory = job.DefaultMemory
	cmd.Flags().IntVar(&w.Count, "workers", 1, "paintings at a time; more of them share the processors, and each takes longer")
	cli.BytesVar(cmd.Flags(), &w.Memory, "memory", fmt.Sprintf("memory for each painting, `SIZE` such as 4GiB, and %dMiB for a quick look beside it; in a cluster give all processes the same", job.LookMemory>>20))
}

// logOptions are the flags of the log of a service, which is standard error.
type logOptions struct{ format, level string }

func (o *logOptions) AddFlags(cmd *cobra.Command) {
	formats, levels := service.LogFormats(), service.LogLevels()
	flags := cmd.Flags()
	flags.StringVar(&o.format, "log-format", formats[0], "`FORMAT` of the log on standard error: "+strings.Join(formats, ", "))
	flags.StringVar(&o.level, "log-level", "info", "lowest `LEVEL` that is logged: "+strings.Join(levels, ", "))
	cli.Complete(cmd, "log-format", formats, cobra.ShellCompDirectiveNoFileComp)
	cli.Complete(cmd, "log-level", levels, cobra.ShellCompDirectiveNoFileComp)
	cli.Section(cmd, "Logging", "log-format", "log-level")
}

// forPerson reports whether a person reads the log as it is written.
func (o *logOptions) forPerson() bool {
	return o.format == service.LogFormats()[0] && cli.IsTerminal(os.Stderr)
}

// run runs a service until its context ends: it checks the flags, loads the files that
// they name, and serves. It logs the error that ends the service, unless a person reads
// the log, for whom it is printed. The error of a folder that cannot be written has the
// exit code of an output.
func (o *logOptions) run(validate func() error, load, serve func(*slog.Logger) error) error {
	if err := validate(); err != nil {
		return &cli.UsageError{Err: err}
	}
	log, err := service.NewLog(os.Stderr, o.format, o.level)
	if err != nil {
		return &cli.UsageError{Err: err}
	}
	if err := load(log); err != nil {
		return &cli.InputError{Err: err}
	}
	err = serve(log)
	if errors.Is(err, picture.ErrWrite) || errors.As(err, new(*fs.PathError)) {
		err = &cli.OutputError{Err: err}
	}
	if err == nil || o.forPerson() {
		return err
	}
	log.Error("ended by an error", "error", err)
	return &cli.ReportedError{Err: err}
}

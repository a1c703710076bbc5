package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/studio"
	"github.com/pastiche-art/pastiche/internal/studio/webhook"
)

// minSize is the least --max-size, in pixels.
const minSize = 64

type serveOptions struct {
	storageOptions
	painterOptions
	logOptions
	addr, metricsAddr             string
	hosts, webhookHosts           []string
	corsOrigins, proxyPrefixes    []string
	proxies                       []netip.Prefix // of proxyPrefixes
	keys, presets, webhookSecrets string         // files
	insecure                      bool
	rate                          float64
	queue, ownerQueue, maxSize    int
	retention, maxRetention       time.Duration
}

func newServeCommand() *cobra.Command {
	o := &serveOptions{}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the studio, a web page and an HTTP API for painting",
		Long: `Serve the studio: a web page and an HTTP API, at /api/v1/docs, for painting.

Jobs are kept in the folder --data and painted in this process. With --nats they are
kept in a NATS cluster, and painted by this process and every 'pastiche worker' of
the cluster. Accepted jobs survive the end of any process.

With --workers N, N paintings at a time share the processors evenly: each takes
longer, and a short one does not wait for a long one.

Only this machine reaches the default address. For other addresses, --keys names a
file of API keys, of which each request must bear one.` +
			exitHelp(exitOK, exitFailure, exitUsage, exitInput, exitOutput),
		Example: `  pastiche serve
  pastiche serve --addr 0.0.0.0:8080 --keys keys.txt
  pastiche serve --nats nats://queue.example:4222 --replicas 3 --workers 0 --keys keys.txt --addr 0.0.0.0:8080`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), cmd.Flags()) },
	}
	o.AddFlags(cmd)
	return cmd
}

func (o *serveOptions) AddFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8080", "`ADDRESS` and port to listen on")
	flags.StringSliceVar(&o.hosts, "host", nil, "`HOST:PORT` by which clients call this server, besides the address")
	flags.StringVar(&o.keys, "keys", "", "`FILE` of API keys: lines of a name and a key each; it is read again when it changes")
	flags.StringSliceVar(&o.corsOrigins, "cors-origin", nil, "`ORIGIN` whose pages may use the API with a key, such as https://app.example; repeatable")
	flags.StringSliceVar(&o.proxyPrefixes, "proxy", nil, "`ADDRESS` or prefix of a proxy that tells the address of its clients by X-Forwarded-For, besides proxies on this machine; repeatable")
	flags.BoolVar(&o.insecure, "insecure", false, "let everybody in who reaches the address")
	flags.Float64Var(&o.rate, "rate", 50, "requests per second of an API key, or without keys of an address, in the long run")
	flags.StringVar(&o.data, "data", "", "`DIR` for jobs (default pastiche/jobs in the user's configuration folder)")
	o.storageOptions.AddFlags(cmd)
	flags.IntVar(&o.replicas, "replicas", 1, "NATS servers that keep each record, when the streams are made: 1, 3 or 5")
	o.painterOptions.AddFlags(cmd)
	flags.IntVar(&o.queue, "queue", 100, "jobs that may wait")
	flags.IntVar(&o.ownerQueue, "owner-queue", 0, "jobs of one API key that may wait (default half of --queue, and without keys all of it)")
	flags.DurationVar(&o.retention, "retention", 7*24*time.Hour, "`TIME` that finished jobs and their pictures are kept")
	flags.DurationVar(&o.maxRetention, "max-retention", 0, "longest `TIME` that a client may ask for, 0 for no bound (default 720h or --retention, the longer one, and without keys no bound)")
	flags.IntVar(&o.maxSize, "max-size", 4096, "longest side of a painting, in pixels")
	flags.StringVar(&o.presets, "presets", "", "`FILE` of recipes that are offered besides those of 'pastiche paint', a list in JSON")
	flags.StringSliceVar(&o.webhookHosts, "webhook-host", nil, "`HOST` whose webhooks are called, or an address or prefix that is not public; repeatable; * is every public host")
	flags.StringVar(&o.webhookSecrets, "webhook-secrets", "", "`FILE` of secrets that calls of webhooks are signed with, the newest first")
	flags.StringVar(&o.metricsAddr, "metrics-addr", "", "`ADDRESS` and port that answer /healthz, /readyz and /metrics without a key")
	o.logOptions.AddFlags(cmd)
}

func (o *serveOptions) run(ctx context.Context, flags *pflag.FlagSet) error {
	bind, err := o.validate(flags)
	if err != nil {
		return err
	}
	log, err := o.logger(os.Stderr)
	if err != nil {
		return err
	}
	config := studio.Config{Rate: o.rate, CORSOrigins: o.corsOrigins, Proxies: o.proxies, Version: moduleVersion(), Log: log}
	if o.keys != "" {
		if config.Keys, err = studio.LoadKeys(o.keys, log); err != nil {
			return &inputError{err}
		}
	}
	if config.Webhooks, err = o.webhooks(); err != nil {
		return err
	}
	if o.presets != "" {
		if config.Presets, err = studio.LoadPresets(o.presets); err != nil {
			return &inputError{err}
		}
	}
	if flags.Changed("max-retention") {
		config.MaxRetention = cmp.Or(o.maxRetention, job.Forever)
	}
	if o.keys != "" && o.ownerQueue == 0 {
		o.ownerQueue = (o.queue + 1) / 2
	}
	return o.ended(log, o.serve(ctx, bind, config))
}

func (o *serveOptions) validate(flags *pflag.FlagSet) (studio.Bind, error) {
	bind, err := studio.ParseBind(o.addr)
	least := 0
	if o.nats == "" {
		least = 1 // nobody else would paint
	}
	switch {
	case err != nil:
		return bind, misused("--addr %w", err)
	case !bind.Loopback && o.keys == "" && !o.insecure:
		return bind, misused("--addr %s is open to other machines: give --keys FILE, or --insecure to let everybody in", o.addr)
	case o.keys != "" && o.insecure:
		return bind, misused("--keys and --insecure: expected one or the other")
	case !(o.rate > 0):
		return bind, misused("--rate %g: expected a positive number of requests per second", o.rate)
	case o.queue < 1:
		return bind, misused("--queue %d: expected 1 or more", o.queue)
	case flags.Changed("owner-queue") && (o.ownerQueue < 1 || o.ownerQueue > o.queue):
		return bind, misused("--owner-queue %d: expected 1 to %d, the value of --queue", o.ownerQueue, o.queue)
	case o.retention <= 0:
		return bind, misused("--retention %v: expected a positive time such as 48h", o.retention)
	case flags.Changed("max-retention") && o.maxRetention != 0 && o.maxRetention < o.retention:
		return bind, misused("--max-retention %v: expected 0 for no bound, or at least %v, the value of --retention", o.maxRetention, o.retention)
	case o.maxSize < minSize:
		return bind, misused("--max-size %d: expected %d or more", o.maxSize, minSize)
	case o.workers == 0 && o.nats == "":
		return bind, misused("--workers 0 without --nats: expected 1 or more, as no other process can paint")
	}
	for _, origin := range o.corsOrigins {
		if err := studio.CheckOrigin(origin); err != nil {
			return bind, misused("--cors-origin: %w", err)
		}
	}
	if len(o.corsOrigins) > 0 && o.keys == "" {
		return bind, misused("--cors-origin without --keys: pages of other origins need a key")
	}
	for _, text := range o.proxyPrefixes {
		proxy, err := parseProxy(text)
		if err != nil {
			return bind, misused("--proxy %s: expected an address or a prefix, such as 10.0.0.0/8", text)
		}
		o.proxies = append(o.proxies, proxy)
	}
	if o.metricsAddr != "" {
		if _, err := studio.ParseBind(o.metricsAddr); err != nil {
			return bind, misused("--metrics-addr %w", err)
		}
	}
	return bind, cmp.Or(o.storageOptions.validate(flags), o.painterOptions.validate(least))
}

// webhooks returns what calls webhooks, or nil where no host is allowed.
func (o *serveOptions) webhooks() (*webhook.Sender, error) {
	if (o.webhookHosts == nil) != (o.webhookSecrets == "") {
		return nil, misused("--webhook-host and --webhook-secrets: expected both or neither")
	}
	if o.webhookHosts == nil {
		return nil, nil
	}
	text, err := os.ReadFile(o.webhookSecrets)
	if err != nil {
		return nil, &inputError{err}
	}
	secrets, err := webhook.ParseSecrets(string(text))
	if err == nil && len(secrets) == 0 {
		err = errors.New("no secret: expected one a line")
	}
	if err != nil {
		return nil, &inputError{fmt.Errorf("%s: %w", o.webhookSecrets, err)}
	}
	sender, err := webhook.New(o.webhookHosts, secrets)
	if err != nil {
		return nil, misused("--webhook-host: %w", err)
	}
	return sender, nil
}

// serve serves until ctx ends.
func (o *serveOptions) serve(ctx context.Context, bind studio.Bind, config studio.Config) error {
	log := config.Log
	listener, err := net.Listen("tcp", o.addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	health, err := listenHealth(o.metricsAddr, log)
	if err != nil {
		return err
	}
	if health != nil {
		defer health.Close()
	}
	if _, bind.Port, err = net.SplitHostPort(listener.Addr().String()); err != nil { // where it was 0
		return err
	}
	s, err := o.open(ctx, true, log)
	if err != nil && ctx.Err() != nil {
		return nil // stopped while it waited for NATS
	}
	if err != nil {
		return err
	}
	c := job.Config{
		Store: s.records, Blobs: s.blobs, Bus: s.bus, Alone: o.nats == "",
		Queue: o.queue, OwnerQueue: o.ownerQueue, Retention: o.retention, Memory: int64(o.memory), MaxSize: o.maxSize,
		Software: software(), Log: log,
	}
	if config.Webhooks != nil {
		c.Webhooks = func(ctx context.Context, r *job.Record, state api.State) error {
			return config.Webhooks.Send(ctx, r.Webhook.URL, state, config.Jobs.View(r))
		}
	}
	config.Jobs = job.New(c)
	painters := o.newPainters(s, log)
	all, ctx := errgroup.WithContext(ctx)
	// Requests under way and jobs that are put back use the service, which ends last.
	serving, end := context.WithCancel(context.WithoutCancel(ctx))
	all.Go(func() error { return config.Jobs.Run(serving) })
	all.Go(func() error {
		defer end()
		users, ctx := errgroup.WithContext(ctx)
		users.Go(func() error { painters.run(ctx); return nil })
		config.Painting, config.Closing, config.Spool = painters.busy, ctx, s.spool
		config.Hosts = bind.Hosts(o.hosts)
		handler := studio.New(config)
		users.Go(func() error { return studio.Serve(ctx, listener, handler, studio.DrainTimeout, log) })
		if config.Keys != nil {
			users.Go(func() error { config.Keys.Watch(ctx); return nil })
		}
		if health != nil {
			users.Go(func() error { return studio.Serve(ctx, health, handler.Health, studio.DrainTimeout, log) })
		}
		o.announce(listener.Addr(), log)
		return users.Wait()
	})
	return errors.Join(all.Wait(), s.Close())
}

// parseProxy reads an address or a prefix.
func parseProxy(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return address.Prefix(address.BitLen())
	}
	return netip.ParsePrefix(text)
}

// listenHealth listens on the address for health and metrics, or returns nil where
// that is "".
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

// announce says where the studio is.
func (o *serveOptions) announce(at net.Addr, log *slog.Logger) {
	url := "http://" + at.String()
	if o.forPerson() {
		fmt.Fprintln(os.Stderr, "The studio is open at", url)
		return
	}
	log.Info("the studio is open", "url", url)
}

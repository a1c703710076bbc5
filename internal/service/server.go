package service

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

	"golang.org/x/sync/errgroup"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/studio"
	"github.com/pastiche-art/pastiche/internal/studio/webhook"
)

// minSize is the least [Server.MaxSize], in pixels.
const minSize = 64

// A Server is a process that serves the studio, and paints where it has workers.
type Server struct {
	Storage
	Workers
	Addr, MetricsAddr string   // --addr, --metrics-addr
	Hosts             []string // --host: by which clients call the server, besides Addr
	Keys              string   // --keys: a file of API keys; "" is none
	Insecure          bool     // --insecure: an Addr that other machines reach needs no keys
	CORSOrigins       []string // --cors-origin
	Proxies           []string // --proxy: addresses and prefixes
	Rate              float64  // --rate: requests per second of an API key, or of an address
	Queue             int      // --queue: jobs that may wait
	OwnerQueue        int      // --owner-queue: of one API key; 0 is half of Queue, or Queue without keys
	Retention         time.Duration
	MaxRetention      time.Duration // --max-retention; 0 is the studio's default
	MaxSize           int           // --max-size: in pixels
	Presets           string        // --presets: a file of recipes; "" is none
	WebhookHosts      []string      // --webhook-host
	WebhookSecrets    string        // --webhook-secrets: a file
	Version           string        // of this program

	bind   studio.Bind   // of Addr, once Validate has read it
	studio studio.Config // what Validate and Load have read
}

// Validate returns an error for a value that cannot be used, or for values that
// contradict each other.
func (s *Server) Validate() error {
	var err error
	s.bind, err = studio.ParseBind(s.Addr)
	least := 0
	if s.NATS == "" {
		least = 1 // no other process would paint
	}
	switch {
	case err != nil:
		return fmt.Errorf("--addr %w", err)
	case !s.bind.Loopback && s.Keys == "" && !s.Insecure:
		return fmt.Errorf("--addr %s is open to other machines: give --keys FILE, or --insecure to let everybody in", s.Addr)
	case s.Keys != "" && s.Insecure:
		return errors.New("--keys and --insecure: expected one or the other")
	case !(s.Rate > 0):
		return fmt.Errorf("--rate %g: expected a positive number of requests per second", s.Rate)
	case s.Queue < 1:
		return fmt.Errorf("--queue %d: expected 1 or more", s.Queue)
	case s.OwnerQueue < 0 || s.OwnerQueue > s.Queue:
		return fmt.Errorf("--owner-queue %d: expected 1 to %d, the value of --queue, or 0 for the default", s.OwnerQueue, s.Queue)
	case s.Retention <= 0:
		return fmt.Errorf("--retention %v: expected a positive time such as 48h", s.Retention)
	case s.MaxRetention != 0 && s.MaxRetention < s.Retention:
		return fmt.Errorf("--max-retention %v: expected %s, or at least %v, the value of --retention", s.MaxRetention, api.Forever, s.Retention)
	case s.MaxSize < minSize:
		return fmt.Errorf("--max-size %d: expected %d or more", s.MaxSize, minSize)
	case s.Count == 0 && s.NATS == "":
		return errors.New("--workers 0 without --nats: expected 1 or more, as no other process can paint")
	case len(s.CORSOrigins) > 0 && s.Keys == "":
		return errors.New("--cors-origin without --keys: pages of other origins need a key")
	case (len(s.WebhookHosts) == 0) != (s.WebhookSecrets == ""):
		return errors.New("--webhook-host and --webhook-secrets: expected both or neither")
	}
	for _, origin := range s.CORSOrigins {
		if err := studio.CheckOrigin(origin); err != nil {
			return fmt.Errorf("--cors-origin: %w", err)
		}
	}
	for _, text := range s.Proxies {
		proxy, err := parseProxy(text)
		if err != nil {
			return fmt.Errorf("--proxy %s: expected an address or a prefix, such as 10.0.0.0/8", text)
		}
		s.studio.Proxies = append(s.studio.Proxies, proxy)
	}
	if err := webhook.CheckHosts(s.WebhookHosts); err != nil {
		return fmt.Errorf("--webhook-host: %w", err)
	}
	return cmp.Or(checkMetricsAddr(s.MetricsAddr), s.Storage.validate(), s.Workers.validate(least))
}

// parseProxy reads an address or a prefix.
func parseProxy(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return address.Prefix(address.BitLen())
	}
	return netip.ParsePrefix(text)
}

// Load reads the files of keys, presets and secrets. The error names the file.
func (s *Server) Load(log *slog.Logger) (err error) {
	if err := s.load(); err != nil {
		return err
	}
	if s.Keys != "" {
		if s.studio.Keys, err = studio.LoadKeys(s.Keys, log); err != nil {
			return err
		}
	}
	if s.Presets != "" {
		if s.studio.Presets, err = studio.LoadPresets(s.Presets); err != nil {
			return err
		}
	}
	if s.WebhookSecrets != "" {
		s.studio.Webhooks, err = s.webhooks()
	}
	return err
}

// webhooks returns the sender of webhooks.
func (s *Server) webhooks() (*webhook.Sender, error) {
	text, err := os.ReadFile(s.WebhookSecrets)
	if err != nil {
		return nil, err
	}
	secrets, err := webhook.ParseSecrets(string(text))
	if err == nil && len(secrets) == 0 {
		err = errors.New("no secret: expected one a line")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.WebhookSecrets, err)
	}
	return webhook.New(s.WebhookHosts, secrets)
}

// Run serves until ctx ends, the requests under way are answered, and the jobs under
// way are put back. It calls opened with the URL when it listens.
func (s *Server) Run(ctx context.Context, log *slog.Logger, opened func(url string)) error {
	listener, err := net.Listen("tcp", s.Addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	if _, s.bind.Port, err = net.SplitHostPort(listener.Addr().String()); err != nil { // where it was 0
		return err
	}
	health, err := listenHealth(s.MetricsAddr, log)
	if err != nil {
		return err
	}
	if health != nil {
		defer health.Close()
	}
	stores, err := s.open(ctx, true, log)
	if err != nil && ctx.Err() != nil {
		return nil // stopped while it waited for NATS
	}
	if err != nil {
		return err
	}
	config := s.config(stores, log)
	workers := s.start(stores, software(s.Version), log)
	all, ctx := errgroup.WithContext(ctx)
	// Requests under way and jobs that are put back use the service, which ends last.
	serving, end := context.WithCancel(context.WithoutCancel(ctx))
	all.Go(func() error { return config.Jobs.Run(serving) })
	all.Go(func() error {
		defer end()
		users, ctx := errgroup.WithContext(ctx)
		config.Painting, config.Closing = workers.Busy, ctx
		handler := studio.New(config)
		users.Go(func() error { workers.Run(ctx); return nil })
		users.Go(func() error { return studio.Serve(ctx, listener, handler, studio.DrainTimeout, log) })
		if config.Keys != nil {
			users.Go(func() error { config.Keys.Watch(ctx); return nil })
		}
		if health != nil {
			users.Go(func() error { return studio.Serve(ctx, health, handler.Health, studio.DrainTimeout, log) })
		}
		opened("http://" + listener.Addr().String())
		return users.Wait()
	})
	return errors.Join(all.Wait(), stores.close())
}

// config returns the configuration of the studio, with its jobs.
func (s *Server) config(stores *stores, log *slog.Logger) studio.Config {
	c := s.studio
	c.Log, c.Spool, c.Version = log, stores.spool, s.Version
	c.Rate, c.CORSOrigins, c.MaxRetention = s.Rate, s.CORSOrigins, s.MaxRetention
	c.Hosts = s.bind.Hosts(s.Hosts)
	ownerQueue := s.OwnerQueue
	if ownerQueue == 0 && c.Keys != nil {
		ownerQueue = (s.Queue + 1) / 2
	}
	jobs := job.Config{
		Store: stores.records, Blobs: stores.blobs, Bus: stores.bus, Exclusive: s.NATS == "",
		Queue: s.Queue, OwnerQueue: ownerQueue, Retention: s.Retention, Memory: s.Memory, MaxSize: s.MaxSize,
		Software: software(s.Version), Log: log,
	}
	if c.Webhooks != nil {
		jobs.Webhooks = func(ctx context.Context, r *job.Record, state api.State) error {
			return c.Webhooks.Send(ctx, r.Webhook.URL, state, c.Jobs.View(r))
		}
	}
	c.Jobs = job.New(jobs)
	return c
}

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/job"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/studio"
)

// drainTimeout is how long answers under way may take when the server stops.
const drainTimeout = 10 * time.Second

type serveOptions struct {
	addr, keys string
	hosts      []string
	insecure   bool
	rate       float64
	workers    int
	queueOptions
}

// queueOptions are the flags that say where jobs are kept.
type queueOptions struct {
	data, nats, creds, ca, log string
	replicas, queue            int
	keep                       time.Duration
	memory                     byteSize
}

func newServeCommand() *cobra.Command {
	o := &serveOptions{}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Paint for browsers and programs, over HTTP",
		Long: `Paint for browsers and programs, over HTTP. Jobs are kept under --data, or in a
NATS cluster, and survive whatever is killed.

Only this machine is answered. Another address is refused without --keys, a
file of keys, one a line, of which requests must bear one.` +
			exitHelp(exitOK, exitFailure, exitUsage, exitInput),
		Example: "  pastiche serve\n  pastiche serve --addr 0.0.0.0:8080 --host paint.example:8080 --keys keys.txt",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8080", "`ADDRESS` and port to listen on")
	flags.StringVar(&o.keys, "keys", "", "`FILE` of keys, one a line")
	flags.BoolVar(&o.insecure, "insecure", false, "let anybody in who reaches the address")
	flags.StringSliceVar(&o.hosts, "host", nil, "`HOST:PORT` that clients call this server, besides the address")
	flags.Float64Var(&o.rate, "rate", 50, "requests a second that a key, or without keys an address, may make for long")
	flags.IntVar(&o.workers, "workers", 1, "paintings at a time in this process; 0 leaves them to 'pastiche worker'")
	flags.StringVar(&o.data, "data", "", "`DIR` for jobs (default pastiche/jobs in the user's configuration folder)")
	flags.IntVar(&o.queue, "queue", 100, "how many jobs may wait")
	flags.DurationVar(&o.keep, "keep", 7*24*time.Hour, "how long finished jobs and their pictures stay")
	o.AddFlags(cmd)
	return cmd
}

func newWorkerCommand() *cobra.Command {
	o := &queueOptions{}
	workers := 1
	cmd := &cobra.Command{
		Use:   "worker",
		Short: "Paint the jobs of a NATS cluster",
		Long: `Paint the jobs of a NATS cluster, one after another, until interrupted. What is
under way is then put back with a checkpoint, from which another worker goes on.` + exitHelp(exitOK, exitFailure, exitUsage),
		Example: "  pastiche worker --nats nats://queue.example:4222",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.nats == "" {
				return misused("--nats: expected the URL of a NATS server")
			}
			store, err := o.open(cmd.Context())
			if err != nil {
				return err
			}
			o.paint(cmd.Context(), store, workers)
			return store.Close()
		},
	}
	cmd.Flags().IntVar(&workers, "workers", 1, "paintings at a time")
	o.AddFlags(cmd)
	return cmd
}

func (o *queueOptions) AddFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.nats, "nats", "", "`URL` of a NATS server, or several with commas, that keeps jobs instead")
	flags.StringVar(&o.creds, "nats-creds", "", "`FILE` of credentials for NATS")
	flags.StringVar(&o.ca, "nats-ca", "", "`FILE` of certificates that NATS' are checked against")
	flags.IntVar(&o.replicas, "replicas", 1, "copies that a NATS cluster keeps")
	flags.Var(&o.memory, "memory", "memory that a painting may take, such as 4GiB; the same on every worker (default 2GiB)")
	flags.StringVar(&o.log, "log", "text", "`FORMAT` of the log on standard error: text or json")
}

func (o *queueOptions) open(ctx context.Context) (*job.Store, error) {
	if o.data == "" && o.nats == "" {
		dir, err := os.UserConfigDir()
		if err != nil {
			return nil, misused("--data: expected a folder for jobs: %v", err)
		}
		o.data = filepath.Join(dir, "pastiche", "jobs")
	}
	var options []nats.Option
	if o.creds != "" {
		options = append(options, nats.UserCredentials(o.creds))
	}
	if o.ca != "" {
		options = append(options, nats.RootCAs(o.ca))
	}
	log, err := o.logger()
	if err != nil {
		return nil, err
	}
	return job.Open(ctx, job.Config{
		Dir: o.data, URL: o.nats, Options: options, Replicas: o.replicas, Memory: int64(o.memory),
		Queue: o.queue, Keep: o.keep, Software: "pastiche " + moduleVersion(), Log: log,
	})
}

// logger returns a log on standard error.
func (o *queueOptions) logger() (*slog.Logger, error) {
	switch o.log {
	case "text":
		return slog.New(slog.NewTextHandler(os.Stderr, nil)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(os.Stderr, nil)), nil
	}
	return nil, misused("--log %s: expected text or json", o.log)
}

// roomy warns where paintings at a time may take more memory than there is.
func (o *queueOptions) roomy(workers int) {
	memory := int64(o.memory)
	if memory == 0 {
		memory = job.DefaultMemory
	}
	if free := paint.DefaultMemory(); int64(workers)*memory > free {
		fmt.Fprintf(os.Stderr, "pastiche: %d paintings at a time may take %d MiB of memory, and about %d are free: lower --workers or --memory\n",
			workers, int64(workers)*memory>>20, free>>20)
	}
}

// answering is how many threads answer beside those that paint.
const answering = 2

// paint runs workers and looks after the store until ctx is cancelled.
func (o *queueOptions) paint(ctx context.Context, store *job.Store, workers int) {
	o.roomy(workers)
	// Paint on every processor, and leave it to the system to give whoever asks
	// for something their turn: goroutines would wait for a kernel to end.
	threads := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(threads + answering)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() { (&job.Worker{Store: store, Threads: threads, Memory: int64(o.memory)}).Run(ctx) })
	}
	all.Go(func() { store.Maintain(ctx) })
	all.Wait()
}

func (o *serveOptions) run(ctx context.Context) error {
	bind, err := studio.ParseBind(o.addr)
	if err != nil {
		return misused("--addr %v", err)
	}
	if !bind.Loopback && o.keys == "" && !o.insecure {
		return misused("--addr %s is open to other machines: give --keys FILE, or --insecure to let anybody in", o.addr)
	}
	switch {
	case o.workers < 0:
		return misused("--workers %d: expected 0 or more", o.workers)
	case !(o.rate > 0):
		return misused("--rate %g: expected a positive number of requests a second", o.rate)
	case o.queue < 1:
		return misused("--queue %d: expected 1 or more", o.queue)
	}
	keys, err := readKeys(o.keys)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	store, err := o.open(ctx)
	if err != nil {
		return err
	}
	if _, bind.Port, err = net.SplitHostPort(listener.Addr().String()); err != nil { // where it was 0
		return err
	}
	working, stop := context.WithCancel(ctx)
	defer stop()
	log, err := o.logger()
	if err != nil {
		return err
	}
	server := studio.NewServer(studio.New(studio.Config{
		Store: store, Hosts: bind.Hosts(o.hosts), Keys: keys, Rate: o.rate, Version: moduleVersion(), Log: log,
	}))
	server.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelWarn)
	// Event streams end with the server.
	server.BaseContext = func(net.Listener) context.Context { return working }
	var painting sync.WaitGroup
	painting.Go(func() { o.paint(working, store, o.workers) })
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Fprintf(os.Stderr, "The studio is open at http://%s\n", listener.Addr())
	select {
	case err = <-served:
	case <-ctx.Done():
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
		err = server.Shutdown(drain)
		cancel()
	}
	stop()
	painting.Wait()
	return errors.Join(err, store.Close())
}

// leastKey is the length of a key that cannot be guessed.
const leastKey = 16

func readKeys(path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, &inputError{err}
	}
	keys := strings.Fields(string(data))
	for i, k := range keys {
		if len(k) < leastKey {
			return nil, &inputError{fmt.Errorf("%s: key %d has %d characters: expected at least %d", path, i+1, len(k), leastKey)}
		}
	}
	if len(keys) == 0 {
		return nil, &inputError{fmt.Errorf("%s: no key: expected one a line", path)}
	}
	return keys, nil
}

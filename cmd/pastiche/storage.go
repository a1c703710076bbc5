package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/job/folderstore"
	"github.com/pastiche-art/pastiche/internal/job/natsstore"
	"github.com/pastiche-art/pastiche/picture"
)

// storageOptions are the flags that say where jobs are kept: in NATS, or where nats is
// "", in the folder data.
type storageOptions struct {
	data, nats, creds, ca, prefix, blobs string
	replicas                             int
}

func (o *storageOptions) AddFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.nats, "nats", "", "`URL` of a NATS server, or several with commas between, that keeps the jobs of a cluster")
	flags.StringVar(&o.creds, "nats-creds", "", "`FILE` of credentials for NATS")
	flags.StringVar(&o.ca, "nats-ca", "", "`FILE` of certificates of the authority that signed the NATS servers' certificates")
	flags.StringVar(&o.prefix, "nats-prefix", "pastiche", "`NAME` that begins the names of streams and subjects: clusters with different ones share a NATS account")
	flags.StringVar(&o.blobs, "blobs", "", "`URL` of the pictures: file:///FOLDER or s3://BUCKET/PREFIX?endpoint=URL&region=NAME (default beside the jobs)")
}

// maxReplicas is the most that JetStream keeps.
const maxReplicas = 5

// validate refuses flags that contradict each other, and files that cannot be read.
func (o *storageOptions) validate(flags *pflag.FlagSet) error {
	for _, name := range []string{"nats-creds", "nats-ca", "nats-prefix", "replicas"} {
		if o.nats == "" && flags.Changed(name) {
			return misused("--%s without --nats: expected both or neither", name)
		}
	}
	switch {
	case o.nats != "" && o.data != "":
		return misused("--data and --nats: expected one or the other, as either keeps the jobs")
	case o.replicas > maxReplicas || o.replicas%2 == 0:
		return misused("--replicas %d: expected 1, 3 or 5: of an even number, one more server must be up for no more safety", o.replicas)
	case strings.ContainsFunc(o.prefix, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_'
	}):
		return misused("--nats-prefix %s: expected lower-case letters, digits, \"-\" and \"_\"", o.prefix)
	}
	if o.blobs != "" {
		if _, _, err := blob.Parse(o.blobs); err != nil {
			return misused("--blobs: %w", err)
		}
	}
	for _, path := range []string{o.creds, o.ca} {
		if path == "" {
			continue
		}
		if _, err := os.ReadFile(path); err != nil {
			return &inputError{err}
		}
	}
	return nil
}

// A storage is where a process keeps jobs.
type storage struct {
	records job.Store
	blobs   blob.Store
	bus     job.Bus
	spool   string // folder of uploads while they arrive; "" is the system's for temporary files
}

// diskReserve is how much of a disk is left free, in bytes.
const diskReserve = 256 << 20

// open opens the storage. With create it makes the streams of a cluster that are
// missing; without, it waits for a server to do so. It waits for NATS until ctx ends.
func (o *storageOptions) open(ctx context.Context, create bool, log *slog.Logger) (*storage, error) {
	if o.nats == "" {
		return o.openFolder(ctx, log)
	}
	var options []nats.Option
	if o.creds != "" {
		options = append(options, nats.UserCredentials(o.creds))
	}
	if o.ca != "" {
		options = append(options, nats.RootCAs(o.ca))
	}
	records, err := natsstore.Open(ctx, natsstore.Config{
		URL: o.nats, Options: options, Prefix: o.prefix, Replicas: o.replicas, Create: create, Log: log,
	})
	if err != nil {
		return nil, err
	}
	s := &storage{records: records, bus: records.Bus()}
	if o.blobs != "" {
		s.blobs, err = openBlobs(ctx, o.blobs)
	} else {
		s.blobs, err = blob.NewNATS(ctx, records.JetStream(), blob.NATSConfig{Prefix: o.prefix, Replicas: o.replicas, Create: create})
	}
	if err != nil {
		return nil, errors.Join(err, records.Close())
	}
	return s, nil
}

// openFolder opens the storage of a server without a cluster.
func (o *storageOptions) openFolder(ctx context.Context, log *slog.Logger) (*storage, error) {
	dir := o.data
	if dir == "" {
		config, err := os.UserConfigDir()
		if err != nil {
			return nil, misused("--data: expected a folder for jobs: %w", err)
		}
		dir = filepath.Join(config, "pastiche", "jobs")
	}
	records, err := folderstore.Open(filepath.Join(dir, "records"), log)
	if err != nil {
		return nil, unwritableFolder(err)
	}
	s := &storage{records: records, bus: &job.LocalBus{}, spool: filepath.Join(dir, "uploads")}
	if err = os.MkdirAll(s.spool, 0o700); err != nil {
		err = unwritableFolder(err)
	} else if o.blobs != "" {
		s.blobs, err = openBlobs(ctx, o.blobs)
	} else {
		s.blobs, err = newFolder(filepath.Join(dir, "blobs"))
	}
	if err != nil {
		return nil, errors.Join(err, records.Close())
	}
	return s, nil
}

// openBlobs opens the blob store at an address: file:///DIR or s3://BUCKET/PREFIX, see
// [blob.Parse].
func openBlobs(ctx context.Context, address string) (blob.Store, error) {
	folder, bucket, err := blob.Parse(address)
	if err != nil {
		return nil, err
	}
	if bucket != nil {
		return blob.NewS3(ctx, *bucket)
	}
	return newFolder(folder)
}

func newFolder(dir string) (blob.Store, error) {
	folder, err := blob.NewFolder(dir, diskReserve)
	if err != nil {
		return nil, unwritableFolder(err)
	}
	return folder, nil
}

// Ready returns an error where jobs cannot be changed or pictures not be stored.
func (s *storage) Ready(ctx context.Context) error {
	return errors.Join(s.records.Ready(ctx), s.blobs.Ready(ctx))
}

func (s *storage) Close() error { return errors.Join(s.blobs.Close(), s.records.Close()) }

// unwritableFolder returns the error of opening a folder of jobs or pictures, with the
// exit code of an output where the folder cannot be written.
func unwritableFolder(err error) error {
	if errors.Is(err, picture.ErrWrite) || errors.As(err, new(*fs.PathError)) {
		return &outputError{err}
	}
	return err
}

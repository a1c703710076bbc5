package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/job/folderstore"
	"github.com/pastiche-art/pastiche/internal/job/natsstore"
)

// DefaultPrefix is the default of [Storage.Prefix].
const DefaultPrefix = "pastiche"

const (
	// maxReplicas is the most that JetStream keeps.
	maxReplicas = 5
	// diskReserve is how much of a disk is left free, in bytes.
	diskReserve = 256 << 20
)

// Storage says where jobs are kept: in NATS, or where NATS is "", in the folder Data.
type Storage struct {
	Data  string // --data; "" is pastiche/jobs in the user's configuration folder
	NATS  string // --nats: URLs with commas between them
	Creds string // --nats-creds: a file of credentials
	CA    string // --nats-ca: a file of certificates
	// Prefix is --nats-prefix, the beginning of the names of streams and subjects.
	Prefix   string
	Blobs    string // --blobs: the URL of the pictures, see [blob.Parse]; "" is beside the jobs
	Replicas int    // --replicas: NATS servers that keep each record
}

func (s *Storage) validate() error {
	clustered := map[string]bool{
		"nats-creds": s.Creds != "", "nats-ca": s.CA != "", "nats-prefix": s.Prefix != DefaultPrefix, "replicas": s.Replicas != 1,
	}
	for _, name := range []string{"nats-creds", "nats-ca", "nats-prefix", "replicas"} {
		if s.NATS == "" && clustered[name] {
			return fmt.Errorf("--%s without --nats: expected both or neither", name)
		}
	}
	switch {
	case s.NATS != "" && s.Data != "":
		return errors.New("--data and --nats: expected one or the other, as either keeps the jobs")
	case s.Replicas < 1 || s.Replicas > maxReplicas || s.Replicas%2 == 0:
		return fmt.Errorf("--replicas %d: expected 1, 3 or 5: an even number needs one more server for no more safety", s.Replicas)
	case strings.ContainsFunc(s.Prefix, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_'
	}):
		return fmt.Errorf("--nats-prefix %s: expected lower-case letters, digits, \"-\" and \"_\"", s.Prefix)
	}
	if s.Blobs != "" {
		if _, _, err := blob.Parse(s.Blobs); err != nil {
			return fmt.Errorf("--blobs: %w", err)
		}
	}
	if s.NATS == "" && s.Data == "" {
		config, err := os.UserConfigDir()
		if err != nil {
			return fmt.Errorf("--data: expected a folder for jobs: %w", err)
		}
		s.Data = filepath.Join(config, "pastiche", "jobs")
	}
	return nil
}

// load returns an error where a file of NATS cannot be read.
func (s *Storage) load() error {
	for _, path := range []string{s.Creds, s.CA} {
		if path == "" {
			continue
		}
		if _, err := os.ReadFile(path); err != nil {
			return err
		}
	}
	return nil
}

// stores is an open [Storage].
type stores struct {
	records job.Store
	blobs   blob.Store
	bus     job.Bus
	spool   string // folder of uploads while they arrive; "" is the system's for temporary files
}

// open opens the storage. With create it makes the streams of a cluster that are
// missing; without, it waits for a server to do so. It waits for NATS until ctx ends,
// and returns the cause of ctx then.
func (s *Storage) open(ctx context.Context, create bool, log *slog.Logger) (*stores, error) {
	open := &stores{}
	var err error
	if s.NATS == "" {
		err = s.openFolder(open, log)
	} else {
		err = s.openNATS(ctx, open, create, log)
	}
	if err == nil && s.Blobs != "" {
		open.blobs, err = openBlobs(ctx, s.Blobs)
	}
	if err != nil && open.records != nil {
		err = errors.Join(err, open.records.Close())
	}
	return open, err
}

// openNATS opens the storage of a cluster, with the blobs where they are in NATS.
func (s *Storage) openNATS(ctx context.Context, open *stores, create bool, log *slog.Logger) error {
	var options []nats.Option
	if s.Creds != "" {
		options = append(options, nats.UserCredentials(s.Creds))
	}
	if s.CA != "" {
		options = append(options, nats.RootCAs(s.CA))
	}
	records, err := natsstore.Open(ctx, natsstore.Config{
		URL: s.NATS, Options: options, Prefix: s.Prefix, Replicas: s.Replicas, Create: create, Log: log,
	})
	if err != nil {
		return err
	}
	open.records, open.bus = records, records.Bus()
	if s.Blobs == "" {
		open.blobs, err = blob.NewNATS(ctx, records.JetStream(), blob.NATSConfig{Prefix: s.Prefix, Replicas: s.Replicas, Create: create})
	}
	return err
}

// openFolder opens the storage of a server without a cluster, with the blobs where they
// are in the folder.
func (s *Storage) openFolder(open *stores, log *slog.Logger) error {
	records, err := folderstore.Open(filepath.Join(s.Data, "records"), log)
	if err != nil {
		return err
	}
	open.records, open.bus, open.spool = records, &job.LocalBus{}, filepath.Join(s.Data, "uploads")
	if err := os.MkdirAll(open.spool, 0o700); err != nil {
		return err
	}
	if s.Blobs == "" {
		open.blobs, err = blob.NewFolder(filepath.Join(s.Data, "blobs"), diskReserve)
	}
	return err
}

// openBlobs opens the blob store at a URL, see [blob.Parse].
func openBlobs(ctx context.Context, address string) (blob.Store, error) {
	folder, bucket, err := blob.Parse(address)
	if err != nil {
		return nil, err
	}
	if bucket != nil {
		return blob.NewS3(ctx, *bucket)
	}
	return blob.NewFolder(folder, diskReserve)
}

// ready returns an error where jobs cannot be changed or pictures not be stored.
func (s *stores) ready(ctx context.Context) error {
	return errors.Join(s.records.Ready(ctx), s.blobs.Ready(ctx))
}

func (s *stores) close() error { return errors.Join(s.blobs.Close(), s.records.Close()) }

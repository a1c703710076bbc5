package folderstore

import (
	"log/slog"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/job/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// openTest opens a store, which the test closes when it ends.
func openTest(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// memoryDir returns a folder in memory, where the system has such: tests that write
// many files do not wait for a disk.
func memoryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "folderstore-") //nolint:usetesting // t.TempDir is on a disk
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) job.Store { return openTest(t, memoryDir(t)) })
}

// BenchmarkJob creates, claims, finishes and deletes a job, on the disk of the
// temporary folder.
func BenchmarkJob(b *testing.B) {
	s, err := Open(b.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for b.Loop() {
		r := storetest.Record("ann", "one", storetest.WithKey("key"))
		if err := s.Create(b.Context(), r); err != nil {
			b.Fatal(err)
		}
		for _, state := range []api.State{api.Running, api.Done} {
			storetest.In(state)(r)
			if err := s.Replace(b.Context(), r); err != nil {
				b.Fatal(err)
			}
		}
		if err := s.Delete(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}

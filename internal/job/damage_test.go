package job_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/job"
)

// TestDamagedStore damages one file of a store, 20 times another one: a byte is
// flipped, or the file cut in half. The store opens, the damage is named, all jobs
// but the file's own are as they were, and new jobs are painted.
func TestDamagedStore(t *testing.T) {
	whole := t.TempDir()
	s := open(t, whole)
	stop := s.work(t, stub(flat))
	var all []*job.Record
	for range 4 {
		all = append(all, s.in(t, s.submit(t, order{}), api.Done))
	}
	stop()
	for range 2 {
		all = append(all, s.submit(t, order{}))
	}
	s.stop()
	var files []string
	walk(t, os.DirFS(whole), func(path string) {
		if info, err := os.Stat(filepath.Join(whole, path)); err == nil && info.Size() > 0 {
			files = append(files, path)
		}
	})
	r := rand.New(rand.NewPCG(1, 2))
	for range 12 {
		file, flip := files[r.IntN(len(files))], r.IntN(2) == 0
		name := strings.ReplaceAll(file, "/", ",") + map[bool]string{true: " flipped", false: " cut"}[flip]
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			damage(t, filepath.Join(dir, file), flip, r)
			s := open(t, dir)
			defer s.stop()
			for _, before := range all {
				own := strings.Contains(file, before.ID)
				now, err := s.Get(t.Context(), "", before.ID)
				switch {
				case own && (errors.As(err, new(*job.DamagedError)) || errors.Is(err, job.ErrNotFound)):
					continue
				case err != nil:
					t.Errorf("job %s: %v", before.ID, err)
					continue
				case now.State != before.State || now.Request != before.Request:
					t.Errorf("job %s is %s, and was %s", before.ID, now.State, before.State)
				}
				if before.Result == nil {
					continue
				}
				data, err := blob.ReadAll(t.Context(), s.blobs, now.Result.Blob, now.Result.Info)
				if err != nil && (!own || !errors.As(err, new(*blob.DamagedError))) {
					t.Errorf("the result of job %s: %d bytes, %v", before.ID, len(data), err)
				}
			}
			page, err := s.List(t.Context(), job.Listing{Limit: 100})
			if err != nil || len(page.Records) < len(all)-1 {
				t.Errorf("%d jobs are listed of %d, %v", len(page.Records), len(all), err)
			}
			s.work(t, stub(flat))
			s.in(t, s.submit(t, order{}), api.Done)
		})
	}
}

// damage flips a byte of a file, or cuts it in half.
func damage(t *testing.T, path string, flip bool, r *rand.Rand) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if flip {
		data[r.IntN(len(data))] ^= 1 << r.IntN(8)
	} else {
		data = data[:len(data)/2]
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/blob/blobtest"
)

// service is an S3 service with the bucket pictures, in memory.
type service struct {
	*httptest.Server
	backend *s3mem.Backend

	mu       sync.Mutex
	requests []string
	refuse   func(*http.Request) (status int, code string) // an error in place of an answer, unless it is nil or returns 0
}

func startS3(t *testing.T) *service {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	s := &service{backend: s3mem.New()}
	if err := s.backend.CreateBucket("pictures"); err != nil {
		t.Fatal(err)
	}
	fake := gofakes3.New(s.backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r.Method+" "+r.URL.RequestURI())
		refuse := s.refuse
		s.mu.Unlock()
		if refuse != nil {
			if status, code := refuse(r); status != 0 {
				_, _ = io.Copy(io.Discard, r.Body) // the client sends all before it reads
				w.Header().Set("Content-Type", "application/xml")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code><Message>"+code+"</Message></Error>")
				return
			}
		}
		fake.ServeHTTP(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // the fake service answers twice when a request is cut
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// set sets which requests are refused, and forgets those until now.
func (s *service) set(refuse func(*http.Request) (int, string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse, s.requests = refuse, nil
}

func (s *service) open(t *testing.T) *blob.S3 {
	t.Helper()
	store, err := blob.NewS3(t.Context(), blob.S3Config{Endpoint: s.URL, Region: "us-east-1", Bucket: "pictures", Prefix: "some/folder"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// keys returns the keys of all objects.
func (s *service) keys(t *testing.T) []string {
	t.Helper()
	list, err := s.backend.ListBucket("pictures", nil, gofakes3.ListBucketPage{})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, object := range list.Contents {
		keys = append(keys, object.Key)
	}
	return keys
}

func TestS3(t *testing.T) {
	s := startS3(t)
	blobtest.Run(t, func(t *testing.T) blob.Store { return s.open(t) })
}

func TestS3Keys(t *testing.T) {
	s := startS3(t)
	store := s.open(t)
	if _, err := store.Put(t.Context(), "a/b", strings.NewReader("text")); err != nil {
		t.Fatal(err)
	}
	if keys := s.keys(t); len(keys) != 1 || keys[0] != "some/folder/a/b" {
		t.Errorf("keys %q; want some/folder/a/b", keys)
	}
	if err := store.Remove(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if keys := s.keys(t); len(keys) != 0 {
		t.Errorf("keys %q; want none", keys)
	}
}

// A failed Put leaves neither an object nor the parts of one.
func TestS3LeavesNothing(t *testing.T) {
	s := startS3(t)
	store := s.open(t)
	data := bytes.NewReader(make([]byte, 12<<20))
	broken := errors.New("broken")
	if _, err := store.Put(t.Context(), "a/b", io.MultiReader(data, iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("%v; want %v", err, broken)
	}
	ctx, cancel := context.WithCancel(t.Context())
	data.Reset(make([]byte, 12<<20))
	if _, err := store.Put(ctx, "a/b", io.MultiReader(data, atEnd(cancel))); !errors.Is(err, context.Canceled) {
		t.Errorf("%v; want %v", err, context.Canceled)
	}
	s.mu.Lock()
	begun, ended := 0, 0
	for _, request := range s.requests {
		switch {
		case strings.HasPrefix(request, "POST ") && strings.Contains(request, "uploads="):
			begun++
		case strings.HasPrefix(request, "DELETE ") && strings.Contains(request, "uploadId="):
			ended++
		}
	}
	s.mu.Unlock()
	if begun != 2 || ended != 2 {
		t.Errorf("%d uploads, of which %d were aborted; want 2 and 2", begun, ended)
	}
	if keys := s.keys(t); len(keys) != 0 {
		t.Errorf("keys %q; want none", keys)
	}
}

// A small blob is one request.
func TestS3Small(t *testing.T) {
	s := startS3(t)
	store := s.open(t)
	s.set(nil)
	if _, err := store.Put(t.Context(), "a/b", strings.NewReader("text")); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.requests) != 1 || s.requests[0] != "PUT /pictures/some/folder/a/b" {
		t.Errorf("requests %q; want one PUT", s.requests)
	}
}

func TestS3Errors(t *testing.T) {
	s := startS3(t)
	store := s.open(t)
	puts := func(status int, code string) func(*http.Request) (int, string) {
		return func(r *http.Request) (int, string) {
			if r.Method != http.MethodPut {
				return 0, ""
			}
			return status, code
		}
	}
	for code, status := range map[string]int{"XMinioStorageFull": http.StatusInsufficientStorage, "QuotaExceeded": http.StatusForbidden} {
		s.set(puts(status, code))
		if _, err := store.Put(t.Context(), "a/b", strings.NewReader("text")); !errors.Is(err, blob.ErrFull) {
			t.Errorf("%s: %v; want %v", code, err, blob.ErrFull)
		}
	}
	s.set(puts(http.StatusForbidden, "AccessDenied"))
	if _, err := store.Put(t.Context(), "a/b", strings.NewReader("text")); err == nil || errors.Is(err, blob.ErrFull) || !strings.Contains(err.Error(), "pictures") {
		t.Errorf("%v; want another error that names the bucket", err)
	}
	// A service that is busy is asked again.
	var once sync.Once
	s.set(func(*http.Request) (status int, code string) {
		once.Do(func() { status, code = http.StatusServiceUnavailable, "SlowDown" })
		return status, code
	})
	if _, err := store.Put(t.Context(), "a/b", strings.NewReader("text")); err != nil {
		t.Error(err)
	}

	for name, cfg := range map[string]blob.S3Config{
		"does not exist": {Endpoint: s.URL, Region: "us-east-1", Bucket: "others"},
		"endpoint":       {Endpoint: "localhost:9000", Bucket: "pictures"},
	} {
		if _, err := blob.NewS3(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%+v: %v; want an error with %q", cfg, err, name)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	s.Close()
	if err := store.Ready(ctx); err == nil {
		t.Error("ready without a service")
	}
}

// A connection that is cut while a blob is read is an error, not its end.
func TestS3Cut(t *testing.T) {
	s := startS3(t)
	store := s.open(t)
	if _, err := store.Put(t.Context(), "a/b", bytes.NewReader(make([]byte, 4<<20))); err != nil {
		t.Fatal(err)
	}
	r, err := store.Open(t.Context(), "a/b")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	s.CloseClientConnections()
	if n, err := io.Copy(io.Discard, r); err == nil {
		t.Errorf("%d bytes and no error; want an error", n)
	}
}

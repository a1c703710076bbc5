//go:build unix

package picture

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestNamedPipe reads a picture from a named pipe, and checks that reading stops when
// the context ends: before a program writes to the pipe, and while it does.
func TestNamedPipe(t *testing.T) {
	data, err := os.ReadFile("testdata/jpeg-orientation-6.jpg")
	if err != nil {
		t.Fatal(err)
	}
	pipe := func() string {
		path := filepath.Join(t.TempDir(), "pipe")
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Skip(err)
		}
		return path
	}
	write := func(path string, data []byte) *os.File {
		w, err := os.OpenFile(path, os.O_WRONLY, 0) // which waits for the reader
		if err != nil {
			t.Error(err)
			return nil
		}
		if _, err := w.Write(data); err != nil {
			t.Error(err)
		}
		return w
	}

	path := pipe()
	go func() {
		if w := write(path, data); w != nil {
			_ = w.Close()
		}
	}()
	f, err := Open(t.Context(), path, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(f.Data, data) || sha256.Sum256(f.Data) != sha256.Sum256(data) {
		t.Errorf("%d bytes of %d were read", len(f.Data), len(data))
	}

	open := func(path string, ended context.Context) error {
		done := make(chan error, 1)
		go func() {
			_, err := Open(ended, path, Limits{})
			done <- err
		}()
		select {
		case err := <-done:
			return err
		case <-time.After(5 * time.Minute):
			t.Fatal("still waiting after the end of the context")
			return nil
		}
	}
	soon, end := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer end()
	if err := open(pipe(), soon); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("without a writer: %v", err)
	}

	path = pipe()
	writing, stop := context.WithCancel(t.Context())
	written := make(chan *os.File)
	go func() {
		w := write(path, data[:len(data)/2])
		stop()
		written <- w
	}()
	if err := open(path, writing); !errors.Is(err, context.Canceled) {
		t.Errorf("while a program writes: %v", err)
	}
	if w := <-written; w != nil {
		_ = w.Close()
	}
}

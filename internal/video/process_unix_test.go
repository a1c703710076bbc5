//go:build unix

package video

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestOwnGroup keeps the signal of Ctrl-C in a terminal from child processes.
func TestOwnGroup(t *testing.T) {
	cmd, _ := child(t.Context(), "/bin/sleep", []string{"60"})
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	group, err := syscall.Getpgid(cmd.Process.Pid)
	if err != nil || group != cmd.Process.Pid {
		t.Errorf("group %d of process %d, %v", group, cmd.Process.Pid, err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// TestNamedPipe reads a YUV4MPEG2 from a named pipe, and stops waiting for the rest of a
// frame when the context ends.
func TestNamedPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	var video bytes.Buffer
	writeVideo(t, "-", Info{Width: 64, Height: 48, Rate: Rational{25, 1}}, WriteOptions{Stdout: &video}, scene(2, 64, 48))
	written := make(chan *os.File)
	go func() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err == nil {
			_, _ = f.Write(video.Bytes()[:video.Len()-100])
		}
		written <- f
	}()
	r, err := Open(t.Context(), path, ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := r.Next(ctx); err != nil {
		t.Fatal(err)
	}
	writer := <-written // which stays open
	defer writer.Close()
	waiting := make(chan error)
	go func() {
		_, err := r.Next(ctx)
		waiting <- err
	}()
	cancel()
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

package picture

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// Open reads the picture in a file, like Decode. Besides the errors of Decode it
// returns those of the file system, which errors.Is finds (fs.ErrNotExist and others).
// It also reads a named pipe: it waits for a writer until ctx ends.
func Open(ctx context.Context, path string, lim Limits) (*File, error) {
	f, err := open(ctx, path, lim)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Decode(ctx, f, path, lim)
}

// open opens a file for Decode. When ctx ends, reading from a pipe or a terminal fails.
func open(ctx context.Context, path string, lim Limits) (fs.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, cannotRead(path, err)
	}
	if info.IsDir() {
		return nil, fail(ErrFormat, nil, "%s: not a picture pastiche can read (found a directory; expected a file): name a picture in it", path)
	}
	if l := lim.orDefault(); info.Mode().IsRegular() && info.Size() > l.MaxBytes {
		return nil, tooManyBytes(path, l)
	}
	if info.Mode()&fs.ModeNamedPipe != 0 {
		opened := make(chan struct{})
		defer close(opened)
		stop := context.AfterFunc(ctx, func() { releaseReader(path, opened) })
		defer stop()
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, cannotRead(path, err)
	}
	if ctx.Err() != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%s: %w", path, context.Cause(ctx))
	}
	file := &interruptible{File: f}
	// Files without deadlines are read in parts, and ctx is checked in between.
	file.stop = context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Now()) })
	return file, nil
}

// releaseReader ends the opening of a named pipe, which waits for a writer: it opens
// and closes the pipe as a writer until opened is closed.
func releaseReader(path string, opened <-chan struct{}) {
	for {
		if w, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
			_ = w.Close()
		}
		select {
		case <-opened:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// interruptible is a file whose pending reads fail when a context ends.
type interruptible struct {
	*os.File
	stop func() bool
}

func (f *interruptible) Close() error {
	f.stop()
	return f.File.Close()
}

package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/paint"
)

// checkpoints saves, every so often, what it takes to continue. It writes over and
// removes only the file that it wrote itself, or that the painting was resumed from.
type checkpoints struct {
	path  string
	every time.Duration
	last  time.Time
	own   fs.FileInfo // of that file as it is known, or nil
	firstError
}

// newCheckpoints returns what saves checkpoints, or nil where none are asked for.
// resumed is the state of the file of --resume, or nil.
func (o *paintOptions) newCheckpoints(files *paths, resumed fs.FileInfo) *checkpoints {
	if files.checkpoint == "" {
		return nil
	}
	c := &checkpoints{path: files.checkpoint, every: o.checkpointEvery, last: time.Now()}
	if now, err := os.Stat(c.path); err == nil && resumed != nil && os.SameFile(now, resumed) {
		c.own = resumed
	}
	return c
}

func (c *checkpoints) iteration(p paint.Progress) {
	if now := time.Now(); now.Sub(c.last) >= c.every {
		c.try(func() error { return c.save(p.WriteCheckpoint) })
		c.last = now
	}
}

func (c *checkpoints) close() error { return c.err }

// save saves a checkpoint.
func (c *checkpoints) save(write func(io.Writer) error) error {
	put := atomicfile.WriteNew
	if c.isOwn() {
		put = atomicfile.Write
	}
	err := put(c.path, write)
	if errors.Is(err, fs.ErrExist) {
		return &outputError{fmt.Errorf("%s: another program has made this file meanwhile, and it is not written over: the checkpoint is not saved", c.path)}
	}
	if err != nil {
		return err
	}
	c.own, err = os.Stat(c.path)
	return unwritable(c.path, err)
}

// isOwn reports whether the file is as it was left.
func (c *checkpoints) isOwn() bool {
	now, err := os.Stat(c.path)
	return err == nil && c.own != nil && os.SameFile(now, c.own) && now.Size() == c.own.Size() && now.ModTime().Equal(c.own.ModTime())
}

// leave saves what it takes to continue a painting that was interrupted, and
// returns the file, or "" where there is none. A nil *checkpoints leaves none.
func (c *checkpoints) leave(painting *paint.Painting) string {
	if c == nil || c.save(painting.WriteCheckpoint) != nil {
		return ""
	}
	return c.path
}

// drop removes the checkpoint of a painting that is done.
func (c *checkpoints) drop() {
	if c != nil && c.isOwn() {
		os.Remove(c.path)
	}
}

// checkCheckpoint refuses a file of --checkpoint that is there already, unless it is
// the one that --resume continues.
func (o *paintOptions) checkCheckpoint() error {
	info, err := os.Lstat(o.checkpoint)
	if err != nil || info.IsDir() { // of a folder, checkOutput says that it is one
		return nil
	}
	if target, err := os.Stat(o.checkpoint); err == nil {
		info = target
	}
	if resumed, err := os.Stat(o.resume); err == nil && os.SameFile(info, resumed) {
		return nil
	}
	if isCheckpoint(o.checkpoint, info) {
		return misused("%s is a checkpoint: --resume %s continues it; remove it to begin anew", o.checkpoint, o.checkpoint)
	}
	return misused("%s is no checkpoint of pastiche and is not written over: choose another name for --checkpoint", o.checkpoint)
}

// isCheckpoint reports whether a file begins as a checkpoint does.
func isCheckpoint(path string, info fs.FileInfo) bool {
	if !info.Mode().IsRegular() {
		return false // and opening a pipe could take for ever
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	return paint.IsCheckpoint(f)
}

// openCheckpoint reads the checkpoint to continue from, and returns the file's
// state; "" is none.
func openCheckpoint(path string) (*paint.Checkpoint, fs.FileInfo, error) {
	if path == "" {
		return nil, nil, nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, &inputError{fmt.Errorf("--resume %s: no such file: paint with --checkpoint %s to have one to continue from", path, path)}
	}
	if err != nil {
		var pathErr *fs.PathError
		if errors.As(err, &pathErr) {
			err = pathErr.Err // it would repeat the path
		}
		return nil, nil, &inputError{fmt.Errorf("--resume %s: cannot be read: %w", path, err)}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, &inputError{fmt.Errorf("--resume %s: cannot be read: %w", path, err)}
	}
	c, err := paint.ReadCheckpoint(f)
	return c, info, checkpointError(path, err)
}

// checkpointError gives an error of a checkpoint the name of its file.
func checkpointError(path string, err error) error {
	if path == "" || !errors.Is(err, paint.ErrCheckpoint) {
		return err
	}
	return &inputError{fmt.Errorf("--resume %s: %w", path, err)}
}

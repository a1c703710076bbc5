package painter

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
)

// checkpoints is the observer that saves a checkpoint at intervals. It replaces and removes
// only a file that it wrote itself, or that the painting was resumed from.
type checkpoints struct {
	path  string
	every time.Duration
	last  time.Time
	own   fs.FileInfo // the file as it was written or read last; nil for none
	firstError
}

// newCheckpoints returns nil without a path. resumed is the state of the file of --resume,
// or nil.
func newCheckpoints(path string, every time.Duration, resumed fs.FileInfo) *checkpoints {
	if path == "" {
		return nil
	}
	c := &checkpoints{path: path, every: every, last: time.Now()}
	if now, err := os.Stat(c.path); err == nil && resumed != nil && os.SameFile(now, resumed) {
		c.own = resumed
	}
	return c
}

func (c *checkpoints) Iteration(p paint.Progress) {
	if now := time.Now(); now.Sub(c.last) >= c.every {
		c.try(func() error { return c.save(p.WriteCheckpoint) })
		c.last = now
	}
}

// save saves a checkpoint.
func (c *checkpoints) save(write func(io.Writer) error) error {
	put := atomicfile.WriteNew
	if c.isOwn() {
		put = atomicfile.Write
	}
	err := put(c.path, write)
	if errors.Is(err, fs.ErrExist) {
		return &cli.OutputError{Err: fmt.Errorf("%s: another program has made this file meanwhile, and it is not written over: the checkpoint is not saved", c.path)}
	}
	if err != nil {
		return err
	}
	c.own, err = os.Stat(c.path)
	return cli.Unwritable(c.path, err)
}

// isOwn reports whether the file is unchanged since it was written or read.
func (c *checkpoints) isOwn() bool {
	now, err := os.Stat(c.path)
	return err == nil && c.own != nil && os.SameFile(now, c.own) && now.Size() == c.own.Size() && now.ModTime().Equal(c.own.ModTime())
}

// leave saves the checkpoint of an interrupted painting and returns its file, or "" where
// that fails. A nil *checkpoints saves none.
func (c *checkpoints) leave(painting *paint.Painting) string {
	if c == nil || c.save(painting.WriteCheckpoint) != nil {
		return ""
	}
	return c.path
}

// drop removes the checkpoint of a finished painting.
func (c *checkpoints) drop() {
	if c != nil && c.isOwn() {
		os.Remove(c.path)
	}
}

// checkCheckpoint refuses a file of --checkpoint that exists, unless it is that of
// --resume.
func (p *Painter) checkCheckpoint() error {
	info, err := os.Lstat(p.Checkpoint)
	if err != nil || info.IsDir() { // checkOutput refuses a folder
		return nil
	}
	if target, err := os.Stat(p.Checkpoint); err == nil {
		info = target
	}
	if resumed, err := os.Stat(p.Resume); err == nil && os.SameFile(info, resumed) {
		return nil
	}
	if isCheckpoint(p.Checkpoint, info) {
		return cli.Misused("%s is a checkpoint: --resume %s continues it; remove it to begin anew", p.Checkpoint, p.Checkpoint)
	}
	return cli.Misused("%s is no checkpoint of pastiche and is not written over: choose another name for --checkpoint", p.Checkpoint)
}

// isCheckpoint reports whether a file begins as a checkpoint does.
func isCheckpoint(path string, info fs.FileInfo) bool {
	if !info.Mode().IsRegular() {
		return false // opening a pipe could block
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	return paint.IsCheckpoint(f)
}

// openCheckpoint reads a checkpoint, and returns it with the file's state. Without a path
// it returns neither.
func openCheckpoint(path string) (*paint.Checkpoint, fs.FileInfo, error) {
	if path == "" {
		return nil, nil, nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, cli.Unreadable("--resume %s: no such file: paint with --checkpoint %s to have one to continue from", path, path)
	}
	var info fs.FileInfo
	if err == nil {
		defer f.Close()
		info, err = f.Stat()
	}
	if err != nil {
		var pathErr *fs.PathError
		if errors.As(err, &pathErr) {
			err = pathErr.Err // it would repeat the path
		}
		return nil, nil, cli.Unreadable("--resume %s: cannot be read: %w", path, err)
	}
	c, err := paint.ReadCheckpoint(f)
	return c, info, checkpointError(path, err)
}

// checkpointError gives an error of a checkpoint the name of its file.
func checkpointError(path string, err error) error {
	if path == "" || !errors.Is(err, paint.ErrCheckpoint) {
		return err
	}
	return cli.Unreadable("--resume %s: %w", path, err)
}

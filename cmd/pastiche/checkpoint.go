package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// checkpoints saves, every so often, what it takes to continue.
type checkpoints struct {
	path  string
	every time.Duration
	last  time.Time
	firstError
}

func (c *checkpoints) iteration(p paint.Progress) {
	if now := time.Now(); now.Sub(c.last) >= c.every {
		c.try(func() error { return picture.WriteFile(c.path, p.WriteCheckpoint) })
		c.last = now
	}
}

func (c *checkpoints) close() error { return c.err }

// openCheckpoint reads the checkpoint to continue from; "" is none.
func openCheckpoint(path string) (*paint.Checkpoint, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		var pathErr *fs.PathError
		if errors.As(err, &pathErr) {
			err = pathErr.Err // it would repeat the path
		}
		return nil, &inputError{fmt.Errorf("--resume %s: cannot be read: %w", path, err)}
	}
	defer f.Close()
	c, err := paint.ReadCheckpoint(f)
	return c, checkpointError(path, err)
}

// checkpointError gives an error of a checkpoint the name of its file.
func checkpointError(path string, err error) error {
	if path == "" || !errors.Is(err, paint.ErrCheckpoint) {
		return err
	}
	return &inputError{fmt.Errorf("--resume %s: %w", path, err)}
}

// leaveCheckpoint saves what it takes to continue a painting that was
// interrupted, where that was asked for, and returns the file.
func (p *paths) leaveCheckpoint(painting *paint.Painting) string {
	if p.checkpoint == "" || picture.WriteFile(p.checkpoint, painting.WriteCheckpoint) != nil {
		return ""
	}
	return p.checkpoint
}

// dropCheckpoint removes the checkpoint of a painting that is done.
func (p *paths) dropCheckpoint() {
	if p.checkpoint != "" {
		os.Remove(p.checkpoint) // which may never have been written
	}
}

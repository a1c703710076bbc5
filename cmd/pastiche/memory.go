package main

import (
	"fmt"
	"math"
	"runtime/debug"

	"github.com/dustin/go-humanize"

	"github.com/pastiche-art/pastiche/paint"
)

const memoryHelp = "memory to use, `SIZE` such as 2GiB (default three quarters of what is free)"

// byteSize is a flag for a number of bytes, such as 2GiB or 500MB; 0 is not
// given.
type byteSize int64

func (b *byteSize) Set(s string) error {
	n, err := humanize.ParseBytes(s)
	if err != nil || n == 0 || n > math.MaxInt64 {
		return fmt.Errorf("expected a size such as 2GiB or 500MB")
	}
	*b = byteSize(n)
	return nil
}

func (b *byteSize) String() string {
	if *b == 0 {
		return ""
	}
	return humanize.IBytes(uint64(*b))
}

func (*byteSize) Type() string { return "size" }

// limitMemory returns the memory that the library may use, and has the garbage
// collector work towards it.
func (o *engineOptions) limitMemory() int64 {
	limit := int64(o.memory)
	if limit == 0 {
		limit = paint.DefaultMemory()
	}
	debug.SetMemoryLimit(limit)
	return limit
}

package main

import (
	"fmt"
	"math"
	"strconv"

	"github.com/dustin/go-humanize"
)

const memoryHelp = "memory to use, `SIZE` such as 2GiB: large pictures are computed in parts that fit (default no limit, and an error where less is free)"

// byteSize is a flag for a number of bytes, such as 2GiB or 500MB; 0 is not
// given.
type byteSize int64

func (b *byteSize) Set(s string) error {
	n, err := humanize.ParseBytes(s)
	if err != nil || n == 0 || n > math.MaxInt64 {
		return fmt.Errorf("expected a size such as 2GiB or 500MB")
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return fmt.Errorf("expected a size with its unit, such as 2GiB or 500MB")
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

//go:build !unix

package main

import "runtime"

// peakMemory returns the memory that the process has from the system, in bytes,
// which is more than it has resident.
func peakMemory() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}

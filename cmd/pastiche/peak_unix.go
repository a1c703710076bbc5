//go:build unix

package main

import (
	"runtime"
	"syscall"
)

// peakMemory returns the most memory that the process has had resident, in
// bytes.
func peakMemory() int64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return int64(usage.Maxrss) //nolint:unconvert // 32 bits on some systems
	}
	return int64(usage.Maxrss) << 10 //nolint:unconvert // 32 bits on some systems; counted in KiB
}

//go:build !unix

package job

import "math"

// freeSpace is not known here; the queue's own errors remain.
func freeSpace(string) (int64, error) { return math.MaxInt64, nil }

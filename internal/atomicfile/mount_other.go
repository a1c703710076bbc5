//go:build !linux

package atomicfile

// isMountPoint is false: only Linux mounts over single files.
func isMountPoint(string) bool { return false }

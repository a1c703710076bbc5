//go:build linux || darwin

package registry

import "golang.org/x/sys/unix"

// freeSpace returns the number of free bytes in the file system of a folder, if known.
func freeSpace(dir string) (bytes uint64, known bool) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, false
	}
	return st.Bavail * uint64(st.Bsize), true
}

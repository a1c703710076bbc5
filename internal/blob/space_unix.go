//go:build unix

package blob

import "golang.org/x/sys/unix"

// freeSpace returns how many bytes a folder's disk has left for this user.
func freeSpace(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(uint64(s.Bavail) * uint64(s.Bsize)), nil //nolint:unconvert // the types differ between systems
}

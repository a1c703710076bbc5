package atomicfile

import "golang.org/x/sys/unix"

// isMountPoint reports whether another file is mounted at path; a rename over it fails.
// Before Linux 5.8 it returns false, and the rename fails with EBUSY.
func isMountPoint(path string) bool {
	var st unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, 0, 0, &st)
	return err == nil && st.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0
}

package atomicfile

import "golang.org/x/sys/unix"

// isMountPoint reports whether another file is mounted at path, over which no file
// can be renamed. Linux says so since 5.8; before that a rename fails with EBUSY.
func isMountPoint(path string) bool {
	var st unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, 0, 0, &st)
	return err == nil && st.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0
}

package registry

import "golang.org/x/sys/windows"

// freeSpace returns the number of free bytes in the file system of a folder, if known.
func freeSpace(dir string) (bytes uint64, known bool) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, false
	}
	err = windows.GetDiskFreeSpaceEx(path, &bytes, nil, nil)
	return bytes, err == nil
}

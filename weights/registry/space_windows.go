package registry

import "golang.org/x/sys/windows"

// freeSpace returns how many bytes can be written to the file system of a
// folder, if that is known.
func freeSpace(dir string) (bytes uint64, known bool) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, false
	}
	err = windows.GetDiskFreeSpaceEx(path, &bytes, nil, nil)
	return bytes, err == nil
}

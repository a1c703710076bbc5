//go:build !linux && !noasm

package kernel

// tilesPermitted says that nobody has asked this system for the tiles of AMX.
func tilesPermitted() bool { return false }

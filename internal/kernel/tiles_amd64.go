//go:build !linux && !noasm

package kernel

// tilesPermitted reports whether the operating system lets this process use AMX tiles.
// On this one it never does.
func tilesPermitted() bool { return false }

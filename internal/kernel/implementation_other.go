//go:build (!amd64 && !arm64) || noasm

package kernel

// implementations returns what this machine can run, the fastest first.
func implementations() []*implementation { return []*implementation{portable} }

//go:build !race

package weights

// allocationFactor is 1 without the race detector.
const allocationFactor = 1

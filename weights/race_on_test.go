//go:build race

package weights

// allocationFactor is how much more the tests may allocate: under the race detector
// more values escape to the heap, and pools drop some of what they are given.
const allocationFactor = 4

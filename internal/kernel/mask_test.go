package kernel

import (
	"slices"
	"testing"
)

// positives returns the mask of the positive elements of a tensor, one by one.
func positives(t *Tensor) *Mask {
	m := NewMask(t.C, t.H, t.W)
	for i, v := range t.CHW() {
		if c := i / t.Positions(); v > 0 {
			m.bits[t.offset(c/lanes, i/t.W%t.H, i%t.W)/lanes] |= 1 << (c % lanes)
		}
	}
	return m
}

// checkMask fails the test unless m is the mask of the positive elements of x and is
// clear around the map.
func checkMask(t *testing.T, m *Mask, x *Tensor) {
	t.Helper()
	if !slices.Equal(m.bits, positives(x).bits) {
		t.Error("the mask is not where the tensor is positive")
	}
}

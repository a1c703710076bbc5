package vgg

import (
	"slices"
	"testing"
)

// TestBuffers compares plans that share buffers with plans that have buffers of their
// own, before and after Release.
func TestBuffers(t *testing.T) {
	n, pool := randomNetwork(t, small, unit), newPool(t, 1)
	opts := PlanOptions{Taps: []string{"conv1_1", "conv3_1"}}
	want := gradientOf(newPlan(t, n, pool, 21, 26, opts), randomPicture(21, 26, 1))
	opts.Buffers = new(Buffers)
	plan, larger := newPlan(t, n, pool, 21, 26, opts), newPlan(t, n, pool, 40, 41, opts)
	for range 2 {
		gradientOf(larger, randomPicture(40, 41, 2))
		if !slices.Equal(gradientOf(plan, randomPicture(21, 26, 1)), want) {
			t.Error("the gradient differs")
		}
		if opts.Buffers.Release(); opts.Buffers.ping.Bytes() != 0 {
			t.Error("memory left after Release")
		}
	}
}

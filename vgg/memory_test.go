package vgg

import (
	"slices"
	"testing"

	"github.com/pastiche-art/pastiche/kernel"
)

// TestFirstLayerByRows checks that a first layer that is computed again some rows
// at a time is computed to the bit, and that what is added to the rows of its
// gradient arrives.
func TestFirstLayerByRows(t *testing.T) {
	n, pool := randomNetwork(t, small, unit), newPool(t, 2)
	const h, w = 530, 517
	picture := randomPicture(h, w, 1)
	plan := newPlan(t, n, pool, h, w, PlanOptions{Taps: []string{"conv1_1"}})
	if rows := plan.firstRows(h, w); rows >= h {
		t.Fatalf("%d rows at a time are all", rows)
	}
	whole := activations(plan, picture)["conv1_1"].CHW()
	got, again := make([]float32, len(picture)), kernel.NewTensor(small.Blocks[0].Channels, h, w)
	calls := 0
	runBackward(plan, got, func(_ string, grad, rows *kernel.Tensor, y, x int) {
		calls++
		pool.Paste(grad, rows, 0, 0)
		pool.Paste(again, rows, y, x)
	})
	if calls < 2 {
		t.Errorf("%d parts, want several", calls)
	}
	if !slices.Equal(again.CHW(), whole) {
		t.Error("the activation differs the second time")
	}
	first, out := n.first[0](), kernel.NewTensor(small.Blocks[0].Channels, h, w)
	mask := kernel.NewMask(out.C, h, w)
	first.Forward(pool, out, mask, picture)
	want := make([]float32, len(picture))
	first.Backward(pool, want, out, mask)
	if !slices.Equal(got, want) {
		t.Error("the gradient differs")
	}
}

// TestPlanBytes holds what a plan says that it takes against what it took.
func TestPlanBytes(t *testing.T) {
	n := randomNetwork(t, VGG19Slim, unit)
	const h, w = 96, 80
	picture := randomPicture(h, w, 1)
	for name, taps := range map[string][]string{
		"classic": {"conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv4_2", "conv5_1"},
		"fine":    {"conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv4_1", "conv4_2", "conv5_1"},
		"deep":    {"conv5_1"},
		"shallow": {"conv1_2"},
	} {
		for _, kind := range []kernel.Pooling{kernel.Max, kernel.Average, kernel.L2} {
			for i := range 4 {
				forwardOnly, precision := i%2 == 1, kernel.Precision(i/2)
				pool := newPool(t, 1)
				if err := pool.Check(precision); err != nil {
					continue
				}
				plan := newPlan(t, n, pool, h, w, PlanOptions{
					Taps: taps, Pooling: Pooling{Kind: kind}, ForwardOnly: forwardOnly, Precision: precision,
				})
				runForward(plan, picture, unobserved)
				if !forwardOnly {
					runBackward(plan, make([]float32, len(picture)), func(string, *kernel.Tensor, *kernel.Tensor, int, int) {})
				}
				took := plan.rows.Bytes() + plan.passing[0].Bytes() + plan.passing[1].Bytes()
				for _, s := range plan.stages {
					if s.kept != nil {
						took += s.kept.Bytes()
					}
					if s.passes != nil {
						took += kernel.MaskBytes(s.passes.C, s.passes.H, s.passes.W)
					}
					if s.route != nil {
						took += kernel.MaskBytes(s.route.C, s.route.H, s.route.W)
					}
				}
				if said := plan.bytes(h, w); said != took {
					t.Errorf("%s, %s pooling, %s, forward only %v: %d bytes, but it took %d", name, kind, precision, forwardOnly, said, took)
				}
			}
		}
	}
}

package vgg

import (
	"slices"
	"testing"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// TestFirstLayerByRows checks that recomputed rows of the first layer equal the layer
// to the bit, and that what taps add to their gradient arrives.
func TestFirstLayerByRows(t *testing.T) {
	n, pool := randomNetwork(t, small, unit), newPool(t, 2)
	const h, w = 530, 517
	picture := randomPicture(h, w, 1)
	plan := newPlan(t, n, pool, h, w, PlanOptions{Taps: []string{"conv1_1"}})
	if rows := partRows(&tap{channels: small.Blocks[0].Channels}, w); rows >= h {
		t.Fatalf("%d rows at a time are all", rows)
	}
	whole := activations(plan, picture)["conv1_1"].CHW()
	got, again := make([]float32, len(picture)), kernel.NewTensor(small.Blocks[0].Channels, h, w)
	calls := 0
	runBackward(plan, got, func(_ string, grad, rows *kernel.Tensor, y, x int) {
		calls++
		pool.AddAt(grad, rows, 0, 0)
		pool.AddAt(again, rows, y, x)
	})
	if calls < 2 {
		t.Errorf("%d parts, want several", calls)
	}
	if !slices.Equal(again.CHW(), whole) {
		t.Error("the activation differs the second time")
	}
	first, out := n.first[0](), kernel.NewTensor(small.Blocks[0].Channels, h, w)
	mask := kernel.NewMask(out.C, h, w)
	pool.FirstConv(first, out, mask, picture)
	want := make([]float32, len(picture))
	pool.FirstConvBack(first, want, out, mask)
	if !slices.Equal(got, want) {
		t.Error("the gradient differs")
	}
}

// TestPlanBytes compares Bytes with the memory that a plan holds after it has run.
func TestPlanBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("pictures large enough to be computed in windows")
	}
	n := randomNetwork(t, VGG19Slim, unit)
	const h, w = 260, 240
	picture := randomPicture(h, w, 1)
	for name, taps := range map[string][]string{
		"classic": {"conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv4_2", "conv5_1"},
		"fine":    {"conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv4_1", "conv4_2", "conv5_1"},
	} {
		for ways, steps := range map[string][][2]int{
			"whole": {{all, all}}, "windows": {{64, 64}}, "strips": {{64, all}, {all, all}}, "twice": {{32, 48}, {16, 16}},
		} {
			for i := range 4 {
				forwardOnly, precision, pooling := i%2 == 1, kernel.Precision(i/2), kernel.Pooling(i/2)
				pool := newPool(t, 1)
				if err := pool.Check(precision); err != nil {
					continue
				}
				opts := PlanOptions{Taps: taps, Pooling: pooling, ForwardOnly: forwardOnly, Precision: precision}
				plan := divided(t, n, pool, h, w, opts, 4, steps...)
				runForward(plan, picture, unobserved)
				if !forwardOnly {
					runBackward(plan, make([]float32, len(picture)), func(string, *kernel.Tensor, *kernel.Tensor, int, int) {})
				}
				if said, took := counted(plan), taken(plan); said < took || float64(said) > 1.05*float64(took) {
					t.Errorf("%s, %s, %s, %s, forward only %v: %d bytes, but it took %d", name, ways, pooling, precision, forwardOnly, said, took)
				}
			}
		}
	}
}

// counted returns the memory that Bytes reports.
func counted(p *Plan) int64 {
	var way []option
	for _, s := range p.sections {
		largest := s.windows[0]
		way = append(way, option{bytes: s.frameBytes(largest.h, largest.w, len(s.windows))})
	}
	return combinedBytes(way)
}

// taken returns the memory that a plan holds.
func taken(p *Plan) int64 {
	tensors := []*kernel.Tensor{&p.rows, &p.part, &p.partGradient, &p.gradientRows, &p.overlap}
	floats := cap(p.gradient)
	var bytes int64
	for i, s := range p.sections {
		f := &s.frame
		if i == 0 {
			tensors = append(tensors, f.tensors[:input]...)
			if len(s.windows) > 1 {
				floats += cap(f.pixels)
			}
		}
		tensors = append(tensors, f.tensors[kept:]...)
		if s.input != nil {
			tensors = append(tensors, s.input)
			if len(s.windows) > 1 {
				tensors = append(tensors, f.tensors[input])
			}
		}
		for _, m := range f.masks {
			bytes += m.Bytes()
		}
	}
	for _, tensor := range tensors {
		bytes += tensor.Bytes()
	}
	return bytes + 4*int64(floats)
}

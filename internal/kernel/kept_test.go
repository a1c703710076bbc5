package kernel

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// counting returns an implementation that counts the panels of weights it transforms.
func counting(base *implementation) (*implementation, *atomic.Int64) {
	impl, of, calls := *base, *base.primitives, new(atomic.Int64)
	impl.primitives = &of
	of.winogradWeights = func(a winogradWeights) {
		calls.Add(1)
		base.winogradWeights(a)
	}
	return &impl, calls
}

// TestSmallFiltersKeepTransformedWeights also compares Bytes with the memory in use.
func TestSmallFiltersKeepTransformedWeights(t *testing.T) {
	for _, test := range []struct {
		name    string
		out, in int
		keeps   bool
	}{
		{"few", 20, 3, true},
		{"largest", 128, 128, true},
		{"large", 160, 160, false},
		{"too large to share", 512, 512, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			c := NewConv(Float32, test.out, test.in, randoms(r, test.out*test.in*kernelArea), randoms(r, test.out))
			impl, calls := counting(implementations()[0])
			p := newPool(2, impl)
			defer p.Close()
			src, dst, mask := NewTensor(test.in, 9, 9), NewTensor(test.out, 9, 9), NewMask(test.out, 9, 9)
			run := func() int64 {
				calls.Store(0)
				p.Conv(c, dst, mask, src)
				p.ConvBack(c, src, dst, mask)
				return calls.Load()
			}
			before := c.Bytes()
			if run() == 0 {
				t.Error("nothing was transformed by the first convolution")
			}
			if again := run(); again == 0 != test.keeps {
				t.Errorf("%d panels were transformed again", again)
			}
			var held int64
			for _, f := range []*filter{c.forward, c.backward} {
				held += 4 * int64(cap(f.weight)+cap(f.bias)+cap(f.kept.data))
			}
			if c.Bytes() != before || c.Bytes() != held {
				t.Errorf("%d bytes before and %d after, of which %d are held", before, c.Bytes(), held)
			}
		})
	}
}

// TestPoolsShareConv uses one convolution from pools of every implementation at once.
func TestPoolsShareConv(t *testing.T) {
	const channels, size = 40, 21
	r := rand.New(rand.NewPCG(1, 2))
	weight, bias := randoms(r, channels*channels*kernelArea), randoms(r, channels)
	src := FromCHW(channels, size, size, randoms(r, channels*size*size))
	compute := func(p *Pool, c *Conv) []float32 {
		dst, back, mask := NewTensor(channels, size, size), NewTensor(channels, size, size), NewMask(channels, size, size)
		p.Conv(c, dst, mask, src)
		p.ConvBack(c, back, dst, mask)
		return append(dst.CHW(), back.CHW()...)
	}
	shared := NewConv(Float32, channels, channels, weight, bias)
	var all sync.WaitGroup
	for _, impl := range slices.Concat(implementations(), implementations()) {
		all.Go(func() {
			p := newPool(2, impl)
			defer p.Close()
			want := compute(p, NewConv(Float32, channels, channels, weight, bias))
			for range 5 {
				if !slices.Equal(compute(p, shared), want) {
					t.Errorf("%s: not what a convolution of its own gives", impl.name)
				}
			}
		})
	}
	all.Wait()
}

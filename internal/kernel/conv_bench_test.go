package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkConv reports GFLOP/s, counting the operations of a direct convolution.
func BenchmarkConv(b *testing.B) {
	for _, s := range []struct{ channels, size int }{{64, 512}, {128, 256}, {256, 128}, {512, 64}, {512, 32}, {32, 512}, {16, 512}, {64, 64}} {
		for precision := range precisions {
			r := rand.New(rand.NewPCG(1, 2))
			c := NewConv(precision, s.channels, s.channels, randoms(r, s.channels*s.channels*kernelArea), randoms(r, s.channels))
			src := tensorIn(precision, s.channels, s.size, s.size, rectified(r, s.channels*s.size*s.size))
			dst := tensorIn(precision, s.channels, s.size, s.size, nil)
			mask := NewMask(s.channels, s.size, s.size)
			for _, impl := range having(precision) {
				if impl == portable {
					continue
				}
				for _, threads := range []int{1, 2} {
					p := newPool(threads, impl)
					defer p.Close()
					measure := func(direction string, convolve func()) {
						b.Run(fmt.Sprintf("%d@%d/%s/%s/%s/threads=%d", s.channels, s.size, precision, direction, impl.name, threads), func(b *testing.B) {
							for b.Loop() {
								convolve()
							}
							flops := 2 * kernelArea * float64(s.channels*s.channels) * float64(s.size*s.size) * float64(b.N)
							b.ReportMetric(flops/b.Elapsed().Seconds()/1e9, "GFLOP/s")
						})
					}
					measure("forward", func() { p.Conv(c, dst, mask, src) })
					measure("backward", func() { p.ConvBack(c, dst, src, mask) })
				}
			}
		}
	}
}

// BenchmarkGemm reports the GFLOP/s of the primitive for convolutions on data in the
// first-level cache, an upper bound for whole convolutions.
func BenchmarkGemm(b *testing.B) {
	const steps, groups = 8, 4
	for _, impl := range inFloat32() {
		b.Run(impl.name, func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 2))
			var (
				inGroup  = steps * impl.rows * lanes
				outGroup = impl.rows * lanes
				panels   = impl.panels
				in, w    = alignedFloats(groups * inGroup), alignedFloats(panels * steps * lanes * lanes)
				out      = alignedFloats(panels * groups * outGroup)
			)
			copy(in, randoms(r, len(in)))
			copy(w, randoms(r, len(w)))
			for b.Loop() {
				impl.gemm(gemm{out: out, in: in, w: w, bias: zeroBias[:], products: 1, panels: impl.panels, steps: steps, groups: groups,
					inStep: impl.rows * lanes, inGroup: inGroup, outPanel: groups * outGroup, outGroup: outGroup,
					wPanel: steps * lanes * lanes})
			}
			flops := 2 * float64(groups*impl.rows*impl.panels*steps*lanes*lanes) * float64(b.N)
			b.ReportMetric(flops/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestWideConv has so many channels that tasks do not share transformed weights, and
// more tiles than are transformed at a time. It compares some outputs with the
// definition in float64.
func TestWideConv(t *testing.T) {
	const out, in, h, w, samples = 272, 304, 64, 66, 300
	r := rand.New(rand.NewPCG(1, 2))
	c := NewConv(Float32, out, in, randoms(r, out*in*kernelArea), make([]float32, out))
	var (
		f          = c.forward
		src        = FromCHW(in, h, w, randoms(r, in*h*w))
		grad       = FromCHW(out, h, w, randoms(r, out*h*w))
		everywhere = NewMask(out, h, w)
		places     [samples][3]int // channel, y, x
		outputs    [samples]float64
		inputs     [samples]float64 // their gradients
	)
	if f.transformed()*4 <= sharedBytes || h/tile*((w+tile-1)/tile)*36*4*in <= inputBytes {
		t.Fatal("the convolution is too small")
	}
	for i := range everywhere.bits {
		everywhere.bits[i] = math.MaxUint16
	}
	at := func(t *Tensor, c, y, x int) float64 {
		if y < 0 || y >= t.H || x < 0 || x >= t.W {
			return 0
		}
		return float64(t.data[t.offset(c/lanes, y, x)+c%lanes])
	}
	for i := range samples {
		k, y, x := r.IntN(in), r.IntN(h), r.IntN(w)
		places[i] = [3]int{k, y, x}
		for tap := range kernelArea {
			dy, dx := tap/3-1, tap%3-1
			for c := range in {
				outputs[i] += float64(f.weight[f.index(k%out, c, tap)]) * at(src, c, y+dy, x+dx)
			}
			for c := range out {
				inputs[i] += float64(f.weight[f.index(c, k, tap)]) * at(grad, c, y-dy, x-dx)
			}
		}
		outputs[i] = max(outputs[i], 0)
	}
	for _, impl := range inFloat32() {
		var before []float32
		for _, threads := range []int{1, 2, 40} {
			if impl == portable && threads != 2 { // it takes seconds
				continue
			}
			t.Run(fmt.Sprintf("%s/threads=%d", impl.name, threads), func(t *testing.T) {
				p := newPool(threads, impl)
				defer p.Close()
				dst, back := NewTensor(out, h, w), NewTensor(in, h, w)
				p.Conv(c, dst, nil, src)
				p.ConvBack(c, back, grad, everywhere)
				var gotOutputs, gotInputs []float32
				for _, place := range places {
					gotOutputs = append(gotOutputs, float32(at(dst, place[0]%out, place[1], place[2])))
					gotInputs = append(gotInputs, float32(at(back, place[0], place[1], place[2])))
				}
				near(t, gotOutputs, outputs[:], tolerances[Float32])
				near(t, gotInputs, inputs[:], tolerances[Float32])
				all := append(dst.CHW(), back.CHW()...)
				if before != nil && !slices.Equal(all, before) {
					t.Errorf("%d threads give other values than fewer", threads)
				}
				before = all
			})
		}
	}
}

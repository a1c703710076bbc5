package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// pixelCase is a first layer and a picture for it.
type pixelCase struct {
	out, h, w     int
	replicate     bool
	weight, bias  []float32
	scale, offset [colors]float32
	picture       []float32
	grad, output  []float32
}

// pixelCases has every width from 1 to 70, every height from 1 to 9, sizes of several
// tasks, and numbers of channels that do and do not fill their blocks.
func pixelCases() []*pixelCase {
	var cases []*pixelCase
	add := func(out, h, w int) {
		for _, replicate := range []bool{false, true} {
			r := rand.New(rand.NewPCG(uint64(h), uint64(w)))
			cases = append(cases, &pixelCase{
				out: out, h: h, w: w, replicate: replicate,
				weight: randoms(r, out*colors*kernelArea), bias: randoms(r, out),
				scale: [colors]float32{0.5, 1, -2}, offset: [colors]float32{3, -1, 0.25},
				picture: randoms(r, colors*h*w), grad: randoms(r, out*h*w), output: rectified(r, out*h*w),
			})
		}
	}
	for w := 1; w <= 70; w++ {
		add([]int{32, 16, 64}[w%3], 1+w%9, w)
		add([]int{40, 64, 32}[w%3], 1+w*4%9, w)
	}
	add(64, 31, 45)
	add(48, 64, 33)
	return cases
}

func (c *pixelCase) name() string {
	padding := "zero"
	if c.replicate {
		padding = "replicate"
	}
	return fmt.Sprintf("%d@%dx%d/%s", c.out, c.h, c.w, padding)
}

func (c *pixelCase) conv() *PixelConv {
	return NewPixelConv(c.out, c.weight, c.bias, c.scale, c.offset, c.replicate)
}

func TestPixelConvForward(t *testing.T) {
	for _, c := range pixelCases() {
		input := slices.Clone(c.picture)
		for i, v := range input {
			ch := i / (c.h * c.w)
			input[i] = v*c.scale[ch] + c.offset[ch]
		}
		want := convolveReference(c.out, colors, c.h, c.w, input, c.weight, c.bias, c.replicate)
		t.Run(c.name(), func(t *testing.T) {
			eachImplementation(t, func(t *testing.T, p *Pool) {
				dst, mask := poisoned(c.out, c.h, c.w, nil), NewMask(c.out, c.h, c.w)
				p.FirstConv(c.conv(), dst, mask, c.picture)
				near(t, dst.CHW(), want, 1e-6)
				checkBorder(t, dst)
				checkMask(t, mask, dst)
			})
		})
	}
}

func TestPixelConvBackward(t *testing.T) {
	for _, c := range pixelCases() {
		want := convolveBackReference(c.out, colors, c.h, c.w, c.grad, c.output, c.weight, c.replicate)
		for i := range want {
			want[i] *= float64(c.scale[i/(c.h*c.w)])
		}
		t.Run(c.name(), func(t *testing.T) {
			eachImplementation(t, func(t *testing.T, p *Pool) {
				dst := slices.Clone(c.picture) // stale
				p.FirstConvBack(c.conv(), dst, poisoned(c.out, c.h, c.w, c.grad), positives(FromCHW(c.out, c.h, c.w, c.output)))
				near(t, dst, want, 1e-6)
			})
		})
	}
}

// TestPixelConvAdjoint makes the layer linear, with a bias that keeps all outputs
// positive, and masks some of the gradients of its outputs.
func TestPixelConvAdjoint(t *testing.T) {
	for _, c := range pixelCases() {
		t.Run(c.name(), func(t *testing.T) {
			c.offset = [colors]float32{}
			for i := range c.bias {
				c.bias[i] = 100
			}
			conv := c.conv()
			eachImplementation(t, func(t *testing.T, p *Pool) {
				output := NewTensor(c.out, c.h, c.w)
				p.FirstConv(conv, output, nil, c.picture)
				ax := output.CHW()
				for i := range ax {
					ax[i] -= c.bias[i/(c.h*c.w)]
					if c.output[i] == 0 {
						ax[i] = 0
					}
				}
				aty := make([]float32, len(c.picture))
				p.FirstConvBack(conv, aty, FromCHW(c.out, c.h, c.w, c.grad), positives(FromCHW(c.out, c.h, c.w, c.output)))
				adjoint(t, ax, c.grad, c.picture, aty)
			})
		})
	}
}

func TestPixelConvThreads(t *testing.T) {
	for _, c := range pixelCases()[len(pixelCases())-4:] { // those of several tasks
		t.Run(c.name(), func(t *testing.T) {
			conv := c.conv()
			sameOnAnyThreads(t, func(p *Pool) []float32 {
				dst, mask := NewTensor(c.out, c.h, c.w), NewMask(c.out, c.h, c.w)
				back := make([]float32, len(c.picture))
				p.FirstConv(conv, dst, mask, c.picture)
				p.FirstConvBack(conv, back, FromCHW(c.out, c.h, c.w, c.grad), mask)
				return append(dst.CHW(), back...)
			})
		})
	}
}

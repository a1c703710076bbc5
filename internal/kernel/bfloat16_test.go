package kernel

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// randomBF16 returns n random bfloat16.
func randomBF16(r *rand.Rand, n int) []bfloat16 {
	h := make([]bfloat16, n)
	for i := range h {
		h[i] = round(float32(r.NormFloat64()))
	}
	return h
}

// newConvolve returns arguments with random values, with gaps between everything that a
// stride separates and no spare elements.
func newConvolve(r *rand.Rand, rows, blocks, groups int) convolve {
	const gap = bf16Lanes
	positions := groups * rows
	a := convolve{
		out:    make([]bfloat16, positions*bf16Lanes),
		mask:   make([]uint16, 2*positions+1),
		w:      randomBF16(r, blocks*kernelArea*elementWeights),
		bias:   randoms(r, bf16Lanes),
		sums:   alignedFloats(rows * bf16Lanes),
		blocks: blocks, groups: groups,
		row: (positions+2)*bf16Lanes + gap, upper: positions + 1,
	}
	a.plane = 3*a.row + gap
	a.in = randomBF16(r, blocks*a.plane-2*gap)
	return a
}

// guardBF16 is guard for bfloat16.
func guardBF16(values []bfloat16) guardedBF16 {
	const value = 0xabcd
	memory := slices.Repeat([]bfloat16{value}, len(values)+2*guardWords)
	return guardedBF16{memory[guardWords : guardWords+len(values)], memory, value}
}

type guardedBF16 struct {
	values, memory []bfloat16
	value          bfloat16
}

func (g guardedBF16) check(t testing.TB) {
	t.Helper()
	for i, v := range g.memory {
		if outside := i < guardWords || i >= guardWords+len(g.values); outside && v != g.value {
			t.Fatalf("wrote element %d of %d", i-guardWords, len(g.values))
		}
	}
}

// eachBFloat16 runs the test for every implementation of this machine that has
// bfloat16.
func eachBFloat16(t *testing.T, test func(t *testing.T, impl *implementation)) {
	for _, impl := range having(BFloat16) {
		t.Run(impl.name, func(t *testing.T) { test(t, impl) })
	}
}

func TestConvolve(t *testing.T) {
	eachBFloat16(t, func(t *testing.T, impl *implementation) {
		for _, blocks := range []int{1, 2, 5} {
			for _, groups := range []int{1, 3} {
				for _, lowest := range []float32{0, float32(math.Inf(-1))} {
					t.Run(fmt.Sprintf("blocks=%d/groups=%d/floor=%g", blocks, groups, lowest), func(t *testing.T) {
						a := newConvolve(rand.New(rand.NewPCG(1, uint64(blocks))), impl.bfloat16.rows, blocks, groups)
						a.floor = lowest
						testConvolve(t, impl, a)
					})
				}
			}
		}
	})
}

// inPairs reports whether an implementation adds products in the order of the portable
// one. All but AMX do.
func inPairs(impl *implementation) bool { return impl.name != "amx" }

// testConvolve compares a call with its definition in float64. The tolerance of an
// output is its own rounding and that of the sum: at most one unit for each term. An
// implementation that adds in the portable order must agree with it to the bit.
func testConvolve(t testing.TB, impl *implementation, a convolve) {
	t.Helper()
	const roundingOfOutput = 0x1p-8
	words := append(slices.Clone(a.mask), 0xabcd)
	out := guardBF16(a.out)
	a.out, a.mask = out.values, words[:len(a.mask)]
	impl.bfloat16.convolve(a)
	out.check(t)
	if words[len(a.mask)] != 0xabcd || words[a.upper-1] != 0 {
		t.Fatal("wrote outside the mask")
	}
	for p := range a.groups * impl.bfloat16.rows {
		for k := range bf16Lanes {
			sum, magnitude := float64(a.bias[k]), math.Abs(float64(a.bias[k]))
			for b := range a.blocks {
				for tap := range kernelArea {
					for c := range bf16Lanes {
						x := float64(widen(a.in[b*a.plane+tap/3*a.row+(p+tap%3)*bf16Lanes+c]))
						w := float64(widen(a.w[(((b*kernelArea+tap)*bf16Ratio+k/lanes)*lanes+c/bf16Ratio)*bf16Lanes+k%lanes*bf16Ratio+c%bf16Ratio]))
						sum += x * w
						magnitude += math.Abs(x * w)
					}
				}
			}
			want := max(sum, float64(a.floor))
			got := float64(widen(a.out[p*bf16Lanes+k]))
			if d := math.Abs(got - want); d > roundingOfOutput*math.Abs(want)+unit*float64(a.blocks*kernelArea*bf16Lanes+1)*magnitude {
				t.Fatalf("output %d at position %d is %g, want %g", k, p, got, want)
			}
			if set := a.mask[k/lanes*a.upper+p]>>(k%lanes)&1 == 1; set != (got > 0) {
				t.Fatalf("output %d at position %d is %g and its bit %v", k, p, got, set)
			}
		}
	}
	if inPairs(impl) {
		want := a
		want.out, want.mask = make([]bfloat16, len(a.out)), make([]uint16, len(a.mask))
		want.groups = a.groups * impl.bfloat16.rows / genericRows
		convolveGeneric(want)
		if n := want.groups * genericRows * bf16Lanes; !slices.Equal(a.out[:n], want.out[:n]) {
			t.Fatal("the outputs differ from the portable ones")
		}
	}
}

// TestBFloat16Rows compares the primitives on rows with the portable ones, to the bit.
func TestBFloat16Rows(t *testing.T) {
	eachBFloat16(t, func(t *testing.T, impl *implementation) {
		for n := 1; n <= 70; n++ {
			testBFloat16Rows(t, impl.bfloat16, rand.New(rand.NewPCG(4, uint64(n))), n)
		}
	})
}

func testBFloat16Rows(t testing.TB, bf *bfloat16Primitives, r *rand.Rand, n int) {
	t.Helper()
	low, high, in := randoms(r, n*lanes), randoms(r, n*lanes), randomBF16(r, n*bf16Lanes)
	for i := range low { // any float32 there is
		low[i] = math.Float32frombits(r.Uint32())
	}
	got, want := guardBF16(make([]bfloat16, n*bf16Lanes)), make([]bfloat16, n*bf16Lanes)
	bf.toBF16(toBF16{out: got.values, low: low, high: high, positions: n})
	toBF16Generic(toBF16{out: want, low: low, high: high, positions: n})
	got.check(t)
	if !slices.Equal(got.values, want) {
		t.Fatal("toBF16 differs")
	}
	lowBits, highBits := randomBits(r, n), randomBits(r, n)
	bf.applyMaskBF16(applyMaskBF16{out: got.values, in: in, low: lowBits, high: highBits, positions: n})
	applyMaskBF16Generic(applyMaskBF16{out: want, in: in, low: lowBits, high: highBits, positions: n})
	got.check(t)
	if !slices.Equal(got.values, want) {
		t.Fatal("applyMaskBF16 differs")
	}
	gotLow, gotHigh := guard(make([]float32, n*lanes)), guard(make([]float32, n*lanes))
	bf.fromBF16(fromBF16{low: gotLow.values, high: gotHigh.values, in: in, positions: n})
	fromBF16Generic(fromBF16{low: low, high: high, in: in, positions: n})
	gotLow.check(t)
	gotHigh.check(t)
	if !slices.Equal(gotLow.values, low) || !slices.Equal(gotHigh.values, high) {
		t.Fatal("fromBF16 differs")
	}
}

func TestRound(t *testing.T) {
	for _, c := range []struct {
		name     string
		in, want uint32
	}{
		{"zero", 0, 0},
		{"minus zero", 0x8000_0000, 0x8000},
		{"one", 0x3f80_0000, 0x3f80},
		{"a tie above an even number", 0x3f80_8000, 0x3f80},
		{"a tie above an odd number", 0x3f81_8000, 0x3f82},
		{"just above a tie", 0x3f80_8001, 0x3f81},
		{"just below a tie", 0x3f81_7fff, 0x3f81},
		{"the largest that stays finite", 0x7f7f_7fff, 0x7f7f},
		{"the smallest that does not", 0x7f7f_8000, 0x7f80},
		{"infinity", 0xff80_0000, 0xff80},
		{"the least normal number", 0x0080_0000, 0x0080},
		{"the largest denormal one", 0x007f_ffff, 0},
		{"a negative denormal one", 0x8000_0001, 0x8000},
		{"not a number, in the lower bits", 0x7f80_0001, 0x7fc0},
		{"not a number, negative", 0xffa0_0000, 0xffe0},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := math.Float32frombits(c.in)
			if got := round(in); uint32(got) != c.want {
				t.Errorf("round(%#08x) = %#04x, want %#04x", c.in, got, c.want)
			}
			eachBFloat16(t, func(t *testing.T, impl *implementation) {
				values, out := slices.Repeat([]float32{in}, lanes), make([]bfloat16, bf16Lanes)
				impl.bfloat16.toBF16(toBF16{out: out, low: values, high: values, positions: 1})
				for _, v := range out {
					if uint32(v) != c.want {
						t.Fatalf("%#08x becomes %#04x, want %#04x", c.in, v, c.want)
					}
				}
			})
		})
	}
}

// TestConvolveDenormals checks that denormal products and sums count as zero.
func TestConvolveDenormals(t *testing.T) {
	eachBFloat16(t, func(t *testing.T, impl *implementation) {
		a := newConvolve(rand.New(rand.NewPCG(1, 1)), impl.bfloat16.rows, 1, 1)
		clear(a.in)
		clear(a.bias)
		a.floor = float32(math.Inf(-1))
		const denormal, large = 0x0001, 0x7f00
		a.in[0] = denormal
		for i := range a.w {
			a.w[i] = large
		}
		impl.bfloat16.convolve(a)
		if v := widen(a.out[0]); v != 0 {
			t.Errorf("a denormal times 2^127 is %g, want 0", v)
		}
	})
}

func TestConvolveKeepsNaN(t *testing.T) {
	eachBFloat16(t, func(t *testing.T, impl *implementation) {
		a := newConvolve(rand.New(rand.NewPCG(1, 1)), impl.bfloat16.rows, 1, 1)
		a.in[0] = round(float32(math.NaN()))
		impl.bfloat16.convolve(a)
		for i, v := range a.out {
			if x := widen(v); (x != x) != (i < bf16Lanes) {
				t.Fatalf("output %d is %g", i, x)
			}
		}
		if a.mask[0] != 0 {
			t.Errorf("what is not a number is reluMask: %016b", a.mask[0])
		}
	})
}

// FuzzBFloat16 compares every implementation with the definitions on shapes and
// values that the fuzzer chooses.
func FuzzBFloat16(f *testing.F) {
	f.Add(uint64(1), uint8(3), uint8(2), float32(0))
	f.Add(uint64(2), uint8(1), uint8(1), float32(-1))
	f.Fuzz(func(t *testing.T, seed uint64, size, groups uint8, lowest float32) {
		if lowest != lowest {
			return
		}
		for _, impl := range having(BFloat16) {
			r := rand.New(rand.NewPCG(seed, 0))
			a := newConvolve(r, impl.bfloat16.rows, 1+int(size%3), 1+int(groups%3))
			a.floor = lowest
			testConvolve(t, impl, a)
			testBFloat16Rows(t, impl.bfloat16, r, 1+int(size))
		}
	})
}

// TestFirstLayerRounds compares the first layer with bfloat16 outputs, to the bit, with
// the rounded outputs in float32.
func TestFirstLayerRounds(t *testing.T) {
	for _, c := range pixelCases() {
		t.Run(c.name(), func(t *testing.T) {
			eachBFloat16(t, func(t *testing.T, impl *implementation) {
				p := newPool(2, impl)
				defer p.Close()
				var (
					whole, wantMask = NewTensor(c.out, c.h, c.w), NewMask(c.out, c.h, c.w)
					got, gotMask    = poisonedIn(BFloat16, c.out, c.h, c.w, nil), NewMask(c.out, c.h, c.w)
				)
				p.FirstConv(c.conv(), whole, wantMask, c.picture)
				p.FirstConv(c.conv(), got, gotMask, c.picture)
				if !slices.Equal(got.bf16, tensorIn(BFloat16, c.out, c.h, c.w, whole.CHW()).bf16) {
					t.Error("the output is not that of float32, rounded")
				}
				if !slices.Equal(gotMask.bits, wantMask.bits) {
					t.Error("the mask differs")
				}
				wantBack, gotBack := make([]float32, len(c.picture)), make([]float32, len(c.picture))
				p.FirstConvBack(c.conv(), wantBack, tensorIn(Float32, c.out, c.h, c.w, representable(BFloat16, c.grad)), wantMask)
				p.FirstConvBack(c.conv(), gotBack, poisonedIn(BFloat16, c.out, c.h, c.w, c.grad), wantMask)
				if !slices.EqualFunc(gotBack, wantBack, sameBits) {
					t.Error("the gradient differs")
				}
			})
		})
	}
}

// TestPoolingRounds compares pooling in bfloat16, to the bit, with rounded pooling in
// float32.
func TestPoolingRounds(t *testing.T) {
	for w := 2; w <= 70; w++ {
		c, h := 32+w%2*16, 2+w*3%7
		r := rand.New(rand.NewPCG(uint64(h), uint64(w)))
		src := representable(BFloat16, rectified(r, c*h*w))
		grad := representable(BFloat16, randoms(r, c*(h/2)*(w/2)))
		eachBFloat16(t, func(t *testing.T, impl *implementation) {
			p := newPool(2, impl)
			defer p.Close()
			for kind := range poolings {
				compute := func(precision Precision) (down, back *Tensor, argmax *Mask) {
					in := poisonedIn(precision, c, h, w, src)
					down, back, argmax = tensorIn(precision, c, h/2, w/2, nil), poisonedIn(precision, c, h, w, nil), NewMask(c, h, w)
					p.Downsample(down, in, argmax, kind)
					p.DownsampleBack(back, poisonedIn(precision, c, h/2, w/2, grad), argmax, kind)
					return down, back, argmax
				}
				wantDown, wantBack, wantRoute := compute(Float32)
				gotDown, gotBack, gotRoute := compute(BFloat16)
				if !slices.Equal(gotDown.CHW(), representable(BFloat16, wantDown.CHW())) {
					t.Errorf("%dx%d %s: the output is not that of float32, rounded", h, w, kind)
				}
				if !slices.Equal(gotBack.CHW(), representable(BFloat16, wantBack.CHW())) {
					t.Errorf("%dx%d %s: the gradient is not that of float32, rounded", h, w, kind)
				}
				// Only existing channels: the padding has no gradient.
				words := wantRoute.blocks() * wantRoute.plane / lanes
				if !slices.Equal(gotRoute.bits[:words], wantRoute.bits[:words]) {
					t.Errorf("%dx%d %s: the routes differ", h, w, kind)
				}
			}
		})
	}
}

// TestCropAndAddAt crops tensors of one precision and adds the result to tensors of
// another.
func TestCropAndAddAt(t *testing.T) {
	const c, h, w, y, x, rows, columns = 48, 9, 35, 2, 3, 5, 31
	r := rand.New(rand.NewPCG(1, 2))
	values, more := randoms(r, c*h*w), randoms(r, c*rows*columns)
	part := func(i int) int { return (i/(rows*columns)*h+y+i/columns%rows)*w + x + i%columns }
	eachPrecision(t, func(t *testing.T, p *Pool, precision Precision) {
		for _, from := range []Precision{Float32, precision} {
			dst := &Tensor{Precision: precision}
			p.Crop(dst, poisonedIn(from, c, h, w, values), y, x, rows, columns)
			checkBorder(t, dst)
			for i, v := range dst.CHW() {
				if want := representable(precision, representable(from, values[part(i):][:1])); v != want[0] {
					t.Fatalf("value %d of a part in %s of %s is %g, want %g", i, precision, from, v, want[0])
				}
			}
			p.Crop(dst, tensorIn(from, c, h, w, values), 0, 0, h, w)
			whole := dst.CHW()
			p.AddAt(dst, poisonedIn(Float32, c, rows, columns, more), y, x)
			for i, v := range more {
				whole[part(i)] += v
			}
			if !slices.Equal(dst.CHW(), representable(precision, whole)) {
				t.Errorf("what was pasted to %s differs", precision)
			}
			same := poisonedIn(precision, c, rows, columns, more)
			before := dst.CHW()
			p.AddAt(dst, same, y, x)
			for i, v := range representable(precision, more) {
				before[part(i)] += v
			}
			if !slices.Equal(dst.CHW(), representable(precision, before)) {
				t.Errorf("what was pasted from %s to %s differs", precision, precision)
			}
			p.CopyAt(dst, y+1, x+2, same, 1, 2, rows-1, columns-2)
			for i, v := range representable(precision, more) {
				if i/columns%rows >= 1 && i%columns >= 2 {
					before[part(i)] = v
				}
			}
			if !slices.Equal(dst.CHW(), representable(precision, before)) {
				t.Errorf("what was placed in %s differs", precision)
			}
		}
	})
}

func TestPrecisionThatIsMissing(t *testing.T) {
	for _, impl := range implementations() {
		p := newPool(1, impl)
		defer p.Close()
		if err := p.Check(Float32); err != nil {
			t.Error(err)
		}
		var missing *PrecisionError
		if err := p.Check(BFloat16); (err == nil) != (impl.bfloat16 != nil) || err != nil && !errors.As(err, &missing) {
			t.Errorf("%s: %v", impl.name, err)
		}
	}
}

func TestPrecisionNames(t *testing.T) {
	for _, want := range Precisions() {
		text, err := want.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		got := Precision(-1)
		if err := got.UnmarshalText(text); err != nil || got != want {
			t.Errorf("%q is read as %d, want %d; error %v", text, got, want, err)
		}
	}
	for _, name := range []string{"", "auto", "Float32", "float64"} {
		if err := new(Precision).UnmarshalText([]byte(name)); err == nil {
			t.Errorf("%q is a precision", name)
		}
	}
}

// TestRounded compares a convolution that was rounded with one created in bfloat16.
func TestRounded(t *testing.T) {
	const out, in = 40, 48
	r := rand.New(rand.NewPCG(1, 2))
	weight, bias := randoms(r, out*in*kernelArea), randoms(r, out)
	got, want := NewConv(Float32, out, in, weight, bias).Rounded(), NewConv(BFloat16, out, in, weight, bias)
	if !reflect.DeepEqual(got, want) {
		t.Error("they differ")
	}
}

package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// guarded is a slice between guard words that no primitive may write.
type guarded struct {
	values, memory []float32
}

const (
	guardWords = 64
	guardValue = 1234.5
)

func guard(values []float32) guarded {
	g := guarded{memory: make([]float32, len(values)+2*guardWords)}
	for i := range g.memory {
		g.memory[i] = guardValue
	}
	// A primitive may address the spare capacity without writing it.
	g.values = g.memory[guardWords : guardWords+len(values)]
	copy(g.values, values)
	return g
}

func (g guarded) check(t testing.TB) {
	t.Helper()
	for i, v := range g.memory {
		if outside := i < guardWords || i >= guardWords+len(g.values); outside && v != guardValue {
			t.Fatalf("wrote element %d of %d", i-guardWords, len(g.values))
		}
	}
}

// agree fails the test unless each difference between got and want is at most tolerance
// times the largest magnitude in want.
func agree(t testing.TB, what string, got, want []float32, tolerance float64) {
	t.Helper()
	var largest float64
	for _, v := range want {
		largest = max(largest, math.Abs(float64(v)))
	}
	for i, v := range want {
		if d := math.Abs(float64(got[i]) - float64(v)); !(d <= tolerance*largest) {
			t.Fatalf("%s: element %d is %g, want %g", what, i, got[i], v)
		}
	}
}

// unit is the relative rounding error of one operation. The error of a sum of n terms
// is at most n times that.
const unit = 1.0 / (1 << 24)

// eachAssembly runs the test for every implementation of this machine.
func eachAssembly(t *testing.T, test func(t *testing.T, impl *primitives)) {
	for _, impl := range inFloat32() {
		t.Run(impl.name, func(t *testing.T) { test(t, impl.primitives) })
	}
}

func TestGemm(t *testing.T) {
	eachAssembly(t, func(t *testing.T, impl *primitives) {
		for panels := 1; panels <= impl.panels; panels++ {
			for _, steps := range []int{1, 2, 5} {
				for _, groups := range []int{1, 3} {
					for _, accumulate := range []bool{false, true} {
						t.Run(fmt.Sprintf("panels=%d/steps=%d/groups=%d/accumulate=%v", panels, steps, groups, accumulate), func(t *testing.T) {
							testGemm(t, impl, rand.New(rand.NewPCG(1, uint64(steps))), panels, steps, groups, accumulate)
						})
					}
				}
			}
		}
	})
}

// testGemm compares gemm with its definition, with gaps between
// everything that a stride separates.
func testGemm(t testing.TB, impl *primitives, r *rand.Rand, panels, steps, groups int, accumulate bool) {
	const (
		gap      = lanes
		products = 2
	)
	var (
		inGroup  = impl.rows*lanes + gap
		inStep   = groups*inGroup + gap
		inNext   = steps*inStep + gap
		wPanel   = steps*lanes*lanes + gap
		wNext    = panels*wPanel + gap
		outGroup = impl.rows*lanes + gap
		outPanel = groups*outGroup + gap
		outNext  = panels*outPanel + gap
		in, w    = randoms(r, products*inNext), randoms(r, products*wNext)
		bias     = randoms(r, panels*lanes)
		before   = randoms(r, products*outNext)
		lowest   = float32(-1)
		want     = slices.Clone(before)
	)
	for i := range products {
		in, w, want := in[i*inNext:], w[i*wNext:], want[i*outNext:]
		for g := range groups {
			for p := range impl.rows {
				for k := range panels * lanes {
					x := float64(bias[k])
					for s := range steps {
						for c := range lanes {
							x += float64(in[s*inStep+g*inGroup+p*lanes+c]) * float64(w[k/lanes*wPanel+(s*lanes+c)*lanes+k%lanes])
						}
					}
					at := &want[k/lanes*outPanel+g*outGroup+p*lanes+k%lanes]
					if accumulate {
						x += float64(*at)
					}
					*at = max(float32(x), lowest)
				}
			}
		}
	}
	out := guard(before)
	impl.gemm(gemm{out: out.values, in: in, w: w, bias: bias,
		products: products, outNext: outNext, inNext: inNext, wNext: wNext,
		panels: panels, steps: steps, groups: groups,
		inStep: inStep, inGroup: inGroup, outPanel: outPanel, outGroup: outGroup, wPanel: wPanel,
		floor: lowest, accumulate: accumulate})
	out.check(t)
	agree(t, "gemm", out.values, want, unit*float64(steps*lanes+2))
}

func TestFirstConv(t *testing.T) {
	eachAssembly(t, func(t *testing.T, impl *primitives) {
		for positions := 1; positions <= 3*impl.rows+1; positions++ {
			testFirstConv(t, impl, rand.New(rand.NewPCG(4, uint64(positions))), positions)
		}
	})
}

// testFirstConv compares firstConv with its definition, with gaps between everything
// that a stride separates.
func testFirstConv(t testing.TB, impl *primitives, r *rand.Rand, positions int) {
	t.Helper()
	const gap = 3
	var (
		row, plane = positions + 2 + gap, 3*(positions+2+gap) + gap
		in, w      = randoms(r, colors*plane+1), randoms(r, colors*kernelArea*lanes)
		before     = randoms(r, positions*lanes)
		bias       = randoms(r, lanes)
		want, got  = slices.Clone(before), guard(before)
		words      = randomBits(r, positions+2)
		mask       = slices.Clone(words)
	)
	call := firstConv{in: in, w: w, bias: bias, positions: positions, row: row, plane: plane}
	for _, with := range []bool{false, true} {
		a, b := call, call
		a.out, b.out = want, got.values
		if with {
			b.mask = mask[1:][:positions]
		}
		firstConvGeneric(a)
		impl.firstConv(b)
		got.check(t)
		agree(t, "firstConv", got.values, want, unit*(colors*kernelArea+1))
	}
	for p := range positions {
		words[1+p] = signs(at(got.values, p*lanes))
	}
	if !slices.Equal(mask, words) {
		t.Fatalf("firstConv: bits %016b, want %016b", mask, words)
	}
}

func TestGemmKeepsNaN(t *testing.T) {
	eachAssembly(t, func(t *testing.T, impl *primitives) {
		out, in, w := make([]float32, impl.rows*lanes), make([]float32, impl.rows*lanes), make([]float32, lanes*lanes)
		in[0] = float32(math.NaN())
		impl.gemm(gemm{out: out, in: in, w: w, bias: zeroBias[:], products: 1, panels: 1, steps: 1, groups: 1})
		if v := out[0]; v == v {
			t.Errorf("a product with NaN is %g", v)
		}
		if v := out[lanes]; v != 0 {
			t.Errorf("the position after NaN is %g, want 0", v)
		}
	})
}

func TestSyrk(t *testing.T) {
	eachAssembly(t, func(t *testing.T, impl *primitives) {
		for panels := 1; panels <= impl.panels; panels++ {
			for _, positions := range []int{1, 2, 17, 100} {
				testSyrk(t, impl, rand.New(rand.NewPCG(2, uint64(positions))), panels, positions)
			}
		}
	})
}

func testSyrk(t testing.TB, impl *primitives, r *rand.Rand, panels, positions int) {
	const gap = lanes
	var (
		bPanel   = positions*lanes + gap
		outPanel = impl.syrkRows*lanes + gap
		a, b     = randoms(r, positions*lanes), randoms(r, panels*bPanel)
		before   = randoms(r, panels*outPanel)
		want     = slices.Clone(before)
	)
	for row := range impl.syrkRows {
		for k := range panels * lanes {
			x := float64(before[k/lanes*outPanel+row*lanes+k%lanes])
			for p := range positions {
				x += float64(a[p*lanes+row]) * float64(b[k/lanes*bPanel+p*lanes+k%lanes])
			}
			want[k/lanes*outPanel+row*lanes+k%lanes] = float32(x)
		}
	}
	out := guard(before)
	impl.syrk(syrk{out: out.values, a: a, b: b, panels: panels, positions: positions, outPanel: outPanel, bPanel: bPanel})
	out.check(t)
	agree(t, "syrk", out.values, want, unit*float64(positions+2))
}

// TestTransforms compares the transforms and the poolings of every implementation with
// the portable ones.
func TestTransforms(t *testing.T) {
	eachAssembly(t, func(t *testing.T, impl *primitives) {
		for _, n := range []int{1, 2, 7, 16} {
			testTransforms(t, impl, rand.New(rand.NewPCG(3, uint64(n))), n)
		}
	})
}

func testTransforms(t testing.TB, impl *primitives, r *rand.Rand, n int) {
	compare := func(what string, size int, tolerance float64, f func(impl *primitives, out []float32)) {
		before := randoms(r, size)
		want, got := slices.Clone(before), guard(before)
		f(&generic, want)
		f(impl, got.values)
		got.check(t)
		agree(t, what, got.values, want, tolerance)
	}
	compareBits := func(what string, size int, f func(impl *primitives, words []uint16)) {
		t.Helper()
		const guards = 4
		before := randomBits(r, size+2*guards)
		want, got := slices.Clone(before), slices.Clone(before)
		f(&generic, want[guards:guards+size])
		f(impl, got[guards:guards+size])
		if !slices.Equal(got, want) {
			t.Fatalf("%s: bits %v, want %v", what, got, want)
		}
	}
	const rounding = 32 * unit // no result has more terms than 6x6
	scratch := make([]float32, winogradScratch)

	in := randoms(r, n*lanes)
	compare("sum", lanes, rounding, func(impl *primitives, out []float32) {
		impl.sum(sum{out: out, in: in, positions: n})
	})

	w, uStride := randoms(r, n*9*lanes), (n+1)*lanes
	compare("winogradWeights", 36*uStride, rounding, func(impl *primitives, out []float32) {
		impl.winogradWeights(winogradWeights{u: out, w: w, scratch: scratch, channels: n, uStride: uStride})
	})

	row := (n*tile + 3) * lanes
	d, mask := randoms(r, 6*row), randomBits(r, 6*row/lanes)
	vStride := (n + 1) * lanes
	for name, mask := range map[string][]uint16{"winogradInput": nil, "winogradInput masked": mask} {
		compare(name, 36*vStride, rounding, func(impl *primitives, out []float32) {
			impl.winogradInput(winogradInput{v: out, in: d, mask: mask, scratch: scratch,
				tiles: n, row: row, vStride: vStride})
		})
	}
	compare("applyMask", n*lanes, 0, func(impl *primitives, out []float32) {
		impl.applyMask(applyMask{out: out, in: d, mask: mask, positions: n})
	})
	compareBits("reluMask", n, func(impl *primitives, words []uint16) {
		impl.reluMask(reluMask{mask: words, in: d, positions: n})
	})

	mStride, outRow := (n+1)*lanes, (n*tile+1)*lanes
	m, bias := randoms(r, 36*mStride), randoms(r, lanes)
	output := winogradOutput{m: m, bias: bias, scratch: scratch, tiles: n, row: outRow, mStride: mStride}
	compare("winogradOutput", 4*outRow, rounding, func(impl *primitives, out []float32) {
		output := output
		output.out = out
		impl.winogradOutput(output)
	})
	output.out, output.mask = make([]float32, 4*outRow), make([]uint16, 4*outRow/lanes)
	impl.winogradOutput(output)
	for p, word := range output.mask {
		if want := signs(at(output.out, p*lanes)); word != want {
			t.Fatalf("winogradOutput: bits %016b at position %d, want %016b", word, p, want)
		}
	}

	in0, in1, grad := randoms(r, 2*n*lanes), randoms(r, 2*n*lanes), randoms(r, n*lanes)
	clear(in0[:2*lanes]) // ties for the maximum
	clear(in1[:2*lanes])
	forward := poolForward{in0: in0, in1: in1, n: n, scale: 0.7}
	backward := poolBackward{grad: grad, argmax0: randomBits(r, 2*n), argmax1: randomBits(r, 2*n), n: n, scale: 0.7}
	for name, pool := range map[string]func(impl *primitives) (func(poolForward), func(poolBackward)){
		"maximum": func(impl *primitives) (func(poolForward), func(poolBackward)) { return impl.maxPool, impl.maxPoolBack },
		"average": func(impl *primitives) (func(poolForward), func(poolBackward)) {
			return impl.averagePool, impl.averagePoolBack
		},
	} {
		compare(name+" pooling", n*lanes, rounding, func(impl *primitives, out []float32) {
			a := forward
			a.out = out
			down, _ := pool(impl)
			down(a)
		})
		compare(name+" pooling backward", 4*n*lanes, rounding, func(impl *primitives, out []float32) {
			a := backward
			a.grad0, a.grad1 = out[:2*n*lanes], out[2*n*lanes:]
			_, back := pool(impl)
			back(a)
		})
	}
	compareBits("routes", 4*n, func(impl *primitives, words []uint16) {
		a := forward
		a.out, a.argmax0, a.argmax1 = make([]float32, n*lanes), words[:2*n], words[2*n:]
		impl.maxPool(a)
	})
}

// TestElements compares the primitives on vectors with the portable ones, to the bit.
func TestElements(t *testing.T) {
	eachAssembly(t, func(t *testing.T, impl *primitives) {
		for _, n := range []int{1, 2, 5, 33} {
			testElements(t, impl, rand.New(rand.NewPCG(5, uint64(n))), n*lanes)
		}
	})
}

func testElements(t testing.TB, impl *primitives, r *rand.Rand, n int) {
	t.Helper()
	a, b, c := randoms(r, n), randoms(r, n), randoms(r, n)
	copy(b[:lanes/2], a)         // differences of zero
	a[n-1] = float32(math.NaN()) // must propagate
	squares := slices.Clone(c)
	for i, v := range squares {
		squares[i] = v * v
	}
	compare := func(what string, f func(impl *primitives, x, y []float32)) {
		t.Helper()
		want := [2][]float32{slices.Clone(b), slices.Clone(squares)}
		got := [2]guarded{guard(b), guard(squares)}
		f(&generic, want[0], want[1])
		f(impl, got[0].values, got[1].values)
		for i, want := range want {
			got[i].check(t)
			if at := different(got[i].values, want); at >= 0 {
				t.Fatalf("%s: element %d is %g, want %g", what, at, got[i].values[at], want[at])
			}
		}
	}
	compare("addScaled", func(impl *primitives, x, _ []float32) {
		impl.addScaled(addScaled{dst: x, src: a, n: n, s: 0.3})
	})
	compare("addDifference", func(impl *primitives, x, _ []float32) {
		impl.addDifference(addDifference{dst: x, f: a, g: b, n: n, slope: 3})
	})
	compare("updateMoments", func(impl *primitives, x, y []float32) {
		impl.updateMoments(moments{mean: x, square: y, gradient: a, n: n, beta1: 0.9, rest1: 0.1, beta2: 0.99, rest2: 0.01})
	})
	infinity := float32(math.Inf(1))
	for _, highest := range []float32{0.5, infinity} {
		compare("descend", func(impl *primitives, x, y []float32) {
			impl.descend(descent{dst: x, from: a, mean: c, square: y, n: n, rate: 0.1, root: 3, epsilon: 1e-3, low: -highest, high: highest})
		})
	}
	compare("variation", func(impl *primitives, x, y []float32) {
		upper, lower := append([]float32{1, 2}, a...), append([]float32{3, 4}, c...)
		impl.variation(variation{upper: upper, lower: lower, upperGrad: x, lowerGrad: y, n: n, straight: 0.3, diagonal: 0.1})
		impl.variation(variation{upper: upper, lower: upper, upperGrad: x, lowerGrad: x, n: n, straight: 0.3, diagonal: 0.1})
	})
	a[n-1] = 1
	sums := func(impl *primitives) (all [3][lanes]float64) {
		all[0] = impl.dot(dot{a: a, b: b, n: n})
		all[1] = impl.difference(difference{a: a, b: c, n: n})
		all[2] = impl.variation(variation{upper: slices.Concat(b, b), lower: slices.Concat(c, c), upperGrad: make([]float32, n),
			lowerGrad: make([]float32, n), n: n, straight: 0.3, diagonal: 0.1})
		return all
	}
	if got, want := sums(impl), sums(&generic); got != want {
		t.Fatalf("dot, squares and variation are %v, want %v", got, want)
	}
	const rows, guards = 8, 2
	products := func(impl *primitives) []float64 {
		out := slices.Repeat([]float64{guardValue}, rows+2*guards)
		impl.dots64(dots64{out: out[guards:], a: doubles(a), b: doubles(randoms(rand.New(rand.NewPCG(6, 7)), rows*(n+3))),
			n: n, count: rows, stride: n + 3})
		return out
	}
	if got, want := products(impl), products(&generic); !slices.Equal(got, want) {
		t.Fatalf("dots64 is %v, want %v", got, want)
	}
}

// different returns the index of the first pair of elements that differ, or -1. Two NaN
// count as equal.
func different(a, b []float32) int {
	for i, v := range a {
		if v != b[i] && (v == v || b[i] == b[i]) {
			return i
		}
	}
	return -1
}

func randomBits(r *rand.Rand, n int) []uint16 {
	words := make([]uint16, n)
	for i := range words {
		words[i] = uint16(r.Uint32())
	}
	return words
}

// FuzzPrimitives compares every implementation with the portable one on shapes and
// values that the fuzzer chooses.
func FuzzPrimitives(f *testing.F) {
	f.Add(uint64(1), uint8(3), uint8(2), true)
	f.Add(uint64(2), uint8(1), uint8(1), false)
	f.Fuzz(func(t *testing.T, seed uint64, size, groups uint8, accumulate bool) {
		n, g := 1+int(size%24), 1+int(groups%4)
		for _, impl := range inFloat32() {
			r := rand.New(rand.NewPCG(seed, 0))
			for panels := 1; panels <= impl.panels; panels++ {
				testGemm(t, impl.primitives, r, panels, n, g, accumulate)
				testSyrk(t, impl.primitives, r, panels, n)
			}
			testTransforms(t, impl.primitives, r, n)
			testFirstConv(t, impl.primitives, r, n)
			testElements(t, impl.primitives, r, n*lanes)
			testPatchDifference(t, impl.primitives, r, PatchSize+n)
			testFlowEquations(t, impl.primitives, seed, n)
		}
	})
}

// TestDenormals checks that the assembly treats denormals as zero and restores the
// processor's mode.
func TestDenormals(t *testing.T) {
	eachAssembly(t, func(t *testing.T, impl *primitives) {
		if impl == &generic {
			t.Skip("portable code leaves that to the processor")
		}
		in := make([]float32, lanes)
		for i := range in {
			in[i] = math.SmallestNonzeroFloat32
		}
		out := make([]float32, lanes)
		impl.sum(sum{out: out, in: in, positions: 1})
		if out[0] != 0 {
			t.Errorf("sum of a denormal is %g, want 0", out[0])
		}
		if x := in[0]; x+in[1] == 0 {
			t.Error("denormals are still flushed after the call")
		}
	})
}

package vgg

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// A reference is one case of testdata/reference.json. testdata/reference.py, which
// wrote the file, documents its contents.
type reference struct {
	Name          string
	Architecture  string
	Width, Height int
	Pooling       string
	Replicate     bool
	Input         Input
	Seed          uint64
	Cost          map[string]float32
	Layers        map[string]summary
	Gradient      summary
}

type summary struct {
	RMS        float64
	Projection float64
	Samples    []float64
}

// The streams of a case's seed.
const (
	pictureStream    = 0
	projectionStream = 100 // the stream for the gradient; 100 + l for layer l
)

func references(t *testing.T) []reference {
	t.Helper()
	data, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []reference
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatal("testdata/reference.json holds no cases")
	}
	return cases
}

func (r *reference) architecture(t *testing.T) Architecture {
	t.Helper()
	for _, a := range known {
		if a.Name == r.Architecture {
			return a
		}
	}
	t.Fatalf("unknown architecture %s", r.Architecture)
	return Architecture{}
}

// randomConvs caches the weights that the cases share.
var randomConvs = struct {
	sync.Mutex
	m map[string][]Conv
}{m: make(map[string][]Conv)}

func randomNetwork(t testing.TB, a Architecture, input Input) *Network {
	t.Helper()
	randomConvs.Lock()
	defer randomConvs.Unlock()
	convs, ok := randomConvs.m[a.Name]
	if !ok {
		convs = Random(a, 1)
		randomConvs.m[a.Name] = convs
	}
	n, err := New(convs, input)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// randomPicture returns a picture of uniform noise, 3 x h x w, in levels.
func randomPicture(h, w int, seed uint64) []float32 {
	picture := make([]float32, 3*h*w)
	noise(picture, seed, pictureStream)
	for i, v := range picture {
		picture[i] = 127.5 + 127.5*v
	}
	return picture
}

func newPool(t testing.TB, threads int) *kernel.Pool {
	t.Helper()
	pool, err := kernel.NewPool(threads)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func newPlan(t testing.TB, n *Network, pool *kernel.Pool, h, w int, opts PlanOptions) *Plan {
	t.Helper()
	plan, err := n.Plan(pool, h, w, opts)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func pooling(t *testing.T, name string) kernel.Pooling {
	t.Helper()
	kind, err := kernel.ParsePooling(name)
	if err != nil {
		t.Fatal(err)
	}
	return kind
}

// computed is the result of a plan for a case.
type computed struct {
	activations map[string][]float32
	gradient    []float32
}

// compute runs a case forward to every layer of its network, and backward from
// its cost.
func (r *reference) compute(t *testing.T, n *Network, threads int) computed {
	t.Helper()
	layers := n.Layers()
	plan := newPlan(t, n, newPool(t, threads), r.Height, r.Width, PlanOptions{
		Taps:      layers,
		Pooling:   pooling(t, r.Pooling),
		Replicate: r.Replicate,
	})
	c := computed{activations: forward(plan, randomPicture(r.Height, r.Width, r.Seed)), gradient: make([]float32, 3*r.Height*r.Width)}
	runBackward(plan, c.gradient, func(tap string, grad, activation *kernel.Tensor, _, _ int) {
		factor, ok := r.Cost[tap]
		if !ok {
			return
		}
		stream := uint64(slices.Index(layers, tap) + 1)
		addToGradient(grad, costGradient(activation.CHW(), factor, r.Seed, stream))
	})
	return c
}

// costGradient returns the gradient of factor * (r.a + a.a/2) with respect to
// an activation a, for the noise r of a stream.
func costGradient(a []float32, factor float32, seed, stream uint64) []float32 {
	g := make([]float32, len(a))
	noise(g, seed, stream)
	for i := range g {
		g[i] = factor * (g[i] + a[i])
	}
	return g
}

// addToGradient adds the values of g, C x H x W, to grad.
func addToGradient(grad *kernel.Tensor, g []float32) {
	for i, v := range grad.CHW() {
		g[i] += v
	}
	grad.Copy(kernel.FromCHW(grad.C, grad.H, grad.W, g))
}

// The tolerances, relative to the root mean square of a layer: of single values, and of
// the root mean square and the projection, in which the errors of many values average
// out.
const (
	valueTolerance   = 1e-4
	summaryTolerance = 1e-5
)

func (s *summary) compare(t *testing.T, what string, got []float32, seed, stream uint64) {
	t.Helper()
	weights := make([]float32, len(got))
	noise(weights, seed, stream)
	var squares, projection float64
	for i, v := range got {
		squares += float64(v) * float64(v)
		projection += float64(v) * float64(weights[i])
	}
	n := float64(len(got))
	check := func(name string, got, want, tolerance float64) {
		if d := math.Abs(got-want) / s.RMS; !(d <= tolerance) {
			t.Errorf("%s: %s is %.9g, want %.9g: off by %.2g of the root mean square, more than %g",
				what, name, got, want, d, tolerance)
		}
	}
	check("root mean square", math.Sqrt(squares/n), s.RMS, summaryTolerance)
	check("projection", projection/math.Sqrt(n), s.Projection, summaryTolerance)
	for k, want := range s.Samples {
		i := k * (len(got) - 1) / (len(s.Samples) - 1)
		check(fmt.Sprintf("value %d", i), float64(got[i]), want, valueTolerance)
	}
}

// eachImplementation runs a test under every implementation of this machine. Under the
// race detector it runs only the fastest: portable Go would take minutes, and the
// detector does not see assembly.
func eachImplementation(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	implementations := kernel.Implementations()
	if underRaceDetector {
		implementations = implementations[:1]
	}
	for _, implementation := range implementations {
		t.Run(implementation, func(t *testing.T) {
			t.Setenv(kernel.Variable, implementation)
			test(t)
		})
	}
}

// skipLargeIfShort skips networks of millions of weights under -short: with the race
// detector, the portable implementation takes a minute for them.
func skipLargeIfShort(t *testing.T, r reference) {
	t.Helper()
	if testing.Short() && r.Architecture != VGG19Slim.Name {
		t.Skip("a large network")
	}
}

// TestReference compares every activation, and the gradient of the pixels, with
// PyTorch.
func TestReference(t *testing.T) {
	for _, r := range references(t) {
		t.Run(r.Name, func(t *testing.T) {
			skipLargeIfShort(t, r)
			n := randomNetwork(t, r.architecture(t), r.Input)
			if len(r.Layers) != len(n.Layers()) {
				t.Fatalf("%d layers, want all %d", len(r.Layers), len(n.Layers()))
			}
			eachImplementation(t, func(t *testing.T) {
				got := r.compute(t, n, 2)
				for i, layer := range n.Layers() {
					want := r.Layers[layer]
					want.compare(t, layer, got.activations[layer], r.Seed, uint64(projectionStream+i+1))
				}
				r.Gradient.compare(t, "gradient", got.gradient, r.Seed, projectionStream)
			})
		})
	}
}

// TestThreads compares the bytes of activations and gradients computed on
// different numbers of threads.
func TestThreads(t *testing.T) {
	r := references(t)[0]
	skipLargeIfShort(t, r)
	n := randomNetwork(t, r.architecture(t), r.Input)
	eachImplementation(t, func(t *testing.T) {
		one := r.compute(t, n, 1)
		for _, threads := range []int{2, 3} {
			many := r.compute(t, n, threads)
			for _, layer := range n.Layers() {
				if !slices.Equal(one.activations[layer], many.activations[layer]) {
					t.Errorf("%s differs between 1 and %d threads", layer, threads)
				}
			}
			if !slices.Equal(one.gradient, many.gradient) {
				t.Errorf("the gradient differs between 1 and %d threads", threads)
			}
		}
	})
}

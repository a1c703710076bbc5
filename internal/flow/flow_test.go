package flow

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestFlow compares estimated flow with flow that is known exactly. The bounds are about one
// and a half times the errors found, in hundredths of a pixel. bench/flow.py compares such
// errors with those of OpenCV.
func TestFlow(t *testing.T) {
	if testing.Short() {
		t.Skip("slow without assembly")
	}
	e := NewEstimator(newPool(t, 2))
	for _, test := range []struct {
		name  string
		scene *scene
		most  float64 // mean end-point error, in pixels
	}{
		{"pan", newScene(moving(photo(t, "castle"), shift(2.65, -1.35))), 0.08},
		{"fast pan", newScene(moving(photo(t, "chenonceau"), shift(20.7, 4.1))), 0.08},
		{"zoom", newScene(moving(photo(t, "horses"), turn(1.025, 0))), 0.14},
		{"rotation", newScene(moving(photo(t, "bridge"), turn(1, 1.5))), 0.1},
		{"darker", newScene(moving(photo(t, "castle"), shift(2.65, -1.35))).altered(func(v float32) float32 { return 0.85*v - 5 }), 0.08},
		{"noisy", newScene(moving(photo(t, "castle"), shift(2.65, -1.35))).altered(noise(4)), 0.08},
		{"waves", waves(photo(t, "bee")), 0.7},
		{"two layers", apart(t), 0.29},
	} {
		t.Run(test.name, func(t *testing.T) {
			found := test.scene.error(e.Flow(test.scene.from, test.scene.to, nil))
			t.Logf("mean end-point error %.3f pixels; without flow %.3f", found, test.scene.error(NewField(sceneWidth, sceneHeight)))
			if found > test.most {
				t.Errorf("mean end-point error %.3f pixels, want at most %.3f", found, test.most)
			}
			quick := test.scene.error(e.QuickFlow(test.scene.from, test.scene.to))
			t.Logf("mean end-point error of QuickFlow %.3f pixels", quick)
			if quick > 2*test.most {
				t.Errorf("mean end-point error of QuickFlow %.3f pixels, want at most %.3f", quick, 2*test.most)
			}
		})
	}
}

func TestFlowOfEqualFramesIsZero(t *testing.T) {
	g := photo(t, "bee")
	f := NewEstimator(newPool(t, 2)).Flow(g, g, nil)
	for i, u := range f.U {
		if math.Hypot(float64(u), float64(f.V[i])) > 1e-3 {
			t.Fatalf("flow (%g, %g) at %d, want none", u, f.V[i], i)
		}
	}
}

// TestInitialFlow: a disc that is lost at the coarse levels is found from a guess near its
// motion, and a wrong guess does little harm.
func TestInitialFlow(t *testing.T) {
	disc := moving(photo(t, "coffee"), shift(20, 3))
	disc.radius = 7
	var (
		e    = NewEstimator(newPool(t, 2))
		s    = newScene(moving(photo(t, "great-wall"), shift(0, 0)), disc)
		near = apart(t)
		all  = func(u, v float32) *Field { return uniform(sceneWidth, sceneHeight, u, v) }
	)
	for i, u := range s.forward.U {
		s.visible[i] = u != 0 // measure the error on the disc
	}
	if found := s.error(e.Flow(s.from, s.to, nil)); found < 5 {
		t.Errorf("without a guess, error %.3f pixels: the scene tests no guess", found)
	}
	if found := s.error(e.Flow(s.from, s.to, all(38, 7))); found > 2 {
		t.Errorf("from a guess, error %.3f pixels, want at most 2", found)
	}
	alone := near.error(e.Flow(near.from, near.to, nil))
	for _, wrong := range []float32{-60, 17, 1e9, float32(math.NaN())} {
		if found := near.error(e.Flow(near.from, near.to, all(wrong, wrong))); found > alone+0.1 {
			t.Errorf("from a guess of %g, error %.3f pixels; %.3f without", wrong, found, alone)
		}
	}
}

// TestDeterminism: the number of threads, and what the Estimator did before, change no
// bit.
func TestDeterminism(t *testing.T) {
	var (
		s        = apart(t)
		from, to = crop(s.from, 90, 30, 133, 77), crop(s.to, 90, 30, 133, 77)
		small    = crop(s.from, 0, 0, 40, 30)
		want     *Field
		quick    *Field
	)
	for _, threads := range []int{1, 2, 3, 7} {
		e := NewEstimator(newPool(t, threads))
		for round := range 2 {
			f := e.Flow(from, to, e.Flow(to, from, nil))
			if want == nil {
				want = f
			}
			if !slices.Equal(f.U, want.U) || !slices.Equal(f.V, want.V) {
				t.Errorf("%d threads, round %d: another flow than with 1 thread", threads, round)
			}
			q := e.QuickFlow(from, to)
			if quick == nil {
				quick = q
			}
			if !slices.Equal(q.U, quick.U) || !slices.Equal(q.V, quick.V) {
				t.Errorf("%d threads, round %d: another quick flow than with 1 thread", threads, round)
			}
			e.Flow(small, small, nil)
		}
	}
}

// TestBuffersAreKept: a pair of frames of the size of the pair before costs the memory of
// its result.
func TestBuffersAreKept(t *testing.T) {
	s, e := apart(t), NewEstimator(newPool(t, 2))
	guess := e.Flow(s.from, s.to, nil)
	const rounds = 4
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range rounds {
		e.Flow(s.from, s.to, guess)
	}
	runtime.ReadMemStats(&after)
	const field = 2 * 4 * sceneWidth * sceneHeight
	if each := (after.TotalAlloc - before.TotalAlloc) / rounds; each > field+field/4 {
		t.Errorf("a pair of frames allocates %d bytes, its flow has %d", each, field)
	}
}

// TestSizes: frames of any size have finite flow, and flow of their own size.
func TestSizes(t *testing.T) {
	pool := newPool(t, 3)
	e, photo := NewEstimator(pool), photo(t, "cat")
	for _, size := range [][2]int{{1, 1}, {1, 2}, {2, 1}, {1, 300}, {300, 1}, {7, 9}, {8, 8}, {9, 8}, {31, 33}, {15, 65}, {129, 33}} {
		w, h := size[0], size[1]
		from, to := NewField(w, h), NewField(w, h) // for their slices
		for i := range from.U {
			k := (i/w*photo.Width + i%w) % (len(photo.Levels) - photo.Width - 2)
			from.U[i], to.U[i] = photo.Levels[k], photo.Levels[k+photo.Width+2]
		}
		a, b := &Gray{w, h, from.U}, &Gray{w, h, to.U}
		forward := e.Flow(a, b, nil)
		backward := e.Flow(b, a, forward)
		e.QuickFlow(b, a).check()
		for i, u := range forward.U {
			if v := forward.V[i]; !(math.Hypot(float64(u), float64(v)) < 1000) {
				t.Fatalf("%d x %d: flow (%g, %g) at %d", w, h, u, v, i)
			}
		}
		if n := len(Warp(pool, a.Levels, backward)); n != w*h {
			t.Errorf("%d x %d: a warped picture of %d values", w, h, n)
		}
		IsCut(a, b, Reliable(forward, backward))
	}
}

func TestMisuse(t *testing.T) {
	var (
		pool         = newPool(t, 1)
		e            = NewEstimator(pool)
		wide, high   = NewGray(make([]float32, 36), 4, 3), NewGray(make([]float32, 36), 3, 4)
		field, other = NewField(4, 3), NewField(3, 4)
	)
	for want, call := range map[string]func(){
		"frames of 4 x 3 and 3 x 4":                 func() { e.Flow(wide, high, nil) },
		"a frame of 0 x 0 with 0 values":            func() { e.Flow(&Gray{}, &Gray{}, nil) },
		"a frame of 4 x 3 with 5 values":            func() { e.Flow(wide, &Gray{4, 3, make([]float32, 5)}, nil) },
		"a field of 3 x 4 for a frame of 4 x 3":     func() { e.Flow(wide, wide, other) },
		"a field of 4 x 3 with 12 and 11 values":    func() { e.Flow(wide, wide, &Field{4, 3, field.U, field.V[:11]}) },
		"a picture of 4 x 3 with 12 values":         func() { NewGray(make([]float32, 12), 4, 3) },
		"a picture of -1 x -1 with 3 values":        func() { NewGray(make([]float32, 3), -1, -1) },
		"25 values for planes of 4 x 3":             func() { Warp(pool, make([]float32, 25), field) },
		"a field of 0 x 0 with 0 and 0 values":      func() { Warp(pool, nil, &Field{}) },
		"a field of 3 x 4 for a field of 4 x 3":     func() { Reliable(other, field) },
		"a frame of 4 x 3 with 11 weights":          func() { IsCut(wide, wide, make([]float32, 11)) },
		"flow: a field of 3 x 4 for a field of 4 x": func() { Reliable(other, field) },
	} {
		t.Run(want, func(t *testing.T) {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
					t.Errorf("panics with %q, want %q", got, want)
				}
			}()
			call()
		})
	}
}

// FuzzFlow: levels that are no levels panic nowhere, and finite levels have finite flow.
func FuzzFlow(f *testing.F) {
	f.Add([]byte("0123456789abcdefghij"), uint8(3))
	f.Add([]byte(strings.Repeat("\x00\x00\xc0\x7f\x01\x02\x03\x04", 60)), uint8(9))
	f.Add([]byte(strings.Repeat("\xff\xff\x7f\x7f\x00\x00\x80\xff", 200)), uint8(20))
	f.Add([]byte(strings.Repeat("abcdefg", 300)), uint8(18))
	f.Fuzz(func(t *testing.T, data []byte, width uint8) {
		w := 1 + int(width%32)
		h := len(data) / 8 / w
		if h == 0 || h > 32 {
			return
		}
		var (
			pool     = newPool(t, 1)
			e        = NewEstimator(pool)
			n        = w * h
			wild     = func(at int) []float32 { return floats(data[at:], n) }
			a, b     = &Gray{w, h, wild(0)}, &Gray{w, h, wild(4 * n)}
			forward  = e.Flow(a, b, nil)
			backward = e.Flow(b, a, &Field{w, h, b.Levels, a.Levels})
		)
		Warp(pool, a.Levels, backward)
		IsCut(a, b, Reliable(forward, backward))
		for i := range n {
			a.Levels[i], b.Levels[i] = float32(data[i]), float32(data[4*n+i])
		}
		for i, u := range e.Flow(a, b, nil).U {
			if !(math.Abs(float64(u)) < 1e4) {
				t.Fatalf("%d x %d: flow %g at %d", w, h, u, i)
			}
		}
	})
}

// floats returns n float32 with the bits of data.
func floats(data []byte, n int) []float32 {
	f := make([]float32, n)
	for i := range f {
		f[i] = math.Float32frombits(uint32(data[4*i]) | uint32(data[4*i+1])<<8 | uint32(data[4*i+2])<<16 | uint32(data[4*i+3])<<24)
	}
	return f
}

package recolor

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/pastiche-art/pastiche/internal/planar"
	"github.com/pastiche-art/pastiche/picture"
)

// clouds returns a picture with normally distributed colours, with correlated channels,
// far from black and white.
func clouds(seed uint64, w, h int, mean [3]float64, spread float64) *picture.Picture {
	r := rand.New(rand.NewPCG(seed, 0))
	p := picture.New(w, h)
	for i := range w * h {
		a, b, c := r.NormFloat64(), r.NormFloat64(), r.NormFloat64()
		for k, v := range []float64{a, 0.7*a + 0.5*b, 0.2*a - 0.4*b + 0.3*c} {
			p.RGB[k*w*h+i] = float32(min(max(mean[k]+spread*v, 0), planar.White))
		}
	}
	return p
}

// TestRecolorMoments checks that linear maps give the means and covariances of the
// palette.
func TestRecolorMoments(t *testing.T) {
	p := clouds(1, 60, 50, [3]float64{90, 120, 140}, 12)
	palette := clouds(2, 40, 70, [3]float64{150, 110, 100}, 20)
	for _, method := range []Method{Linear, Symmetric, Cholesky} {
		t.Run(string(method), func(t *testing.T) {
			got, gotCov := weighted{values: Recolor(p, palette, method).RGB}.moments()
			want, wantCov := weighted{values: palette.RGB}.moments()
			for a := range colors {
				if math.Abs(got[a]-want[a]) > 0.01 {
					t.Errorf("mean %d: %g, want %g", a, got[a], want[a])
				}
				for b := range colors {
					if d := math.Abs(gotCov.At(a, b) - wantCov.At(a, b)); d > 1e-3*mat.Trace(wantCov) {
						t.Errorf("covariance %d, %d: %g, want %g", a, b, gotCov.At(a, b), wantCov.At(a, b))
					}
				}
			}
		})
	}
}

// TestLinearMaps checks the properties of each map: Monge-Kantorovitch's is symmetric,
// Cholesky's is triangular, and all map one covariance to the other.
func TestLinearMaps(t *testing.T) {
	moments := func(seed uint64) *mat.SymDense {
		_, cov := weighted{values: clouds(seed, 50, 50, [3]float64{100, 120, 140}, 15).RGB}.moments()
		return cov
	}
	for _, method := range []Method{Linear, Symmetric, Cholesky} {
		from, to := moments(1), moments(2)
		m := linearMap(from, to, method)
		var carried mat.Dense
		carried.Product(m, from, m.T())
		if !mat.EqualApprox(&carried, to, 1e-6*mat.Trace(to)) {
			t.Errorf("%s does not carry one covariance to the other", method)
		}
		switch method {
		case Linear:
			if !mat.EqualApprox(m, m.T(), 1e-9) {
				t.Error("the linear map is not symmetric")
			}
		case Cholesky:
			if math.Abs(m.At(0, 1))+math.Abs(m.At(0, 2))+math.Abs(m.At(1, 2)) > 1e-12 {
				t.Error("the map of Cholesky factors is not triangular")
			}
		}
	}
}

func TestRecolorHistogram(t *testing.T) {
	p, palette := clouds(1, 40, 40, [3]float64{90, 120, 140}, 30), clouds(2, 40, 40, [3]float64{150, 60, 100}, 20)
	got := Recolor(p, palette, Histogram)
	for c := range colors {
		was, is := planar.Channel(p.RGB, c), planar.Channel(got.RGB, c)
		if a, b := slices.Sorted(slices.Values(is)), slices.Sorted(slices.Values(planar.Channel(palette.RGB, c))); !slices.Equal(a, b) {
			// Equal levels of the picture map to the same level of the palette.
			distinct := len(slices.Compact(slices.Sorted(slices.Values(was))))
			if distinct == len(was) {
				t.Errorf("channel %d has other levels than the palette", c)
			}
		}
		for i := range was {
			for _, k := range []int{0, 7, 99} {
				if was[i] < was[k] && is[i] > is[k] || was[i] == was[k] && is[i] != is[k] {
					t.Fatalf("channel %d: the order of levels has changed", c)
				}
			}
		}
	}
}

// TestOKLab compares with values from the author's table.
func TestOKLab(t *testing.T) {
	for _, test := range []struct {
		rgb [3]float32
		lab [3]float64
	}{
		{[3]float32{255, 255, 255}, [3]float64{1, 0, 0}},
		{[3]float32{255, 0, 0}, [3]float64{0.62796, 0.22486, 0.12585}},
		{[3]float32{0, 255, 0}, [3]float64{0.86644, -0.23389, 0.17950}},
		{[3]float32{0, 0, 255}, [3]float64{0.45201, -0.03246, -0.31153}},
		{[3]float32{0, 0, 0}, [3]float64{0, 0, 0}},
	} {
		lab, back := toOKLab(test.rgb[:]), make([]float32, 3)
		fromOKLab(back, lab)
		for c := range 3 {
			if math.Abs(float64(lab[c])-test.lab[c]) > 2e-4 {
				t.Errorf("%v: got %v, want %v", test.rgb, lab, test.lab)
			}
			if math.Abs(float64(back[c]-test.rgb[c])) > 0.05 {
				t.Errorf("%v comes back as %v", test.rgb, back)
			}
		}
	}
	p, palette := clouds(1, 40, 40, [3]float64{90, 120, 140}, 10), clouds(2, 40, 40, [3]float64{130, 110, 100}, 15)
	got, _ := weighted{values: toOKLab(Recolor(p, palette, OKLab).RGB)}.moments()
	want, _ := weighted{values: toOKLab(palette.RGB)}.moments()
	for c := range 3 {
		if math.Abs(got[c]-want[c]) > 1e-3 {
			t.Errorf("mean %d in OKLab: %g, want %g", c, got[c], want[c])
		}
	}
}

// TestWithChroma checks that colour differences are those of one picture, and luma that
// of the other where such a colour exists.
func TestWithChroma(t *testing.T) {
	p, of := clouds(1, 30, 30, [3]float64{90, 120, 140}, 60), clouds(2, 30, 30, [3]float64{130, 110, 100}, 60)
	got := WithChroma(p, of)
	plane := 900
	exact := 0
	for i := range plane {
		for c := range colors {
			v := got.RGB[c*plane+i]
			if v < -1e-3 || v > planar.White+1e-3 {
				t.Fatalf("level %g", v)
			}
			if d := (v - planar.Luma(got.RGB, i)) - (of.RGB[c*plane+i] - planar.Luma(of.RGB, i)); math.Abs(float64(d)) > 1e-3 {
				t.Fatalf("pixel %d: the chroma is off by %g levels", i, d)
			}
		}
		if math.Abs(float64(planar.Luma(got.RGB, i)-planar.Luma(p.RGB, i))) < 1e-3 {
			exact++
		}
	}
	if exact < plane/2 {
		t.Errorf("only %d of %d pixels have the luma", exact, plane)
	}
}

func TestRecolorFlat(t *testing.T) {
	flat := picture.New(4, 4)
	for _, method := range Methods[1:] {
		for _, pair := range [][2]*picture.Picture{{flat, flat}, {flat, clouds(1, 9, 9, [3]float64{90, 90, 90}, 20)}, {clouds(1, 9, 9, [3]float64{90, 90, 90}, 20), flat}} {
			if got := Recolor(pair[0], pair[1], method); !planar.Finite(got.RGB) {
				t.Errorf("%s: not finite", method)
			}
		}
	}
}

// TestRecolorCountsOpacity checks that pixels of both pictures are weighted by their
// opacity, with every method.
func TestRecolorCountsOpacity(t *testing.T) {
	// Pictures with hidden pixels, and the same without these pixels.
	seen := func(seed uint64, mean float64) (whole, part *picture.Picture) {
		whole = clouds(seed, 40, 30, [3]float64{mean, 110, 130}, 12)
		whole.Alpha = make([]float32, 40*30)
		part = picture.New(20, 30)
		for i := range whole.Alpha {
			if x := i % 40; x%2 == 0 {
				whole.Alpha[i] = 1
				for c := range colors {
					planar.Channel(part.RGB, c)[i/40*20+x/2] = planar.Channel(whole.RGB, c)[i]
				}
			} else {
				for c := range colors {
					planar.Channel(whole.RGB, c)[i] = float32((i * 37) % 256)
				}
			}
		}
		return whole, part
	}
	p, pSeen := seen(1, 90)
	palette, paletteSeen := seen(2, 160)
	for _, method := range Methods[1:] {
		got, want := Recolor(p, palette, method), Recolor(pSeen, paletteSeen, method)
		for i := range want.RGB {
			x, y, c := i%20, i/20%30, i/600
			if d := got.RGB[c*1200+y*40+2*x] - want.RGB[i]; math.Abs(float64(d)) > 1e-3 {
				t.Fatalf("%s: level %g, expected %g", method, got.RGB[c*1200+y*40+2*x], want.RGB[i])
			}
		}
	}
	palette.Alpha = make([]float32, len(palette.Alpha))
	if got := Recolor(p, palette, Linear); !slices.Equal(got.RGB, p.RGB) {
		t.Error("a palette of which nothing is visible changes colours")
	}
}

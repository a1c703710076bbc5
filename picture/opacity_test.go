package picture

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// cutOut returns a picture of slowly changing colors in which a disc with a soft edge
// is visible. The rest is hidden noise, which depends on a seed.
func cutOut(seed uint64, w, h int) *Picture {
	r := rand.New(rand.NewPCG(seed, 0))
	p := New(w, h)
	p.Alpha = make([]float32, w*h)
	for i := range p.Alpha {
		x, y := float64(i%w), float64(i/w)
		apart := math.Hypot(x-float64(w)/2, y-float64(h)/2)
		p.Alpha[i] = float32(min(max(float64(min(w, h))/3-apart, 0), 1))
		for c := range colors {
			level := float32(120 + 60*math.Sin(x/float64(20+c)) + 40*math.Cos(y/float64(15-c)))
			if p.Alpha[i] == 0 {
				level = float32(r.IntN(256))
			}
			channel(p.RGB, c)[i] = level
		}
	}
	return p
}

func TestOpaqueHidesWhatIsHidden(t *testing.T) {
	for _, size := range []image.Point{{64, 48}, {51, 33}, {7, 200}, {100, 3}} {
		p, q := cutOut(1, size.X, size.Y), cutOut(2, size.X, size.Y)
		if slices.Equal(p.RGB, q.RGB) {
			t.Fatal("two pictures of the same hidden colours")
		}
		of, opacity := p.Opaque()
		other, _ := q.Opaque()
		if !slices.Equal(of.RGB, other.RGB) {
			t.Errorf("%v: what is hidden shows", size)
		}
		if of.Alpha != nil || !slices.Equal(opacity.Weight, p.Alpha) {
			t.Errorf("%v: opacity %v, and the picture has its own: %t", size, opacity, of.Alpha != nil)
		}
		for i, a := range p.Alpha {
			for c := range colors {
				if a == 1 && channel(of.RGB, c)[i] != channel(p.RGB, c)[i] {
					t.Fatalf("%v: pixel %d is visible, and its level %g became %g", size, i, channel(p.RGB, c)[i], channel(of.RGB, c)[i])
				}
			}
		}
	}
}

// TestOpaqueContinues checks that filled pixels are between the visible colors and join
// them without an edge.
func TestOpaqueContinues(t *testing.T) {
	p := New(60, 40)
	p.Alpha = make([]float32, 60*40)
	for i := range p.Alpha {
		x := i % 60
		for c := range colors {
			channel(p.RGB, c)[i] = 255 // hidden
			if x < 20 || x >= 40 {
				p.Alpha[i] = 1
				channel(p.RGB, c)[i] = float32(50 + 100*(x/40))
			}
		}
	}
	of, _ := p.Opaque()
	row := of.RGB[20*60 : 21*60]
	if least, most := slices.Min(row), slices.Max(row); least < 50 || most > 150.01 {
		t.Errorf("levels of %g to %g between visible ones of 50 and 150", least, most)
	}
	for x := 1; x < len(row); x++ {
		if step := row[x] - row[x-1]; step < -0.01 || step > 40 {
			t.Errorf("from %g to %g at column %d", row[x-1], row[x], x)
		}
	}
}

func TestOpaqueInPart(t *testing.T) {
	p := New(2, 1)
	p.Alpha = []float32{1, 0.25}
	copy(p.RGB, []float32{255, 0, 255, 0, 255, 0}) // white, and black over it
	of, _ := p.Opaque()
	// In linear light, the background is the mean of white and a quarter of black, and
	// a quarter of black is composited over it.
	if want := toLevel(0.75 * 1 / 1.25); math.Abs(float64(of.RGB[1]-want)) > 0.01 || of.RGB[0] != 255 {
		t.Errorf("levels %v, expected 255 and %g", of.RGB[:2], want)
	}
}

func TestOpaqueOfOpaquePictures(t *testing.T) {
	p := clouds(1, 5, 4, [3]float64{90, 120, 140}, 12)
	if of, opacity := p.Opaque(); of != p || opacity != nil {
		t.Errorf("got %p with the opacity %v, expected the picture itself", of, opacity)
	}
	p.Alpha = slices.Repeat([]float32{1}, 20)
	if of, opacity := p.Opaque(); opacity != nil || of.Alpha != nil || !slices.Equal(of.RGB, p.RGB) {
		t.Errorf("opacity %v and %v, expected neither", opacity, of.Alpha)
	}
}

func TestVisible(t *testing.T) {
	for _, c := range []struct {
		alpha []float32
		want  bool
	}{
		{nil, true}, {[]float32{0, 0}, false}, {[]float32{0, 1. / 255}, true}, {[]float32{0, 1. / 65535}, false},
	} {
		p := &Picture{W: 2, H: 1, RGB: make([]float32, 6), Alpha: c.alpha}
		if got := p.Visible(); got != c.want {
			t.Errorf("opacities %v: visible %t", c.alpha, got)
		}
	}
}

// TestResizeOfLookAlikes checks that pictures that look the same on every background do
// so in every size.
func TestResizeOfLookAlikes(t *testing.T) {
	p, q := cutOut(1, 64, 48), cutOut(2, 64, 48)
	for _, size := range []image.Point{{31, 20}, {64, 12}, {150, 111}} {
		a, b := p.Resize(size.X, size.Y), q.Resize(size.X, size.Y)
		for i := range a.RGB {
			if at := i % len(a.Alpha); a.Alpha[at] != b.Alpha[at] || a.Alpha[at] > 0 && a.RGB[i] != b.RGB[i] {
				t.Fatalf("%v: levels %g and %g with the opacities %g and %g", size, a.RGB[i], b.RGB[i], a.Alpha[at], b.Alpha[at])
			}
		}
	}
}

func TestMaskResample(t *testing.T) {
	p := cutOut(1, 64, 48)
	m := &Mask{W: 64, H: 48, Weight: p.Alpha}
	for _, size := range []image.Point{{64, 48}, {31, 20}, {150, 111}} {
		if got, want := m.Resample(size.X, size.Y), p.Resize(size.X, size.Y).Alpha; !slices.Equal(got.Weight, want) {
			t.Errorf("%v: not the opacity of the picture in that size", size)
		}
	}
}

func TestMaskTimes(t *testing.T) {
	a := &Mask{W: 2, H: 1, Weight: []float32{1, 0.5}}
	b := &Mask{W: 4, H: 2, Weight: []float32{1, 0, 0.5, 0.25, 0, 1, 1, 1}}
	var everywhere *Mask
	if a.Times(nil) != a || everywhere.Times(a) != a || everywhere.Times(nil) != nil {
		t.Error("nil is not everywhere")
	}
	want := []float32{1, 0, 0.25, 0.125, 0, 1, 0.5, 0.5}
	for _, got := range []*Mask{a.Times(b), b.Times(a)} {
		if got.W != 4 || got.H != 2 || !slices.Equal(got.Weight, want) {
			t.Errorf("%d x %d with %v, expected 4 x 2 with %v", got.W, got.H, got.Weight, want)
		}
	}
}

// TestRecolorCountsOpacity checks that pixels of both pictures are weighted by their
// opacity, with every method.
func TestRecolorCountsOpacity(t *testing.T) {
	// Pictures with hidden pixels, and the same without these pixels.
	seen := func(seed uint64, mean float64) (whole, part *Picture) {
		whole = clouds(seed, 40, 30, [3]float64{mean, 110, 130}, 12)
		whole.Alpha = make([]float32, 40*30)
		part = New(20, 30)
		for i := range whole.Alpha {
			if x := i % 40; x%2 == 0 {
				whole.Alpha[i] = 1
				for c := range colors {
					channel(part.RGB, c)[i/40*20+x/2] = channel(whole.RGB, c)[i]
				}
			} else {
				for c := range colors {
					channel(whole.RGB, c)[i] = float32((i * 37) % 256)
				}
			}
		}
		return whole, part
	}
	p, pSeen := seen(1, 90)
	palette, paletteSeen := seen(2, 160)
	for _, method := range ColorMethods()[1:] {
		got, want := p.Recolor(palette, method), pSeen.Recolor(paletteSeen, method)
		for i := range want.RGB {
			x, y, c := i%20, i/20%30, i/600
			if d := got.RGB[c*1200+y*40+2*x] - want.RGB[i]; math.Abs(float64(d)) > 1e-3 {
				t.Fatalf("%s: level %g, expected %g", method, got.RGB[c*1200+y*40+2*x], want.RGB[i])
			}
		}
	}
	palette.Alpha = make([]float32, len(palette.Alpha))
	if got := p.Recolor(palette, Linear); !slices.Equal(got.RGB, p.RGB) {
		t.Error("a palette of which nothing is visible changes colours")
	}
}

// FuzzOpaque checks that, for any opacities, the result is finite and independent of
// the hidden colors.
func FuzzOpaque(f *testing.F) {
	f.Add(uint8(3), []byte{0, 255, 7, 0, 0, 0})
	f.Fuzz(func(t *testing.T, width uint8, alpha []byte) {
		w := int(width%32) + 1
		h := min(len(alpha)/w, 64)
		if h == 0 {
			return
		}
		of := func(hidden uint8) *Picture {
			m := image.NewNRGBA(image.Rect(0, 0, w, h))
			for i := range w * h {
				c := color.NRGBA{uint8(i), uint8(3 * i), uint8(7 * i), alpha[i]}
				if c.A == 0 {
					c.R, c.G, c.B = hidden, 255-hidden, hidden/2
				}
				m.SetNRGBA(i%w, i/w, c)
			}
			return FromImage(m)
		}
		p, q := of(0), of(201)
		if !p.Visible() {
			return
		}
		a, _ := p.Opaque()
		b, _ := q.Opaque()
		if !slices.Equal(a.RGB, b.RGB) || !a.Finite() || slices.Min(a.RGB) < 0 || slices.Max(a.RGB) > maxLevel {
			t.Fatalf("%v and %v", a.RGB, b.RGB)
		}
	})
}

package masking

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pastiche-art/pastiche/internal/planar"
	"github.com/pastiche-art/pastiche/picture"
)

// cutOut returns a picture of slowly changing colours in which a disc with a soft edge
// is visible. The rest is hidden noise, which depends on a seed.
func cutOut(seed uint64, w, h int) *picture.Picture {
	r := rand.New(rand.NewPCG(seed, 0))
	p := picture.New(w, h)
	p.Alpha = make([]float32, w*h)
	for i := range p.Alpha {
		x, y := float64(i%w), float64(i/w)
		apart := math.Hypot(x-float64(w)/2, y-float64(h)/2)
		p.Alpha[i] = float32(min(max(float64(min(w, h))/3-apart, 0), 1))
		for c := range planar.Channels {
			level := float32(120 + 60*math.Sin(x/float64(20+c)) + 40*math.Cos(y/float64(15-c)))
			if p.Alpha[i] == 0 {
				level = float32(r.IntN(256))
			}
			planar.Channel(p.RGB, c)[i] = level
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
		of, opacity := Opaque(p)
		other, _ := Opaque(q)
		if !slices.Equal(of.RGB, other.RGB) {
			t.Errorf("%v: what is hidden shows", size)
		}
		if of.Alpha != nil || !slices.Equal(opacity.Weight, p.Alpha) {
			t.Errorf("%v: opacity %v, and the picture has its own: %t", size, opacity, of.Alpha != nil)
		}
		for i, a := range p.Alpha {
			for c := range planar.Channels {
				if a == 1 && planar.Channel(of.RGB, c)[i] != planar.Channel(p.RGB, c)[i] {
					t.Fatalf("%v: pixel %d is visible, and its level %g became %g", size, i, planar.Channel(p.RGB, c)[i], planar.Channel(of.RGB, c)[i])
				}
			}
		}
	}
}

// TestOpaqueContinues checks that filled pixels are between the visible colours and join
// them without an edge.
func TestOpaqueContinues(t *testing.T) {
	p := picture.New(60, 40)
	p.Alpha = make([]float32, 60*40)
	for i := range p.Alpha {
		x := i % 60
		for c := range planar.Channels {
			planar.Channel(p.RGB, c)[i] = 255 // hidden
			if x < 20 || x >= 40 {
				p.Alpha[i] = 1
				planar.Channel(p.RGB, c)[i] = float32(50 + 100*(x/40))
			}
		}
	}
	of, _ := Opaque(p)
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
	p := picture.New(2, 1)
	p.Alpha = []float32{1, 0.25}
	copy(p.RGB, []float32{255, 0, 255, 0, 255, 0}) // white, and black over it
	of, _ := Opaque(p)
	// In linear light, the background is the mean of white and a quarter of black, and
	// a quarter of black is composited over it.
	if want := planar.Level(0.75 * 1 / 1.25); math.Abs(float64(of.RGB[1]-want)) > 0.01 || of.RGB[0] != 255 {
		t.Errorf("levels %v, expected 255 and %g", of.RGB[:2], want)
	}
}

func TestOpaqueOfOpaquePictures(t *testing.T) {
	p := cutOut(1, 5, 4)
	p.Alpha = nil
	if of, opacity := Opaque(p); of != p || opacity != nil {
		t.Errorf("got %p with the opacity %v, expected the picture itself", of, opacity)
	}
	p.Alpha = slices.Repeat([]float32{1}, 20)
	if of, opacity := Opaque(p); opacity != nil || of.Alpha != nil || !slices.Equal(of.RGB, p.RGB) {
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
		p := &picture.Picture{W: 2, H: 1, RGB: make([]float32, 6), Alpha: c.alpha}
		if got := Visible(p); got != c.want {
			t.Errorf("opacities %v: visible %t", c.alpha, got)
		}
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
		of := func(hidden uint8) *picture.Picture {
			m := image.NewNRGBA(image.Rect(0, 0, w, h))
			for i := range w * h {
				c := color.NRGBA{uint8(i), uint8(3 * i), uint8(7 * i), alpha[i]}
				if c.A == 0 {
					c.R, c.G, c.B = hidden, 255-hidden, hidden/2
				}
				m.SetNRGBA(i%w, i/w, c)
			}
			return picture.FromImage(m)
		}
		p, q := of(0), of(201)
		if !Visible(p) {
			return
		}
		a, _ := Opaque(p)
		b, _ := Opaque(q)
		if !slices.Equal(a.RGB, b.RGB) || !planar.Finite(a.RGB) || slices.Min(a.RGB) < 0 || slices.Max(a.RGB) > planar.White {
			t.Fatalf("%v and %v", a.RGB, b.RGB)
		}
	})
}

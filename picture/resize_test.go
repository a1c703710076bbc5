package picture

import (
	"image"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/pastiche-art/pastiche/internal/planar"
)

// noise returns a picture of random levels, with opacity if asked for.
func noise(w, h int, alpha bool) *Picture {
	rng := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	p := New(w, h)
	for i := range p.RGB {
		p.RGB[i] = maxLevel * rng.Float32()
	}
	if alpha {
		p.Alpha = make([]float32, w*h)
		for i := range p.Alpha {
			p.Alpha[i] = rng.Float32()
		}
	}
	return p
}

func TestResizeKeepsConstants(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {3, 40}, {17, 5}, {50, 50}, {7, 9}} {
		p := New(7, 9)
		p.Alpha = make([]float32, 7*9)
		for i := range p.RGB {
			p.RGB[i] = 77.25
		}
		for i := range p.Alpha {
			p.Alpha[i] = 0.625
		}
		out := p.Resize(size[0], size[1])
		if out.W != size[0] || out.H != size[1] || len(out.RGB) != 3*out.W*out.H || len(out.Alpha) != out.W*out.H {
			t.Fatalf("%v: %dx%d", size, out.W, out.H)
		}
		for _, v := range out.RGB {
			if math.Abs(float64(v)-77.25) > 1e-3 {
				t.Fatalf("%v: level %v", size, v)
			}
		}
		for _, a := range out.Alpha {
			if math.Abs(float64(a)-0.625) > 1e-6 {
				t.Fatalf("%v: opacity %v", size, a)
			}
		}
	}
}

// Half the light is level 187.5, not 127.5.
func TestResizeAveragesLight(t *testing.T) {
	const n = 32
	p := New(n, n)
	for i := range p.RGB {
		p.RGB[i] = float32(maxLevel * ((i%n + i/n) % 2))
	}
	half := p.Resize(n/2, n/2)
	const border = 2
	for y := border; y < n/2-border; y++ {
		for x := border; x < n/2-border; x++ {
			if v := half.RGB[y*n/2+x]; math.Abs(float64(v)-187.516) > 0.01 {
				t.Fatalf("level %v at %d,%d, want 187.516", v, x, y)
			}
		}
	}
}

func meanLight(p *Picture) float64 {
	var sum float64
	for _, v := range p.RGB {
		sum += planar.Decode(float64(v) / maxLevel)
	}
	return sum / float64(len(p.RGB))
}

func TestResizeKeepsMeanLight(t *testing.T) {
	// A soft blob away from the border, so that neither the border nor
	// clamping takes part.
	const n = 96
	p := New(n, n)
	for i := range p.RGB {
		x, y := float64(i%n)-50, float64(i/n%n)-45
		p.RGB[i] = planar.Level(float32(0.2 + 0.6*math.Exp(-(x*x+y*y)/200)))
	}
	want := meanLight(p)
	for _, size := range [][2]int{{48, 48}, {31, 77}, {10, 12}, {96, 150}, {200, 200}} {
		if got := meanLight(p.Resize(size[0], size[1])); math.Abs(got/want-1) > 2e-3 {
			t.Errorf("%v: mean light %v, was %v", size, got, want)
		}
	}
}

// naive is a direct, not separable, float64 computation of the same filter.
func naive(p *Picture, w, h int) *Picture {
	kernel := func(x float64) float64 {
		const b, c = 1. / 3, 1. / 3
		switch x = math.Abs(x); {
		case x < 1:
			return ((12-9*b-6*c)*x*x*x + (-18+12*b+6*c)*x*x + 6 - 2*b) / 6
		case x < 2:
			return ((-b-6*c)*x*x*x + (6*b+30*c)*x*x + (-12*b-48*c)*x + 8*b + 24*c) / 6
		}
		return 0
	}
	out := New(w, h)
	if p.Alpha != nil {
		out.Alpha = make([]float32, w*h)
	}
	sx, sy := float64(p.W)/float64(w), float64(p.H)/float64(h)
	kx, ky := max(sx, 1), max(sy, 1)
	for oy := range h {
		for ox := range w {
			cx, cy := (float64(ox)+.5)*sx-.5, (float64(oy)+.5)*sy-.5
			var total, alpha float64
			var plain, weighted [3]float64
			for y := int(cy - 2*ky - 1); y <= int(cy+2*ky+1); y++ {
				for x := int(cx - 2*kx - 1); x <= int(cx+2*kx+1); x++ {
					k := kernel((float64(x)-cx)/kx) * kernel((float64(y)-cy)/ky)
					i := min(max(y, 0), p.H-1)*p.W + min(max(x, 0), p.W-1)
					a := 1.
					if p.Alpha != nil {
						a = float64(p.Alpha[i])
					}
					total += k
					alpha += k * a
					for c := range 3 {
						light := planar.Decode(float64(p.RGB[c*p.W*p.H+i]) / maxLevel)
						plain[c] += k * light
						weighted[c] += k * light * a
					}
				}
			}
			for c := range 3 {
				light := plain[c] / total
				if alpha/total >= 0.5/255 {
					light = weighted[c] / alpha
				}
				out.RGB[c*w*h+oy*w+ox] = planar.Level(float32(light))
			}
			if out.Alpha != nil {
				out.Alpha[oy*w+ox] = float32(min(max(alpha/total, 0), 1))
			}
		}
	}
	return out
}

func TestResizeAgainstDirectComputation(t *testing.T) {
	tests := []struct {
		name              string
		w, h, toW, toH    int
		alpha             bool
		levels, opacities float64
	}{
		{"shrink", 29, 23, 11, 7, false, 0.02, 0},
		{"grow", 9, 7, 31, 20, false, 0.02, 0},
		{"shrink and grow", 20, 9, 7, 30, false, 0.02, 0},
		{"to one pixel", 13, 17, 1, 1, false, 0.02, 0},
		{"from one pixel", 1, 1, 5, 4, false, 0.02, 0},
		{"alpha", 29, 23, 11, 7, true, 0.02, 1e-6},
		{"alpha grows", 8, 8, 19, 15, true, 0.02, 1e-6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := noise(tt.w, tt.h, tt.alpha)
			got, want := p.Resize(tt.toW, tt.toH), naive(p, tt.toW, tt.toH)
			for i := range want.RGB {
				if d := math.Abs(float64(got.RGB[i] - want.RGB[i])); d > tt.levels {
					t.Fatalf("level %d is %v, want %v", i, got.RGB[i], want.RGB[i])
				}
			}
			for i := range want.Alpha {
				if d := math.Abs(float64(got.Alpha[i] - want.Alpha[i])); d > tt.opacities {
					t.Fatalf("opacity %d is %v, want %v", i, got.Alpha[i], want.Alpha[i])
				}
			}
		})
	}
}

func TestResizeKeepsHiddenColoursOut(t *testing.T) {
	// Opaque red on the left, invisible green on the right.
	const n = 16
	p := New(n, n)
	p.Alpha = make([]float32, n*n)
	plane := n * n
	for i := range plane {
		if i%n < n/2 {
			p.RGB[i], p.Alpha[i] = 200, 1
		} else {
			p.RGB[plane+i] = 255
		}
	}
	out := p.Resize(5, 5)
	for i, a := range out.Alpha {
		if a >= planar.LeastVisible && (math.Abs(float64(out.RGB[i]-200)) > 0.01 || out.RGB[25+i] > 0.01) {
			t.Errorf("pixel %d, opacity %v: red %v green %v", i, a, out.RGB[i], out.RGB[25+i])
		}
	}
	if right := out.RGB[25+4]; right < 200 {
		t.Errorf("an invisible pixel lost its own colour: green %v", right)
	}
}

func TestResizeIgnoresProcessorCount(t *testing.T) {
	p := noise(61, 47, true)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	want := p.Resize(23, 90)
	for _, n := range []int{2, 3, 7} {
		runtime.GOMAXPROCS(n)
		got := p.Resize(23, 90)
		if !slices.Equal(got.RGB, want.RGB) || !slices.Equal(got.Alpha, want.Alpha) {
			t.Errorf("%d processors give another result", n)
		}
	}
}

func TestResizeToSameSizeCopies(t *testing.T) {
	p := noise(5, 4, true)
	out := p.Resize(5, 4)
	if !slices.Equal(out.RGB, p.RGB) || !slices.Equal(out.Alpha, p.Alpha) {
		t.Error("the copy differs")
	}
	out.RGB[0]++
	out.Alpha[0]++
	if out.RGB[0] == p.RGB[0] || out.Alpha[0] == p.Alpha[0] {
		t.Error("the copy shares memory")
	}
}

func TestFitLong(t *testing.T) {
	for _, tt := range []struct{ w, h, long, wantW, wantH int }{
		{640, 480, 512, 512, 384},
		{480, 640, 512, 384, 512},
		{100, 100, 512, 512, 512},
		{67, 45, 67, 67, 45},
		{5000, 1, 100, 100, 1},
		{1000, 333, 500, 500, 167},
	} {
		if w, h := FitLong(tt.w, tt.h, tt.long); w != tt.wantW || h != tt.wantH {
			t.Errorf("FitLong(%d, %d, %d) = %d, %d; want %d, %d", tt.w, tt.h, tt.long, w, h, tt.wantW, tt.wantH)
		}
	}
}

func BenchmarkResize(b *testing.B) {
	for _, bb := range []struct {
		name           string
		w, h, toW, toH int
		alpha          bool
	}{
		{"12MP to 512", 4000, 3000, 512, 384, false},
		{"12MP to 512, alpha", 4000, 3000, 512, 384, true},
		{"256 to 512", 256, 192, 512, 384, false},
	} {
		b.Run(bb.name, func(b *testing.B) {
			p := noise(bb.w, bb.h, bb.alpha)
			b.SetBytes(int64(bb.w * bb.h))
			b.ReportAllocs()
			for b.Loop() {
				p.Resize(bb.toW, bb.toH)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	dir := b.TempDir()
	p := noise(16, 12, false).Resize(4000, 3000)
	for _, name := range []string{"12MP.jpg", "12MP.png", "12MP.webp", "12MP.tif"} {
		b.Run(name, func(b *testing.B) {
			path := dir + "/" + name
			if err := Save(path, p, SaveOptions{}); err != nil {
				b.Fatal(err)
			}
			defer os.Remove(path)
			b.SetBytes(int64(p.W * p.H))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Open(b.Context(), path, Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// clouds returns a picture with normally distributed colours, with correlated channels,
// far from black and white.
func clouds(seed uint64, w, h int, mean [3]float64, spread float64) *Picture {
	r := rand.New(rand.NewPCG(seed, 0))
	p := New(w, h)
	for i := range w * h {
		a, b, c := r.NormFloat64(), r.NormFloat64(), r.NormFloat64()
		for k, v := range []float64{a, 0.7*a + 0.5*b, 0.2*a - 0.4*b + 0.3*c} {
			p.RGB[k*w*h+i] = float32(min(max(mean[k]+spread*v, 0), maxLevel))
		}
	}
	return p
}

// cutOut returns a picture of slowly changing colours in which a disc with a soft edge
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
			planar.Channel(p.RGB, c)[i] = level
		}
	}
	return p
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

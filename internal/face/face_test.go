package face

import (
	"math"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/pastiche-art/pastiche/picture"
)

// example returns an example photo.
func example(t *testing.T, name string) *picture.Picture {
	t.Helper()
	f, err := picture.Open(t.Context(), filepath.Join("..", "..", "examples", "photos", name), picture.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	p := f.SRGB()
	return p
}

// The face of the astronaut, measured by hand in the photo of 512 x 512 pixels: from
// the hairline to the chin and from ear to ear.
const astronautX, astronautY, astronautSize = 224. / 512, 114. / 512, 110. / 512

// near fails unless a face lies where another one is, to within a share of its size:
// windows of neighbouring sizes and places all show the same face.
func near(t *testing.T, f Face, x, y, size float64) {
	t.Helper()
	const share = 0.25
	if math.Abs(f.X-x) > share*size || math.Abs(f.Y-y) > share*size || math.Abs(f.Size-size) > share*size {
		t.Errorf("a face at (%.3f, %.3f) of %.3f, want (%.3f, %.3f) of %.3f", f.X, f.Y, f.Size, x, y, size)
	}
}

func TestFind(t *testing.T) {
	photo := example(t, "astronaut.jpg")
	faces := Find(photo)
	if len(faces) != 1 {
		t.Fatalf("%d faces, want 1", len(faces))
	}
	near(t, faces[0], astronautX, astronautY, astronautSize)
	t.Run("small and large", func(t *testing.T) {
		for _, long := range []int{128, 2048} {
			faces := Find(photo.Resize(long, long))
			if len(faces) != 1 {
				t.Fatalf("%d pixels: %d faces, want 1", long, len(faces))
			}
			near(t, faces[0], astronautX, astronautY, astronautSize)
		}
	})
	t.Run("wide and tall", func(t *testing.T) {
		for _, shape := range [][2]int{{2, 1}, {1, 2}} {
			canvas := placed(shape[0]*photo.W, shape[1]*photo.H, photo, (shape[0]-1)*photo.W, (shape[1]-1)*photo.H)
			faces := Find(canvas)
			if len(faces) != 1 {
				t.Fatalf("%d x %d: %d faces, want 1", canvas.W, canvas.H, len(faces))
			}
			near(t, faces[0], (float64(shape[0]-1)+astronautX)/2, (float64(shape[1]-1)+astronautY)/2, astronautSize/2)
		}
	})
	t.Run("the largest first", func(t *testing.T) {
		half := photo.Resize(photo.W/2, photo.H/2)
		canvas := placed(photo.W, photo.H+half.H, photo, 0, half.H)
		put(canvas, half, 0, 0)
		faces := Find(canvas)
		if len(faces) != 2 || !(faces[0].Size > 1.5*faces[1].Size) {
			t.Errorf("faces %v, want two, the second half as large", faces)
		}
	})
	t.Run("turned", func(t *testing.T) {
		for _, degrees := range []float64{-20, 20} {
			if faces := Find(turned(photo, degrees)); len(faces) != 1 {
				t.Errorf("turned by %g degrees: %d faces, want 1", degrees, len(faces))
			}
		}
	})
}

func TestFindNone(t *testing.T) {
	for _, name := range []string{"castle", "bridge", "chenonceau", "great-wall", "horses", "coffee", "bee", "cat"} {
		if faces := Find(example(t, name+".jpg")); len(faces) > 0 {
			t.Errorf("%s: faces %v", name, faces)
		}
	}
	for _, size := range [][2]int{{1, 1}, {23, 23}, {24, 24}, {1, 3000}, {3000, 1}} {
		if faces := Find(picture.New(size[0], size[1])); len(faces) > 0 {
			t.Errorf("black, %d x %d: faces %v", size[0], size[1], faces)
		}
	}
}

// TestFindSurvives: a picture that is none, which makes the detector panic, has no faces.
func TestFindSurvives(t *testing.T) {
	if faces := Find(&picture.Picture{W: 100, H: 100}); faces != nil {
		t.Errorf("faces %v", faces)
	}
}

// placed returns a grey canvas with a picture in it.
func placed(w, h int, p *picture.Picture, x, y int) *picture.Picture {
	canvas := picture.New(w, h)
	for i := range canvas.RGB {
		canvas.RGB[i] = grey
	}
	put(canvas, p, x, y)
	return canvas
}

// put copies a picture into a canvas.
func put(canvas, p *picture.Picture, x, y int) {
	for c := range 3 {
		for row := range p.H {
			copy(canvas.RGB[(c*canvas.H+y+row)*canvas.W+x:], p.RGB[(c*p.H+row)*p.W:][:p.W])
		}
	}
}

// turned returns a picture turned around its centre, with grey where it had nothing.
func turned(p *picture.Picture, degrees float64) *picture.Picture {
	r := placed(p.W, p.H, picture.New(1, 1), 0, 0)
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	x0, y0 := float64(p.W)/2, float64(p.H)/2
	for y := range p.H {
		for x := range p.W {
			dx, dy := float64(x)-x0, float64(y)-y0
			sx, sy := int(x0+cos*dx+sin*dy), int(y0-sin*dx+cos*dy)
			if sx < 0 || sy < 0 || sx >= p.W || sy >= p.H {
				continue
			}
			for c := range 3 {
				r.RGB[(c*p.H+y)*p.W+x] = p.RGB[(c*p.H+sy)*p.W+sx]
			}
		}
	}
	return r
}

func BenchmarkFind(b *testing.B) {
	f, err := picture.Open(b.Context(), filepath.Join("..", "..", "examples", "photos", "astronaut.jpg"), picture.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	p := f.SRGB()
	for _, long := range []int{512, 4096} {
		large := p.Resize(long, long)
		b.Run(strconv.Itoa(long), func(b *testing.B) {
			for b.Loop() {
				Find(large)
			}
		})
	}
}

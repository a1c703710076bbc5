package paint

import (
	"fmt"
	"image"
	"math"
	"slices"
	"testing"

	"github.com/pastiche-art/pastiche/internal/cost"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/picture"
)

func TestRoll(t *testing.T) {
	const h, w = 3, 4
	src := make([]float32, colors*h*w)
	for i := range src {
		src[i] = float32(i)
	}
	for dy := range h + 1 {
		for dx := range w + 1 {
			rolled, back := make([]float32, len(src)), make([]float32, len(src))
			roll(rolled, src, h, w, dy, dx)
			for i, v := range rolled {
				y, x := i/w%h, i%w
				if want := src[i/(h*w)*h*w+(y-dy+h)%h*w+(x-dx+w)%w]; v != want {
					t.Fatalf("rolled by %d, %d: %v", dy, dx, rolled)
				}
			}
			roll(back, rolled, h, w, h-dy, w-dx)
			if !slices.Equal(back, src) {
				t.Fatalf("rolled by %d, %d and back: %v", dy, dx, back)
			}
		}
	}
}

// leap returns the mean absolute difference of a picture's levels between
// adjacent columns, or rows, over that across its sides.
func leap(p *picture.Picture) (inside, across float64) {
	var n, sides float64
	for c := range colors {
		for y := range p.H {
			for x := range p.W {
				v := p.RGB[(c*p.H+y)*p.W+x]
				right := p.RGB[(c*p.H+y)*p.W+(x+1)%p.W]
				below := p.RGB[(c*p.H+(y+1)%p.H)*p.W+x]
				for _, d := range []struct {
					by   float32
					side bool
				}{{right - v, x == p.W-1}, {below - v, y == p.H-1}} {
					by := math.Abs(float64(d.by))
					if d.side {
						across, sides = across+by, sides+1
					} else {
						inside, n = inside+by, n+1
					}
				}
			}
		}
	}
	return inside / n, across / sides
}

func TestTexture(t *testing.T) {
	styles := one(strokes(64, 64, 4))
	for _, tileable := range []bool{false, true} {
		t.Run(fmt.Sprint("tileable ", tileable), func(t *testing.T) {
			recipe := small(t, "fine")
			recipe.Size, recipe.FirstIterations, recipe.Iterations, recipe.Tileable = 64, 60, 60, tileable
			recipe.FirstSize = 32
			begun := Costs{}
			painting, err := Texture(t.Context(), image.Pt(64, 48), styles, Options{Recipe: recipe, Progress: func(p Progress) {
				if p.Step == 1 {
					begun = p.Costs
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			if painting.W != 64 || painting.H != 48 || painting.Costs.Content != 0 || painting.Costs.Style > begun.Style/4 {
				t.Errorf("%d x %d pixels, costs %+v, at first %+v", painting.W, painting.H, painting.Costs, begun)
			}
			// Bands of a texture end at its sides, but go on over those of a tile: of
			// six seeds, by 3.0 to 4.5 times and 1.02 to 1.3 times the leaps inside.
			inside, across := leap(painting.Picture)
			if seamless := across < 2*inside; seamless != tileable {
				t.Errorf("levels differ by %.3g inside and by %.3g across the sides", inside, across)
			}
		})
	}
}

func TestTextureErrors(t *testing.T) {
	good := one(strokes(20, 20, 2))
	for _, shape := range []image.Point{{}, {X: 1}, {1, -1}, {MaxSize + 1, 1}} {
		_, err := Texture(t.Context(), shape, good, Options{})
		checkOption(t, err, "shape")
	}
	_, err := Texture(t.Context(), image.Pt(20, 20), nil, Options{})
	checkOption(t, err, "styles")
	recipe := Fine()
	recipe.StyleWeight = 0
	_, err = Texture(t.Context(), image.Pt(20, 20), good, Options{Recipe: &recipe})
	checkOption(t, err, "StyleWeight")
}

// TestRotations: seen in all directions, a style has the statistics of itself
// turned.
func TestRotations(t *testing.T) {
	manner := strokes(48, 32, 3)
	for _, test := range []struct {
		rotations int
		same      bool
	}{{0, false}, {1, false}, {2, false}, {4, true}} {
		t.Run(fmt.Sprint(test.rotations), func(t *testing.T) {
			recipe := small(t, "gatys")
			recipe.Rotations = test.rotations
			s, err := newSession(photo(64, 64), one(manner), Options{Recipe: recipe})
			if err != nil {
				t.Fatal(err)
			}
			defer s.pool.Close()
			var of [2]*cost.Statistics
			for i, p := range []*picture.Picture{manner, turned(manner)} {
				all, err := s.measureTurned(t.Context(), &style{picture: p}, max(p.W, p.H), []Layer{{Name: "conv2_1"}}, s.memory)
				if err != nil {
					t.Fatal(err)
				}
				of[i] = all["conv2_1"]
			}
			distance := styleDistance(of[0], of[1])
			if same := distance < 1e-9*styleDistance(of[0], zero(of[0])); same != test.same {
				t.Errorf("statistics upright and turned are %g apart", distance)
			}
		})
	}
}

// zero returns statistics with a Gram matrix of zeros.
func zero(of *cost.Statistics) *cost.Statistics {
	return &cost.Statistics{Second: kernel.NewMatrix(of.Second.Rows, of.Second.Cols)}
}

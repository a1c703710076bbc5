package paint

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/pastiche-art/pastiche/picture"
)

// landmark is a style with an orange disc in its upper right corner, on blue bands that
// run in all directions.
func landmark(side int) *picture.Picture {
	p := picture.New(side, side)
	random, plane := rand.New(rand.NewPCG(3, 0)), side*side
	for y := range side {
		for x := range side {
			u, v := float64(x)/float64(side), float64(y)/float64(side)
			band := math.Sin(60*(u*math.Cos(6*v)+v*math.Sin(5*u))) + 0.3*random.NormFloat64()
			rgb := [3]float64{50 + 25*band, 80 + 30*band, 150 + 40*band}
			if math.Hypot(u-0.8, v-0.2) < 0.14 {
				rgb = [3]float64{250, 170 + 20*band, 40}
			}
			for c, level := range rgb {
				p.RGB[c*plane+y*side+x] = float32(min(max(level, 0), maxLevel))
			}
		}
	}
	return p
}

// TestComposition checks that the landmark of a style is no more likely in the painting
// at its place in the style than elsewhere: a painting copies the style, not its
// composition. The content is the same in all four quarters.
func TestComposition(t *testing.T) {
	if testing.Short() {
		t.Skip("paints a whole picture")
	}
	const side = 160
	content := picture.New(side, side)
	for y := range side {
		for x := range side {
			u, v := math.Abs(float64(x)-side/2), math.Abs(float64(y)-side/2)
			level := float32(110 + 60*math.Cos(u/9)*math.Cos(v/13))
			for c := range colors {
				content.RGB[c*side*side+y*side+x] = level
			}
		}
	}
	recipe := Fine()
	recipe.Size = side
	p := mustPaint(t, content, one(landmark(side)), Options{Recipe: &recipe})
	var sun [2][2]float64 // how much more red than blue each quarter has
	for y := range side {
		for x := range side {
			if i := y*side + x; p.RGB[i] > p.RGB[2*side*side+i]+30 {
				sun[2*y/side][2*x/side] += 4. / (side * side)
			}
		}
	}
	others := (sun[0][0] + sun[1][0] + sun[1][1]) / 3
	t.Logf("upper right %.3f, the other quarters %.3f %.3f %.3f", sun[0][1], sun[0][0], sun[1][0], sun[1][1])
	if sun[0][1] > 2*others {
		t.Errorf("the style's sun covers %.3f of its own quarter and %.3f of the others", sun[0][1], others)
	}
}

package paint

import (
	"math"
	"testing"

	"github.com/pastiche-art/pastiche/picture"
)

// octaves returns the standard deviation of luma at each octave of a picture, from fine
// to coarse: the part that each halving removes.
func octaves(p *picture.Picture, n int) []float64 {
	strength := make([]float64, n)
	for i := range strength {
		smaller := p.Resize((p.W+1)/2, (p.H+1)/2)
		fine, coarse := p.Luma(), smaller.Resize(p.W, p.H).Luma()
		var squares float64
		for k := range p.W * p.H {
			d := float64(fine.RGB[k] - coarse.RGB[k])
			squares += d * d
		}
		strength[i] = math.Sqrt(squares / float64(p.W*p.H))
		p = smaller
	}
	return strength
}

// TestStrokesKeepTheirSize checks that a painting four times as large has the same
// strokes when it is downscaled to the size of the small one: equally strong at every
// octave, with the same statistics. Finer strokes come on top, for which the small one
// has no room: the bands of this style are sixteen pixels apart there.
func TestStrokesKeepTheirSize(t *testing.T) {
	if testing.Short() {
		t.Skip("which paints a large picture")
	}
	const size, times = 48, 3
	content, style := photo(times*size, times*size), strokes(times*size, times*size, 3)
	recipe := Fine()
	recipe.FirstSize, recipe.ScaleStep, recipe.Averaging = 24, 2, 0.8
	recipe.Margin = 0 // a sixth of the small painting, and almost nothing of a real one
	recipe.Iterations, recipe.FirstIterations = 25, 25
	recipe.Colors = StyleColors // compare the strokes without colour matching
	paint := func(long int) *picture.Picture {
		r := recipe
		r.Size = long
		return mustPaint(t, content, one(style), Options{Recipe: &r}).Picture
	}
	small, large := paint(size), paint(times*size)
	seen := large.Resize(size, size)
	const heard = 4 // octaves
	for i, want := range octaves(small, heard) {
		if got := octaves(seen, heard)[i]; got < want/1.5 || got > want*1.5 {
			t.Errorf("octave %d: strokes of %.3g levels, %.3g in the small painting", i, got, want)
		}
	}
	score := func(p *picture.Picture) float64 {
		r := recipe
		return mustScore(t, content, one(style), p, Options{Recipe: &r}).Costs.Style
	}
	before, painted, from := score(content.Resize(size, size)), score(small), score(seen)
	t.Logf("style cost %.3g of the content, %.3g of the small painting, %.3g of the large one from afar", before, painted, from)
	if from > (before+painted)/2 {
		t.Errorf("style cost %.3g from afar: nearer to the content's %.3g than to the small painting's %.3g", from, before, painted)
	}
}

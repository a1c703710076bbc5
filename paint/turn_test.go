package paint

import (
	"slices"
	"testing"

	"github.com/pastiche-art/pastiche/picture"
)

func TestTurn(t *testing.T) {
	p := picture.New(3, 2)
	for i := range p.RGB {
		p.RGB[i] = float32(i)
	}
	p.Alpha = slices.Clone(p.RGB[:6])
	q := turned(p)
	// 0 1 2     2 5
	// 3 4 5  -> 1 4
	//           0 3
	want := []float32{2, 5, 1, 4, 0, 3}
	if q.W != 2 || q.H != 3 || !slices.Equal(q.RGB[:6], want) || !slices.Equal(q.Alpha, want) || q.RGB[6] != 8 {
		t.Errorf("turned to %d x %d, %v, alpha %v", q.W, q.H, q.RGB, q.Alpha)
	}
	for range 3 {
		q = turned(q)
	}
	if q.W != p.W || !slices.Equal(q.RGB, p.RGB) || !slices.Equal(q.Alpha, p.Alpha) {
		t.Error("four quarters are not a whole turn")
	}
}

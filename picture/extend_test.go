package picture

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExtend(t *testing.T) {
	m := &Mask{W: 2, H: 1, Weight: []float32{1, 2}}
	want := []float32{1, 2, 2, 1, 1, 2, 2, 1, 1, 2} // mirrored more than once
	if e := m.Extend(4); e.W != 10 || e.H != 9 || !slices.Equal(e.Weight[:10], want) || !slices.Equal(e.Weight[80:], want) {
		t.Errorf("%d x %d %v", e.W, e.H, e.Weight)
	}
	p := noise(7, 5, true)
	if diff := cmp.Diff(p, p.Extend(3).Cut(3), cmp.AllowUnexported(Picture{})); diff != "" {
		t.Errorf("cut after it was extended (-want +got):\n%s", diff)
	}
	e := p.Extend(3)
	for y := range e.H {
		if e.RGB[y*e.W+2] != e.RGB[y*e.W+3] || e.RGB[y*e.W+1] != e.RGB[y*e.W+4] {
			t.Fatalf("row %d is not mirrored at its left side", y)
		}
	}
}

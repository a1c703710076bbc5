package kernel

import "testing"

// TestRelease has a pool forget how large the tensors were that it passed on.
func TestRelease(t *testing.T) {
	p, err := NewPool(1)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	a, _ := p.Passing(Float32)
	a.Reshape(16, 300, 300)
	p.Release()
	if a.Precision != Float32 || a.data != nil {
		t.Errorf("%d elements left", len(a.data))
	}
	a.Reshape(3, 4, 5)
	if got := a.Positions(); got != 20 {
		t.Errorf("%d positions in what takes its place, want 20", got)
	}
}

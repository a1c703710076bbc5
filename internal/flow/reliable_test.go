package flow

import (
	"math"
	"testing"
)

// uniform returns a field with the same flow everywhere.
func uniform(w, h int, u, v float32) *Field {
	f := NewField(w, h)
	for i := range f.U {
		f.U[i], f.V[i] = u, v
	}
	return f
}

// TestReliableBounds holds the constants of Ruder et al. on both sides of each bound.
func TestReliableBounds(t *testing.T) {
	const w, h = 9, 9
	centre := h/2*w + w/2
	at := func(forward, backward *Field) float32 { return Reliable(forward, backward)[centre] }
	for _, test := range []struct {
		name string
		u, v float32 // forward flow where backward flow is (-3, 0)
		want float32
	}{
		{"opposite", 3, 0, 1},
		{"still", 0, 0, 0},                          // 9 > 0.01*9 + 0.5
		{"just within", 3 + 0.82, 0, 1},             // 0.672 < 0.01*(14.59+9) + 0.5 = 0.736
		{"just beyond", 3 + 0.87, 0, 0},             // 0.757 > 0.01*(14.98+9) + 0.5 = 0.740
		{"vertical", 3, float32(math.Sqrt2) / 2, 1}, // 0.5 < 0.01*(9.5+9) + 0.5
		{"not a number", float32(math.NaN()), 0, 0},
	} {
		if got := at(uniform(w, h, test.u, test.v), uniform(w, h, -3, 0)); got != test.want {
			t.Errorf("%s: %g, want %g", test.name, got, test.want)
		}
	}
	for _, test := range []struct {
		name  string
		slope float32 // of u in x; u is 1 at the centre
		want  float32
	}{
		{"gentle slope", 0.10, 1}, // 0.0100 < 0.01 + 0.002
		{"edge", 0.12, 0},         // 0.0144 > 0.01 + 0.002
	} {
		backward, forward := NewField(w, h), NewField(w, h)
		for i := range backward.U {
			backward.U[i] = 1 + test.slope*float32(i%w-w/2)
			forward.U[i] = -1
		}
		if got := at(forward, backward); got != test.want {
			t.Errorf("%s: %g, want %g", test.name, got, test.want)
		}
	}
}

func TestReliableOutsideFrame(t *testing.T) {
	const w, h = 6, 5
	for i, got := range Reliable(uniform(w, h, 2, -1), uniform(w, h, -2, 1)) {
		x, y := i%w, i/w
		want := float32(1)
		if x < 2 || y > h-2 {
			want = 0
		}
		if got != want {
			t.Errorf("(%d, %d): %g, want %g", x, y, got, want)
		}
	}
}

// TestReliableOfTwoLayers compares the weights with the background that the disc uncovers.
func TestReliableOfTwoLayers(t *testing.T) {
	s, e := apart(t), NewEstimator(newPool(t, 2))
	for _, test := range []struct {
		name              string
		forward, backward *Field
		found, kept       float64 // least shares
	}{
		{"true flow", s.forward, s.backward, 0.99, 0.97},
		{"estimated flow", e.Flow(s.from, s.to, nil), e.Flow(s.to, s.from, nil), 0.85, 0.93},
	} {
		var found, hidden, kept, shown float64
		for i, w := range Reliable(test.forward, test.backward) {
			x, y := float32(i%sceneWidth)+s.backward.U[i], float32(i/sceneWidth)+s.backward.V[i]
			switch {
			case s.disoccluded[i]:
				hidden++
				found += 1 - float64(w)
			case x >= 0 && y >= 0 && x <= sceneWidth-1 && y <= sceneHeight-1:
				shown++
				kept += float64(w)
			}
		}
		t.Logf("%s: %.3f of %g uncovered pixels found, %.4f of the others kept", test.name, found/hidden, hidden, kept/shown)
		if found/hidden < test.found || kept/shown < test.kept {
			t.Errorf("%s: %.3f of the uncovered pixels found, want %g; %.4f of the others kept, want %g",
				test.name, found/hidden, test.found, kept/shown, test.kept)
		}
	}
}

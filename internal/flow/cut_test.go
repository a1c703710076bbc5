package flow

import "testing"

// scenePart returns the part of a photograph that begins at (x, y), of the size of scenes.
func scenePart(photo *Gray, x, y int) *Gray { return crop(photo, x, y, sceneWidth, sceneHeight) }

func TestIsCut(t *testing.T) {
	if testing.Short() {
		t.Skip("slow without assembly")
	}
	var (
		e      = NewEstimator(newPool(t, 2))
		castle = photo(t, "castle")
		plain  = &Gray{sceneWidth, sceneHeight, make([]float32, sceneWidth*sceneHeight)}
		pan    = func() *scene { return newScene(moving(castle, shift(2.65, -1.35))) }
		pair   = func(from, to *Gray) *scene { return &scene{from: from, to: to} }
	)
	for _, test := range []struct {
		name string
		*scene
		cut bool
	}{
		{"still", pair(scenePart(castle, 0, 0), scenePart(castle, 0, 0)), false},
		{"pan", pan(), false},
		{"fast pan", newScene(moving(castle, shift(20, 4))), false},
		{"zoom", newScene(moving(photo(t, "horses"), turn(1.05, 2))), false},
		{"two layers", apart(t), false},
		{"noise", pan().altered(noise(12)), false},
		{"flash", pan().altered(func(v float32) float32 { return v + 60 }), false},
		{"half faded out", pan().altered(func(v float32) float32 { return 0.5 * v }), false},
		{"plain frames", pair(plain, plain), false},
		{"castle to bee", pair(scenePart(castle, 0, 0), scenePart(photo(t, "bee"), 0, 0)), true},
		{"bee to horses", pair(scenePart(photo(t, "bee"), 0, 0), scenePart(photo(t, "horses"), 0, 0)), true},
		{"cat to coffee", pair(scenePart(photo(t, "cat"), 0, 0), scenePart(photo(t, "coffee"), 0, 0)), true},
		{"bridge to chenonceau", pair(scenePart(photo(t, "bridge"), 0, 0), scenePart(photo(t, "chenonceau"), 0, 0)), true},
		{"another part of the picture", pair(scenePart(photo(t, "chenonceau"), 0, 0), scenePart(photo(t, "chenonceau"), 320, 300)), true},
		{"to a plain frame", pair(scenePart(castle, 0, 0), plain), true},
		{"from a plain frame", pair(plain, scenePart(castle, 0, 0)), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			reliable := Reliable(e.Flow(test.from, test.to, nil), e.Flow(test.to, test.from, nil))
			t.Logf("score %.2f", score(test.from, test.to, reliable))
			if got := IsCut(test.from, test.to, reliable); got != test.cut {
				t.Errorf("IsCut is %v, want %v", got, test.cut)
			}
		})
	}
}

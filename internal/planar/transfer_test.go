package planar

import (
	"math"
	"testing"
)

func TestTransferFunctionsAreExact(t *testing.T) {
	for i := range 100*White + 1 {
		level := float32(i) / 100
		v := float64(level) / White
		want := v / 12.92
		if v > 0.04045 {
			want = math.Pow((v+0.055)/1.055, 2.4)
		}
		light := Light(level)
		// A ten-thousandth of a level, by the slope of the inverse.
		if back := Level(float32(want)); math.Abs(float64(Level(light)-back)) > 1e-4 {
			t.Fatalf("level %v: light %v, want %v", level, light, want)
		}
		if math.Abs(float64(Level(light)-level)) > 2e-4 {
			t.Fatalf("level %v comes back as %v", level, Level(light))
		}
	}
	for _, f := range []func(float32) float32{Light, Level} {
		nan := float32(math.NaN())
		if v := f(nan); v == v {
			t.Errorf("a NaN became %v", v)
		}
		if f(-1) != 0 || f(1000) != f(White) {
			t.Errorf("beyond the range: %v and %v", f(-1), f(1000))
		}
	}
}

package weights

import (
	"math"
	"testing"
)

// TestFloat16 compares every binary16 with the formula of IEEE 754, and
// converts it back.
func TestFloat16(t *testing.T) {
	for h := range 1 << 16 {
		sign := 1.0
		if h&0x8000 != 0 {
			sign = -1
		}
		exponent, fraction := h>>10&0x1f, float64(h&0x3ff)
		var want float64
		switch {
		case exponent == 31 && fraction != 0:
			if got := fromFloat16(uint16(h)); got == got {
				t.Errorf("%#04x: got %v, want NaN", h, got)
			}
			continue
		case exponent == 31:
			want = math.Inf(int(sign))
		case exponent == 0:
			want = math.Copysign(math.Ldexp(fraction/1024, -14), sign)
		default:
			want = sign * math.Ldexp(1+fraction/1024, exponent-15)
		}
		got := fromFloat16(uint16(h))
		if float64(got) != want || math.Signbit(float64(got)) != (sign < 0) {
			t.Errorf("%#04x: got %v, want %v", h, got, want)
		}
		if back := toFloat16(got); back != uint16(h) {
			t.Errorf("%#04x: back from %v as %#04x", h, got, back)
		}
	}
}

// TestFloat16Rounding tests the midpoint after every finite binary16, and the float32
// values on both sides of it.
func TestFloat16Rounding(t *testing.T) {
	const infinity = 0x7c00
	for h := range uint16(infinity) {
		low := fromFloat16(h)
		high := fromFloat16(h + 1)
		if h+1 == infinity {
			high = 0x1p16 // where the next number would be
		}
		middle := (low + high) / 2 // exact: float32 has 13 more bits
		even := h + h&1
		for _, c := range []struct {
			value float32
			want  uint16
		}{
			{math.Nextafter32(middle, 0), h},
			{middle, even},
			{math.Nextafter32(middle, high), h + 1},
		} {
			if got := toFloat16(c.value); got != c.want {
				t.Errorf("%v: got %#04x, want %#04x", c.value, got, c.want)
			}
			if got := toFloat16(-c.value); got != c.want|0x8000 {
				t.Errorf("%v: got %#04x, want %#04x", -c.value, got, c.want|0x8000)
			}
		}
	}
	if got := toFloat16(math.MaxFloat32); got != infinity {
		t.Errorf("the largest float32: got %#04x, want infinity", got)
	}
}

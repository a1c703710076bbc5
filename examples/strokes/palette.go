package main

import (
	"math"
	"math/rand/v2"
)

// A colour is red, green and blue, sRGB-encoded, 0..1. Paint is mixed in that
// encoding, in which equal steps look about equal.
type colour [3]float64

// hex is the colour 0xRRGGBB.
func hex(v uint32) colour {
	return colour{float64(v >> 16 & 0xff), float64(v >> 8 & 0xff), float64(v & 0xff)}.times(1. / 255)
}

func (c colour) times(k float64) colour {
	return colour{c[0] * k, c[1] * k, c[2] * k}
}

// plus adds v to every component.
func (c colour) plus(v float64) colour {
	return colour{c[0] + v, c[1] + v, c[2] + v}
}

// luma is the brightness, by the weights of Rec. 601.
func (c colour) luma() float64 {
	return 0.299*c[0] + 0.587*c[1] + 0.114*c[2]
}

// saturate moves c away from the grey of its own brightness: 0 is that grey,
// 1 is c, more is more vivid.
func (c colour) saturate(k float64) colour {
	l := c.luma()
	return mix(colour{l, l, l}, c, k)
}

// mix is a at t = 0 and b at t = 1.
func mix(a, b colour, t float64) colour {
	return colour{a[0] + t*(b[0]-a[0]), a[1] + t*(b[1]-a[1]), a[2] + t*(b[2]-a[2])}
}

// A ramp is a row of colours at equal steps over 0..1.
type ramp []colour

func newRamp(hexes ...uint32) ramp {
	r := make(ramp, len(hexes))
	for i, h := range hexes {
		r[i] = hex(h)
	}
	return r
}

// at is the colour at t, which is held to 0..1.
func (r ramp) at(t float64) colour {
	t = clamp(t, 0, 1) * float64(len(r)-1)
	i := min(int(t), len(r)-2)
	return mix(r[i], r[i+1], t-float64(i))
}

// jitter is c as it comes off a palette: every component off by up to hue,
// all of them together by up to value.
func jitter(rng *rand.Rand, c colour, hue, value float64) colour {
	v := value * spread(rng)
	for i := range c {
		c[i] += v + hue*spread(rng)
	}
	return c
}

// spread is uniform in -1..1.
func spread(rng *rand.Rand) float64 { return 2*rng.Float64() - 1 }

// between is uniform in lo..hi.
func between(rng *rand.Rand, lo, hi float64) float64 { return lo + (hi-lo)*rng.Float64() }

// hypot is the length of (x, y): math.Hypot without its care for overflow.
func hypot(x, y float64) float64 { return math.Sqrt(x*x + y*y) }

func sq(v float64) float64 { return v * v }

func clamp(v, lo, hi float64) float64 { return max(lo, min(hi, v)) }

// smooth rises from 0 at lo to 1 at hi without a corner. With lo > hi it falls.
func smooth(lo, hi, v float64) float64 {
	return ease(clamp((v-lo)/(hi-lo), 0, 1))
}

// ease is smooth from 0 to 1, for a t that lies there.
func ease(t float64) float64 { return t * t * (3 - 2*t) }

//go:build arm64 && !noasm

package kernel

import (
	"math"
	"slices"
	"testing"
)

func TestNEONIsFirst(t *testing.T) {
	if first := Implementations()[0]; first != "neon" {
		t.Errorf("the first implementation is %s, want neon", first)
	}
}

// TestNEONNotANumber compares the results for NaN, to the bit, at each place of a
// pooling window and in each element of a vector.
func TestNEONNotANumber(t *testing.T) {
	nan := float32(math.NaN())
	for at := range 4 {
		in := [2][]float32{make([]float32, 2*lanes), make([]float32, 2*lanes)}
		for k := range lanes {
			for i := range 4 {
				in[i/2][i%2*lanes+k] = float32((i*5 + k) % 7)
			}
			if k%2 == 0 {
				in[at/2][at%2*lanes+k] = nan
			}
		}
		maxima := func(impl *primitives) (out []float32, words []uint16) {
			out, words = make([]float32, lanes), make([]uint16, 4)
			impl.maxPool(poolForward{out: out, in0: in[0], in1: in[1], argmax0: words[:2], argmax1: words[2:], n: 1})
			return out, words
		}
		got, gotRoutes := maxima(&neon)
		want, wantRoutes := maxima(&generic)
		if !slices.EqualFunc(got, want, same) || !slices.Equal(gotRoutes, wantRoutes) {
			t.Errorf("place %d: maxima %v from %016b, want %v from %016b", at, got, gotRoutes, want, wantRoutes)
		}
		signs := func(impl *primitives) []uint16 {
			words := make([]uint16, 2)
			impl.reluMask(reluMask{mask: words, in: in[at/2], positions: 2})
			return words
		}
		if got, want := signs(&neon), signs(&generic); !slices.Equal(got, want) {
			t.Errorf("place %d: signs %016b, want %016b", at, got, want)
		}
	}
}

func same(a, b float32) bool { return a == b || a != a && b != b }

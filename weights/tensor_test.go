package weights

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestStrides reads tensors with any order of dimensions and with gaps, larger than the
// buffer, and compares each element.
func TestStrides(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		shape := make([]int64, 1+r.IntN(4))
		for i := range shape {
			shape[i] = 1 + r.Int64N(30)
		}
		// Strides that do not overlap, from the fastest dimension on.
		strides := make([]int64, len(shape))
		covered := int64(1)
		for _, i := range r.Perm(len(shape)) {
			strides[i] = covered + r.Int64N(2)*r.Int64N(3)
			covered += (shape[i] - 1) * strides[i]
		}
		if covered > 1<<20 {
			continue
		}
		if got, ok := span(shape, strides); !ok || got != covered {
			t.Fatalf("the span of %v with %v: got %d, %v, want %d", shape, strides, got, ok, covered)
		}
		data := matLittle.singles(sequence(int(covered))...)
		tensor := &tensor{shape: shape, strides: strides, format: dtypes["F32"], open: func() (io.Reader, error) {
			return bytes.NewReader(data), nil
		}}
		got, err := new(decoder).read(tensor)
		if err != nil {
			t.Fatal(err)
		}
		for at, v := range got {
			place, rest := int64(0), int64(at)
			for i := len(shape) - 1; i >= 0; i-- {
				place += rest % shape[i] * strides[i]
				rest /= shape[i]
			}
			if v != float32(place) {
				t.Fatalf("element %d of %v with %v: got %v, want %d", at, shape, strides, v, place)
			}
		}
		if covered > 1 {
			data = data[:len(data)-1]
			if _, err := new(decoder).read(tensor); !errors.Is(err, ErrMalformed) {
				t.Fatalf("cut short: got %v", err)
			}
		}
	}
}

func sequence(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i)
	}
	return v
}

func TestSpan(t *testing.T) {
	const large = 1 << 62
	for _, c := range []struct {
		shape, strides []int64
		want           int64
		ok             bool
	}{
		{nil, nil, 1, true},
		{[]int64{1}, []int64{0}, 1, true},
		{[]int64{0, large}, []int64{large, large}, 0, true},
		{[]int64{2, 3}, []int64{3, 1}, 6, true},
		{[]int64{2, 3}, []int64{1, 2}, 6, true},
		{[]int64{2, 3}, []int64{1, 1}, 0, false},
		{[]int64{2}, []int64{0}, 0, false},
		{[]int64{3}, []int64{large}, 0, false},
		{[]int64{large, 2}, []int64{1, large}, 0, false},
		{[]int64{2, 2}, []int64{large, large - 1}, 0, false},
	} {
		t.Run(fmt.Sprint(c.shape, c.strides), func(t *testing.T) {
			got, ok := span(c.shape, c.strides)
			if ok != c.ok || ok && got != c.want {
				t.Errorf("got %d, %v, want %d, %v", got, ok, c.want, c.ok)
			}
		})
	}
}

func TestPermuted(t *testing.T) {
	m := &tensor{shape: []int64{2, 3, 5, 7}, strides: columnMajor([]int64{2, 3, 5, 7})}
	p := m.permuted(3, 2, 0, 1)
	if !slices.Equal(p.shape, []int64{7, 5, 2, 3}) || !slices.Equal(p.strides, []int64{30, 6, 1, 2}) {
		t.Errorf("got the shape %v and the strides %v", p.shape, p.strides)
	}
}

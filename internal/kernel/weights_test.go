package kernel

import (
	"fmt"
	"slices"
	"testing"
)

func TestApplyWeights(t *testing.T) {
	const h, w, y, x = 11, 40, 2, 3 // of the weights, and the place of the part
	by := &Weights{H: h, W: w, Values: make([]float32, h*w)}
	for i := range by.Values {
		by.Values[i] = float32(i%7) - 2
	}
	for _, s := range []struct{ c, h, w int }{{1, 1, 1}, {16, 5, 7}, {33, 9, 37}} {
		for first := range min(s.h, 3) {
			t.Run(fmt.Sprintf("%dx%dx%d/from row %d", s.c, s.h, s.w, first), func(t *testing.T) {
				data := make([]float32, s.c*s.h*s.w)
				for i := range data {
					data[i] = float32(i % 11)
				}
				f, p := FromCHW(s.c, s.h, s.w, data), newPool(2, implementations()[0])
				defer p.Close()
				rows := s.h - first
				want, sum := make([]float32, s.c*rows*s.w), slices.Clone(data)
				for c := range s.c {
					for row := range rows {
						for col := range s.w {
							weight := by.Values[(y+first+row)*w+x+col]
							v := weight * data[(c*s.h+first+row)*s.w+col]
							want[(c*rows+row)*s.w+col] = v
							sum[(c*s.h+first+row)*s.w+col] += weight * v
						}
					}
				}
				var got Tensor
				got.Reshape(s.c, s.h+9, s.w+9)
				for i := range got.data {
					got.data[i] = 1e9 // what the memory held
				}
				p.ApplyWeights(&got, f, first, rows, by, y, x)
				if !slices.Equal(got.CHW(), want) {
					t.Error("wrong products")
				}
				clean := FromCHW(s.c, rows, s.w, want)
				if !slices.Equal(got.data, clean.data) {
					t.Error("the border is not zero")
				}
				p.AddWeighted(f, &got, first, by, y, x)
				if !slices.Equal(f.CHW(), sum) {
					t.Error("wrong sums")
				}
			})
		}
	}
}

package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// randomCorners returns random corners of points in a map of h x w. Some have no
// weight.
func randomCorners(r *rand.Rand, n, h, w int) []Corners {
	at := make([]Corners, n)
	for i := range at {
		for k := range at[i] {
			at[i][k].Y, at[i][k].X = int32(r.IntN(h)), int32(r.IntN(w))
			at[i][k].Weight = float32(r.IntN(5)) / 4
		}
	}
	return at
}

func randomTensor(r *rand.Rand, c, h, w int) *Tensor {
	values := make([]float32, c*h*w)
	for i := range values {
		values[i] = float32(r.NormFloat64())
	}
	return FromCHW(c, h, w, values)
}

// TestSample compares both operations, tile by tile, with their definition in float64.
// The matrices and gradients are not zero before.
func TestSample(t *testing.T) {
	for _, s := range []struct{ c, h, w, points, column, columns int }{
		{1, 1, 1, 1, 0, 1}, {5, 4, 7, 9, 0, 16}, {16, 5, 5, 40, 16, 32}, {37, 6, 9, 20, 32, 80},
	} {
		t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			f, at := randomTensor(r, s.c, s.h, s.w), randomCorners(r, s.points, s.h, s.w)
			before := make([]float32, s.points*s.columns)
			for i := range before {
				before[i] = float32(r.NormFloat64())
			}
			wantRows, wantGrad := make([]float64, len(before)), make([]float64, s.c*s.h*s.w)
			for i, v := range before {
				wantRows[i] = float64(v)
			}
			gradient := randomTensor(r, s.c, s.h, s.w)
			for i, v := range gradient.CHW() {
				wantGrad[i] = float64(v)
			}
			values := f.CHW()
			for i := range at {
				for _, corner := range at[i] {
					for c := range s.c {
						value := (c*s.h+int(corner.Y))*s.w + int(corner.X)
						wantRows[i*s.columns+s.column+c] += float64(corner.Weight) * float64(values[value])
						wantGrad[value] += float64(corner.Weight) * float64(before[i*s.columns+s.column+c])
					}
				}
			}
			var rows, grad []float32
			for _, threads := range []int{1, 2, 3} {
				p := newPool(threads, portable)
				defer p.Close()
				m, g := FromRows(s.points, s.columns, before), new(Tensor)
				g.Copy(gradient)
				eachQuarter(s.h, s.w, func(y, x, h, w int) {
					part := new(Tensor)
					p.Crop(part, f, y, x, h, w)
					p.Sample(m, s.column, part, at, y, x)
					p.Crop(part, g, y, x, h, w)
					part.Zero()
					p.SampleBack(part, FromRows(s.points, s.columns, before), s.column, at, y, x)
					p.AddAt(g, part, y, x)
				})
				if rows == nil {
					rows, grad = m.RowMajor(), g.CHW()
					sampledNear(t, "rows", rows, wantRows)
					sampledNear(t, "gradient", grad, wantGrad)
				} else if !slices.Equal(rows, m.RowMajor()) || !slices.Equal(grad, g.CHW()) {
					t.Errorf("other values with %d threads", threads)
				}
			}
		})
	}
}

// eachQuarter divides a map into parts of different sizes.
func eachQuarter(h, w int, do func(y, x, h, w int)) {
	top, left := (h+2)/3, (w+2)/3
	for _, rows := range [][2]int{{0, top}, {top, h}} {
		for _, cols := range [][2]int{{0, left}, {left, w}} {
			if rows[0] < rows[1] && cols[0] < cols[1] {
				do(rows[0], cols[0], rows[1]-rows[0], cols[1]-cols[0])
			}
		}
	}
}

// sampledNear allows each value the rounding of a few dozen sums of numbers of about 1.
func sampledNear(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	for i, v := range got {
		if !(math.Abs(float64(v)-want[i]) < 2e-5) {
			t.Fatalf("%s: value %d is %g, want %g", what, i, v, want[i])
		}
	}
}

func TestSampleOfAnotherShape(t *testing.T) {
	p := newPool(1, portable)
	defer p.Close()
	for name, call := range map[string]func(){
		"points":   func() { p.Sample(NewMatrix(3, 16), 0, NewTensor(16, 2, 2), make([]Corners, 2), 0, 0) },
		"column":   func() { p.Sample(NewMatrix(2, 32), 8, NewTensor(16, 2, 2), make([]Corners, 2), 0, 0) },
		"channels": func() { p.SampleBack(NewTensor(17, 2, 2), NewMatrix(2, 16), 0, make([]Corners, 2), 0, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			call()
		})
	}
}

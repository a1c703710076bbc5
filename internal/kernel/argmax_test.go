package kernel

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// productShapes are rows, inner dimension and columns.
var productShapes = [][3]int{{1, 1, 1}, {3, 16, 17}, {40, 33, 31}, {225, 48, 70}, {500, 5, 129}}

func TestArgmaxProduct(t *testing.T) {
	for _, s := range productShapes {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			a, b := randoms(r, s[0]*s[1]), randoms(r, s[1]*s[2])
			products := multiplyReference(s[0], s[1], s[2], a, b)
			eachImplementation(t, func(t *testing.T, p *Pool) {
				at := make([]int32, s[0])
				for i := range at {
					at[i] = math.MaxInt32
				}
				p.ArgmaxProduct(at, FromRows(s[0], s[1], a), FromRows(s[1], s[2], b))
				for r, c := range at {
					row := products[r*s[2]:][:s[2]]
					// Rounding may prefer another product of about the same value.
					if best := slices.Max(row); row[c] < best-1e-5 {
						t.Fatalf("row %d: column %d with %g, though there is %g", r, c, row[c], best)
					}
				}
			})
		})
	}
}

// TestArgmaxProductCancelled: no rows are compared after the context is cancelled, and
// the cause is returned.
func TestArgmaxProductCancelled(t *testing.T) {
	cause := errors.New("the model has left")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	a, b := FromRows(2, 1, []float32{1, 1}), FromRows(1, 3, []float32{0, 1, 2})
	eachImplementation(t, func(t *testing.T, p *Pool) {
		at := []int32{7, 7}
		if err := p.ArgmaxProductContext(ctx, at, a, b); !errors.Is(err, cause) || at[0] != 7 || at[1] != 7 {
			t.Errorf("columns %v, error %v", at, err)
		}
	})
}

// TestArgmaxProductFirst tests equal columns, products that are all negative, and NaN.
func TestArgmaxProductFirst(t *testing.T) {
	const rows, inner, cols = 20, 7, 50
	a, b := make([]float32, rows*inner), make([]float32, inner*cols)
	for i := range a {
		a[i] = 1
	}
	for i := range b {
		b[i] = -2
		if c := i % cols; c == 11 || c == 40 {
			b[i] = -1
		}
	}
	a[3*inner] = float32(math.NaN())
	want := slices.Repeat([]int32{11}, rows)
	want[3] = 0
	eachImplementation(t, func(t *testing.T, p *Pool) {
		at := make([]int32, rows)
		p.ArgmaxProduct(at, FromRows(rows, inner, a), FromRows(inner, cols, b))
		if !slices.Equal(at, want) {
			t.Errorf("got %v, want %v", at, want)
		}
	})
}

func TestTranspose(t *testing.T) {
	for _, s := range productShapes {
		a := randoms(rand.New(rand.NewPCG(1, 2)), s[0]*s[2])
		eachImplementation(t, func(t *testing.T, p *Pool) {
			got, want := NewMatrix(s[2], s[0]), FromRows(s[2], s[0], transposed(s[0], s[2], a))
			p.Transpose(got, FromRows(s[0], s[2], a))
			if !slices.Equal(got.data, want.data) {
				t.Errorf("%d x %d: wrong", s[0], s[2])
			}
		})
	}
}

// TestPanel reads and writes a matrix through its panels.
func TestPanel(t *testing.T) {
	const rows, cols = 15, 33
	data := randoms(rand.New(rand.NewPCG(1, 2)), rows*cols)
	m := FromRows(rows, cols, data)
	if m.Panels() != 3 {
		t.Fatalf("%d panels, want 3", m.Panels())
	}
	for i, v := range data {
		r, c := i/cols, i%cols
		if got := m.Panel(c / Lanes)[r*Lanes+c%Lanes]; got != v {
			t.Fatalf("column %d of row %d: got %g, want %g", c, r, got, v)
		}
	}
	m.Panel(2)[7*Lanes] = 7
	if m.At(7, 32) != 7 {
		t.Error("what is written does not stay")
	}
}

// BenchmarkArgmaxProduct measures the search for nearest neighbours in a picture of 512
// x 512: hypercolumns of 960 channels at a quarter of its side.
func BenchmarkArgmaxProduct(b *testing.B) {
	const rows, inner, cols = 128 * 128, 960, 128 * 128
	p, err := NewPool(0)
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	r := rand.New(rand.NewPCG(1, 2))
	x, y := FromRows(rows, inner, randoms(r, rows*inner)), FromRows(inner, cols, randoms(r, inner*cols))
	at := make([]int32, rows)
	for b.Loop() {
		p.ArgmaxProduct(at, x, y)
	}
	b.ReportMetric(2*rows*inner*cols*float64(b.N)/1e9/b.Elapsed().Seconds(), "GFLOP/s")
}

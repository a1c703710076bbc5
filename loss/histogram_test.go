package loss

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/pastiche-art/pastiche/kernel"
)

// transported returns the squared 2-Wasserstein distance of two sets of values,
// from sorting them, and for each of the first the mean of the second that are due
// to it, which are the same for values that are equal.
func transported(from, to []float32) (square float64, due []float64) {
	order, target := make([]int, len(from)), slices.Sorted(slices.Values(to))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(from[a], from[b]) })
	due = make([]float64, len(from))
	// In units of 1/(len(from) len(to)) each value of the one set is as many as
	// there are values in the other.
	for i := 0; i < len(order); {
		ties := i + 1
		for ties < len(order) && from[order[ties]] == from[order[i]] {
			ties++
		}
		var sum float64
		for u := i * len(to); u < ties*len(to); {
			j := u / len(from)
			end := min(ties*len(to), (j+1)*len(from))
			sum += float64(end-u) * float64(target[j])
			u = end
		}
		for _, at := range order[i:ties] {
			due[at] = sum / float64((ties-i)*len(to))
		}
		i = ties
	}
	for i, v := range from {
		d := float64(v) - due[i]
		square += d * d / float64(len(from))
	}
	return square, due
}

// TestHistogram compares the cost and its gradient with those of sorted values.
// Where bins, a sixteenth of a value wide, hold many values, the difference is about
// 1e-4 and 1e-2; in the third case they hold a few. In the last the style has no
// zeros, so that those of the activation go to the mean of many values.
func TestHistogram(t *testing.T) {
	for _, s := range []struct {
		c, h, w, styleH, styleW int
		raised                  float64 // at most, by which the style is above zero
	}{{3, 40, 41, 37, 51, 0}, {20, 64, 65, 64, 65, 0}, {33, 25, 25, 64, 64, 0}, {5, 40, 41, 37, 51, 0.5}} {
		t.Run(fmt.Sprintf("%dx%dx%d/raised=%g", s.c, s.h, s.w, s.raised), func(t *testing.T) {
			const scale, weight = 0.5, 30
			p := newPool(t, 2)
			style, f := newFeature(1, s.c, s.styleH, s.styleW), newFeature(2, s.c, s.h, s.w)
			for i, v := range uniforms(len(style.data), 3) {
				style.data[i] += float32(s.raised * v)
			}
			term := NewHistogram(MeasureDistribution(p, style.tensor()), Options{Weight: weight, Scale: scale})
			cost, g := gradient(p, term, f)
			var want float64
			var slopes []float64
			n, m := s.h*s.w, s.styleH*s.styleW
			for c := range s.c {
				square, due := transported(f.data[c*n:][:n], style.data[c*m:][:m])
				want += scale * scale * square / float64(s.c)
				for i, v := range due {
					slopes = append(slopes, weight*scale*scale*2*(float64(f.data[c*n+i])-v)/float64(s.c*n))
				}
			}
			near(t, "cost", cost, want, 0.02)
			if off := offBy(g, slopes); !(off < 0.1) {
				t.Errorf("the gradient is off by %.2g", off)
			} else {
				t.Logf("cost off by %.2g, gradient by %.2g", cost/want-1, off)
			}
		})
	}
}

// TestBins: every value is where its bin says.
func TestBins(t *testing.T) {
	if b := binOf(0); b != 0 {
		t.Errorf("0 is in bin %d", b)
	}
	if b := binOf(-3); b != 0 {
		t.Errorf("-3 is in bin %d", b)
	}
	if b := binOf(float32(math.NaN())); b != bins-1 {
		t.Errorf("NaN is in bin %d", b)
	}
	for v := 1e-7; v < 1e9; v *= 1.001 {
		b := binOf(float32(v))
		if v >= binEdge(1) && v < binEdge(bins) && (b < 1 || v < binEdge(b)*(1-1e-6) || v >= binEdge(b+1)*(1+1e-6)) ||
			v < binEdge(1)*(1-1e-6) && b != 0 || v > binEdge(bins) && b != bins-1 {
			t.Fatalf("%g is in bin %d", v, b)
		}
	}
}

func TestDistributions(t *testing.T) {
	p := newPool(t, 2)
	f := newFeature(1, 20, 13, 21)
	values := make([]float32, 13*21)
	for i := range values {
		values[i] = float32(i % 3)
	}
	guide := NewGuide(13, 21, values)
	var (
		parts     []*Distribution
		positions []float64
	)
	eachPart(p, f.tensor(), func(y, x int, part *kernel.Tensor) {
		parts, positions = append(parts, guide.MeasureDistribution(p, part, y, x)), append(positions, float64(part.Positions()))
	})
	whole, blend := guide.MeasureDistribution(p, f.tensor(), 0, 0), BlendDistributions(positions, parts...)
	for c := range whole.channels {
		var total float64
		for b, share := range whole.channels[c] {
			total += share
			if math.Abs(share-blend.channels[c][b]) > 1e-12 {
				t.Fatalf("channel %d, bin %d: %g in parts, %g as a whole", c, b, blend.channels[c][b], share)
			}
		}
		near(t, "sum of shares", total, 1, 1e-6)
	}
}

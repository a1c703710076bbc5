package paint

import (
	"math"

	"github.com/pastiche-art/pastiche/picture"
)

// A Scale is one of the sizes at which a painting is worked on, from coarse to
// fine.
type Scale struct {
	Size       int `json:"size"` // the long side of the canvas, in pixels
	Iterations int `json:"iterations"`
	// ContentWeight, StyleScale and StyleCost are the recipe's at this scale; 0
	// and "" leave them to the recipe.
	ContentWeight float64   `json:"content_weight,omitempty"`
	StyleScale    float64   `json:"style_scale,omitempty"`
	StyleCost     StyleCost `json:"style_cost,omitempty"`
}

// Schedule returns the scales of a valid recipe, the smallest first, with
// nothing left open. A painting leaves out the first of them where its short side would
// be too small there to reach a layer of the network: a panorama has fewer scales.
func (r *Recipe) Schedule() []Scale {
	scales := r.scales()
	for i := range scales {
		s := &scales[i]
		// How far the scale lies between the first and the last.
		along := 1.0
		if len(scales) > 1 {
			along = float64(i) / float64(len(scales)-1)
		}
		if s.ContentWeight == 0 {
			s.ContentWeight = between(r.FirstContentWeight, r.ContentWeight, along)
		}
		if s.StyleScale == 0 {
			s.StyleScale = between(r.FirstStyleScale, r.StyleScale, along)
		}
		if s.StyleCost == "" {
			s.StyleCost = r.StyleCost
		}
	}
	if r.FinalIterations > 0 {
		last := scales[len(scales)-1]
		last.Iterations, last.StyleCost = r.FinalIterations, r.FinalCost
		scales = append(scales, last)
	}
	return scales
}

// scales returns the scales as far as they are given one by one, or the sizes
// and iterations that follow from the recipe.
func (r *Recipe) scales() []Scale {
	if len(r.Scales) > 0 {
		return append([]Scale(nil), r.Scales...)
	}
	var scales []Scale
	for _, size := range sizes(r.FirstSize, r.Size, r.ScaleStep) {
		scales = append(scales, Scale{Size: size, Iterations: r.Iterations})
	}
	if len(scales) > 1 {
		scales[0].Iterations = r.FirstIterations
	}
	return scales
}

// mostContent returns the largest content weight of any scale.
func (r *Recipe) mostContent() (weight float64) {
	for _, s := range r.Schedule() {
		weight = max(weight, s.ContentWeight)
	}
	return weight
}

// between returns the value at a share of the way from first, where that is
// given, to last, in equal ratios.
func between(first, last, along float64) float64 {
	if first == 0 || last == 0 {
		return last
	}
	return first * math.Pow(last/first, along)
}

// sizes returns the long sides of the scales, the smallest first: last, divided
// by step again and again while that is at least first.
func sizes(first, last int, step float64) []int {
	if first <= 0 || step <= 1 {
		return []int{last}
	}
	n := 1 + int(math.Log(float64(last)/float64(first))/math.Log(step)+1e-9)
	s := make([]int, max(n, 1))
	for i := range s {
		s[len(s)-1-i] = int(math.Round(float64(last) / math.Pow(step, float64(i))))
	}
	return s
}

// quarters of a turn make a whole one.
const quarters = 4

// scaled returns a long side multiplied by a factor, at least 1, and above MaxSize
// where it is too large for any picture.
func scaled(long, by float64) int {
	return int(min(max(1, math.Round(long*by)), MaxSize+1))
}

// resized returns a picture with the long side given.
func resized(p *picture.Picture, long int) *picture.Picture {
	w, h := picture.FitLong(p.W, p.H, long)
	return p.Resize(w, h)
}

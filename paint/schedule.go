package paint

import (
	"math"

	"github.com/pastiche-art/pastiche/picture"
)

// A Scale is one of the sizes at which a painting is computed, from coarse to fine.
type Scale struct {
	Size       int `json:"size"` // the long side of the canvas, in pixels
	Iterations int `json:"iterations"`
	// ContentWeight, StyleScale and StyleCost replace those of the recipe at this
	// scale, unless they are 0 or "".
	ContentWeight float64   `json:"content_weight,omitempty"`
	StyleScale    float64   `json:"style_scale,omitempty"`
	StyleCost     StyleCost `json:"style_cost,omitempty"`
}

// Schedule returns the scales of a valid recipe, the smallest first, with all fields
// set. A painting skips the first scales where its short side would be too small to
// reach a layer of the network; a panorama, for example, has fewer scales.
func (r *Recipe) Schedule() []Scale {
	scales := r.scales()
	for i := range scales {
		s := &scales[i]
		// The position of the scale between the first, 0, and the last, 1.
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

// scales returns the scales that the recipe lists, or those that follow from its sizes
// and iterations.
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

// maxContentWeight returns the largest content weight of any scale.
func (r *Recipe) maxContentWeight() (weight float64) {
	for _, s := range r.Schedule() {
		weight = max(weight, s.ContentWeight)
	}
	return weight
}

// between interpolates geometrically between first and last. It returns last where
// either is 0.
func between(first, last, along float64) float64 {
	if first == 0 || last == 0 {
		return last
	}
	return first * math.Pow(last/first, along)
}

// sizes returns the long sides of the scales, the smallest first: last, divided by step
// again and again while the result is at least first.
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

// quarters is the number of quarter turns in a full turn.
const quarters = 4

// scaled returns a long side multiplied by a factor: at least 1, and MaxSize+1 where it
// exceeds MaxSize.
func scaled(long, by float64) int {
	return int(min(max(1, math.Round(long*by)), MaxSize+1))
}

// resized returns a picture resized to the given long side.
func resized(p *picture.Picture, long int) *picture.Picture {
	w, h := picture.FitLong(p.W, p.H, long)
	return p.Resize(w, h)
}

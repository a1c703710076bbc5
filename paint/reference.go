package paint

import (
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/internal/cost"
	"github.com/pastiche-art/pastiche/internal/masking"
	"github.com/pastiche-art/pastiche/picture"
)

// A Reference is a picture that a painting stays near. In a video it is the painting of
// an earlier frame, warped along the motion between the frames (Ruder, Dosovitskiy and
// Brox 2016, arXiv 1604.08610). It is resized to the canvas of each scale.
//
// Its cost is 1/D sum m (v - v*)², with the levels v of the canvas and v* of the
// reference divided by 255, the weights m of the pixels, and D, three times the number of
// pixels.
type Reference struct {
	Picture *picture.Picture
	// Weights say how much the reference counts at each pixel of Picture, 0 to 1; nil is
	// 1 everywhere.
	Weights []float32
	// Weight is that of the cost.
	Weight float64
}

// check refuses a reference that has no picture or a weight out of range.
func (r *Reference) check(number int) error {
	switch {
	case r.Picture == nil:
		return invalid("References", "number %d has no picture", number)
	case r.Weights != nil && len(r.Weights) != r.Picture.W*r.Picture.H:
		return invalid("References", "number %d has %d weights for %d x %d pixels", number, len(r.Weights), r.Picture.W, r.Picture.H)
	case !(r.Weight >= 0) || math.IsInf(r.Weight, 0):
		return invalid("References", "number %d weighs %g: expected 0 or more", number, r.Weight)
	}
	return nil
}

// mask returns the weights, or nil where the reference counts everywhere.
func (r *Reference) mask() *masking.Mask {
	if r.Weights == nil {
		return nil
	}
	return &masking.Mask{W: r.Picture.W, H: r.Picture.H, Weight: r.Weights}
}

// target is a reference on the canvas of a scale.
type target struct {
	levels  []float32 // 3 x h x w
	weights []float32 // h x w
	weight  float64
}

// addReferences adds the references to a stage.
func (s *session) addReferences(st *stage) {
	for _, r := range s.opts.References {
		t := target{levels: s.onCanvas(r.Picture, st.w, st.h).RGB, weight: r.Weight}
		if mask := r.mask(); mask != nil {
			t.weights = s.canvasMask(mask, st.w, st.h).Resize(st.w, st.h).Weight
		} else {
			t.weights = slices.Repeat([]float32{1}, st.w*st.h)
		}
		st.references = append(st.references, t)
	}
}

// evaluateReferences adds the costs of the references and their gradient.
func (st *stage) evaluateReferences(costs *Costs, gradient, canvas []float32) {
	for _, t := range st.references {
		c := cost.Difference(st.pool, gradient, canvas, t.levels, t.weights, t.weight)
		costs.References += c
		costs.Total += t.weight * c
	}
}

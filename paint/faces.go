package paint

import (
	"context"
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/internal/cost"
	"github.com/pastiche-art/pastiche/internal/face"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/masking"
	"github.com/pastiche-art/pastiche/picture"
)

// Faces says how to treat the faces in the content.
type Faces string

// The choices; "" is IgnoreFaces.
const (
	KeepFaces   Faces = "keep"   // keep them recognizable: the content weighs more there
	IgnoreFaces Faces = "ignore" // paint them like the rest, without detection
)

// facesChoices are all choices, the default of [Fine] first.
var facesChoices = []Faces{KeepFaces, IgnoreFaces}

// faceRatio is the weight of the content cost in faces relative to its weight elsewhere,
// for a recipe that keeps faces and sets no FaceWeight.
const faceRatio = 6

// faceWeight returns the weight of the content cost in faces at a scale with the given
// content weight.
func (r *Recipe) faceWeight(contentWeight float64) float64 {
	if r.FaceWeight > 0 {
		return r.FaceWeight
	}
	return faceRatio * contentWeight
}

// keepsFaces reports whether the recipe has a cost for faces.
func (r *Recipe) keepsFaces() bool {
	return r.Faces == KeepFaces && r.faceWeight(r.maxContentWeight()) > 0 &&
		slices.ContainsFunc(r.ContentLayers, func(l Layer) bool { return l.Weight > 0 })
}

// findFaces detects the faces in the content, if the recipe keeps them.
func (s *session) findFaces() {
	if s.recipe.keepsFaces() {
		s.faces = face.Find(s.content)
		s.painting.Faces = len(s.faces)
	}
}

// The ellipse of a face, relative to the side of the square that the detector returns,
// which extends from the forehead to the chin. The ellipse includes hair and chin. Its
// mask is 1 within faceCore of the distance from the center to the edge, and falls to 0
// at the edge.
const (
	faceWidth  = 0.65 // half the width
	faceHeight = 0.8  // half the height
	faceCore   = 0.6
)

// faceMask returns the mask of the faces at w x h positions. margin is the part of each
// side that is not content.
func faceMask(faces []face.Face, w, h int, margin float64) *masking.Mask {
	m := &masking.Mask{W: w, H: h, Weight: make([]float32, w*h)}
	long := float64(max(w, h)) - 2*margin
	for _, f := range faces {
		rx, ry := faceWidth*f.Size*long, faceHeight*f.Size*long
		x0, y0 := f.X*long+margin, f.Y*long+margin
		for y := max(0, int(y0-ry)); y < min(h, int(y0+ry)+1); y++ {
			for x := max(0, int(x0-rx)); x < min(w, int(x0+rx)+1); x++ {
				r := math.Hypot((float64(x)+0.5-x0)/rx, (float64(y)+0.5-y0)/ry)
				fall := min(max((1-r)/(1-faceCore), 0), 1)
				at := &m.Weight[y*w+x]
				*at = max(*at, float32(fall*fall*(3-2*fall))) // smoothstep
			}
		}
	}
	return m
}

// faceGuide returns the guide of the faces on a layer over h x w pixels, and the mean
// square of their mask. A cost with this guide, weighted by this mean, has the same
// gradient at a position in a face as an unguided cost has anywhere, whatever the size
// of the face. ok is false where there are no faces or they are too small for the
// layer.
func (s *session) faceGuide(layer string, h, w int) (g *cost.Guide, share float64, ok bool) {
	if len(s.faces) == 0 {
		return nil, 0, false
	}
	halvings := s.network.vgg.Halvings(layer)
	mask := faceMask(s.faces, w>>halvings, h>>halvings, math.Ldexp(float64(s.recipe.Margin), -halvings))
	if s.opacity != nil {
		mask = mask.Times(s.canvasMask(s.opacity, w, h).Resize(mask.W, mask.H))
	}
	g, ok = cost.NewGuide(mask.H, mask.W, mask.Weight)
	return g, meanSquare(mask.Weight), ok
}

func meanSquare(values []float32) float64 {
	var sum float64
	for _, v := range values {
		sum += float64(v) * float64(v)
	}
	return sum / float64(len(values))
}

// addFaceSimilarity adds the content cost of STROTSS at points within the faces.
func (s *session) addFaceSimilarity(ctx context.Context, st *stage, content *picture.Picture, layers []Layer, weight float64) error {
	if len(s.faces) == 0 {
		return nil
	}
	mask := faceMask(s.faces, st.w, st.h, float64(s.recipe.Margin))
	if s.opacity != nil {
		mask = mask.Times(s.canvasMask(s.opacity, st.w, st.h).Resize(st.w, st.h))
	}
	guide, ok := cost.NewGuide(st.h, st.w, mask.Weight)
	if !ok {
		return nil
	}
	points := guide.SamplePoints(sampledPoints, s.opts.Seed+faceSeed, 0)
	of, err := s.columns(ctx, content, points, layers, st.plan.Memory())
	if err != nil {
		return err
	}
	cost := cost.NewSelfSimilarity(s.pool, cost.NewHypercolumn(points, maps(st.plan, layers)...), of)
	st.add(cost, faceKind, meanSquare(mask.Weight), s.recipe.faceWeight(weight), names(layers)...)
	return nil
}

// contentCost returns the content cost of the recipe for one layer.
func (s *session) contentCost(target *kernel.Tensor, opts cost.Options) cost.Cost {
	switch s.recipe.ContentCost {
	case SummedContent:
		return cost.NewSummedContent(target, opts)
	case RootContent:
		return cost.NewRootContent(s.pool, target, opts)
	}
	return cost.NewContent(target, opts)
}

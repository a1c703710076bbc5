package paint

import (
	"context"
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/internal/cost"
	"github.com/pastiche-art/pastiche/internal/face"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/picture"
)

// Faces says what becomes of the faces in the content.
type Faces string

// The choices; "" is IgnoreFaces.
const (
	KeepFaces   Faces = "keep"   // they stay recognisable: content weighs more in them
	IgnoreFaces Faces = "ignore" // they are painted like the rest, and not looked for
)

// FacesChoices returns all choices, the default of [Fine] first.
func FacesChoices() []Faces { return []Faces{KeepFaces, IgnoreFaces} }

// faceRatio is the weight of the content cost in faces, relative to its weight
// everywhere, for a recipe that keeps faces and has no FaceWeight.
const faceRatio = 6

// faceWeight returns the weight of the content cost in faces at a scale where the
// content cost weighs so much everywhere.
func (r *Recipe) faceWeight(contentWeight float64) float64 {
	if r.FaceWeight > 0 {
		return r.FaceWeight
	}
	return faceRatio * contentWeight
}

// keepsFaces reports whether a face in the content would have a cost.
func (r *Recipe) keepsFaces() bool {
	return r.Faces == KeepFaces && r.faceWeight(r.mostContent()) > 0 &&
		slices.ContainsFunc(r.ContentLayers, func(l Layer) bool { return l.Weight > 0 })
}

// findFaces finds the faces in the content, where the recipe keeps them.
func (s *session) findFaces() {
	if s.recipe.keepsFaces() {
		s.faces = face.Find(s.content)
		s.painting.Faces = len(s.faces)
	}
}

// The ellipse of a face, in sides of the square that the detector returns, which
// reaches from the forehead to the chin. The ellipse takes in hair and chin. Its
// mask is 1 within faceCore of the way from the centre to the edge, and falls to 0
// at the edge.
const (
	faceWidth  = 0.65 // half of it
	faceHeight = 0.8  // half of it
	faceCore   = 0.6
)

// faceMask returns the mask of the faces at w x h positions, of which a margin on each
// side is no part of the content.
func faceMask(faces []face.Face, w, h int, margin float64) *picture.Mask {
	m := &picture.Mask{W: w, H: h, Weight: make([]float32, w*h)}
	long := float64(max(w, h)) - 2*margin
	for _, f := range faces {
		rx, ry := faceWidth*f.Size*long, faceHeight*f.Size*long
		x0, y0 := f.X*long+margin, f.Y*long+margin
		for y := max(0, int(y0-ry)); y < min(h, int(y0+ry)+1); y++ {
			for x := max(0, int(x0-rx)); x < min(w, int(x0+rx)+1); x++ {
				r := math.Hypot((float64(x)+0.5-x0)/rx, (float64(y)+0.5-y0)/ry)
				fall := min(max((1-r)/(1-faceCore), 0), 1)
				at := &m.Weight[y*w+x]
				*at = max(*at, float32(fall*fall*(3-2*fall))) // without an edge at either end
			}
		}
	}
	return m
}

// faceGuide returns where the faces are on a layer over h x w pixels, and the mean of
// the square of their mask there. A cost with this guide and with its weight
// multiplied by that mean pulls at a position in a face as one without a guide does
// anywhere, however large the face is. ok is false where there are no faces, and where
// they are too small for the layer.
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

// addFaceSimilarity adds the content cost of STROTSS at places within the faces.
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
	places := guide.SamplePoints(scatteredPlaces, s.opts.Seed+facePlaces, 0)
	of, err := s.columns(ctx, content, places, layers, st.plan.Memory())
	if err != nil {
		return err
	}
	cost := cost.NewSelfSimilarity(s.pool, cost.NewHypercolumn(places, maps(st.plan, layers)...), of)
	st.add(cost, faceKind, meanSquare(mask.Weight), s.recipe.faceWeight(weight), names(layers)...)
	return nil
}

// contentCost returns the content cost of one layer that the recipe asks for.
func (s *session) contentCost(target *kernel.Tensor, opts cost.Options) cost.Cost {
	switch s.recipe.ContentCost {
	case SummedContent:
		return cost.NewSummedContent(target, opts)
	case RootContent:
		return cost.NewRootContent(s.pool, target, opts)
	}
	return cost.NewContent(target, opts)
}

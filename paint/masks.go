package paint

import (
	"github.com/pastiche-art/pastiche/internal/cost"
	"github.com/pastiche-art/pastiche/internal/masking"
	"github.com/pastiche-art/pastiche/picture"
)

// guides returns the guide of a mask at each of some layers over h x w pixels, and the
// mean of the mask. Without a mask there are no guides, and the mean is 1.
func (s *session) guides(mask *masking.Mask, h, w int, layers []Layer) (map[string]*cost.Guide, float64, error) {
	if mask == nil {
		return nil, 1, nil
	}
	at, err := s.network.vgg.PropagateMask(mask.Resize(w, h).Weight, h, w, names(layers)...)
	if err != nil {
		return nil, 0, err
	}
	guides := make(map[string]*cost.Guide)
	for layer, weights := range at {
		halvings := s.network.vgg.Halvings(layer)
		if guides[layer], err = guideTo(h>>halvings, w>>halvings, weights); err != nil {
			return nil, 0, err
		}
	}
	return guides, mask.Mean(), nil
}

// guideOf returns the guide of a mask over h x w positions, or nil without a mask.
func guideOf(mask *masking.Mask, h, w int) (*cost.Guide, error) {
	if mask == nil {
		return nil, nil
	}
	return guideTo(h, w, mask.Resize(w, h).Weight)
}

// guideTo returns the guide with the given weights of h x w positions. It fails where
// all are zero.
func guideTo(h, w int, weights []float32) (*cost.Guide, error) {
	guide, ok := cost.NewGuide(h, w, weights)
	if !ok {
		return nil, invalid("Mask", "no visible part of it remains at %d x %d positions: expected a larger white part", w, h)
	}
	return guide, nil
}

// kept is the part of the content that a stage keeps unchanged.
type kept struct {
	content  *picture.Picture // in the colours in which it is painted
	share    *masking.Mask    // how much of each canvas pixel is kept, 0 to 1
	original *picture.Picture // in its own colours, without the margin
	shown    *masking.Mask    // share without the margin
}

// keepContent adds the region r, which has no styles, to the kept part of the content.
// content has the size of the canvas.
func (s *session) keepContent(st *stage, r *region, content *picture.Picture) {
	if st.kept == nil {
		st.kept = &kept{content: content, original: withoutMargin(content, s.recipe.Margin)}
		st.kept.share = &masking.Mask{W: content.W, H: content.H, Weight: make([]float32, content.W*content.H)}
		if s.chroma != nil {
			st.kept.original = s.chroma.Resize(st.kept.original.W, st.kept.original.H)
		}
	}
	mask := s.canvasMask(r.mask, content.W, content.H).Resize(content.W, content.H)
	for i, share := range mask.Weight {
		st.kept.share.Weight[i] = max(st.kept.share.Weight[i], share)
	}
	st.kept.shown = maskWithoutMargin(st.kept.share, s.recipe.Margin)
}

// blendKept blends the kept part of the content into a canvas.
func (st *stage) blendKept(canvas []float32) {
	if st.kept != nil {
		st.kept.blend(canvas, st.kept.content)
	}
}

// restoreKept sets the pixels of a painting that are kept completely to those of the
// original content, to the bit. Pixels that are kept in part have been blended before.
func (st *stage) restoreKept(painting *picture.Picture) {
	if st.kept == nil {
		return
	}
	shown := st.kept.shown.Weight
	for i, v := range st.kept.original.RGB {
		if shown[i%len(shown)] == 1 {
			painting.RGB[i] = v
		}
	}
}

func (k *kept) blend(levels []float32, content *picture.Picture) {
	weight := k.share.Weight
	for i, v := range content.RGB {
		share := weight[i%len(weight)]
		levels[i] = share*v + (1-share)*levels[i]
	}
}

// maskGradient scales the gradient down where the content is kept.
func (st *stage) maskGradient(gradient []float32) {
	if st.kept == nil {
		return
	}
	weight := st.kept.share.Weight
	for i := range gradient {
		gradient[i] *= 1 - weight[i%len(weight)]
	}
}

package paint

import (
	"github.com/pastiche-art/pastiche/internal/cost"
	"github.com/pastiche-art/pastiche/picture"
)

// guides returns where a mask points at on some layers over h x w pixels, and
// which share of the pixels is in it. Without a mask there are no guides.
func (s *session) guides(mask *picture.Mask, h, w int, layers []Layer) (map[string]*cost.Guide, float64, error) {
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

// guideOf returns the guide to what a mask shows of h x w positions. Without a mask it
// is nil, which is everywhere.
func guideOf(mask *picture.Mask, h, w int) (*cost.Guide, error) {
	if mask == nil {
		return nil, nil
	}
	return guideTo(h, w, mask.Resize(w, h).Weight)
}

// guideTo returns the guide with the weights of h x w positions. It fails where all
// are zero.
func guideTo(h, w int, weights []float32) (*cost.Guide, error) {
	guide, ok := cost.NewGuide(h, w, weights)
	if !ok {
		return nil, invalid("Mask", "nothing of it, or of what is visible there, is left at %d x %d positions: expected a larger part", w, h)
	}
	return guide, nil
}

// kept is what a stage keeps of the content.
type kept struct {
	content  *picture.Picture // as it is painted
	share    *picture.Mask    // of each pixel of the canvas, 0 to 1
	original *picture.Picture // in its own colours, without the margin
	shown    *picture.Mask    // the share without the margin
}

// keepContent keeps the content, of the canvas's size, in a region.
func (s *session) keepContent(st *stage, r *region, content *picture.Picture) {
	if st.kept == nil {
		st.kept = &kept{content: content, original: content.Cut(s.recipe.Margin)}
		st.kept.share = &picture.Mask{W: content.W, H: content.H, Weight: make([]float32, content.W*content.H)}
		if s.chroma != nil {
			st.kept.original = s.chroma.Resize(st.kept.original.W, st.kept.original.H)
		}
	}
	mask := s.canvasMask(r.mask, content.W, content.H).Resize(content.W, content.H)
	for i, share := range mask.Weight {
		st.kept.share.Weight[i] = max(st.kept.share.Weight[i], share)
	}
	st.kept.shown = st.kept.share.Cut(s.recipe.Margin)
}

// keep puts what is kept of the content into a canvas.
func (st *stage) keep(canvas []float32) {
	if st.kept != nil {
		st.kept.put(canvas, st.kept.content)
	}
}

// restore makes the pixels of a painting that are kept as they are, whatever was
// done to its colours, those of the content to the bit. Pixels that are kept in part
// have their part of the content already.
func (st *stage) restore(painting *picture.Picture) {
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

func (k *kept) put(levels []float32, content *picture.Picture) {
	weight := k.share.Weight
	for i, v := range content.RGB {
		share := weight[i%len(weight)]
		levels[i] = share*v + (1-share)*levels[i]
	}
}

// hold keeps a gradient from moving what is kept.
func (st *stage) hold(gradient []float32) {
	if st.kept == nil {
		return
	}
	weight := st.kept.share.Weight
	for i := range gradient {
		gradient[i] *= 1 - weight[i%len(weight)]
	}
}

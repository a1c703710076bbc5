package paint

import "github.com/pastiche-art/pastiche/picture"

// A canvas is larger than the painting by the recipe's Margin on each side. A network
// pads its input with zeros, which distorts the painting near the sides of the canvas.
// The margin takes the distortion and is cut off.

// canvasSize returns the size of the canvas of a painting with the long side given.
func (s *session) canvasSize(long int) (w, h int) {
	w, h = picture.FitLong(s.shape.X, s.shape.Y, long)
	return w + 2*s.recipe.Margin, h + 2*s.recipe.Margin
}

// onCanvas returns a picture resized to a canvas of w x h, continued in its margin.
func (s *session) onCanvas(p *picture.Picture, w, h int) *picture.Picture {
	m := s.recipe.Margin
	return p.Resize(w-2*m, h-2*m).Extend(m)
}

// canvasMask returns a mask of the content, continued in the margin of a canvas of
// w x h; nil, which is everywhere, stays nil.
func (s *session) canvasMask(mask *picture.Mask, w, h int) *picture.Mask {
	m := s.recipe.Margin
	if mask == nil || m == 0 {
		return mask
	}
	return mask.Resize(w-2*m, h-2*m).Extend(m)
}

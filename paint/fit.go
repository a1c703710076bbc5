package paint

import (
	"errors"
	"image"
	"math"

	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/picture"
)

// minSide returns the smallest side, in pixels, of a picture that reaches the given
// layers.
func (n *Network) minSide(layers []Layer) (int, error) {
	err := n.vgg.Reach(1, 1, names(layers)...)
	var small *vgg.SizeError
	if errors.As(err, &small) {
		return small.Least, nil
	}
	return 1, err
}

// reach returns a [*vgg.SizeError] where a picture of the given shape, resized to a
// long side, is too small for a layer.
func (n *Network) reach(shape image.Point, long int, layers []Layer) (small *vgg.SizeError, err error) {
	w, h := picture.FitLong(shape.X, shape.Y, long)
	err = n.vgg.Reach(h, w, names(layers)...)
	if errors.As(err, &small) {
		return small, nil
	}
	return nil, err
}

// minLongSide returns the smallest long side at which neither side of a picture of the
// given shape is shorter than side.
func minLongSide(shape image.Point, side int) int {
	fits := func(long int) bool {
		w, h := picture.FitLong(shape.X, shape.Y, long)
		return min(w, h) >= side
	}
	long, short := max(shape.X, shape.Y), min(shape.X, shape.Y)
	n := max(1, int(float64(side)*float64(long)/float64(short)))
	for !fits(n) {
		n++
	}
	for n > 1 && fits(n-1) {
		n--
	}
	return n
}

// fitScales sets the scales of the session. It skips scales at which the canvas would
// be too narrow to reach a layer. It fails with a [*PictureError] where the canvas is
// too narrow at the last scale, too.
func (s *session) fitScales(layers []Layer) error {
	side, err := s.network.minSide(layers)
	if err != nil {
		return err
	}
	least := minLongSide(s.shape, side)
	s.recipe.dropScales(least)
	s.scales = s.recipe.Schedule()
	for _, scale := range s.scales {
		small, err := s.network.reach(s.shape, scale.Size, layers)
		if err != nil {
			return err
		}
		if small == nil {
			continue
		}
		if least > MaxSize {
			least = 0
		}
		role, help := ContentRole, "crop it to a less narrow shape"
		if s.content == nil {
			role, help = TextureRole, "make it less narrow"
		}
		return &PictureError{Role: role, Err: &SizeError{Err: small, Least: least, Help: help}}
	}
	return nil
}

// dropScales drops the scales smaller than the given long side, except the last.
func (r *Recipe) dropScales(smaller int) {
	if r.FirstSize > 0 {
		r.FirstSize = max(r.FirstSize, smaller)
	}
	for len(r.Scales) > 1 && r.Scales[0].Size < smaller {
		r.Scales = r.Scales[1:]
	}
}

// maxStyleArea is the largest area of a style relative to that of the canvas, before
// multiplication by the square of the style's scale. A style has the long side of the
// canvas, so that a square style has as many times the area of the canvas as the canvas
// is longer than high. The limit affects only canvases longer than four to one.
const maxStyleArea = 4

// styleSize returns the long side of a style at a scale, or MaxSize+1 where it is too
// large. It is the long side of the canvas times the scale of the recipe and that of
// the style. It is smaller where the area would exceed maxStyleArea. A style that is
// long enough for a layer, but too narrow, is enlarged as much as the layer needs, up
// to its original size.
func (s *session) styleSize(scale Scale, of *style) int {
	long := s.wantedStyleSize(scale, of)
	if long < s.deepest {
		return long
	}
	size := of.picture.Bounds().Size()
	return max(long, min(minLongSide(size, s.deepest), max(size.X, size.Y)))
}

func (s *session) wantedStyleSize(scale Scale, of *style) int {
	if s.recipe.StyleSize > 0 {
		return scaled(float64(s.recipe.StyleSize), of.relativeSize)
	}
	w, h := picture.FitLong(s.shape.X, s.shape.Y, scale.Size)
	p := of.picture
	narrow := float64(max(p.W, p.H)) / float64(min(p.W, p.H))
	long := min(float64(scale.Size), math.Sqrt(maxStyleArea*float64(w)*float64(h)*narrow))
	return scaled(long, scale.StyleScale*of.relativeSize)
}

// checkStyles fails where a style is too large at a scale, or too small for a layer.
func (s *session) checkStyles(scale Scale, layers []Layer) error {
	for _, of := range s.styles() {
		long := s.styleSize(scale, of)
		if long > MaxSize {
			return invalid("Scale", "%g of style %d, which makes it larger than %d pixels: expected less", of.relativeSize, of.number, MaxSize)
		}
		small, err := s.network.reach(of.picture.Bounds().Size(), long, layers)
		if err != nil {
			return err
		}
		if small != nil {
			help := "use a less narrow picture"
			if long < s.deepest {
				help = "give it a larger scale or size"
			}
			return of.refused(&SizeError{Err: small, Help: help})
		}
	}
	return nil
}

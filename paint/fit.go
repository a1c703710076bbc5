package paint

import (
	"errors"
	"image"
	"math"

	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/picture"
)

// leastSide returns the least side, in pixels, of a picture that reaches some layers.
func (n *Network) leastSide(layers []Layer) (int, error) {
	err := n.vgg.Reach(1, 1, names(layers)...)
	var small *vgg.SizeError
	if errors.As(err, &small) {
		return small.Least, nil
	}
	return 1, err
}

// reach returns a [*vgg.SizeError] where a picture of some shape, resized to a long side,
// is too small for a layer.
func (n *Network) reach(shape image.Point, long int, layers []Layer) (small *vgg.SizeError, err error) {
	w, h := picture.FitLong(shape.X, shape.Y, long)
	err = n.vgg.Reach(h, w, names(layers)...)
	if errors.As(err, &small) {
		return small, nil
	}
	return nil, err
}

// leastLong returns the least long side at which neither side of a picture of some shape
// is shorter than a number of pixels.
func leastLong(shape image.Point, side int) int {
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

// fitScales lays out the scales of a canvas of the session's shape. Scales at which the
// canvas would be too narrow to reach a layer are left out. The error is a
// [*PictureError] where the canvas is too narrow at the last scale, too.
func (s *session) fitScales(layers []Layer) error {
	side, err := s.network.leastSide(layers)
	if err != nil {
		return err
	}
	least := leastLong(s.shape, side)
	s.recipe.leaveOut(least)
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

// leaveOut leaves out the scales that are smaller than a long side, but for the last.
func (r *Recipe) leaveOut(smaller int) {
	if r.FirstSize > 0 {
		r.FirstSize = max(r.FirstSize, smaller)
	}
	for len(r.Scales) > 1 && r.Scales[0].Size < smaller {
		r.Scales = r.Scales[1:]
	}
}

// maxStyleArea is the largest area of a style, relative to that of the canvas, times the
// square of the style's scale. Styles are as long as the canvas, so that a square one is as
// many times as large as a canvas is longer than it is high. The limit keeps the styles of
// panoramas from outgrowing these; up to four to one it changes nothing.
const maxStyleArea = 4

// styleSize returns the long side of a style at a scale, above MaxSize where it is too
// large for any picture. A style is as long as the canvas, times the recipe's scale and
// its own. It is smaller where its area would be more than maxStyleArea. Where it is long
// enough for a layer, but too narrow, it is as large as the layer needs; but not larger
// than it was given.
func (s *session) styleSize(scale Scale, of *style) int {
	long := s.wantedStyleSize(scale, of)
	if long < s.deepest {
		return long
	}
	size := of.picture.Bounds().Size()
	return max(long, min(leastLong(size, s.deepest), max(size.X, size.Y)))
}

func (s *session) wantedStyleSize(scale Scale, of *style) int {
	if s.recipe.StyleSize > 0 {
		return scaled(float64(s.recipe.StyleSize), of.scale)
	}
	w, h := picture.FitLong(s.shape.X, s.shape.Y, scale.Size)
	p := of.picture
	narrow := float64(max(p.W, p.H)) / float64(min(p.W, p.H))
	long := min(float64(scale.Size), math.Sqrt(maxStyleArea*float64(w)*float64(h)*narrow))
	return scaled(long, scale.StyleScale*of.scale)
}

// checkStyles fails where a style is too large at a scale, or too small for a layer.
func (s *session) checkStyles(scale Scale, layers []Layer) error {
	for _, of := range s.styles() {
		long := s.styleSize(scale, of)
		if long > MaxSize {
			return invalid("Scale", "%g of style %d, which makes it larger than %d pixels: expected less", of.scale, of.number, MaxSize)
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

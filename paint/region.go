package paint

import (
	"image"
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/internal/masking"
	"github.com/pastiche-art/pastiche/picture"
)

// A Region is a part of the canvas with the styles in which to paint it. Its styles are
// blended. A region without styles keeps the content unchanged. Regions may overlap:
// there the styles of all of them apply. Where the masks of the regions with styles add
// up to less than 1, the content is kept in proportion to the rest.
type Region struct {
	// Mask is white inside the region, black outside, and grey where the region applies
	// in part. It has the shape of the content; nil is the whole canvas.
	Mask   image.Image
	Styles []Style
}

// A Style is a picture in whose style to paint.
type Style struct {
	// Picture is measured where it is visible: each position is weighted by its
	// opacity.
	Picture image.Image
	// Mask shows which part of the picture to measure: white is measured, black is not.
	// nil measures everything. If the picture has an opacity as well, the two are
	// multiplied.
	Mask image.Image
	// Weight is the weight of the style among those of its region, relative to their
	// sum. A style of weight 0 is ignored, unless all weights are 0: then all styles
	// count equally.
	Weight float64
	// Scale is the size of this style relative to the others; 0 means 1.
	Scale float64
}

// InMannerOf returns a single region, the whole canvas, with the given pictures as
// styles of equal weight.
func InMannerOf(pictures ...image.Image) []Region {
	styles := make([]Style, len(pictures))
	for i, p := range pictures {
		styles[i].Picture = p
	}
	return []Region{{Styles: styles}}
}

// region is a checked [Region] with its pictures loaded.
type region struct {
	mask   *masking.Mask // nil for the whole canvas
	shown  *masking.Mask // the visible part of the mask, where costs are measured
	styles []*style      // those of positive weight
	shares []float64     // the weights of the styles: positive, and 1 in all
}

// style is a checked [Style] with its picture loaded.
type style struct {
	number       int              // among the styles of all regions, from 1
	picture      *picture.Picture // opaque
	opacity      *masking.Mask    // opacity of the original picture; nil where it is opaque
	shown        *masking.Mask    // mask times opacity: where the style is measured; nil for everywhere
	relativeSize float64          // to that of other styles
}

// newRegions checks the regions for a content of the given size and opacity, and loads
// their pictures.
func newRegions(content image.Point, opacity *masking.Mask, regions []Region) ([]*region, error) {
	var (
		ready  []*region
		styled bool
		given  int // number of styles of the previous regions
	)
	for i, from := range regions {
		r, err := newRegion(content, from, i+1, given)
		if err != nil {
			return nil, err
		}
		if r.shown = r.mask.Times(opacity); r.shown != nil && len(r.styles) > 0 && r.shown.Mean() == 0 {
			return nil, &PictureError{MaskRole, i + 1, invalid("Mask", "white only where the content is transparent: expected white on a visible part")}
		}
		given += len(from.Styles)
		ready = append(ready, r)
		styled = styled || len(r.styles) > 0
	}
	if !styled {
		return nil, invalid("styles", "no picture: expected at least one")
	}
	if err := checkOverlap(content, ready); err != nil {
		return nil, err
	}
	if rest := keptRegion(ready); rest != nil {
		ready = append(ready, rest)
	}
	return ready, nil
}

// keptRegion returns a region without styles for the part of the content that the masks
// of the regions with styles leave over, or nil where nothing is left.
func keptRegion(regions []*region) *region {
	var masks []*masking.Mask
	var w, h int
	for _, r := range regions {
		if len(r.styles) == 0 {
			continue
		}
		if r.mask == nil {
			return nil
		}
		masks = append(masks, r.mask)
		w, h = max(w, r.mask.W), max(h, r.mask.H)
	}
	left := slices.Repeat([]float32{1}, w*h)
	for _, m := range masks {
		for i, share := range m.Resize(w, h).Weight {
			left[i] -= share
		}
	}
	for i, share := range left {
		if share < minShare {
			left[i] = 0
		}
	}
	if slices.Max(left) == 0 {
		return nil
	}
	return &region{mask: &masking.Mask{W: w, H: h, Weight: left}}
}

const (
	// overlapSize is the long side at which regions are compared, in pixels.
	overlapSize = 256
	// minShare is less than the smallest step of an 8-bit mask.
	minShare = 1. / 512
)

// checkOverlap fails where a region with styles is completely covered by regions that
// keep the content.
func checkOverlap(content image.Point, regions []*region) error {
	w, h := picture.FitLong(content.X, content.Y, overlapSize)
	left := slices.Repeat([]float32{1}, w*h) // how much of each position is painted
	for _, r := range regions {
		if len(r.styles) > 0 {
			continue
		}
		for i, kept := range r.mask.Resize(w, h).Weight {
			left[i] = min(left[i], 1-kept)
		}
	}
	for _, r := range regions {
		if len(r.styles) == 0 {
			continue
		}
		painted := left
		if r.shown != nil {
			painted = r.shown.Resize(w, h).Weight
			for i := range painted {
				painted[i] *= left[i]
			}
		}
		if slices.Max(painted) < minShare {
			return invalid("Keep", "covers the whole region of a style: expected a part of the region to remain")
		}
	}
	return nil
}

// newRegion checks the region from and loads its pictures and masks. In errors, number
// is the number of the region and given+1 that of its first style. Styles of weight 0
// are checked and then dropped.
func newRegion(content image.Point, from Region, number, given int) (*region, error) {
	if from.Mask == nil && len(from.Styles) == 0 {
		return nil, invalid("styles", "no picture: expected at least one")
	}
	r := new(region)
	var err error
	option, role := "Mask", MaskRole
	if len(from.Styles) == 0 {
		option, role, number = "Keep", KeepRole, 0
	}
	if r.mask, err = newMask(option, from.Mask, content, "the content"); err != nil {
		return nil, &PictureError{role, number, err}
	}
	all, err := shares(from.Styles)
	if err != nil {
		return nil, err
	}
	for i, s := range from.Styles {
		ready, err := newStyle(s, given+i+1)
		if err != nil {
			return nil, err
		}
		if all[i] > 0 {
			r.styles, r.shares = append(r.styles, ready), append(r.shares, all[i])
		}
	}
	return r, nil
}

// minStyleSide is the smallest long side of a style, about the receptive field of the
// second layer of a network. Smaller pictures are probably a mistake.
const minStyleSide = 8

// newStyle checks a style and loads its picture and mask.
func newStyle(from Style, number int) (*style, error) {
	s := &style{number: number, relativeSize: from.Scale}
	if !(from.Scale >= 0) || math.IsInf(from.Scale, 0) {
		return nil, invalid("Scale", "%g: expected a positive number, or 0 for the recipe's own", from.Scale)
	}
	if s.relativeSize == 0 {
		s.relativeSize = 1
	}
	var err error
	if s.picture, s.opacity, err = visible("styles", from.Picture); err != nil {
		return nil, s.refused(err)
	}
	if w, h := s.picture.W, s.picture.H; max(w, h) < minStyleSide {
		return nil, s.refused(invalid("styles", "a picture of %d x %d pixels, too small for a style: expected a side of at least %d", w, h, minStyleSide))
	}
	mask, err := newMask("StyleMask", from.Mask, s.picture.Bounds().Size(), "its style")
	if err == nil {
		if s.shown = mask.Times(s.opacity); s.shown != nil && s.shown.Mean() == 0 {
			err = invalid("StyleMask", "white only where its style is transparent: expected white on a visible part")
		}
	}
	if err != nil {
		return nil, &PictureError{StyleMaskRole, number, err}
	}
	return s, nil
}

// refused returns err as an error of this style.
func (s *style) refused(err error) error { return &PictureError{StyleRole, s.number, err} }

// minMaskSide is the smallest long side of a mask. Smaller masks are probably a
// mistake.
const minMaskSide = 8

// newMask returns the mask of a picture m, which must have the shape of a picture of
// size of. called is the name of that picture in messages.
func newMask(option string, m image.Image, of image.Point, called string) (*masking.Mask, error) {
	if m == nil {
		return nil, nil
	}
	size := m.Bounds().Size()
	if size.X < 1 || size.Y < 1 {
		return nil, invalid(option, "no picture: expected one")
	}
	if max(size.X, size.Y) < min(minMaskSide, max(of.X, of.Y)) {
		return nil, invalid(option, "%d x %d pixels, too few to select a part of %s: expected a side of at least %d",
			size.X, size.Y, called, minMaskSide)
	}
	if !sameShape(size, of) {
		return nil, invalid(option, "%d x %d pixels for %s, which has %d x %d: expected the same shape",
			size.X, size.Y, called, of.X, of.Y)
	}
	mask := masking.New(m)
	if mask.Mean() == 0 {
		return nil, invalid(option, "black everywhere, so that it selects nothing of %s: expected some white", called)
	}
	return mask, nil
}

// sameShape reports whether a mask has the shape of a picture. A mask may have been
// resized, which rounds its sides.
func sameShape(mask, of image.Point) bool {
	w, h := picture.FitLong(of.X, of.Y, max(mask.X, mask.Y))
	return max(w-mask.X, mask.X-w, h-mask.Y, mask.Y-h) <= 1
}

// shares returns the weight of each style relative to the sum of all.
func shares(styles []Style) ([]float64, error) {
	var (
		of    = make([]float64, len(styles))
		total float64
		given bool
	)
	for i, s := range styles {
		if !(s.Weight >= 0) || math.IsInf(s.Weight, 0) {
			return nil, invalid("Weight", "%g: expected 0 or more", s.Weight)
		}
		of[i] = s.Weight
		total += s.Weight
		given = given || s.Weight != 0
	}
	for i := range of {
		if !given {
			of[i], total = 1, float64(len(of))
		}
		of[i] /= total
	}
	return of, nil
}

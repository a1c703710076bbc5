package paint

import (
	"image"
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/picture"
)

// A Region is a part of the canvas and the styles that it is painted in, which
// blend. Without styles it keeps the content as it is. Parts of the canvas that
// are in no region with styles are kept as well: in proportion to what is missing to
// 1 of the shares of all such regions. Parts in several have the styles of all.
type Region struct {
	// Mask shows where the region is: white belongs to it, black does not, and
	// grey in part. It has the shape of the content; nil is the whole canvas.
	Mask   image.Image
	Styles []Style
}

// A Style is a picture whose manner is painted in.
type Style struct {
	// Picture is measured where it is visible: a place counts in proportion to its
	// opacity.
	Picture image.Image
	// Mask shows which part of the picture is measured, as that of a region does;
	// nil is all of it. Where the picture has an opacity as well, their product counts.
	Mask image.Image
	// Weight is how much the style counts among those of its region: in
	// proportion to the sum of their weights, and nothing where it is 0. Where
	// all are 0, all count alike.
	Weight float64
	// Scale is the size of this style relative to the others'; 0 is 1.
	Scale float64
}

// InMannerOf returns a single region, the whole canvas, in the manner of
// pictures that all count alike.
func InMannerOf(pictures ...image.Image) []Region {
	styles := make([]Style, len(pictures))
	for i, p := range pictures {
		styles[i].Picture = p
	}
	return []Region{{Styles: styles}}
}

// region is a [Region] made ready.
type region struct {
	mask   *picture.Mask // nil for the whole canvas
	shown  *picture.Mask // what is visible of the content in the region: where costs are measured
	styles []*style      // those that count
	shares []float64     // of the styles, above 0, which add up to 1
}

// style is a [Style] made ready.
type style struct {
	number  int              // among the styles of all regions, from 1
	picture *picture.Picture // opaque
	opacity *picture.Mask    // of the picture as it was given; nil where it is opaque
	shown   *picture.Mask    // where it is measured: its mask times its opacity; nil for all of it
	scale   float64
}

// newRegions checks the regions of a content of some size and opacity and takes their
// pictures.
func newRegions(content image.Point, opacity *picture.Mask, regions []Region) ([]*region, error) {
	var (
		ready  []*region
		styled bool
		given  int // styles of the regions before
	)
	for i, from := range regions {
		r, err := newRegion(content, from, i+1, given)
		if err != nil {
			return nil, err
		}
		if r.shown = r.mask.Times(opacity); r.shown != nil && len(r.styles) > 0 && r.shown.Mean() == 0 {
			return nil, &PictureError{MaskRole, i + 1, invalid("Mask", "white only where the content is transparent: expected it to show some of what is visible")}
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
	if rest := unclaimed(ready); rest != nil {
		ready = append(ready, rest)
	}
	return ready, nil
}

// unclaimed returns a region without styles, which keeps what the masks of the
// regions with styles leave of the content, or nil where they leave nothing.
func unclaimed(regions []*region) *region {
	var masks []*picture.Mask
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
		if share < leastShare {
			left[i] = 0
		}
	}
	if slices.Max(left) == 0 {
		return nil
	}
	return &region{mask: &picture.Mask{W: w, H: h, Weight: left}}
}

const (
	// overlapSize is the long side at which regions are compared.
	overlapSize = 256
	// leastShare is less than masks of 8 bits can say.
	leastShare = 1. / 512
)

// checkOverlap fails where nothing of a region with styles is painted, because all
// of it is kept.
func checkOverlap(content image.Point, regions []*region) error {
	w, h := picture.FitLong(content.X, content.Y, overlapSize)
	left := slices.Repeat([]float32{1}, w*h) // of each place, to be painted
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
		if slices.Max(painted) < leastShare {
			return invalid("Keep", "all of what a style belongs to stays as it is: expected some of it to be painted")
		}
	}
	return nil
}

// newRegion checks the region from and reads its pictures and masks. Errors call the
// region by number, and its first style by given+1. Styles whose share is 0 are checked and
// then left out.
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

// leastStyle is the long side of the smallest style that is not taken for a
// mistake: about what the second layer of a network sees at once.
const leastStyle = 8

// newStyle checks a style and takes its picture and mask.
func newStyle(from Style, number int) (*style, error) {
	s := &style{number: number, scale: from.Scale}
	if !(from.Scale >= 0) || math.IsInf(from.Scale, 0) {
		return nil, invalid("Scale", "%g: expected a positive number, or 0 for the recipe's own", from.Scale)
	}
	if s.scale == 0 {
		s.scale = 1
	}
	var err error
	if s.picture, s.opacity, err = visible("styles", from.Picture); err != nil {
		return nil, s.refused(err)
	}
	if w, h := s.picture.W, s.picture.H; max(w, h) < leastStyle {
		return nil, s.refused(invalid("styles", "a picture of %d x %d pixels, which has no manner: expected a side of at least %d", w, h, leastStyle))
	}
	mask, err := newMask("StyleMask", from.Mask, s.picture.Bounds().Size(), "its style")
	if err == nil {
		if s.shown = mask.Times(s.opacity); s.shown != nil && s.shown.Mean() == 0 {
			err = invalid("StyleMask", "white only where its style is transparent: expected it to show some of what is visible")
		}
	}
	if err != nil {
		return nil, &PictureError{StyleMaskRole, number, err}
	}
	return s, nil
}

// refused returns the error of a style.
func (s *style) refused(err error) error { return &PictureError{StyleRole, s.number, err} }

// leastMask is the long side of the smallest mask that is not taken for a
// mistake.
const leastMask = 8

// newMask returns the mask that a picture shows, of the shape of another one, which
// has some size.
func newMask(option string, m image.Image, of image.Point, called string) (*picture.Mask, error) {
	if m == nil {
		return nil, nil
	}
	size := m.Bounds().Size()
	if size.X < 1 || size.Y < 1 {
		return nil, invalid(option, "no picture: expected one")
	}
	if max(size.X, size.Y) < min(leastMask, max(of.X, of.Y)) {
		return nil, invalid(option, "%d x %d pixels, which show no part of %s: expected a side of at least %d",
			size.X, size.Y, called, leastMask)
	}
	if !sameShape(size, of) {
		return nil, invalid(option, "%d x %d pixels for %s, which has %d x %d: expected the same shape",
			size.X, size.Y, called, of.X, of.Y)
	}
	mask := picture.NewMask(m)
	if mask.Mean() == 0 {
		return nil, invalid(option, "black everywhere, so that nothing of %s is in it: expected some white", called)
	}
	return mask, nil
}

// sameShape reports whether a mask has the shape of a picture. A mask that was made
// smaller has rounded sides.
func sameShape(mask, of image.Point) bool {
	w, h := picture.FitLong(of.X, of.Y, max(mask.X, mask.Y))
	return max(w-mask.X, mask.X-w, h-mask.Y, mask.Y-h) <= 1
}

// shares returns the share of each style, which add up to 1.
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

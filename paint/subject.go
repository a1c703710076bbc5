package paint

import (
	"fmt"
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
	Picture image.Image
	// Mask shows which part of the picture is looked at, as that of a region
	// does; nil is all of it.
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
	styles []*style      // those that count
	shares []float64     // of the styles, above 0, which add up to 1
}

// style is a [Style] made ready.
type style struct {
	called  string // among the styles of all regions: "style 1" is the first
	picture *picture.Picture
	mask    *picture.Mask // nil for all of it
	scale   float64
}

// newRegions checks the regions of a content and takes their pictures.
func newRegions(content *picture.Picture, regions []Region) ([]*region, error) {
	var (
		ready  []*region
		styled bool
		given  int // styles of the regions before
	)
	for _, from := range regions {
		r, err := newRegion(content, from, given)
		if err != nil {
			return nil, err
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
func checkOverlap(content *picture.Picture, regions []*region) error {
	w, h := picture.FitLong(content.W, content.H, overlapSize)
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
		if r.mask != nil {
			painted = r.mask.Resize(w, h).Weight
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

// newRegion checks a region, before which so many styles were given, and takes its
// pictures. Styles that count nothing are checked and left out.
func newRegion(content *picture.Picture, from Region, given int) (*region, error) {
	if from.Mask == nil && len(from.Styles) == 0 {
		return nil, invalid("styles", "no picture: expected at least one")
	}
	r := new(region)
	var err error
	option := "Mask"
	if len(from.Styles) == 0 {
		option = "Keep"
	}
	if r.mask, err = newMask(option, from.Mask, content, "the content"); err != nil {
		return nil, err
	}
	all, err := shares(from.Styles)
	if err != nil {
		return nil, err
	}
	for i, s := range from.Styles {
		ready, err := newStyle(s)
		if err != nil {
			return nil, err
		}
		ready.called = fmt.Sprintf("style %d", given+i+1)
		if all[i] > 0 {
			r.styles, r.shares = append(r.styles, ready), append(r.shares, all[i])
		}
	}
	return r, nil
}

// leastStyle is the long side of the smallest style that is not taken for a
// mistake: about what the second layer of a network sees at once.
const leastStyle = 8

func newStyle(from Style) (*style, error) {
	if !(from.Scale >= 0) || math.IsInf(from.Scale, 0) {
		return nil, invalid("Scale", "%g: expected a positive number, or 0 for the recipe's own", from.Scale)
	}
	s := &style{scale: from.Scale}
	if s.scale == 0 {
		s.scale = 1
	}
	var err error
	if s.picture, err = levels("styles", from.Picture); err != nil {
		return nil, err
	}
	if w, h := s.picture.W, s.picture.H; max(w, h) < leastStyle {
		return nil, invalid("styles", "a picture of %d x %d pixels, which has no manner: expected a side of at least %d", w, h, leastStyle)
	}
	s.mask, err = newMask("StyleMask", from.Mask, s.picture, "its style")
	return s, err
}

// leastMask is the long side of the smallest mask that is not taken for a
// mistake.
const leastMask = 8

// newMask returns the mask that a picture shows, of the shape of another one.
func newMask(option string, m image.Image, of *picture.Picture, called string) (*picture.Mask, error) {
	if m == nil {
		return nil, nil
	}
	size := m.Bounds().Size()
	if size.X < 1 || size.Y < 1 {
		return nil, invalid(option, "no picture: expected one")
	}
	if max(size.X, size.Y) < min(leastMask, max(of.W, of.H)) {
		return nil, invalid(option, "%d x %d pixels, which show no part of %s: expected a side of at least %d",
			size.X, size.Y, called, leastMask)
	}
	// A mask that was made smaller has rounded sides.
	if w, h := picture.FitLong(of.W, of.H, max(size.X, size.Y)); max(w-size.X, size.X-w, h-size.Y, size.Y-h) > 1 {
		return nil, invalid(option, "%d x %d pixels for %s, which has %d x %d: expected the same shape",
			size.X, size.Y, called, of.W, of.H)
	}
	mask := picture.NewMask(m)
	if mask.Mean() == 0 {
		return nil, invalid(option, "black everywhere, so that nothing of %s is in it: expected some white", called)
	}
	return mask, nil
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

package paint

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/internal/masking"
	"github.com/pastiche-art/pastiche/picture"
)

// A label is a colour of a label picture, with the pixels of that colour.
type label struct {
	color [3]uint8
	mask  *masking.Mask
}

// String returns the colour as #rrggbb.
func (l label) String() string {
	return fmt.Sprintf("#%02x%02x%02x", l.color[0], l.color[1], l.color[2])
}

const (
	// maxLabels is the largest number of labels of a picture.
	maxLabels = 32
	// labelSteps is the distance between levels that distinguishes labels: far more
	// than the error of lossy compression, and few enough steps for 5 levels of each
	// color.
	labelSteps = 64
)

// labelsOf returns the labels of a label picture, in which each region has a colour of
// its own, as in STROTSS (Kolkin, Salavon and Shakhnarovich 2019). Colours that differ
// only by compression are the same label; pixels between two labels belong to the nearer
// one. The labels are sorted by colour. labelsOf fails where there are more than 32: then
// the picture is not a label picture.
func labelsOf(p *picture.Picture) ([]label, error) {
	pixels := wholeLevels(p)
	found, err := labelColors(pixels, p.W, p.H)
	if err != nil {
		return nil, err
	}
	labels := make([]label, len(found))
	for i, c := range found {
		labels[i] = label{c, &masking.Mask{W: p.W, H: p.H, Weight: make([]float32, p.W*p.H)}}
	}
	for i, pixel := range pixels {
		nearest, least := 0, math.MaxInt
		for k, c := range found {
			if d := apart(pixel, c); d < least {
				nearest, least = k, d
			}
		}
		labels[nearest].mask.Weight[i] = 1
	}
	return labels, nil
}

// wholeLevels returns the pixels of a picture in whole levels.
func wholeLevels(p *picture.Picture) [][3]uint8 {
	pixels := make([][3]uint8, p.W*p.H)
	for i := range pixels {
		for k := range 3 {
			pixels[i][k] = uint8(math.Round(float64(min(max(p.RGB[k*len(pixels)+i], 0), maxLevel))))
		}
	}
	return pixels
}

// labelColors returns the colours of labels: those with pixels whose neighbours all have
// the same colour, unlike the fringes between labels.
func labelColors(pixels [][3]uint8, w, h int) ([][3]uint8, error) {
	seen := make(map[[3]uint8]*labelPixels)
	for y := 1; y < h-1; y++ {
		for x := 1; x < w-1; x++ {
			if c, ok := surrounded(pixels, w, x, y); ok {
				if seen[c] == nil {
					seen[c] = new(labelPixels)
				}
				seen[c].add(pixels[y*w+x])
			}
		}
	}
	var found [][3]uint8
	for c := range seen {
		found = append(found, c)
	}
	slices.SortFunc(found, func(a, b [3]uint8) int {
		return cmp.Or(cmp.Compare(seen[b].count, seen[a].count), slices.Compare(a[:], b[:]))
	})
	// Where noise crosses a step, the colour with more pixels stands for both.
	for i := 0; i < len(found); i++ {
		rest := slices.DeleteFunc(found[i+1:], func(c [3]uint8) bool {
			return apart(seen[c].mean(), seen[found[i]].mean()) < labelSteps*labelSteps/4
		})
		found = found[:i+1+len(rest)]
	}
	if len(found) == 0 || len(found) > maxLabels {
		return nil, fmt.Errorf("%d colours: expected a picture with a colour for each region, at most %d", len(found), maxLabels)
	}
	slices.SortFunc(found, func(a, b [3]uint8) int { return slices.Compare(a[:], b[:]) })
	return found, nil
}

// labelPixels are the pixels of a label.
type labelPixels struct {
	count int
	sum   [3]int
}

func (l *labelPixels) add(c [3]uint8) {
	l.count++
	for k, v := range c {
		l.sum[k] += int(v)
	}
}

func (l *labelPixels) mean() (c [3]uint8) {
	for k, v := range l.sum {
		c[k] = uint8(v / l.count)
	}
	return c
}

// surrounded returns the colour, in steps, of a pixel whose neighbours have the same
// colour.
func surrounded(pixels [][3]uint8, w, x, y int) (c [3]uint8, ok bool) {
	c = steps(pixels[y*w+x])
	for dy := -1; dy <= 1; dy++ {
		for dx := -1; dx <= 1; dx++ {
			if steps(pixels[(y+dy)*w+x+dx]) != c {
				return c, false
			}
		}
	}
	return c, true
}

// steps rounds a colour to steps.
func steps(c [3]uint8) [3]uint8 {
	for k, v := range c {
		c[k] = uint8(min(math.Round(float64(v)/labelSteps)*labelSteps, maxLevel))
	}
	return c
}

// apart returns the squared distance of two colors.
func apart(a, b [3]uint8) int {
	var sum int
	for k := range a {
		d := int(a[k]) - int(b[k])
		sum += d * d
	}
	return sum
}

package picture

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
)

// A Label is a color of a label picture, with the pixels of that color.
type Label struct {
	Color [3]uint8
	Mask  *Mask
}

// String returns the colour as #rrggbb.
func (l Label) String() string {
	return fmt.Sprintf("#%02x%02x%02x", l.Color[0], l.Color[1], l.Color[2])
}

const (
	// maxLabels is the largest number of labels of a picture.
	maxLabels = 32
	// labelSteps is the distance between levels that distinguishes labels: far more
	// than the error of lossy compression, and few enough steps for 5 levels of each
	// color.
	labelSteps = 64
)

// Labels returns the labels of a label picture, in which each region has a color of its
// own, as in STROTSS (Kolkin, Salavon and Shakhnarovich 2019). Colors that differ only
// by compression are the same label; pixels between two labels belong to the nearer
// one. The labels are sorted by color. Labels fails where there are more than 32: then
// the picture is not a label picture.
func (p *Picture) Labels() ([]Label, error) {
	found, err := p.labelColors()
	if err != nil {
		return nil, err
	}
	labels := make([]Label, len(found))
	for i, c := range found {
		labels[i] = Label{c, &Mask{W: p.W, H: p.H, Weight: make([]float32, p.W*p.H)}}
	}
	for i := range p.W * p.H {
		nearest, least := 0, math.MaxInt
		for k, c := range found {
			if d := apart(p.rgb(i), c); d < least {
				nearest, least = k, d
			}
		}
		labels[nearest].Mask.Weight[i] = 1
	}
	return labels, nil
}

// labelColors returns the colors of labels: those with pixels whose neighbours all have
// the same color, unlike the fringes between labels.
func (p *Picture) labelColors() ([][3]uint8, error) {
	seen := make(map[[3]uint8]*labelPixels)
	for y := 1; y < p.H-1; y++ {
		for x := 1; x < p.W-1; x++ {
			if c, ok := p.surrounded(x, y); ok {
				if seen[c] == nil {
					seen[c] = new(labelPixels)
				}
				seen[c].add(p.rgb(y*p.W + x))
			}
		}
	}
	found := slices.SortedFunc(maps.Keys(seen), func(a, b [3]uint8) int {
		return cmp.Or(cmp.Compare(seen[b].count, seen[a].count), slices.Compare(a[:], b[:]))
	})
	// Where noise crosses a step, the color with more pixels stands for both.
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

// surrounded returns the color, in steps, of a pixel whose neighbours have the same
// color.
func (p *Picture) surrounded(x, y int) (c [3]uint8, ok bool) {
	c = steps(p.rgb(y*p.W + x))
	for dy := -1; dy <= 1; dy++ {
		for dx := -1; dx <= 1; dx++ {
			if steps(p.rgb((y+dy)*p.W+x+dx)) != c {
				return c, false
			}
		}
	}
	return c, true
}

// steps rounds a color to steps.
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

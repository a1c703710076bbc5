package picture

import (
	"cmp"
	"fmt"
	"image"
	"maps"
	"math"
	"slices"
)

// A Mask is how much each pixel counts, from 0 to 1.
type Mask struct {
	W, H   int
	Weight []float32 // H x W
}

// NewMask returns the mask that a picture shows: white counts, black does not,
// grey counts in part, as far as the picture is opaque.
func NewMask(m image.Image) *Mask {
	p := FromImage(m)
	mask := &Mask{W: p.W, H: p.H, Weight: make([]float32, p.W*p.H)}
	for i := range mask.Weight {
		w := p.luma(i) / maxLevel
		if p.Alpha != nil {
			w *= p.Alpha[i]
		}
		mask.Weight[i] = min(max(w, 0), 1)
	}
	return mask
}

// Image returns the picture that shows the mask, in grey.
func (m *Mask) Image() image.Image {
	p := New(m.W, m.H)
	for c := range colors {
		for i, w := range m.Weight {
			channel(p.RGB, c)[i] = maxLevel * w
		}
	}
	return p
}

// luma returns the luma of a pixel, of ITU-R BT.601, in levels.
func (p *Picture) luma(i int) float32 {
	plane := p.W * p.H
	return lumaRed*p.RGB[i] + lumaGreen*p.RGB[plane+i] + lumaBlue*p.RGB[2*plane+i]
}

// The shares of the colours in luma, of ITU-R BT.601.
const (
	lumaRed   = 0.299
	lumaGreen = 0.587
	lumaBlue  = 0.114
)

// Mean returns the share of the pixels that count.
func (m *Mask) Mean() float64 {
	var sum float64
	for _, w := range m.Weight {
		sum += float64(w)
	}
	return sum / float64(len(m.Weight))
}

// Resize returns the mask in another size, each pixel the mean over the area
// that it covers.
func (m *Mask) Resize(w, h int) *Mask {
	wide := make([]float32, w*m.H)
	for y := range m.H {
		overAreas(wide[y*w:], m.Weight[y*m.W:], m.W, w, 1)
	}
	r := &Mask{W: w, H: h, Weight: make([]float32, w*h)}
	for x := range w {
		overAreas(r.Weight[x:], wide[x:], m.H, h, w)
	}
	return r
}

// overAreas writes the means of n values over the areas of others, to which
// step leads on either side.
func overAreas(dst, src []float32, n, to, step int) {
	size := float64(n) / float64(to)
	for i := range to {
		from, until := float64(i)*size, float64(i+1)*size
		var sum float64
		for k := int(from); k < min(int(math.Ceil(until)), n); k++ {
			covered := min(until, float64(k+1)) - max(from, float64(k))
			sum += covered * float64(src[k*step])
		}
		dst[i*step] = float32(sum / size)
	}
}

// A Label is a colour of a label picture, and where it is.
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
	// labelSteps is the number of steps between levels that tell labels apart,
	// far more than lossy compression blurs and few enough for 5 of each colour.
	labelSteps = 64
)

// Labels takes a label picture apart, in which each region has a colour, as
// those of STROTSS (Kolkin, Salavon and Shakhnarovich 2019) do. Colours that
// differ by compression alone are one; pixels between two labels belong to the
// nearer one. The labels are in the order of their colours. It fails where there
// are more than 32: then the picture is none of labels.
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

// labelColors returns the colours of labels: those with pixels that have no
// other colour for a neighbour, which fringes between labels have not.
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
	// Where noise lies across two steps, the one with more pixels stands for both.
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

// surrounded returns the colour, in steps, of a pixel whose neighbours share it.
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

// steps rounds a colour to steps.
func steps(c [3]uint8) [3]uint8 {
	for k, v := range c {
		c[k] = uint8(min(math.Round(float64(v)/labelSteps)*labelSteps, maxLevel))
	}
	return c
}

// Grey says whether a picture has no colours, but for what compression adds.
func (p *Picture) Grey() bool {
	for i := range p.W * p.H {
		c := p.rgb(i)
		if int(max(c[0], c[1], c[2]))-int(min(c[0], c[1], c[2])) >= labelSteps {
			return false
		}
	}
	return true
}

// rgb returns a pixel in whole levels.
func (p *Picture) rgb(i int) [3]uint8 {
	plane := p.W * p.H
	var c [3]uint8
	for k := range c {
		c[k] = uint8(min(max(math.Round(float64(p.RGB[k*plane+i])), 0), maxLevel))
	}
	return c
}

// apart returns the square of the distance of two colours.
func apart(a, b [3]uint8) int {
	var sum int
	for k := range a {
		d := int(a[k]) - int(b[k])
		sum += d * d
	}
	return sum
}

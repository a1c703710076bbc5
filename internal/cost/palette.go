package cost

import (
	"fmt"
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// minColorSquare is a lower bound of the squared distance of colours, as in the code of
// STROTSS. Without it the gradient of the root would be unbounded.
const minColorSquare = 1e-5

// A Color is red, green and blue from -1/2 to 1/2, for levels of 0 to 255.
type Color [3]float64

// Colors returns the colours of a picture, 3 x h x w in levels of 0 to 255, at the given
// points.
func Colors(picture []float32, h, w int, at []Point) []Color {
	colors := make([]Color, len(at))
	for i, point := range at {
		for _, c := range point.corners(h, w, 1) {
			for k := range colors[i] {
				colors[i][k] += float64(c.Weight) * float64(picture[(k*h+int(c.Y))*w+int(c.X)])
			}
		}
		for k := range colors[i] {
			colors[i][k] = colors[i][k]/levels - 0.5
		}
	}
	return colors
}

// A Palette is the cost of STROTSS (Kolkin et al. 2019, arXiv 1904.12785) for the
// colours of the picture: the relaxed earth mover's distance, as in [RelaxedEMD],
// between the colours x of the picture and s of the style, with
//
//	d = 1 - x·s/(|x| |s|) + √(max(|x - s|², 1e-5)/3)
//
// The paper uses a decorrelated colour space, which its code reaches by a rotation.
// Rotations do not change d.
type Palette struct {
	style []Color
	unit  []direction
}

// direction is a colour of length 1, or zero, and the inverse of its original length.
type direction struct {
	Color
	inverse float64
}

// NewPalette returns the cost against the colours of the styles.
func NewPalette(style []Color) *Palette { return &Palette{style, directionsOf(style)} }

func directionsOf(colors []Color) []direction {
	unit := make([]direction, len(colors))
	for i, c := range colors {
		length := math.Sqrt(c.dot(c))
		if length < minLength {
			continue
		}
		unit[i] = direction{Color{c[0] / length, c[1] / length, c[2] / length}, 1 / length}
	}
	return unit
}

func (c Color) dot(d Color) float64 { return c[0]*d[0] + c[1]*d[1] + c[2]*d[2] }

// Evaluate returns the cost of the colours of a picture, 3 x h x w in levels of 0 to
// 255, at the given points. It adds weight times its gradient with respect to the
// picture to gradient.
func (t *Palette) Evaluate(p *kernel.Pool, gradient, picture []float32, h, w int, at []Point, weight float64) float64 {
	if len(picture) != 3*h*w || len(gradient) != len(picture) {
		panic(fmt.Sprintf("cost: %d values and a gradient of %d for a picture of 3 x %d x %d",
			len(picture), len(gradient), h, w))
	}
	colors := Colors(picture, h, w, at)
	unit := directionsOf(colors)
	toStyle, toPicture := nearestColors(p, colors, t.style, unit, t.unit)
	rows, cols := meanDistance(toStyle), meanDistance(toPicture)
	slopes := make([]Color, len(colors))
	if rows >= cols {
		for i, s := range toStyle {
			t.addGradient(&slopes[i], colors[i], unit[i], s.at, 1/float64(len(toStyle)))
		}
	} else {
		for s, near := range toPicture {
			i := near.at
			t.addGradient(&slopes[i], colors[i], unit[i], s, 1/float64(len(toPicture)))
		}
	}
	for i, point := range at {
		for _, c := range point.corners(h, w, 1) {
			for k, v := range slopes[i] {
				gradient[(k*h+int(c.Y))*w+int(c.X)] += float32(weight / levels * float64(c.Weight) * v)
			}
		}
	}
	return max(rows, cols)
}

// nearColor is the index of the nearest colour and its distance.
type nearColor struct {
	at       int
	distance float64
}

// update stores another colour where that is nearer, or where its distance is NaN, which
// must propagate.
func (n *nearColor) update(at int, distance float64) {
	if distance < n.distance || distance != distance {
		*n = nearColor{at, distance}
	}
}

func farColors(n int) []nearColor { return slices.Repeat([]nearColor{{distance: math.Inf(1)}}, n) }

// nearestColors returns the nearest of b for each of a, and the nearest of a for each
// of b; of several equally near colours it returns the first. Every distance is computed
// once.
func nearestColors(p *kernel.Pool, a, b []Color, aUnit, bUnit []direction) (toB, toA []nearColor) {
	toB, toA = farColors(len(a)), farColors(len(b))
	bands := make([][]nearColor, (len(a)+taskRows-1)/taskRows) // of a, seen from b
	rowRanges(p, len(a), func(lo, hi int) {
		band := farColors(len(b))
		for i := lo; i < hi; i++ {
			for j, c := range b {
				d := 1 - aUnit[i].dot(bUnit[j].Color) + euclidean(a[i], c)
				toB[i].update(j, d)
				band[j].update(i, d)
			}
		}
		bands[lo/taskRows] = band
	})
	for _, band := range bands {
		for j, near := range band {
			toA[j].update(near.at, near.distance)
		}
	}
	return toB, toA
}

func meanDistance(of []nearColor) (mean float64) {
	for _, near := range of {
		mean += near.distance
	}
	return mean / float64(len(of))
}

func euclidean(a, b Color) float64 {
	d := Color{a[0] - b[0], a[1] - b[1], a[2] - b[2]}
	return math.Sqrt(max(d.dot(d), minColorSquare) / 3)
}

// addGradient adds weight times the gradient of d with respect to the colour x of the
// picture. style is the index of the colour of the style.
func (t *Palette) addGradient(slope *Color, x Color, unit direction, style int, weight float64) {
	s, u := t.style[style], t.unit[style].Color
	along, far := unit.dot(u), euclidean(x, s)
	for k := range slope {
		v := unit.inverse * (along*unit.Color[k] - u[k])
		if d := x[k] - s[k]; 3*far*far > minColorSquare {
			v += d / (3 * far)
		}
		slope[k] += weight * v
	}
}

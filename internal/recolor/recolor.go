// Package recolor gives a picture the colours of another one.
package recolor

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/pastiche-art/pastiche/internal/planar"
	"github.com/pastiche-art/pastiche/picture"
)

// A Method is a way to recolour one picture with the colours of another. Package paint
// documents the choices.
type Method string

// The methods.
const (
	Luminance Method = "luminance" // [WithChroma]; the others are [Recolor]
	Linear    Method = "linear"
	Symmetric Method = "symmetric"
	Cholesky  Method = "cholesky"
	OKLab     Method = "oklab"
	Histogram Method = "histogram"
)

// Methods are all methods, Luminance first.
var Methods = []Method{Luminance, Linear, Symmetric, Cholesky, OKLab, Histogram}

// Recolor returns a copy of p with the colours of a palette of any size, by any method
// except Luminance, which needs a picture of the same size. Pixels of both pictures are
// weighted by their opacity. If one of them is invisible, Recolor keeps the colours of
// p. It clamps levels to 0 to 255 at the end. It panics for [Luminance].
func Recolor(p, palette *picture.Picture, method Method) *picture.Picture {
	if total(p) == 0 || total(palette) == 0 {
		return &picture.Picture{W: p.W, H: p.H, RGB: slices.Clone(p.RGB), Alpha: slices.Clone(p.Alpha)}
	}
	r := picture.New(p.W, p.H)
	r.Alpha = slices.Clone(p.Alpha)
	switch method {
	case Linear, Symmetric, Cholesky:
		matchMoments(r.RGB, weighted{p.RGB, p.Alpha}, weighted{palette.RGB, palette.Alpha}, method)
	case OKLab:
		of, like := toOKLab(p.RGB), toOKLab(palette.RGB)
		matchMoments(of, weighted{of, p.Alpha}, weighted{like, palette.Alpha}, Linear)
		fromOKLab(r.RGB, of)
	case Histogram:
		for c := range colors {
			matchLevels(planar.Channel(r.RGB, c), weighted{planar.Channel(p.RGB, c), p.Alpha}, weighted{planar.Channel(palette.RGB, c), palette.Alpha})
		}
	default:
		panic(fmt.Sprintf("recolor: recolour by %q", method))
	}
	for i, v := range r.RGB {
		r.RGB[i] = planar.Clamp(v)
	}
	return r
}

// WithChroma returns a copy of p with the chroma of another picture of the same size:
// its colour differences R-Y and B-Y, with the luma Y of ITU-R BT.601 (the method of
// Gatys, Bethge, Hertzmann and Shechtman 2016, arXiv 1606.05897). Where luma and chroma
// give no colour between black and white, it uses the nearest luma that does.
func WithChroma(p, of *picture.Picture) *picture.Picture {
	if p.W != of.W || p.H != of.H {
		panic(fmt.Sprintf("recolor: %d x %d pixels with the chroma of %d x %d", p.W, p.H, of.W, of.H))
	}
	r := picture.New(p.W, p.H)
	r.Alpha = slices.Clone(p.Alpha)
	plane := p.W * p.H
	for i := range plane {
		red, green, blue := of.RGB[i], of.RGB[plane+i], of.RGB[2*plane+i]
		shift := planar.Luma(p.RGB, i) - planar.Luma(of.RGB, i)
		shift = min(max(shift, -min(red, green, blue)), planar.White-max(red, green, blue))
		r.RGB[i], r.RGB[plane+i], r.RGB[2*plane+i] = red+shift, green+shift, blue+shift
	}
	return r
}

// colors is the number of channels.
const colors = planar.Channels

// colorEpsilon is added to variances, of levels divided by 255, so that the covariances
// of flat pictures have a root and an inverse, as in Gatys et al. 2017.
const colorEpsilon = 1e-5

// weighted are values of pixels, of one channel or of all, with a weight for each
// pixel; nil weights mean 1.
type weighted struct{ values, weights []float32 }

// weight returns the weight of a pixel.
func (v weighted) weight(i int) float64 {
	if v.weights == nil {
		return 1
	}
	return float64(v.weights[i])
}

// total returns the sum of the weights.
func total(p *picture.Picture) float64 {
	if p.Alpha == nil {
		return float64(p.W * p.H)
	}
	var sum float64
	for _, a := range p.Alpha {
		sum += float64(a)
	}
	return sum
}

// matchMoments maps the colours of src to dst so that they have the mean and covariance
// of like.
func matchMoments(dst []float32, src, like weighted, method Method) {
	from, fromCov := src.moments()
	to, toCov := like.moments()
	m := linearMap(fromCov, toCov, method)
	plane := len(src.values) / colors
	for i := range plane {
		var x [colors]float64
		for c := range x {
			x[c] = float64(src.values[c*plane+i]) - from[c]
		}
		for c := range x {
			dst[c*plane+i] = float32(to[c] + m.At(c, 0)*x[0] + m.At(c, 1)*x[1] + m.At(c, 2)*x[2])
		}
	}
}

// moments returns the mean and covariance of colours.
func (v weighted) moments() (mean [colors]float64, cov *mat.SymDense) {
	var n float64
	for i := range len(v.values) / colors {
		n += v.weight(i)
	}
	for c := range mean {
		for i, x := range planar.Channel(v.values, c) {
			mean[c] += v.weight(i) * float64(x)
		}
		mean[c] /= n
	}
	cov = mat.NewSymDense(colors, nil)
	for a := range colors {
		for b := a; b < colors; b++ {
			var sum float64
			other := planar.Channel(v.values, b)
			for i, x := range planar.Channel(v.values, a) {
				sum += v.weight(i) * (float64(x) - mean[a]) * (float64(other[i]) - mean[b])
			}
			cov.SetSym(a, b, sum/n)
		}
	}
	return mean, cov
}

// linearMap returns A with A from Aᵀ = to.
func linearMap(from, to *mat.SymDense, method Method) *mat.Dense {
	epsilon := colorEpsilon * max(mat.Trace(from), mat.Trace(to), colorEpsilon)
	for c := range colors {
		from.SetSym(c, c, from.At(c, c)+epsilon)
		to.SetSym(c, c, to.At(c, c)+epsilon)
	}
	m := new(mat.Dense)
	switch method {
	case Cholesky:
		var f, t mat.Cholesky
		if !f.Factorize(from) || !t.Factorize(to) {
			panic("recolor: a covariance that is not positive") // never with epsilon
		}
		var lower, upper mat.TriDense
		t.LTo(&upper)
		f.LTo(&lower)
		var inverse mat.Dense
		if err := inverse.Inverse(&lower); err != nil {
			panic(err) // never with epsilon
		}
		m.Mul(&upper, &inverse)
	case Symmetric:
		m.Mul(power(to, 0.5), power(from, -0.5))
	case Linear:
		root, inverse := power(from, 0.5), power(from, -0.5)
		var inner mat.Dense
		inner.Product(root, to, root)
		middle := mat.NewSymDense(colors, nil)
		for a := range colors {
			for b := a; b < colors; b++ {
				middle.SetSym(a, b, (inner.At(a, b)+inner.At(b, a))/2)
			}
		}
		m.Product(inverse, power(middle, 0.5), inverse)
	}
	return m
}

// power returns a symmetric positive matrix to the power of e.
func power(m *mat.SymDense, e float64) *mat.Dense {
	var eigen mat.EigenSym
	if !eigen.Factorize(m, true) {
		panic("recolor: eigenvalues of 3 x 3 that do not converge")
	}
	var vectors, scaled mat.Dense
	eigen.VectorsTo(&vectors)
	values := eigen.Values(nil)
	for i, v := range values {
		values[i] = math.Pow(math.Max(v, math.SmallestNonzeroFloat32), e)
	}
	scaled.Mul(&vectors, mat.NewDiagDense(colors, values))
	r := new(mat.Dense)
	r.Mul(&scaled, vectors.T())
	return r
}

// matchLevels maps the levels of src by rank to those of like.
func matchLevels(dst []float32, src, like weighted) {
	order := src.order()
	among := slices.DeleteFunc(like.order(), func(i int) bool { return like.weight(i) == 0 })
	sum := func(of weighted) (sum float64) {
		for i := range of.values {
			sum += of.weight(i)
		}
		return sum
	}
	ratio := sum(like) / sum(src)
	var (
		below float64 // total weight of the smaller levels of src
		at    int     // in among
		upTo  = like.weight(among[0])
	)
	for rank := 0; rank < len(order); {
		// Equal levels stay equal: all get the level of their middle rank.
		end, equal := rank+1, src.weight(order[rank])
		for end < len(order) && src.values[order[end]] == src.values[order[rank]] {
			equal += src.weight(order[end])
			end++
		}
		middle := (2*below + equal) / 2 * ratio
		for upTo <= middle && at < len(among)-1 {
			at++
			upTo += like.weight(among[at])
		}
		for ; rank < end; rank++ {
			dst[order[rank]] = like.values[among[at]]
		}
		below += equal
	}
}

// order returns the indices of the pixels sorted by level, stably.
func (v weighted) order() []int {
	order := make([]int, len(v.values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(v.values[a], v.values[b]) })
	return order
}

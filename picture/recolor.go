package picture

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// A ColorMethod is a way to give one picture the colours of another.
type ColorMethod string

// The methods.
const (
	// Luminance takes the luma of the one and the chroma of the other picture,
	// pixel by pixel ([Picture.WithChroma]).
	Luminance ColorMethod = "luminance"
	// Linear is the linear map between the means and covariances of the colours
	// that moves them least (Pitié and Kokaram 2007, "The linear
	// Monge-Kantorovitch linear colour mapping").
	Linear ColorMethod = "linear"
	// Symmetric and Cholesky are the linear maps x' = Cs^½ Ct^-½ (x - mu_t) +
	// mu_s of Gatys, Bethge, Hertzmann and Shechtman 2017 (arXiv 1611.07865),
	// with symmetric roots or Cholesky factors of the covariances.
	Symmetric ColorMethod = "symmetric"
	Cholesky  ColorMethod = "cholesky"
	// OKLab is Linear in Ottosson's OKLab, where equal distances look equal.
	OKLab ColorMethod = "oklab"
	// Histogram gives each channel the levels of the other picture's.
	Histogram ColorMethod = "histogram"
)

// ColorMethods returns all methods.
func ColorMethods() []ColorMethod {
	return []ColorMethod{Luminance, Linear, Symmetric, Cholesky, OKLab, Histogram}
}

// Recolor returns a copy of p with the colours of a palette, of any size, by any
// method but Luminance, which needs a picture of the same size. Levels are
// clamped to 0 to 255 at the end.
func (p *Picture) Recolor(palette *Picture, method ColorMethod) *Picture {
	r := New(p.W, p.H)
	r.Alpha = slices.Clone(p.Alpha)
	switch method {
	case Linear, Symmetric, Cholesky:
		matchMoments(r.RGB, p.RGB, palette.RGB, method)
	case OKLab:
		of, like := toOKLab(p.RGB), toOKLab(palette.RGB)
		matchMoments(of, of, like, Linear)
		fromOKLab(r.RGB, of)
	case Histogram:
		for c := range colors {
			matchLevels(channel(r.RGB, c), channel(p.RGB, c), channel(palette.RGB, c))
		}
	default:
		panic(fmt.Sprintf("picture: recolour by %q", method))
	}
	for i, v := range r.RGB {
		r.RGB[i] = clampLevel(v)
	}
	return r
}

// WithChroma returns a copy of p with the chroma of another picture of the same
// size: its colour differences R-Y and B-Y, with the luma Y of ITU-R BT.601 (as
// Gatys, Bethge, Hertzmann and Shechtman 2016, arXiv 1606.05897, keep them).
// Where a luma and a chroma make no colour between black and white, the nearest
// luma that does takes its place.
func (p *Picture) WithChroma(of *Picture) *Picture {
	if p.W != of.W || p.H != of.H {
		panic(fmt.Sprintf("picture: %d x %d pixels with the chroma of %d x %d", p.W, p.H, of.W, of.H))
	}
	r := New(p.W, p.H)
	r.Alpha = slices.Clone(p.Alpha)
	plane := p.W * p.H
	for i := range plane {
		red, green, blue := of.RGB[i], of.RGB[plane+i], of.RGB[2*plane+i]
		shift := p.luma(i) - of.luma(i)
		shift = min(max(shift, -min(red, green, blue)), maxLevel-max(red, green, blue))
		r.RGB[i], r.RGB[plane+i], r.RGB[2*plane+i] = red+shift, green+shift, blue+shift
	}
	return r
}

// Luma returns a grey copy of p.
func (p *Picture) Luma() *Picture {
	r := New(p.W, p.H)
	r.Alpha = slices.Clone(p.Alpha)
	plane := p.W * p.H
	for i := range plane {
		y := p.luma(i)
		r.RGB[i], r.RGB[plane+i], r.RGB[2*plane+i] = y, y, y
	}
	return r
}

// colors is the number of channels.
const colors = 3

// channel returns one channel of planar values.
func channel(v []float32, c int) []float32 {
	plane := len(v) / colors
	return v[c*plane : (c+1)*plane]
}

// colorEpsilon is added to variances, of levels divided by 255, so that flat
// pictures have a root and an inverse, as Gatys et al. 2017 do.
const colorEpsilon = 1e-5

// matchMoments maps the colours of src to dst so that they have the mean and
// covariance of like.
func matchMoments(dst, src, like []float32, method ColorMethod) {
	from, fromCov := colorMoments(src)
	to, toCov := colorMoments(like)
	m := linearMap(fromCov, toCov, method)
	plane := len(src) / colors
	for i := range plane {
		var x [colors]float64
		for c := range x {
			x[c] = float64(src[c*plane+i]) - from[c]
		}
		for c := range x {
			dst[c*plane+i] = float32(to[c] + m.At(c, 0)*x[0] + m.At(c, 1)*x[1] + m.At(c, 2)*x[2])
		}
	}
}

// colorMoments returns the mean and covariance of colours.
func colorMoments(v []float32) (mean [colors]float64, cov *mat.SymDense) {
	n := float64(len(v) / colors)
	for c := range mean {
		for _, x := range channel(v, c) {
			mean[c] += float64(x)
		}
		mean[c] /= n
	}
	cov = mat.NewSymDense(colors, nil)
	for a := range colors {
		for b := a; b < colors; b++ {
			var sum float64
			other := channel(v, b)
			for i, x := range channel(v, a) {
				sum += (float64(x) - mean[a]) * (float64(other[i]) - mean[b])
			}
			cov.SetSym(a, b, sum/n)
		}
	}
	return mean, cov
}

// linearMap returns A with A from Aᵀ = to.
func linearMap(from, to *mat.SymDense, method ColorMethod) *mat.Dense {
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
			panic("picture: a covariance that is not positive") // never with epsilon
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
		panic("picture: eigenvalues of 3 x 3 that do not converge")
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

// matchLevels gives the levels of src, by their ranks, those of like to dst.
func matchLevels(dst, src, like []float32) {
	sorted := slices.Sorted(slices.Values(like))
	order := make([]int, len(src))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case src[a] < src[b]:
			return -1
		case src[a] > src[b]:
			return 1
		}
		return 0
	})
	ratio := float64(len(sorted)) / float64(len(src))
	for rank := 0; rank < len(order); {
		// Equal levels stay equal: all have the middle one of their ranks.
		end := rank + 1
		for end < len(order) && src[order[end]] == src[order[rank]] {
			end++
		}
		at := int((float64(rank+end) / 2) * ratio)
		for ; rank < end; rank++ {
			dst[order[rank]] = sorted[min(at, len(sorted)-1)]
		}
	}
}

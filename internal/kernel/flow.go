package kernel

import (
	"fmt"
	"math"
)

// PatchSize is the width and the height, in pixels, of the patches of
// [Pool.PatchDifference].
const PatchSize = 8

// PatchSums are sums over the pixels of a patch. With the difference d between two
// pictures at a pixel: d, d², and d times the gradient in x and in y.
type PatchSums struct{ Sum, Squares, GradX, GradY float32 }

// PatchDifference compares a patch of a picture, from, with a patch of another one, to.
// All slices begin at the upper left pixel of the patch and have the same number of
// elements from one row to the next. The patch of to lies between pixels: each of its
// values is the sum of the four pixels upper left, upper right, lower left and lower
// right of it, times weights. gradX and gradY hold the gradient of from. The difference
// is to - from.
//
// PatchDifference runs on the calling thread; tasks of [Pool.Run] may call it.
func (p *Pool) PatchDifference(from, gradX, gradY, to []float32, row int, weights [4]float32) PatchSums {
	a := patchDifference{from: from, gradX: gradX, gradY: gradY, to: to, row: row, weights: weights}
	s := p.impl.patchDifference(a)
	for n := PatchSize / 2; n > 0; n /= 2 {
		for k := range n {
			for i := 0; i < len(s); i += PatchSize {
				s[i+k] += s[i+k+n]
			}
		}
	}
	return PatchSums{Sum: s[0], Squares: s[PatchSize], GradX: s[2*PatchSize], GradY: s[3*PatchSize]}
}

// FlowEquations are rows of pixels of the equations of variational optical flow. Plane
// offsets are the same in all slices: pixel (x, y) is element y*Stride + x of the picture
// that begins at Origin. Each slice has at least one row and one pixel around the picture.
// Where RightWeight and DownWeight are zero there, pixels at the edges have no neighbour
// outside.
//
// The data term of a pixel is the penalty of the two residuals
//
//	r1 = XT + XX*(u - U0) + XY*(v - V0)
//	r2 = YT + YX*(u - U0) + YY*(v - V0)
//
// of its flow (u, v). The equations of one pixel are
//
//	a11*u + a12*v = B1 + sum of the u of its four neighbours times their weights
//	a12*u + a22*v = B2 + sum of the v of its four neighbours times their weights
//
// and Inverse11, Inverse12 and Inverse22 are the inverse of the matrix on the left.
type FlowEquations struct {
	Width, Stride, Origin int

	U, V                            []float32 // the flow
	U0, V0                          []float32
	XX, XY, XT, YX, YY, YT          []float32
	RightWeight, DownWeight         []float32 // of the neighbour to the right, and below
	B1, B2                          []float32
	Inverse11, Inverse12, Inverse22 []float32
}

// Linearise computes B1, B2 and the inverse matrices of row y for the present flow. The
// data term is multiplied by weight; its penalty is sqrt(r1² + r2² + epsilon²). inertia is
// added to a11 and a22 before the weights of the neighbours, in favour of (U0, V0).
//
// Linearise runs on the calling thread; tasks of [Pool.Run] may call it.
func (p *Pool) Linearise(e *FlowEquations, y int, weight, epsilon, inertia float32) {
	at := e.row(y)
	inVectors(p.impl.linearise, lineariseGeneric, 0, e.Width, func(lo, n int) linearise {
		i := at + lo
		return linearise{
			u: e.U[i:], v: e.V[i:], u0: e.U0[i:], v0: e.V0[i:],
			xx: e.XX[i:], xy: e.XY[i:], xt: e.XT[i:], yx: e.YX[i:], yy: e.YY[i:], yt: e.YT[i:],
			right: e.RightWeight[i-1:], up: e.DownWeight[i-e.Stride:], down: e.DownWeight[i:],
			b1: e.B1[i:], b2: e.B2[i:], inverse11: e.Inverse11[i:], inverse12: e.Inverse12[i:], inverse22: e.Inverse22[i:],
			n: n, weight: weight / 2, epsilon: epsilon * epsilon, inertia: inertia,
		}
	})
}

// Relax moves the flow of every second pixel of row y, from pixel first on, towards the
// solution of its equations: by the distance times factor. first is 0 or 1.
//
// Relax runs on the calling thread; tasks of [Pool.Run] may call it for several rows at
// once, where the pixels of each row lie between those of the rows above and below.
func (p *Pool) Relax(e *FlowEquations, y, first int, factor float32) {
	if first != 0 && first != 1 {
		panic(fmt.Sprintf("kernel: every second pixel from %d on", first))
	}
	at := e.row(y)
	var chosen [8]uint32
	for i := first; i < len(chosen); i += 2 {
		chosen[i] = math.MaxUint32
	}
	inVectors(p.impl.relax, relaxGeneric, 0, e.Width, func(lo, n int) relax {
		i := at + lo
		return relax{
			u: e.U[i-e.Stride-1:], v: e.V[i-e.Stride-1:],
			right: e.RightWeight[i-1:], up: e.DownWeight[i-e.Stride:], down: e.DownWeight[i:],
			b1: e.B1[i:], b2: e.B2[i:], inverse11: e.Inverse11[i:], inverse12: e.Inverse12[i:], inverse22: e.Inverse22[i:],
			row: e.Stride, n: n, factor: factor, chosen: chosen,
		}
	})
}

func (e *FlowEquations) row(y int) int { return e.Origin + y*e.Stride }

package flow

import (
	"math"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

const (
	constancy  = 10 // weight of the data term
	smoothness = 30 // weight of the smoothness term
	// epsilon is where the penalty sqrt(s² + epsilon²) of both terms turns from quadratic
	// to linear.
	epsilon = 1e-3
	// normalisation is added to the squared gradient by which the data term is divided.
	normalisation = 1
	// inertia holds a pixel without data and without neighbours where it is.
	inertia = 1e-3

	linearisations = 8   // of the penalties
	sweeps         = 4   // of the solver for each linearisation
	relaxation     = 1.9 // of the solver

	// margin is the number of pixels of the border for which derivatives are computed.
	margin = 2
)

// A refiner holds the buffers of the variational refinement, planes of the finest level.
// It minimises, over the flow (u, v) of all pixels, the sum of
//
//	constancy penalty(difference of the gradients of from and of to at (x+u, y+v)) +
//	smoothness penalty(gradient of u and of v)
//
// (Brox, Bruhn, Papenberg and Weickert 2004, with the normalisation of Zimmer, Bruhn and
// Weickert 2011). There is no term for the difference of brightness: with it, the errors
// that bench/flow.py measures are larger, most of all where the light changes (see
// bench/NOTES.md).
type refiner struct {
	mean, difference []float32 // of from and of to warped by the flow
	meanX, meanY     []float32 // derivatives of mean
	equations        kernel.FlowEquations
}

func (r *refiner) refine(pool *kernel.Pool, l *level) {
	r.begin(l)
	r.warp(pool, l)
	r.differentiate(pool, l)
	for range linearisations {
		l.eachRow(pool, 0, func(y int) { r.weigh(l, y) })
		l.eachRow(pool, 0, func(y int) { pool.Linearise(&r.equations, y, constancy, epsilon, inertia) })
		r.solve(pool, l.h)
	}
	l.extend(l.u, border)
	l.extend(l.v, border)
}

// begin prepares the planes for a level.
func (r *refiner) begin(l *level) {
	e := &r.equations
	for _, plane := range []*[]float32{&r.mean, &r.difference, &r.meanX, &r.meanY,
		&e.U0, &e.V0, &e.XX, &e.XY, &e.XT, &e.YX, &e.YY, &e.YT,
		&e.RightWeight, &e.DownWeight, &e.B1, &e.B2, &e.Inverse11, &e.Inverse12, &e.Inverse22} {
		if n := l.size(); cap(*plane) < n {
			*plane = make([]float32, n)
		} else {
			*plane = (*plane)[:n]
		}
	}
	e.Width, e.Stride, e.Origin = l.w, l.stride, l.at(0, 0)
	e.U, e.V = l.u, l.v
	copy(e.U0, l.u)
	copy(e.V0, l.v)
	clear(e.RightWeight)
	clear(e.DownWeight)
}

// warp computes the mean and the difference of from and of to warped by the flow.
func (r *refiner) warp(pool *kernel.Pool, l *level) {
	l.eachRow(pool, 0, func(y int) {
		mean, difference, from := l.row(r.mean, y, 0), l.row(r.difference, y, 0), l.row(l.from, y, 0)
		u, v := l.row(l.u, y, 0), l.row(l.v, y, 0)
		for x, a := range from {
			b := l.interpolate(l.to, float32(x)+u[x], float32(y)+v[x])
			mean[x], difference[x] = (a+b)/2, b-a
		}
	})
	l.extend(r.mean, 2*margin)
	l.extend(r.difference, 2*margin)
}

// differentiate computes the derivatives of the data term, divided by the length of the
// second derivatives, so that a residual is about a distance in pixels. Where the flow
// leaves the frame, they are zero.
func (r *refiner) differentiate(pool *kernel.Pool, l *level) {
	l.eachRow(pool, margin, func(y int) {
		differentiateX(l.row(r.meanX, y, margin), r.mean[l.at(y, -margin-2):])
		differentiateY(l.row(r.meanY, y, margin), r.mean[l.at(y-2, -margin):], l.stride)
	})
	l.eachRow(pool, 0, func(y int) {
		e, left, above := &r.equations, l.at(y, -2), l.at(y-2, 0)
		row := func(plane []float32) []float32 { return l.row(plane, y, 0) }
		differentiateX(row(e.XX), r.meanX[left:])
		differentiateY(row(e.XY), r.meanX[above:], l.stride)
		differentiateX(row(e.XT), r.difference[left:])
		differentiateX(row(e.YX), r.meanY[left:])
		differentiateY(row(e.YY), r.meanY[above:], l.stride)
		differentiateY(row(e.YT), r.difference[above:], l.stride)
		u, v := row(e.U0), row(e.V0)
		for _, term := range [][3][]float32{{row(e.XX), row(e.XY), row(e.XT)}, {row(e.YX), row(e.YY), row(e.YT)}} {
			dx, dy, dt := term[0], term[1], term[2]
			for x := range dx {
				scale := 1 / sqrt(dx[x]*dx[x]+dy[x]*dy[x]+normalisation)
				if !l.inside(float32(x)+u[x], float32(y)+v[x]) {
					scale = 0
				}
				dx[x] *= scale
				dy[x] *= scale
				dt[x] *= scale
			}
		}
	})
}

// weigh computes the weights of the neighbours of row y: the derivative of the smoothness
// term with respect to their squared difference.
func (r *refiner) weigh(l *level, y int) {
	e, last := &r.equations, l.w-1
	right, down := l.row(e.RightWeight, y, 0), l.row(e.DownWeight, y, 0)
	u, v := l.row(l.u, y, 0), l.row(l.v, y, 0)
	below := min(y+1, l.h-1)
	uBelow, vBelow := l.row(l.u, below, 0), l.row(l.v, below, 0)
	for x := range right {
		next := min(x+1, last)
		ux, vx, uy, vy := u[next]-u[x], v[next]-v[x], uBelow[x]-u[x], vBelow[x]-v[x]
		right[x] = smoothness / 2 / sqrt((ux*ux+uy*uy)+(vx*vx+vy*vy)+epsilon*epsilon)
	}
	copy(down, right)
	right[last] = 0
	if below == y {
		clear(down)
	}
}

// halfSweeps is the number of half sweeps of the solver for each linearisation.
const halfSweeps = 2 * sweeps

// solve improves the flow by successive over-relaxation. The pixels are coloured like a
// chessboard, and each half sweep moves the pixels of one colour. A pixel reads only pixels
// of the other colour, so the order within a half sweep does not matter.
//
// Half sweeps over the whole frame would fetch all planes from memory each time. Instead, a
// task makes all half sweeps of a band of rows, as far as they do not depend on other
// bands: each half sweep leaves out one more row at both ends. Then a task at each seam
// between two bands makes those that were left out. Every pixel sees the same values as in
// half sweeps over the whole frame.
func (r *refiner) solve(pool *kernel.Pool, rows int) {
	const least = 2 * halfSweeps // rows of a band, so that tasks at two seams are apart
	bands := max(1, rows/least)
	first := func(band int) int { // row of a band
		if band == bands {
			return rows
		}
		return band * least
	}
	relax := func(half, from, to int) {
		for y := from; y < to; y++ {
			pool.Relax(&r.equations, y, (y+half)%2, relaxation)
		}
	}
	pool.Run(bands, func(_, band int) {
		for half := range halfSweeps {
			from, to := first(band), first(band+1)
			if band > 0 {
				from += half
			}
			if band < bands-1 {
				to -= half
			}
			relax(half, from, to)
		}
	})
	pool.Run(bands-1, func(_, band int) {
		seam := first(band + 1)
		for half := range halfSweeps {
			relax(half, seam-half, seam+half)
		}
	})
}

func sqrt(v float32) float32 { return float32(math.Sqrt(float64(v))) }

package flow

import (
	"math"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

const (
	smoothness = 40   // weight of the smoothness term
	constancy  = 10   // weight of the data term
	inertia    = 1e-3 // holds a pixel without data and neighbours where it is

	linearisations = 5   // of the robust penaliser
	sweeps         = 5   // of the solver for each linearisation
	relaxation     = 1.6 // of the solver
	epsilon        = 1e-3
	// normalisation is added to the squared gradient by which the data terms are divided.
	normalisation = 1
	// margin is the number of pixels of the border for which derivatives are computed.
	margin = 2
)

// refiner holds the buffers of the variational refinement, each a plane of the finest level.
type refiner struct {
	planes [refinerPlanes][]float32
}

// The planes of a refiner.
const (
	planeMean = iota // of from and of to warped by the flow
	planeDiff        // of to warped by the flow, less from
	planeX           // derivatives of the mean
	planeY           //
	planeXX          // derivatives of planeX, and of the difference in x, divided
	planeXY          //
	planeXT          //
	planeYX          // derivatives of planeY, and of the difference in y, divided
	planeYY          //
	planeYT          //
	planeU           // flow before the refinement
	planeV           //
	planeWX          // weight of smoothness towards the right, zero at the right edge
	planeWY          // weight of smoothness downwards, zero at the lower edge
	planeI11         // inverse of the 2x2 matrix of a pixel
	planeI12         //
	planeI22         //
	planeB1          // right side of the equation
	planeB2          //
	refinerPlanes
)

func (r *refiner) refine(pool *kernel.Pool, l *level) {
	n := l.size()
	for i := range r.planes {
		if cap(r.planes[i]) < n {
			r.planes[i] = make([]float32, n)
		}
		r.planes[i] = r.planes[i][:n]
	}
	// The border of these planes is read as zero.
	for _, i := range []int{planeWX, planeWY} {
		clear(r.planes[i])
	}
	r.warp(pool, l)
	r.differentiate(pool, l)
	for range linearisations {
		r.linearise(pool, l)
		r.solve(pool, l)
	}
	l.extend(l.u, border)
	l.extend(l.v, border)
}

// warp computes the mean and the difference of from and of to warped by the flow.
func (r *refiner) warp(pool *kernel.Pool, l *level) {
	copy(r.planes[planeU], l.u)
	copy(r.planes[planeV], l.v)
	l.eachRow(pool, 0, func(y int) {
		mean, diff, from := l.row(r.planes[planeMean], y, 0), l.row(r.planes[planeDiff], y, 0), l.row(l.from, y, 0)
		u, v := l.row(l.u, y, 0), l.row(l.v, y, 0)
		for x, a := range from {
			b := l.interpolate(l.to, float32(x)+u[x], float32(y)+v[x])
			mean[x], diff[x] = (a+b)/2, b-a
		}
	})
	l.extend(r.planes[planeMean], 2*margin)
	l.extend(r.planes[planeDiff], 2*margin)
}

// differentiate computes the derivatives of the data terms, divided by the length of the
// gradient (Zimmer, Bruhn and Weickert 2011): a term is then about a distance in pixels.
// Where the flow leaves the frame, they are zero.
func (r *refiner) differentiate(pool *kernel.Pool, l *level) {
	p := &r.planes
	l.eachRow(pool, margin, func(y int) {
		differentiateX(l.row(p[planeX], y, margin), p[planeMean][l.at(y, -margin-2):])
		differentiateY(l.row(p[planeY], y, margin), p[planeMean][l.at(y-2, -margin):], l.stride)
	})
	l.eachRow(pool, 0, func(y int) {
		row := func(plane int) []float32 { return l.row(p[plane], y, 0) }
		differentiateX(row(planeXX), p[planeX][l.at(y, -2):])
		differentiateY(row(planeXY), p[planeX][l.at(y-2, 0):], l.stride)
		differentiateX(row(planeXT), p[planeDiff][l.at(y, -2):])
		differentiateX(row(planeYX), p[planeY][l.at(y, -2):])
		differentiateY(row(planeYY), p[planeY][l.at(y-2, 0):], l.stride)
		differentiateY(row(planeYT), p[planeDiff][l.at(y-2, 0):], l.stride)
		u, v := row(planeU), row(planeV)
		for _, term := range [][3][]float32{
			{row(planeXX), row(planeXY), row(planeXT)},
			{row(planeYX), row(planeYY), row(planeYT)},
		} {
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

// inside reports whether a point lies in the frame.
func (g grid) inside(x, y float32) bool {
	return x >= 0 && y >= 0 && x <= float32(g.w-1) && y <= float32(g.h-1)
}

// linearise computes the linear equations of all pixels for the present flow.
func (r *refiner) linearise(pool *kernel.Pool, l *level) {
	p := &r.planes
	l.eachRow(pool, 0, func(y int) {
		right, down, last := l.row(p[planeWX], y, 0), l.row(p[planeWY], y, 0), l.w-1
		u, v := l.u[l.at(y, 0):][:l.stride+l.w], l.v[l.at(y, 0):][:l.stride+l.w]
		for x := range right {
			var ux, vx, uy, vy float32
			if x < last {
				ux, vx = u[x+1]-u[x], v[x+1]-v[x]
			}
			if y < l.h-1 {
				uy, vy = u[x+l.stride]-u[x], v[x+l.stride]-v[x]
			}
			w := smoothness * penalty((ux*ux+uy*uy)+(vx*vx+vy*vy))
			right[x], down[x] = w, w
		}
		right[last] = 0
		if y == l.h-1 {
			clear(down)
		}
	})
	l.eachRow(pool, 0, func(y int) {
		row := func(plane int) []float32 { return l.row(p[plane], y, 0) }
		var (
			xx, xy, xt    = row(planeXX), row(planeXY), row(planeXT)
			yx, yy, yt    = row(planeYX), row(planeYY), row(planeYT)
			u0, v0        = row(planeU), row(planeV)
			u, v          = l.row(l.u, y, 0), l.row(l.v, y, 0)
			i11, i12, i22 = row(planeI11), row(planeI12), row(planeI22)
			b1, b2        = row(planeB1), row(planeB2)
			right, down   = p[planeWX][l.at(y, -1):], row(planeWY)
			up            = p[planeWY][l.at(y-1, 0):]
		)
		for x := range xx {
			du, dv := u[x]-u0[x], v[x]-v0[x]
			r1, r2 := xt[x]+(xx[x]*du+xy[x]*dv), yt[x]+(yx[x]*du+yy[x]*dv)
			w := constancy * penalty(r1*r1+r2*r2)
			a11 := inertia + w*(xx[x]*xx[x]+yx[x]*yx[x])
			a12 := w * (xx[x]*xy[x] + yx[x]*yy[x])
			a22 := inertia + w*(xy[x]*xy[x]+yy[x]*yy[x])
			b1[x] = (a11*u0[x] + a12*v0[x]) - w*(xx[x]*xt[x]+yx[x]*yt[x])
			b2[x] = (a12*u0[x] + a22*v0[x]) - w*(xy[x]*xt[x]+yy[x]*yt[x])
			s := (right[x] + right[x+1]) + (up[x] + down[x])
			a11 += s
			a22 += s
			scale := 1 / (a11*a22 - a12*a12)
			i11[x], i12[x], i22[x] = a22*scale, -a12*scale, a11*scale
		}
	})
}

// solve improves the flow by successive over-relaxation. Pixels are coloured like a
// chessboard. A pixel reads only pixels of the other colour, so the order within a colour
// does not matter.
func (r *refiner) solve(pool *kernel.Pool, l *level) {
	p := &r.planes
	for i := range 2 * sweeps {
		l.eachRow(pool, 0, func(y int) {
			var (
				s             = l.stride
				at            = l.at(y, 0)
				u, v          = l.u[at-s:][:2*s+l.w], l.v[at-s:][:2*s+l.w]
				i11, i12, i22 = l.row(p[planeI11], y, 0), l.row(p[planeI12], y, 0), l.row(p[planeI22], y, 0)
				b1, b2        = l.row(p[planeB1], y, 0), l.row(p[planeB2], y, 0)
				right, down   = p[planeWX][at-1:][:l.w+1], l.row(p[planeWY], y, 0)
				up            = p[planeWY][at-s:][:l.w]
			)
			for x := (y + i) % 2; x < len(i11); x += 2 {
				wl, wr, wu, wd := right[x], right[x+1], up[x], down[x]
				c := s + x
				su := b1[x] + (wl*u[c-1] + wr*u[c+1]) + (wu*u[c-s] + wd*u[c+s])
				sv := b2[x] + (wl*v[c-1] + wr*v[c+1]) + (wu*v[c-s] + wd*v[c+s])
				u[c] += relaxation * ((i11[x]*su + i12[x]*sv) - u[c])
				v[c] += relaxation * ((i12[x]*su + i22[x]*sv) - v[c])
			}
		})
	}
}

// penalty is the derivative of sqrt(s + epsilon²) with respect to s.
func penalty(s float32) float32 { return 0.5 / sqrt(s+epsilon*epsilon) }

func sqrt(v float32) float32 { return float32(math.Sqrt(float64(v))) }

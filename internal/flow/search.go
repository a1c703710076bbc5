package flow

import (
	"math"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

const (
	patchStep   = 4  // pixels between patches: they overlap by half
	descents    = 12 // steps of one descent at most
	exchanges   = 2  // rounds in which patches try the flow of their neighbours
	patchPixels = kernel.PatchSize * kernel.PatchSize
	patchCentre = float32(kernel.PatchSize-1) / 2
	// damping is added to the diagonal of the Hessian, so that the flow of
	// a patch of one plain level stays where its search began.
	damping = 64
	// enough is the length of a step, in pixels, that ends a descent.
	enough = 0.01
	// alike is the distance, in pixels, of two flows whose descents end at the same match.
	alike = 1
)

// A match is the flow of a patch. cost is the sum of the squared differences of the patch
// and its match, each less its own mean.
type match struct{ u, v, cost float32 }

// patches are the patches of a level, in rows and columns.
type patches struct {
	x, y     []int // upper left pixels
	inverse  []hessian
	found    []match
	previous []match // the result of the round before
}

// A hessian is the inverse of the Hessian of a patch's cost, and the sums of its gradient.
type hessian struct{ xx, xy, yy, sumX, sumY float32 }

func (p *patches) layOut(g grid) {
	places := func(side int) []int {
		last := max(0, side-kernel.PatchSize)
		at := []int{0}
		for at[len(at)-1] < last {
			at = append(at, min(len(at)*patchStep, last))
		}
		return at
	}
	p.x, p.y = places(g.w), places(g.h)
	n := len(p.x) * len(p.y)
	p.inverse, p.found, p.previous = make([]hessian, n), make([]match, n), make([]match, n)
}

// eachPatch calls do for each patch, in row j and column i, on all workers.
func (p *patches) eachPatch(pool *kernel.Pool, do func(k, j, i int)) {
	pool.Run(len(p.y), func(_, j int) {
		for i := range p.x {
			do(j*len(p.x)+i, j, i)
		}
	})
}

// search finds the flow of all patches. A patch begins at the flow of the coarser level,
// or at no motion on the coarsest; with a guess, also at the guess.
func (l *level) search(pool *kernel.Pool, coarse *level, guess bool) {
	l.eachPatch(pool, func(k, j, i int) {
		x, y := l.x[i], l.y[j]
		l.inverse[k] = l.invert(y, x)
		var u, v float32
		if coarse != nil {
			u, v = coarse.upsampled(float32(x)+patchCentre, float32(y)+patchCentre)
		}
		best := l.descend(pool, k, y, x, u, v)
		if guess {
			at := l.at(min(y+kernel.PatchSize/2, l.h-1), min(x+kernel.PatchSize/2, l.w-1))
			u, v := l.guessU[at], l.guessV[at]
			if l.inside(float32(x)+patchCentre+u, float32(y)+patchCentre+v) {
				if m := l.descend(pool, k, y, x, u, v); m.cost < best.cost {
					best = m
				}
			}
		}
		l.found[k] = best
	})
	for range exchanges {
		l.found, l.previous = l.previous, l.found
		l.eachPatch(pool, func(k, j, i int) {
			best := l.previous[k]
			try := func(inside bool, neighbour int) {
				if !inside {
					return
				}
				n := l.previous[neighbour]
				if abs(n.u-best.u)+abs(n.v-best.v) < alike {
					return
				}
				if m := l.descend(pool, k, l.y[j], l.x[i], n.u, n.v); m.cost < best.cost {
					best = m
				}
			}
			try(i > 0, k-1)
			try(i+1 < len(l.x), k+1)
			try(j > 0, k-len(l.x))
			try(j+1 < len(l.y), k+len(l.x))
			l.found[k] = best
		})
	}
}

// invert returns the inverse Hessian of the patch at (x, y). The mean of the gradient is
// subtracted, as the cost subtracts the mean of the difference.
func (l *level) invert(y, x int) hessian {
	var xx, xy, yy, sumX, sumY float32
	for row := range kernel.PatchSize {
		at := l.at(y+row, x)
		gradX, gradY := (*[kernel.PatchSize]float32)(l.gradX[at:]), (*[kernel.PatchSize]float32)(l.gradY[at:])
		for i, gx := range gradX {
			gy := gradY[i]
			xx += gx * gx
			xy += gx * gy
			yy += gy * gy
			sumX += gx
			sumY += gy
		}
	}
	xx += damping - sumX*sumX/patchPixels
	yy += damping - sumY*sumY/patchPixels
	xy -= sumX * sumY / patchPixels
	scale := 1 / (xx*yy - xy*xy)
	return hessian{xx: yy * scale, xy: -xy * scale, yy: xx * scale, sumX: sumX, sumY: sumY}
}

// descend minimises the cost of a patch from the flow (u, v) on. It returns the initial
// flow where the descent ends more than the size of a patch away.
func (l *level) descend(pool *kernel.Pool, k, y, x int, u, v float32) match {
	var (
		inverse = &l.inverse[k]
		at      = l.at(y, x)
		first   match
		best    = match{cost: float32(math.Inf(1))}
	)
	for i := range descents {
		base, weights := l.window(float32(x)+u, float32(y)+v)
		s := pool.PatchDifference(l.from[at:], l.gradX[at:], l.gradY[at:], l.to[base:], l.stride, weights)
		cost := s.Squares - s.Sum*s.Sum/patchPixels
		if i == 0 {
			first = match{u, v, cost}
		}
		if !(cost < best.cost) {
			break
		}
		best = match{u, v, cost}
		gradX, gradY := s.GradX-s.Sum*inverse.sumX/patchPixels, s.GradY-s.Sum*inverse.sumY/patchPixels
		stepX, stepY := inverse.xx*gradX+inverse.xy*gradY, inverse.xy*gradX+inverse.yy*gradY
		u, v = u-stepX, v-stepY
		if abs(stepX)+abs(stepY) < enough {
			break
		}
	}
	if abs(best.u-first.u) > kernel.PatchSize || abs(best.v-first.v) > kernel.PatchSize {
		return first
	}
	return best
}

// window returns where in a plane a patch begins whose upper left corner is the point
// (x, y), and the weights of the four pixels around a point in bilinear interpolation.
// A patch outside the frame reads the border.
func (g grid) window(x, y float32) (base int, weights [4]float32) {
	const out = kernel.PatchSize
	x, y = clamp(x, -out, float32(g.w)), clamp(y, -out, float32(g.h))
	left, top := int(x+out)-out, int(y+out)-out // rounded down
	fx, fy := x-float32(left), y-float32(top)
	return g.at(top, left), [4]float32{(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy}
}

// upsampled returns the flow, in pixels of the next finer level, at a point of that level.
func (l *level) upsampled(x, y float32) (u, v float32) {
	base, w := l.window(x/2-0.25, y/2-0.25)
	a, b := l.u[base:], l.v[base:]
	s := l.stride
	return 2 * ((w[0]*a[0] + w[1]*a[1]) + (w[2]*a[s] + w[3]*a[s+1])),
		2 * ((w[0]*b[0] + w[1]*b[1]) + (w[2]*b[s] + w[3]*b[s+1]))
}

// densify computes the flow of each pixel: the mean of the flow of the patches that
// contain it, weighted by 1/max(1, |difference of the pixel and its match|).
func (l *level) densify(pool *kernel.Pool) {
	l.eachRow(pool, 0, func(y int) {
		var (
			u, v = l.row(l.u, y, 0), l.row(l.v, y, 0)
			sum  = l.row(l.guessU, y, 0) // no longer needed
		)
		clear(u)
		clear(v)
		clear(sum)
		for j, top := range l.y {
			if y < top || y >= top+kernel.PatchSize {
				continue
			}
			for i, left := range l.x {
				m := &l.found[j*len(l.x)+i]
				base, w := l.window(float32(left)+m.u, float32(top)+m.v)
				base += (y - top) * l.stride
				upper, lower := (*[kernel.PatchSize + 1]float32)(l.to[base:]), (*[kernel.PatchSize + 1]float32)(l.to[base+l.stride:])
				from := (*[kernel.PatchSize]float32)(l.from[l.at(y, left):])
				n := min(kernel.PatchSize, l.w-left)
				for k := range n {
					d := (w[0]*upper[k] + w[1]*upper[k+1]) + (w[2]*lower[k] + w[3]*lower[k+1]) - from[k]
					weight := 1 / max(1, abs(d))
					u[left+k] += weight * m.u
					v[left+k] += weight * m.v
					sum[left+k] += weight
				}
			}
		}
		for x, s := range sum {
			u[x] /= s
			v[x] /= s
		}
	})
	l.extend(l.u, border)
	l.extend(l.v, border)
}

func abs(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }

package kernel

import "math"

func patchDifferenceGeneric(a patchDifference) (sums [4 * PatchSize]float32) {
	for y := range PatchSize {
		from, gradX, gradY := (*[PatchSize]float32)(a.from[y*a.row:]), (*[PatchSize]float32)(a.gradX[y*a.row:]), (*[PatchSize]float32)(a.gradY[y*a.row:])
		upper, lower := (*[PatchSize + 1]float32)(a.to[y*a.row:]), (*[PatchSize + 1]float32)(a.to[(y+1)*a.row:])
		for x, v := range from {
			d := (float32(a.weights[0]*upper[x]) + float32(a.weights[1]*upper[x+1])) +
				(float32(a.weights[2]*lower[x]) + float32(a.weights[3]*lower[x+1])) - v
			sums[x] += d
			sums[PatchSize+x] += float32(d * d)
			sums[2*PatchSize+x] += float32(gradX[x] * d)
			sums[3*PatchSize+x] += float32(gradY[x] * d)
		}
	}
	return sums
}

// products returns the sum of two products.
func products(a, b, c, d float32) float32 { return float32(a*b) + float32(c*d) }

func lineariseGeneric(a linearise) {
	for i := range a.n {
		var (
			u0, v0     = a.u0[i], a.v0[i]
			du, dv     = a.u[i] - u0, a.v[i] - v0
			xx, xy, xt = a.xx[i], a.xy[i], a.xt[i]
			yx, yy, yt = a.yx[i], a.yy[i], a.yt[i]
			r1, r2     = xt + products(xx, du, xy, dv), yt + products(yx, du, yy, dv)
			w          = a.weight / float32(math.Sqrt(float64(products(r1, r1, r2, r2)+a.epsilon)))
			a11        = a.inertia + float32(w*products(xx, xx, yx, yx))
			a12        = w * products(xx, xy, yx, yy)
			a22        = a.inertia + float32(w*products(xy, xy, yy, yy))
		)
		a.b1[i] = products(a11, u0, a12, v0) - float32(w*products(xx, xt, yx, yt))
		a.b2[i] = products(a12, u0, a22, v0) - float32(w*products(xy, xt, yy, yt))
		neighbours := (a.right[i] + a.right[i+1]) + (a.up[i] + a.down[i])
		a11 += neighbours
		a22 += neighbours
		scale := 1 / (float32(a11*a22) - float32(a12*a12))
		a.inverse11[i], a.inverse12[i], a.inverse22[i] = a22*scale, -(a12 * scale), a11*scale
	}
}

func relaxGeneric(a relax) {
	// sum returns the right side of an equation of pixel i, whose flow is at[c].
	sum := func(b float32, at []float32, i, c int) float32 {
		return (b + products(a.right[i], at[c-1], a.right[i+1], at[c+1])) + products(a.up[i], at[c-a.row], a.down[i], at[c+a.row])
	}
	for i := range a.n {
		if a.chosen[i%len(a.chosen)] == 0 {
			continue
		}
		c := a.row + 1 + i
		su, sv := sum(a.b1[i], a.u, i, c), sum(a.b2[i], a.v, i, c)
		a.u[c] += float32(a.factor * (products(a.inverse11[i], su, a.inverse12[i], sv) - a.u[c]))
		a.v[c] += float32(a.factor * (products(a.inverse12[i], su, a.inverse22[i], sv) - a.v[c]))
	}
}

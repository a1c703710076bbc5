package flow

// The constants of Ruder, Dosovitskiy and Brox 2016, section 4.
const (
	occlusionSlope = 0.01
	occlusionBase  = 0.5
	edgeSlope      = 0.01
	edgeBase       = 0.002
)

// Reliable returns, for each pixel of the second frame of a pair, 1 where flow carries the
// first frame to it and 0 elsewhere. forward is the flow from the first frame to the
// second, backward the flow from the second to the first. With w^ the backward flow of a
// pixel and w~ the forward flow at the point to which it leads, a pixel counts 0
//
//   - where the point lies outside the first frame,
//   - where it is disoccluded: |w~ + w^|² > 0.01 (|w~|² + |w^|²) + 0.5,
//   - at an edge of the motion: |grad w^|² > 0.01 |w^|² + 0.002,
//   - where the flow is not a number
//
// (Ruder, Dosovitskiy and Brox 2016, arXiv 1604.08610). To get the weights of the pixels
// of the first frame, swap the arguments. Reliable panics where the sizes differ.
func Reliable(forward, backward *Field) []float32 {
	backward.check()
	w, h := backward.Width, backward.Height
	forward.checkSize("field", w, h)
	var (
		at       = func(y, x int) int { return y*w + x }
		reliable = make([]float32, w*h)
	)
	for y := range h {
		for x := range w {
			i := at(y, x)
			u, v := backward.U[i], backward.V[i]
			toX, toY := float32(x)+u, float32(y)+v
			if !(grid{w: w, h: h}).inside(toX, toY) {
				continue
			}
			fu, fv := forward.bilinear(toX, toY)
			// Negated, so that flow that is not a number is not reliable.
			if !(square(fu+u)+square(fv+v) <= occlusionSlope*((square(fu)+square(fv))+(square(u)+square(v)))+occlusionBase) {
				continue
			}
			// Central differences; the pixel itself takes the place of a neighbour
			// beyond the edge.
			left, right := at(y, max(x-1, 0)), at(y, min(x+1, w-1))
			up, down := at(max(y-1, 0), x), at(min(y+1, h-1), x)
			edge := square(backward.U[right]-backward.U[left]) + square(backward.V[right]-backward.V[left]) +
				square(backward.U[down]-backward.U[up]) + square(backward.V[down]-backward.V[up])
			if edge/4 <= edgeSlope*(square(u)+square(v))+edgeBase {
				reliable[i] = 1
			}
		}
	}
	return reliable
}

// bilinear returns the flow at a point inside the frame.
func (f *Field) bilinear(x, y float32) (u, v float32) {
	left, top := int(x), int(y)
	right, down := min(left+1, f.Width-1), min(top+1, f.Height-1)
	fx, fy := x-float32(left), y-float32(top)
	value := func(of []float32) float32 {
		upper, lower := of[top*f.Width:], of[down*f.Width:]
		return (1-fy)*((1-fx)*upper[left]+fx*upper[right]) + fy*((1-fx)*lower[left]+fx*lower[right])
	}
	return value(f.U), value(f.V)
}

func square(v float32) float32 { return v * v }

package paint

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/pastiche-art/pastiche/internal/optim"
	"github.com/pastiche-art/pastiche/picture"
)

// checkTile fails where a tileable texture has masks.
func (s *session) checkTile() error {
	if !s.recipe.Tileable {
		return nil
	}
	for _, r := range s.regions {
		if r.mask != nil {
			return invalid("Tileable", "with a mask, whose edges would not tile: expected one or the other")
		}
	}
	return nil
}

// noiseContent returns the content of a texture, in the size of the first scale:
// normally distributed noise. Each colour channel has the mean and the standard
// deviation of that channel in the styles.
func (s *session) noiseContent() *picture.Picture {
	w, h := s.canvasSize(s.scales[0].Size)
	g := picture.New(w, h)
	r := rand.New(rand.NewPCG(s.opts.Seed, 0))
	plane := len(g.RGB) / colors
	for c := range colors {
		mean, deviation := s.color(c)
		for i := range plane {
			v := mean + deviation*r.NormFloat64()
			g.RGB[c*plane+i] = float32(min(max(v, 0), maxLevel))
		}
	}
	return g
}

// color returns the mean and the standard deviation of a colour channel over the visible
// pixels of the styles, each weighted by its share of its region.
func (s *session) color(c int) (mean, deviation float64) {
	var squares, shares float64
	for _, r := range s.regions {
		for i, of := range r.styles {
			plane := len(of.picture.RGB) / colors
			var sum, square float64
			visible := float64(plane)
			if of.opacity != nil {
				visible *= of.opacity.Mean()
			}
			for k, v := range of.picture.RGB[c*plane : (c+1)*plane] {
				w := 1.
				if of.opacity != nil {
					w = float64(of.opacity.Weight[k])
				}
				sum += w * float64(v)
				square += w * float64(v) * float64(v)
			}
			mean += r.shares[i] * sum / visible
			squares += r.shares[i] * square / visible
			shares += r.shares[i]
		}
	}
	mean /= shares
	return mean, math.Sqrt(max(squares/shares-mean*mean, 0))
}

// rolled returns the objective of a step of a tileable texture: the cost of the canvas
// rolled by a random distance that depends on the step. No position stays at a border
// for long, so that no seam remains.
func (st *stage) rolled(ctx context.Context, seed uint64, step int) optim.Objective {
	r := rand.New(rand.NewPCG(seed, uint64(step)+1))
	dy, dx := r.IntN(st.h), r.IntN(st.w)
	if st.canvas == nil {
		st.canvas, st.gradient = make([]float32, colors*st.h*st.w), make([]float32, colors*st.h*st.w)
	}
	return func(canvas, gradient []float32) float64 {
		roll(st.canvas, canvas, st.h, st.w, dy, dx)
		cost := st.evaluate(ctx, st.canvas, st.gradient)
		roll(gradient, st.gradient, st.h, st.w, st.h-dy, st.w-dx)
		return cost
	}
}

// roll shifts planes of h x w down and to the right. What leaves on one side enters on
// the other.
func roll(dst, src []float32, h, w, dy, dx int) {
	dy, dx = dy%h, dx%w
	for row := range len(src) / w {
		y := row % h
		to := dst[(row-y+(y+dy)%h)*w:][:w]
		from := src[row*w:][:w]
		copy(to[dx:], from)
		copy(to[:dx], from[w-dx:])
	}
}

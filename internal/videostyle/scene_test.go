package videostyle

import (
	"math"
	"testing"

	"github.com/pastiche-art/pastiche/internal/flow"
	"github.com/pastiche-art/pastiche/picture"
)

const (
	photo    = "../../examples/photos/castle.jpg"
	other    = "../../examples/photos/coffee.jpg"
	painting = "../../examples/paintings/starry-night.jpg"
)

func open(t testing.TB, path string) *picture.Picture {
	t.Helper()
	f, err := picture.Open(t.Context(), path, picture.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f.SRGB()
}

// A place is where a layer stands in a frame: its point p is at zoom p + (x, y).
type place struct{ zoom, x, y float64 }

// A layer is a photograph that moves as a whole.
type layer struct {
	photo  *picture.Picture
	at     func(frame int) place
	radius float64 // of the disc about the middle of the photograph that is to be seen; 0 is all of it
}

// visible returns how much of a point of the photograph is to be seen, 0 to 1.
func (l *layer) visible(x, y float64) float64 {
	if l.radius == 0 {
		return 1
	}
	return min(max(l.radius+0.5-math.Hypot(x-float64(l.photo.W)/2, y-float64(l.photo.H)/2), 0), 1)
}

// A scene is a video whose flow is known exactly. The last layer is the nearest.
type scene struct {
	w, h   int
	layers []layer
}

// frame returns a frame in 8 bits, and for each pixel the number of the layer that fills
// it, -1 where several do.
func (s *scene) frame(k int) (*picture.Picture, []int) {
	f, filledBy := picture.New(s.w, s.h), make([]int, s.w*s.h)
	for n := range s.layers {
		l := &s.layers[n]
		at := l.at(k)
		for i := range filledBy {
			x, y := (float64(i%s.w)-at.x)/at.zoom, (float64(i/s.w)-at.y)/at.zoom
			share := l.visible(x, y)
			if share == 0 {
				continue
			}
			filledBy[i] = n
			if share < 1 {
				filledBy[i] = -1
			}
			for c := range 3 {
				level := &f.RGB[c*s.w*s.h+i]
				*level += float32(share) * (sample(l.photo, c, x, y) - *level)
			}
		}
	}
	return rounded(f), filledBy
}

// frames returns the first n frames.
func (s *scene) frames(n int) (of clip) {
	for k := range n {
		f, _ := s.frame(k)
		of = append(of, f)
	}
	return of
}

// back returns the flow from frame k to the frame before, and which pixels are to be seen
// in both.
func (s *scene) back(k int) (*flow.Field, []bool) {
	_, now := s.frame(k)
	_, before := s.frame(k - 1)
	f, both := flow.NewField(s.w, s.h), make([]bool, s.w*s.h)
	for i, n := range now {
		if n < 0 {
			continue
		}
		from, to := s.layers[n].at(k), s.layers[n].at(k-1)
		px, py := float64(i%s.w), float64(i/s.w)
		x, y := (px-from.x)/from.zoom*to.zoom+to.x, (py-from.y)/from.zoom*to.zoom+to.y
		f.U[i], f.V[i] = float32(x-px), float32(y-py)
		left, top := int(math.Floor(x)), int(math.Floor(y))
		if left < 0 || top < 0 || left+1 >= s.w || top+1 >= s.h {
			continue
		}
		j := top*s.w + left
		both[i] = before[j] == n && before[j+1] == n && before[j+s.w] == n && before[j+s.w+1] == n
	}
	return f, both
}

// sample interpolates a channel of a picture bicubically (Keys 1981, a = -1/2). A point
// outside has the level of the edge.
func sample(p *picture.Picture, c int, x, y float64) float32 {
	weight := func(d float64) float64 {
		switch d = math.Abs(d); {
		case d <= 1:
			return (1.5*d-2.5)*d*d + 1
		case d < 2:
			return ((-0.5*d+2.5)*d-4)*d + 2
		}
		return 0
	}
	left, top := int(math.Floor(x))-1, int(math.Floor(y))-1
	var sum float64
	for j := top; j < top+4; j++ {
		for i := left; i < left+4; i++ {
			at := min(max(j, 0), p.H-1)*p.W + min(max(i, 0), p.W-1)
			sum += weight(x-float64(i)) * weight(y-float64(j)) * float64(p.RGB[c*p.W*p.H+at])
		}
	}
	return float32(sum)
}

// pan returns a scene of w x h pixels that moves over a photograph of one and a half times
// their size by (vx, vy) pixels a frame.
func pan(t testing.TB, path string, w, h int, vx, vy float64) *scene {
	t.Helper()
	wide := open(t, path).Resize(3*w/2, 3*h/2)
	begin := func(v float64, side int) float64 { // so that there is room for the motion
		switch {
		case v > 0:
			return float64(-side / 2)
		case v < 0:
			return 0
		}
		return float64(-side / 4)
	}
	return &scene{w, h, []layer{{photo: wide, at: func(k int) place {
		return place{1, vx*float64(k) + begin(vx, w), vy*float64(k) + begin(vy, h)}
	}}}}
}

// zoom returns a scene of w x h pixels that zooms into a photograph, by a factor for each
// frame, about its middle.
func zoom(t testing.TB, path string, w, h int, factor float64) *scene {
	t.Helper()
	p := open(t, path).Resize(w, h)
	return &scene{w, h, []layer{{photo: p, at: func(k int) place {
		z := math.Pow(factor, float64(k))
		return place{z, float64(w) / 2 * (1 - z), float64(h) / 2 * (1 - z)}
	}}}}
}

// apart returns a scene of w x h pixels: a disc before a photograph, which move apart.
func apart(t testing.TB, w, h int, vx, vy float64) *scene {
	t.Helper()
	s := pan(t, "../../examples/photos/great-wall.jpg", w, h, -vx/3, -vy/3)
	disc := open(t, other).Resize(w, h)
	s.layers = append(s.layers, layer{photo: disc, radius: float64(h) / 4, at: func(k int) place {
		return place{1, vx*float64(k) - float64(w)/4, vy * float64(k)}
	}})
	return s
}

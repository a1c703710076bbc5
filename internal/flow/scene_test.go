package flow

import (
	"image"
	_ "image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

// The size of the frames of scenes.
const sceneWidth, sceneHeight = 320, 180

// A scene is a pair of frames whose flow is known exactly.
type scene struct {
	from, to          *Gray
	forward, backward *Field
	visible           []bool // pixels of from whose point is visible in to
	disoccluded       []bool // pixels of to whose point is in the frame, but hidden, in from
}

// A motion is an affine map of the points of the frame.
type motion struct{ xx, xy, x, yx, yy, y float64 }

func shift(x, y float64) motion { return motion{1, 0, x, 0, 1, y} }

// turn zooms and rotates about the centre of the frame.
func turn(zoom, degrees float64) motion {
	const cx, cy = sceneWidth / 2, sceneHeight / 2
	s, c := math.Sincos(degrees * math.Pi / 180)
	return shift(cx, cy).after(motion{zoom * c, -zoom * s, 0, zoom * s, zoom * c, 0}).after(shift(-cx, -cy))
}

func (m motion) at(x, y float64) (float64, float64) {
	return m.xx*x + m.xy*y + m.x, m.yx*x + m.yy*y + m.y
}

// after returns the motion n followed by m.
func (m motion) after(n motion) motion {
	x, y := m.at(n.x, n.y)
	return motion{m.xx*n.xx + m.xy*n.yx, m.xx*n.xy + m.xy*n.yy, x, m.yx*n.xx + m.yy*n.yx, m.yx*n.xy + m.yy*n.yy, y}
}

func (m motion) inverse() motion {
	d := m.xx*m.yy - m.xy*m.yx
	i := motion{m.yy / d, -m.xy / d, 0, -m.yx / d, m.xx / d, 0}
	x, y := i.at(m.x, m.y)
	i.x, i.y = -x, -y
	return i
}

// A layer is a photograph that moves as a whole: from the place before in the first frame
// to the place after in the second one.
type layer struct {
	photo         *Gray
	before, after motion
	radius        float64 // of the disc about the centre that it fills; 0: the whole frame
}

// cover returns how much of the pixel at (x, y) of the photograph's own frame the layer
// covers, 0 to 1.
func (l *layer) cover(x, y float64) float64 {
	if l.radius == 0 {
		return 1
	}
	return min(max(l.radius+0.5-math.Hypot(x-sceneWidth/2, y-sceneHeight/2), 0), 1)
}

// render returns the frame in which the layers, the farthest first, are at their places,
// and for each pixel the layer that is visible.
func render(layers []layer, place func(*layer) motion) (*Gray, []*layer) {
	g, top := &Gray{sceneWidth, sceneHeight, make([]float32, sceneWidth*sceneHeight)}, make([]*layer, sceneWidth*sceneHeight)
	for i := range layers {
		l := &layers[i]
		back := place(l).inverse()
		for k := range g.Levels {
			x, y := back.at(float64(k%sceneWidth), float64(k/sceneWidth))
			cover := l.cover(x, y)
			if cover == 0 {
				continue
			}
			v := bicubic(l.photo, x+float64(l.photo.Width-sceneWidth)/2, y+float64(l.photo.Height-sceneHeight)/2)
			g.Levels[k] += float32(cover * (v - float64(g.Levels[k])))
			if cover >= 0.5 {
				top[k] = l
			}
		}
	}
	for k, v := range g.Levels {
		g.Levels[k] = min(max(float32(math.Round(float64(v))), 0), 255)
	}
	return g, top
}

func newScene(layers ...layer) *scene {
	s := &scene{}
	var first, second []*layer
	before, after := func(l *layer) motion { return l.before }, func(l *layer) motion { return l.after }
	s.from, first = render(layers, before)
	s.to, second = render(layers, after)
	truth := func(top, other []*layer, place, next func(*layer) motion) (f *Field, visible, hidden []bool) {
		f, visible, hidden = NewField(sceneWidth, sceneHeight), make([]bool, len(top)), make([]bool, len(top))
		for k, l := range top {
			px, py := float64(k%sceneWidth), float64(k/sceneWidth)
			x, y := next(l).after(place(l).inverse()).at(px, py)
			f.U[k], f.V[k] = float32(x-px), float32(y-py)
			if i, j := int(math.Round(x)), int(math.Round(y)); x >= 0 && y >= 0 && x <= sceneWidth-1 && y <= sceneHeight-1 {
				visible[k] = other[j*sceneWidth+i] == l
				hidden[k] = !visible[k]
			}
		}
		return f, visible, hidden
	}
	s.forward, s.visible, _ = truth(first, second, before, after)
	s.backward, _, s.disoccluded = truth(second, first, after, before)
	return s
}

// moving returns a layer that fills the frame and makes half of a motion before the middle
// between the frames, and half after it, so that both frames are interpolated alike.
func moving(photo *Gray, half motion) layer {
	return layer{photo: photo, before: half.inverse(), after: half}
}

// error returns the mean distance of a field from the true flow, in pixels, over the
// visible pixels.
func (s *scene) error(f *Field) float64 {
	var sum, n float64
	for k, visible := range s.visible {
		if visible {
			sum += math.Hypot(float64(f.U[k]-s.forward.U[k]), float64(f.V[k]-s.forward.V[k]))
			n++
		}
	}
	return sum / n
}

// apart returns two layers that move apart: a disc in front of a background.
func apart(t testing.TB) *scene {
	disc := moving(photo(t, "coffee"), shift(4.6, -1.2))
	disc.radius = 50
	return newScene(moving(photo(t, "great-wall"), shift(-1.8, 0.6)), disc)
}

// waves returns a scene whose motion is rigid nowhere: the first frame is the second one,
// sampled along the flow.
func waves(photo *Gray) *scene {
	const n = sceneWidth * sceneHeight
	s := &scene{from: &Gray{sceneWidth, sceneHeight, make([]float32, n)}, forward: NewField(sceneWidth, sceneHeight), visible: make([]bool, n)}
	left, top := (photo.Width-sceneWidth)/2, (photo.Height-sceneHeight)/2
	s.to = crop(photo, left, top, sceneWidth, sceneHeight)
	for k := range n {
		px, py := float64(k%sceneWidth), float64(k/sceneWidth)
		u, v := 2.5*math.Sin(2*math.Pi*py/45)+1, 1.5*math.Sin(2*math.Pi*px/35)
		x, y := px+u, py+v
		s.from.Levels[k] = float32(math.Round(bicubic(photo, x+float64(left), y+float64(top))))
		s.forward.U[k], s.forward.V[k] = float32(u), float32(v)
		s.visible[k] = x >= 0 && y >= 0 && x <= sceneWidth-1 && y <= sceneHeight-1
	}
	return s
}

// altered returns a scene whose second frame is changed, level by level.
func (s *scene) altered(change func(v float32) float32) *scene {
	for k, v := range s.to.Levels {
		s.to.Levels[k] = min(max(change(v), 0), 255)
	}
	return s
}

// noise adds Gaussian noise.
func noise(deviation float32) func(float32) float32 {
	r := rand.New(rand.NewPCG(1, 2))
	return func(v float32) float32 { return v + deviation*float32(r.NormFloat64()) }
}

// photo returns the brightness of an example photograph.
func photo(t testing.TB, name string) *Gray {
	t.Helper()
	file, err := os.Open("../../examples/photos/" + name + ".jpg")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	m, _, err := image.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	size := m.Bounds().Size()
	n := size.X * size.Y
	rgb := make([]float32, 3*n)
	for k := range n {
		r, g, b, _ := m.At(k%size.X, k/size.X).RGBA()
		rgb[k], rgb[n+k], rgb[2*n+k] = float32(r>>8), float32(g>>8), float32(b>>8)
	}
	return NewGray(rgb, size.X, size.Y)
}

// crop returns the part of w x h pixels of a frame that begins at (x, y).
func crop(g *Gray, x, y, w, h int) *Gray {
	c := &Gray{Width: w, Height: h}
	for row := range h {
		c.Levels = append(c.Levels, g.Levels[(y+row)*g.Width+x:][:w]...)
	}
	return c
}

// bicubic interpolates with the kernel of Keys 1981, a = -3/4 as in OpenCV, in float64.
func bicubic(g *Gray, x, y float64) float64 {
	weight := func(d float64) float64 {
		const a = -0.75
		switch d = math.Abs(d); {
		case d <= 1:
			return (a+2)*d*d*d - (a+3)*d*d + 1
		case d < 2:
			return a * (d*d*d - 5*d*d + 8*d - 4)
		}
		return 0
	}
	left, top := int(math.Floor(x))-1, int(math.Floor(y))-1
	var sum float64
	for j := top; j < top+4; j++ {
		for i := left; i < left+4; i++ {
			k := min(max(j, 0), g.Height-1)*g.Width + min(max(i, 0), g.Width-1)
			sum += weight(x-float64(i)) * weight(y-float64(j)) * float64(g.Levels[k])
		}
	}
	return sum
}

func newPool(t testing.TB, threads int) *kernel.Pool {
	t.Helper()
	pool, err := kernel.NewPool(threads)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

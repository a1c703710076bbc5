package video

import (
	"math"

	"github.com/pastiche-art/pastiche/picture"
)

// A chroma is a layout of Y'CbCr planes: how many luma columns and rows share a sample
// of Cb and Cr, and where it lies among them.
type chroma struct {
	name   string
	sx, sy int
	ox, oy float64 // the first sample, in luma samples from the first luma sample
	mono   bool    // no Cb and Cr
}

// chromas are the layouts of YUV4MPEG2 of 8 bits (mjpegtools, yuv4mpeg(5)). FFmpeg
// places the samples in the same way.
var chromas = []chroma{
	{name: "420jpeg", sx: 2, sy: 2, ox: 0.5, oy: 0.5},
	{name: "420mpeg2", sx: 2, sy: 2, oy: 0.5},
	{name: "420paldv", sx: 2, sy: 2},
	{name: "411", sx: 4, sy: 1},
	{name: "422", sx: 2, sy: 1},
	{name: "444", sx: 1, sy: 1},
	{name: "mono", mono: true, sx: 1, sy: 1},
}

// chromaOf returns the layout of a name; "420" and "" mean 420jpeg.
func chromaOf(name string) (chroma, bool) {
	if name == "" || name == "420" {
		return chromas[0], true
	}
	for _, c := range chromas {
		if c.name == name {
			return c, true
		}
	}
	return chroma{}, false
}

// size returns the size of the planes of Cb and Cr.
func (c chroma) size(w, h int) (cw, ch int) {
	if c.mono {
		return 0, 0
	}
	return (w + c.sx - 1) / c.sx, (h + c.sy - 1) / c.sy
}

// bytes returns the size of a frame.
func (c chroma) bytes(w, h int) int {
	cw, ch := c.size(w, h)
	return w*h + 2*cw*ch
}

// A coding is the meaning of the codes of Y', Cb and Cr of 8 bits: levels are those of
// R', G' and B' from 0 to 255.
type coding struct {
	black, yScale, cScale      float32 // codes are black + yScale*Y' and 128 + cScale*Cb
	red, green, blue           float32 // the weights of luma
	crToR, cbToG, crToG, cbToB float32
}

// newCoding returns the coding of a matrix and a range.
func newCoding(bt709, fullRange bool) coding {
	red, blue := 0.299, 0.114 // ITU-R BT.601
	if bt709 {
		red, blue = 0.2126, 0.0722 // ITU-R BT.709
	}
	c := coding{yScale: 1, cScale: 1}
	if !fullRange {
		c.black, c.yScale, c.cScale = 16, 219./255, 224./255
	}
	green, crToR, cbToB := 1-red-blue, 2*(1-red), 2*(1-blue)
	c.red, c.green, c.blue = float32(red), float32(green), float32(blue)
	c.crToR, c.crToG = float32(crToR), float32(-crToR*red/green)
	c.cbToB, c.cbToG = float32(cbToB), float32(-cbToB*blue/green)
	return c
}

// assumesBT709 reports whether players take a video of this size without a matrix for
// one of BT.709: mpv's rule, which is also SDL's where it depends on the rows alone.
func assumesBT709(w, h int) bool { return w >= 1280 || h > 576 }

const chromaZero = 128

// decode converts the planes of a frame.
func (c coding) decode(planes []byte, layout chroma, w, h int) *picture.Picture {
	p := picture.New(w, h)
	n := w * h
	r, g, b := p.RGB[:n], p.RGB[n:2*n], p.RGB[2*n:3*n]
	if layout.mono {
		for i, v := range planes[:n] {
			l := clamp((float32(v) - c.black) / c.yScale)
			r[i], g[i], b[i] = l, l, l
		}
		return p
	}
	cw, ch := layout.size(w, h)
	cbs, crs := planes[n:n+cw*ch], planes[n+cw*ch:]
	columns := taps(w, cw, layout.sx, layout.ox)
	cb, cr := make([]float32, cw), make([]float32, cw)
	for y, t := range taps(h, ch, layout.sy, layout.oy) {
		for x := range cw {
			cb[x] = (t.mix(float32(cbs[t.i0*cw+x]), float32(cbs[t.i1*cw+x])) - chromaZero) / c.cScale
			cr[x] = (t.mix(float32(crs[t.i0*cw+x]), float32(crs[t.i1*cw+x])) - chromaZero) / c.cScale
		}
		i := y * w
		for _, t := range columns {
			l := (float32(planes[i]) - c.black) / c.yScale
			u, v := t.mix(cb[t.i0], cb[t.i1]), t.mix(cr[t.i0], cr[t.i1])
			r[i] = clamp(l + c.crToR*v)
			g[i] = clamp(l + c.cbToG*u + c.crToG*v)
			b[i] = clamp(l + c.cbToB*u)
			i++
		}
	}
	return p
}

// encode converts a frame to planes, of layout.bytes bytes.
func (c coding) encode(planes []byte, layout chroma, p *picture.Picture) {
	w, h := p.W, p.H
	n := w * h
	r, g, b := p.RGB[:n], p.RGB[n:2*n], p.RGB[2*n:3*n]
	cw, ch := layout.size(w, h)
	cbs, crs := planes[n:n+cw*ch], planes[n+cw*ch:]
	if layout.mono {
		cbs, crs = nil, nil
	}
	columns := bins(w, cw, layout.sx, layout.ox)
	rows := bins(h, ch, layout.sy, layout.oy)
	u, v := make([]float32, n), make([]float32, n)
	for i := range n {
		l := c.red*clamp(r[i]) + c.green*clamp(g[i]) + c.blue*clamp(b[i])
		planes[i] = code(c.black + c.yScale*l)
		u[i] = (clamp(b[i]) - l) / c.cbToB
		v[i] = (clamp(r[i]) - l) / c.crToR
	}
	for y, row := range rows {
		for x, column := range columns {
			var cb, cr float32
			for j, wy := range row.weights {
				for k, wx := range column.weights {
					i := (row.first+j)*w + column.first + k
					cb += wy * wx * u[i]
					cr += wy * wx * v[i]
				}
			}
			cbs[y*cw+x] = code(chromaZero + c.cScale*cb)
			crs[y*cw+x] = code(chromaZero + c.cScale*cr)
		}
	}
}

// tap is a linear interpolation between two samples.
type tap struct {
	i0, i1 int
	f      float32 // the weight of i1
}

func (t tap) mix(a, b float32) float32 { return a + t.f*(b-a) }

// taps returns the interpolation of n luma positions from m samples, the first at the
// position first, the others step apart.
func taps(n, m, step int, first float64) []tap {
	ts := make([]tap, n)
	for x := range ts {
		at := (float64(x) - first) / float64(step)
		i := int(math.Floor(at))
		ts[x] = tap{min(max(i, 0), m-1), min(max(i+1, 0), m-1), float32(at - float64(i))}
	}
	return ts
}

// bin is a weighted mean of consecutive luma positions.
type bin struct {
	first   int
	weights []float32
}

// bins returns the means for m samples from n luma positions: a triangle that reaches
// the neighbouring samples. The border is repeated.
func bins(n, m, step int, first float64) []bin {
	bs := make([]bin, m)
	for j := range bs {
		center := first + float64(j*step)
		from := max(int(math.Floor(center))-step+1, 0)
		to := min(int(math.Ceil(center))+step-1, n-1)
		from = min(from, to)
		b := bin{first: from, weights: make([]float32, to-from+1)}
		sum := 0.0
		for x := int(math.Floor(center)) - step; x <= int(math.Ceil(center))+step; x++ {
			weight := max(0, 1-math.Abs(float64(x)-center)/float64(step))
			b.weights[min(max(x, from), to)-from] += float32(weight)
			sum += weight
		}
		for k := range b.weights {
			b.weights[k] /= float32(sum)
		}
		bs[j] = b
	}
	return bs
}

func clamp(v float32) float32 { return min(max(v, 0), math.MaxUint8) }

func code(v float32) byte { return byte(clamp(v) + 0.5) }

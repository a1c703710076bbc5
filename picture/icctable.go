package picture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"math"
	"sync/atomic"

	"github.com/kovidgoyal/imaging/prism/meta/icc"

	"github.com/pastiche-art/pastiche/internal/planar"
)

// An iccTable is a colour lookup table of an ICC profile with its curves: a lut8Type,
// lut16Type or lutAToBType (sections 10.10 to 10.12 of ICC.1:2022).
type iccTable struct {
	pipeline *icc.Pipeline // from 1, 3 or 4 samples, 0 to 1, to sRGB, 0 to 1
}

// Limits of a table. The library allocates eight bytes for each value, and for a
// falling curve takes time proportional to the square of its samples.
const (
	maxTableValues  = 1 << 20 // a grid of 70 steps for RGB, of 24 for CMYK
	maxCurveSamples = 1 << 12
)

// newTable parses the table of a tag for pictures of 1, 3 or 4 channels, or returns why
// it cannot. The library receives a profile with this tag only, after its sizes were
// checked, because it trusts the sizes in a file.
func newTable(header []byte, signature string, tag []byte, channels int) (t *iccTable, problem string) {
	even, problem := checkTable(tag, channels)
	if problem != "" {
		return nil, problem
	}
	defer func() {
		if recover() != nil {
			t, problem = nil, damaged
		}
	}()
	be := binary.BigEndian
	one := bytes.Clone(header)
	d50 := one[68:] // the white of all profiles
	for i, v := range []float64{0.9642, 1, 0.8249} {
		be.PutUint32(d50[4*i:], uint32(math.Round(v*(1<<16))))
	}
	one = be.AppendUint32(one, 1)
	one = append(one, signature...)
	one = be.AppendUint32(one, iccHeaderLen+4+iccTagLen)
	tag = append(bytes.Clone(tag), 0, 0, 0) // may stand for the end of a last curve
	one = be.AppendUint32(one, uint32(len(tag)))
	profile, err := icc.DecodeProfile(bytes.NewReader(append(one, tag...)))
	if err != nil {
		return nil, damaged
	}
	intent := icc.PerceptualRenderingIntent
	if signature == "A2B1" {
		intent = icc.RelativeColorimetricRenderingIntent
	}
	const blackPoint, clip, mapped, optimised = false, true, false, true
	pipeline, err := profile.CreateTransformerToSRGB(intent, blackPoint, channels, clip, mapped, optimised)
	if err != nil {
		return nil, damaged
	}
	if !even {
		pipeline.UseTrilinearInsteadOfTetrahedral() // which takes all sides but the first for the last one
	}
	return &iccTable{pipeline}, ""
}

// checkTable returns an error if the data of a tag are incomplete or exceed the limits.
// even reports whether all sides of the table, except the first, are equal.
func checkTable(tag []byte, channels int) (even bool, problem string) {
	const header, outputs = 32, 3
	if len(tag) < header {
		return false, damaged
	}
	kind := string(tag[:4])
	if kind != "mft1" && kind != "mft2" && kind != "mAB " {
		return false, "has a table of an unknown type"
	}
	if int(tag[8]) != channels || tag[9] != outputs {
		return false, damaged
	}
	if kind == "mAB " {
		return checkModular(tag, channels)
	}
	const matrixEnd = 48
	side, entriesIn, entriesOut, width, at := int(tag[10]), 256, 256, 1, matrixEnd
	if kind == "mft2" {
		if len(tag) < matrixEnd+4 {
			return false, damaged
		}
		be := binary.BigEndian
		entriesIn, entriesOut, width, at = int(be.Uint16(tag[matrixEnd:])), int(be.Uint16(tag[matrixEnd+2:])), 2, matrixEnd+4
	}
	values := outputs
	for range channels {
		values = min(values*side, maxTableValues+1)
	}
	switch {
	case side < 2 || min(entriesIn, entriesOut) < 2:
		return false, damaged
	case values > maxTableValues || max(entriesIn, entriesOut) > maxCurveSamples:
		return false, tooLarge
	case at+width*(channels*entriesIn+values+outputs*entriesOut) > len(tag):
		return false, damaged
	}
	return true, ""
}

const tooLarge = "has a table that is too large"

// checkModular is checkTable for a lutAToBType, whose offsets locate curves, a matrix,
// curves, a table and curves; 0 stands for a missing part.
func checkModular(tag []byte, channels int) (even bool, problem string) {
	const (
		offsets     = 12
		outputs     = 3
		matrixLen   = 48
		tableHeader = 20
	)
	var parts [5][]byte
	for i := range parts {
		at := binary.BigEndian.Uint32(tag[offsets+4*i:])
		if uint64(at) >= uint64(len(tag)) {
			return false, damaged
		}
		if at != 0 {
			parts[i] = tag[at:]
		}
	}
	curvesB, matrix, curvesM, table, curvesA := parts[0], parts[1], parts[2], parts[3], parts[4]
	if !checkCurves(curvesB, outputs) || !checkCurves(curvesM, outputs) || !checkCurves(curvesA, channels) {
		return false, damaged
	}
	if matrix != nil && len(matrix) < matrixLen {
		return false, damaged
	}
	if table == nil {
		return true, ""
	}
	if len(table) < tableHeader {
		return false, damaged
	}
	even = true
	values := outputs
	for c, side := range table[:channels] {
		even = even && (c == 0 || side == table[channels-1])
		values = min(values*int(side), maxTableValues+1)
		if side < 2 {
			return false, damaged
		}
	}
	width := int(table[16])
	switch {
	case values > maxTableValues:
		return false, tooLarge
	case width != 1 && width != 2, tableHeader+width*values > len(table):
		return false, damaged
	}
	return even, ""
}

// checkCurves reports whether a part of a tag, if present, holds n curves within the
// limits. Each begins at a multiple of four bytes.
func checkCurves(part []byte, n int) bool {
	if part == nil {
		return true
	}
	for range n {
		length, ok := curveLength(part)
		if !ok {
			return false
		}
		part = part[min((length+3)/4*4, len(part)):]
	}
	return true
}

// curveLength returns the length of the curve at the beginning of data, and whether it
// is complete and within the limits.
func curveLength(data []byte) (n int, ok bool) {
	be := binary.BigEndian
	switch {
	case isType(data, "curv", 12):
		n = 12 + 2*int(min(be.Uint32(data[8:]), maxCurveSamples+1))
		return n, n <= min(len(data), 12+2*maxCurveSamples)
	case isType(data, "para", 12):
		kind := int(be.Uint16(data[8:]))
		if kind >= len(parametersOf) {
			return 0, false
		}
		n = 12 + 4*parametersOf[kind]
		return n, n <= len(data)
	}
	return 0, false
}

// samples are those of a pixel, 0 to 1; a table uses one for each of its channels.
type samples [4]float32

// levels computes the sRGB levels of n pixels: get returns the samples of a pixel, put
// stores its levels. It returns an error if the table fails for a pixel or the context
// ends.
func (t *iccTable) levels(ctx context.Context, n int, get func(i int) samples, put func(i int, rgb [colors]float32)) error {
	var failed atomic.Bool
	planar.Parallel(n, func(from, to int) {
		defer func() {
			if recover() != nil {
				failed.Store(true)
			}
		}()
		// Neighbours share their colours, and a table takes half a microsecond.
		const most, often = 1 << 14, 1 << 12
		known := make([]struct {
			in    samples
			rgb   [colors]float32
			there bool
		}, min(most, max(to-from, 1)))
		var in, out [4]float64
		for i := from; i < to; i++ {
			if i%often == 0 && (failed.Load() || ctx.Err() != nil) {
				return
			}
			s := get(i)
			k := &known[s.hash()%uint32(len(known))]
			if !k.there || k.in != s {
				for c, v := range s {
					in[c] = float64(v)
				}
				t.pipeline.TransformGeneral(out[:], in[:])
				k.in, k.there = s, true
				for c := range k.rgb {
					k.rgb[c] = 0
					if v := float32(out[c]); v == v {
						k.rgb[c] = planar.Clamp(v * maxLevel)
					}
				}
			}
			put(i, k.rgb)
		}
	})
	if failed.Load() {
		return errTable
	}
	return ctx.Err()
}

// errTable is the error of a table that fails for a pixel.
var errTable = errors.New(damaged)

func (s samples) hash() (h uint32) {
	const mix = 0x9e3779b1 // the golden ratio, which spreads what it multiplies
	for _, v := range s {
		h = (h ^ math.Float32bits(v)) * mix
	}
	return h >> 16
}

// toSRGB converts the levels of a picture from the profile to sRGB. After an error the
// picture is unusable.
func (t *iccTable) toSRGB(ctx context.Context, p *Picture) error {
	plane := p.W * p.H
	return t.levels(ctx, plane, func(i int) samples {
		return samples{p.RGB[i] / maxLevel, p.RGB[plane+i] / maxLevel, p.RGB[2*plane+i] / maxLevel}
	}, func(i int, rgb [colors]float32) {
		p.RGB[i], p.RGB[plane+i], p.RGB[2*plane+i] = rgb[0], rgb[1], rgb[2]
	})
}

// fromCMYK converts an image of inks from the profile to sRGB.
func (t *iccTable) fromCMYK(ctx context.Context, m *image.CMYK) (*image.NRGBA64, error) {
	w := m.Rect.Dx()
	out := image.NewNRGBA64(m.Rect)
	err := t.levels(ctx, w*m.Rect.Dy(), func(i int) (s samples) {
		for c, v := range m.Pix[i/w*m.Stride+i%w*4:][:len(s)] {
			s[c] = float32(v) / math.MaxUint8
		}
		return s
	}, func(i int, rgb [colors]float32) {
		to := func(v float32) uint16 { return quantize(v, per8, math.MaxUint16) }
		out.SetNRGBA64(m.Rect.Min.X+i%w, m.Rect.Min.Y+i/w, color.NRGBA64{R: to(rgb[0]), G: to(rgb[1]), B: to(rgb[2]), A: math.MaxUint16})
	})
	return out, err
}

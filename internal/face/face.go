// Package face finds the faces in a picture.
//
// [Find] creates a grey copy of the picture with a long side of at most 512 pixels and
// moves windows of all sizes over it, upright and rotated by 22.5 degrees in both
// directions. A cascade of decision trees on differences of brightness decides which
// windows show a face (Markuš, Frljak, Pandžić, Ahlberg and Forchheimer 2013, "Object
// Detection with Pixel Intensity Comparisons Organized in Decision Trees",
// arXiv 1305.4537). Overlapping windows of one face are merged.
//
// The cascade detects frontal faces of at least 24 of those 512 pixels. It does not
// recognize persons.
//
// The file facefinder, which holds the cascade, comes from [pigo] 1.4.6. Its licence,
// MIT, is in pigo-license.txt.
//
// [pigo]: https://github.com/esimov/pigo
package face

import (
	"cmp"
	_ "embed"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	pigo "github.com/esimov/pigo/core"

	"github.com/pastiche-art/pastiche/picture"
)

// A Face is a square around a face, from the forehead to the chin. All lengths are
// relative to the long side of the picture.
type Face struct {
	X, Y  float64 // the center, from the left and from the top
	Size  float64 // the side of the square
	Score float64 // the confidence of the cascade, at least LeastScore
}

// LeastScore is the smallest score of a face. The score is the sum, over overlapping
// windows, of how far each exceeds the last threshold of the cascade. In 900
// photographs of ImageNet, one of each class, it finds 48 faces: one is a doll's, one
// is a mask, and one is none. Windows with lower scores show more objects and animals
// than faces, and faces that are mostly turned away, covered or in shadow.
const LeastScore = 20

const (
	// searchSize is the long side of the copy in pixels. It limits the time for
	// pictures of any size.
	searchSize = 512
	// leastWindow is the side of the smallest window in pixels, about that of the
	// training pictures.
	leastWindow = 24
	// Windows of one size are windowShift of their side apart, and each size is
	// windowGrowth times the one before: pigo's own choices.
	windowShift  = 0.1
	windowGrowth = 1.1
	// overlap is the intersection over union from which two windows show the same face.
	overlap = 0.2
	// grey is the level of the padding of a picture that is not square.
	grey = 128
)

// turns are the angles of windows, in full turns. Pigo rotates by multiples of 1/32 and
// takes no negative angle.
var turns = []float64{0, 2. / 32, 30. / 32}

//go:embed facefinder
var cascade []byte

// detector returns the cascade, which several goroutines may use.
var detector = sync.OnceValues(func() (*pigo.Pigo, error) { return pigo.NewPigo().Unpack(cascade) })

// Find returns the faces in a picture whose score is at least [LeastScore], the largest
// first. It is deterministic. If the detector panics, Find returns no faces.
func Find(p *picture.Picture) (faces []Face) {
	// A painting without faces is better than a crashed server.
	defer func() {
		if recover() != nil {
			faces = nil
		}
	}()
	d, err := detector()
	if err != nil {
		return nil
	}
	if max(p.W, p.H) > searchSize {
		p = p.Resize(picture.FitLong(p.W, p.H, searchSize))
	}
	side := max(p.W, p.H)
	window := pigo.CascadeParams{
		MinSize: leastWindow, MaxSize: side, ShiftFactor: windowShift, ScaleFactor: windowGrowth,
		ImageParams: pigo.ImageParams{Pixels: square(p, side), Rows: side, Cols: side, Dim: side},
	}
	windows := allWindows(d, window)
	// Pigo may assign a window to several faces, and so find a face twice.
	clusters := d.ClusterDetections(windows, overlap)
	slices.SortStableFunc(clusters, func(a, b pigo.Detection) int { return cmp.Compare(b.Q, a.Q) })
	for _, w := range clusters {
		f := Face{
			X: float64(w.Col) / float64(side), Y: float64(w.Row) / float64(side),
			Size: float64(w.Scale) / float64(side), Score: float64(w.Q),
		}
		if f.Score >= LeastScore && !slices.ContainsFunc(faces, f.overlaps) {
			faces = append(faces, f)
		}
	}
	slices.SortStableFunc(faces, func(a, b Face) int { return cmp.Compare(b.Size, a.Size) })
	return faces
}

// allWindows returns the windows that show faces, in all turns, which it looks for in
// parallel, or none if the detector panics.
func allWindows(d *pigo.Pigo, window pigo.CascadeParams) []pigo.Detection {
	var (
		found  = make([][]pigo.Detection, len(turns))
		failed atomic.Bool
		wait   sync.WaitGroup
	)
	for i, turn := range turns {
		wait.Go(func() {
			defer func() {
				if recover() != nil {
					failed.Store(true)
				}
			}()
			found[i] = d.RunCascade(window, turn)
		})
	}
	wait.Wait()
	if failed.Load() {
		return nil
	}
	return slices.Concat(found...)
}

// overlaps reports whether the center of either face is within the square of the other.
func (f Face) overlaps(other Face) bool {
	return max(math.Abs(f.X-other.X), math.Abs(f.Y-other.Y)) < max(f.Size, other.Size)/2
}

// square returns the grey levels of a picture in the upper left corner of a square,
// because pigo reads rotated windows incorrectly from other shapes.
func square(p *picture.Picture, side int) []uint8 {
	levels := slices.Repeat([]uint8{grey}, side*side)
	luma := p.Luma().Image()
	for y := range p.H {
		for x := range p.W {
			levels[y*side+x] = luma.Pix[luma.PixOffset(x, y)]
		}
	}
	return levels
}

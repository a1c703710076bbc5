package paint

import (
	"github.com/pastiche-art/pastiche/internal/cost"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/masking"
	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/picture"
)

// This file computes the memory that a painting allocates before work begins, so that a
// memory limit holds. All sizes are in bytes.

// demand is the memory of a scale without the plan of the network.
type demand struct {
	held     int64 // throughout the scale
	measured int64 // additionally, while the content and the styles are measured
	painted  int64 // additionally, during iterations and while copies of the canvas are shown
}

// total returns the peak.
func (d demand) total() int64 { return d.held + max(d.measured, d.painted) }

// workspace is the memory of the program, the garbage collector and the worker threads
// that depends neither on the picture nor on the network.
const workspace = 96 << 20

const (
	levelBytes = 4 // of a level, a weight of a mask, or an element of a matrix
	indexBytes = 8 // of an int or a float64
	// cornerBytes is the memory of one point on a layer of a hypercolumn: two 4-byte
	// indices and a weight for each of four corners.
	cornerBytes = 4 * 3 * levelBytes
)

// planes returns the memory of n planes of h x w.
func planes(n, h, w int) int64 { return levelBytes * int64(n) * int64(h) * int64(w) }

// demand returns the memory of painting on a canvas of h x w at a scale, without the
// plan.
func (s *session) demand(scale Scale, h, w int, plan *vgg.Plan, content, style []Layer) demand {
	var d demand
	d.held = workspace + plan.WeightBytes() + s.pictureBytes() +
		s.contentBytes(h, w, plan, content) + s.faceBytes(h, w, plan, content) + s.keptBytes(h, w)
	d.held += int64(len(s.opts.References)) * planes(colors+1, h, w)
	s.addVectors(&d, scale, h, w)
	s.addStyles(&d, scale, h, w, plan, style)
	d.measured += s.resizedBytes(scale, h, w, style)
	d.painted += s.shownBytes(scale, h, w)
	return d
}

// pictureBytes returns the memory of all pictures and masks in their own sizes. A
// partly transparent picture is stored twice: as it was given, and opaque.
func (s *session) pictureBytes() int64 {
	sum := s.contentRaster().bytes()
	given := opacityBytes(s.opacity)
	if s.init != nil {
		sum += rasterOf(s.init).bytes()
	}
	for _, r := range s.opts.References {
		sum += rasterOf(r.Picture).bytes() + maskBytes(r.mask())
	}
	keeps := s.recipe.Colors == ContentColors
	if keeps {
		sum *= 2 // in colour and in grey
	}
	for _, r := range s.regions {
		sum += maskBytes(r.mask)
		if s.opacity != nil && r.shown != s.opacity {
			sum += maskBytes(r.shown)
		}
	}
	for _, of := range s.styles() {
		given += opacityBytes(of.opacity)
		sum += rasterOf(of.picture).bytes()
		if of.shown != of.opacity {
			sum += maskBytes(of.shown)
		}
		if keeps { // a copy in the colours of the content, and two temporary ones
			sum += 3 * rasterOf(of.picture).bytes()
		}
	}
	return sum + given
}

// opacityBytes returns the additional memory of a partly transparent picture: its
// opacity, and the original picture.
func opacityBytes(opacity *masking.Mask) int64 {
	if opacity == nil {
		return 0
	}
	return maskBytes(opacity) + planes(colors+1, opacity.H, opacity.W)
}

func maskBytes(m *masking.Mask) int64 {
	if m == nil {
		return 0
	}
	return planes(1, m.H, m.W)
}

// raster is the size of an opaque picture.
type raster struct{ h, w int }

func rasterOf(p *picture.Picture) raster { return raster{p.H, p.W} }

func (r raster) bytes() int64 { return planes(colors, r.h, r.w) }

// resized returns the raster in another size, and the memory of the buffer for
// resizing: planes that are resized along their rows.
func (r raster) resized(h, w int) (to raster, room int64) {
	return raster{h, w}, planes(1, r.h, w)
}

// contentRaster returns the size of the content. A texture has none before it is
// planned.
func (s *session) contentRaster() raster {
	if s.content == nil {
		w, h := s.canvasSize(s.scales[0].Size)
		return raster{h, w}
	}
	return rasterOf(s.content)
}

// contentBytes returns the memory of the content cost on a canvas of h x w: of
// self-similarity, or an activation of each layer, and the guides to what is visible.
func (s *session) contentBytes(h, w int, plan *vgg.Plan, layers []Layer) (sum int64) {
	if s.recipe.ContentCost == SimilarContent {
		return similarityBytes(plan, layers)
	}
	for _, l := range layers {
		c, h, w := plan.Shape(l.Name)
		sum += kernel.TensorBytes(kernel.Float32, c, h, w)
	}
	if s.opacity != nil {
		sum += s.guideBytes(h, w, layers) + bandBytes(plan, layers)
	}
	return sum
}

// similarityBytes returns the memory of the self-similarity cost: the columns of the
// canvas, their gradient, the normalized columns with their transpose, and four
// matrices of distances.
func similarityBytes(plan *vgg.Plan, layers []Layer) int64 {
	if len(layers) == 0 {
		return 0
	}
	return planes(4, sampledPoints, columnWidth(plan, layers)+sampledPoints) + int64(len(layers)*sampledPoints)*cornerBytes
}

// faceBytes returns the additional memory of keeping faces on a canvas of h x w: the
// mask, and T and T² of each layer; with self-similarity instead T and T² of the canvas
// with their sums, and the cost.
func (s *session) faceBytes(h, w int, plan *vgg.Plan, layers []Layer) (sum int64) {
	if len(s.faces) == 0 {
		return 0
	}
	if s.recipe.ContentCost == SimilarContent {
		return planes(3, h, w) + indexBytes*int64(h)*int64(w) + similarityBytes(plan, layers)
	}
	for _, l := range layers {
		_, h, w := plan.Shape(l.Name)
		sum += planes(3, h, w)
	}
	return sum
}

// columnWidth returns the number of entries of a hypercolumn.
func columnWidth(plan *vgg.Plan, layers []Layer) (n int) {
	for _, l := range layers {
		c, _, _ := plan.Shape(l.Name)
		n += rounded(c)
	}
	return n
}

// rounded returns a number of channels rounded up to whole blocks.
func rounded(channels int) int {
	return (channels + kernel.Lanes - 1) / kernel.Lanes * kernel.Lanes
}

// keptBytes returns the memory of the kept part of the content: the content on the
// canvas and without its margin, and both masks.
func (s *session) keptBytes(h, w int) int64 {
	for _, r := range s.regions {
		if len(r.styles) == 0 {
			return planes(2*colors+2, h, w)
		}
	}
	return 0
}

// addVectors adds the canvas and the vectors of the optimizer, the average, a pyramid
// and a tileable canvas.
func (s *session) addVectors(d *demand, scale Scale, h, w int) {
	canvas := planes(colors, h, w)
	variables := canvas
	d.held += canvas
	if s.recipe.Pyramid > 1 {
		levels, room := pyramidBytes(h, w, s.recipe.Pyramid)
		variables = levels
		d.held += levels + room
	}
	state, step := s.newOptimizer(0, scale).Vectors()
	d.held += int64(state) * variables
	d.painted += int64(step) * variables
	if s.recipe.Averaging > 0 {
		d.held += canvas
	}
	if scale.StyleCost == NearestCost { // the initial canvas
		d.held += canvas
	}
	if s.recipe.Tileable { // the rolled canvas and its gradient
		d.painted += 2 * canvas
	}
}

// addStyles adds the style costs of a scale, without the styles themselves.
func (s *session) addStyles(d *demand, scale Scale, h, w int, plan *vgg.Plan, layers []Layer) {
	if len(layers) == 0 {
		return
	}
	for _, r := range s.regions {
		if len(r.styles) == 0 {
			continue
		}
		switch scale.StyleCost {
		case NearestCost:
			s.addNearest(d, scale, h, w, plan, layers)
		case SplitCost:
			s.addSplits(d, h, w, plan, layers)
		case EarthMoverCost:
			s.addEarthMovers(d, r, h, w, plan, layers)
		default:
			s.addMoments(d, scale, r, h, w, plan, layers)
		}
	}
}

// columnBytes returns the memory of n matrices of hypercolumns of the given points.
func columnBytes(n, points, width int) int64 { return planes(n, points, rounded(width)) }

// addNearest adds the columns of the canvas, their gradient, their targets and a copy
// of these. During the search it adds three more, and part of the candidates: as they
// are, with a gradient, and normalized with their transpose.
func (s *session) addNearest(d *demand, scale Scale, h, w int, plan *vgg.Plan, layers []Layer) {
	width := columnWidth(plan, layers)
	points := cellCount(h, columnStep) * cellCount(w, columnStep)
	corners := int64(len(layers)) * cornerBytes
	d.held += columnBytes(4, points, width) + int64(points)*corners
	candidates := 0
	for _, of := range s.styles() {
		w, h := picture.FitLong(of.picture.W, of.picture.H, s.styleSize(scale, of))
		candidates = max(candidates, min(partCandidates, cellCount(h, columnStep)*cellCount(w, columnStep)))
	}
	d.measured = max(d.measured, columnBytes(3, points, width)+columnBytes(4, candidates, width)+int64(candidates+points)*corners)
}

// addSplits adds, for each layer, the columns of the canvas, their gradient and the
// normalized columns, and the normalized candidates with their transpose. While they
// are computed, it adds two copies of the candidates of a layer.
func (s *session) addSplits(d *demand, h, w int, plan *vgg.Plan, layers []Layer) {
	points := cellCount(h, columnStep) * cellCount(w, columnStep)
	// Each direction of each style has its own grid, which may have a few more columns.
	const candidates = splitCandidates + splitCandidates/4
	for _, l := range layers {
		c, _, _ := plan.Shape(l.Name)
		d.held += columnBytes(3, points, c) + columnBytes(2, candidates, c) + int64(points)*cornerBytes
		d.measured = max(d.measured, columnBytes(3, candidates, c)+candidates*cornerBytes)
	}
}

// addEarthMovers adds, twice, the columns of the canvas and their gradient; the
// normalized columns of the canvas and of the styles with their transposes; the
// centered columns; three covariance matrices; and, for a mask, T and T² with their
// sums.
func (s *session) addEarthMovers(d *demand, r *region, h, w int, plan *vgg.Plan, layers []Layer) {
	width := columnWidth(plan, layers)
	corners := int64(len(layers)*sampledPoints) * cornerBytes
	d.held += columnBytes(9, sampledPoints, width) + columnBytes(3, width, width) + 2*corners
	d.measured = max(d.measured, columnBytes(4, sampledPoints, width)+corners)
	if r.shown != nil {
		d.held += planes(2, h, w)
		d.painted += indexBytes * int64(h) * int64(w)
	}
}

// addMoments adds, for each layer, matrices of channels by channels, and the guides of
// a mask.
func (s *session) addMoments(d *demand, scale Scale, r *region, h, w int, plan *vgg.Plan, layers []Layer) {
	// A Gram cost has its target, the statistics of the canvas and of a part of it, and
	// its gradient. The Wasserstein cost has a transport, too: six more matrices, and
	// two of float64.
	matrices := 4
	if scale.StyleCost == WassersteinCost {
		matrices += 6 + 2*indexBytes/levelBytes
	}
	var one int64 // of each layer
	for _, l := range layers {
		c, _, _ := plan.Shape(l.Name)
		one += planes(1, rounded(c), rounded(c)+2*kernel.Lanes)
	}
	d.held += int64(matrices) * one
	if s.opts.Cache != nil {
		d.held += int64(len(r.styles)*len(s.scales)) * one
	}
	// The statistics of each style, of each of its directions, and of a part of one.
	d.measured = max(d.measured, int64(len(r.styles)+max(s.recipe.Rotations, 1)+2)*one)
	if r.shown != nil {
		d.held += s.guideBytes(h, w, layers) + bandBytes(plan, layers)
	}
}

// guideBytes returns the memory of guides over h x w pixels: T and T² on each layer.
func (s *session) guideBytes(h, w int, layers []Layer) (sum int64) {
	for _, l := range layers {
		halvings := s.network.vgg.Halvings(l.Name)
		sum += planes(2, h>>halvings, w>>halvings)
	}
	return sum
}

// bandBytes returns the memory of a band of rows that a guide weights, and its
// gradient.
func bandBytes(plan *vgg.Plan, layers []Layer) (most int64) {
	for _, l := range layers {
		most = max(most, cost.BandBytes(plan.Shape(l.Name)))
	}
	return most
}

// resizedBytes returns the memory of the content and the styles in the sizes of a scale
// while they are measured, one style after the other.
func (s *session) resizedBytes(scale Scale, h, w int, layers []Layer) int64 {
	content, room := s.contentRaster().resized(h, w)
	if s.recipe.Margin > 0 {
		room = max(room, content.bytes()) // without the margin
	}
	for _, r := range s.regions {
		if r.shown != nil {
			room = max(room, s.maskRoom(r.shown, scale, h, w, layers))
		}
		for _, of := range r.styles {
			room = max(room, s.styleBytes(of, scale, layers))
		}
	}
	return content.bytes() + room
}

// styleBytes returns the memory of a style in the size of a scale.
func (s *session) styleBytes(of *style, scale Scale, layers []Layer) int64 {
	w, h := picture.FitLong(of.picture.W, of.picture.H, s.styleSize(scale, of))
	style, room := rasterOf(of.picture).resized(h, w)
	sum := style.bytes()
	turned := s.recipe.Rotations > 1
	if turned {
		room = max(room, style.bytes())
	}
	if of.shown != nil {
		guides := s.maskRoom(of.shown, scale, h, w, layers)
		if turned {
			guides += maskBytes(of.shown)
		}
		room = max(room, guides)
	}
	return sum + room
}

// maskRoom returns the memory of propagating a mask over h x w pixels through the
// network: the mask in this size, once resized along rows only; for costs of layers,
// three planes of weights, the weights of each layer, and its guides; for costs of
// sampled points, T and T² with their sums.
func (s *session) maskRoom(m *masking.Mask, scale Scale, h, w int, layers []Layer) int64 {
	sum := planes(1, h, w) + planes(1, m.H, w)
	if scale.StyleCost == EarthMoverCost {
		return sum + planes(2, h, w) + indexBytes*int64(h)*int64(w)
	}
	return sum + planes(3, h, w) + 2*s.guideBytes(h, w, layers)
}

// shownBytes returns the memory of showing a canvas of h x w: a copy of it, the
// painting without the margin, and the buffers for its colours and its opacity.
func (s *session) shownBytes(scale Scale, h, w int) int64 {
	m := 2 * s.recipe.Margin
	h, w, canvas := h-m, w-m, planes(colors, h, w)
	painting := planes(colors, h, w)
	sum := canvas
	if m > 0 {
		sum += painting
	}
	switch s.recipe.Colors {
	case ContentColors:
		chroma, room := s.contentRaster().resized(h, w)
		sum = max(sum, painting+chroma.bytes()+max(room, painting))
	case MatchColors:
		for _, r := range s.regions {
			sum = max(sum, painting+s.matchBytes(r, scale, h, w))
		}
	}
	if s.opacity != nil {
		sum = max(sum, painting+planes(1, h, w)+planes(1, s.opacity.H, w))
	}
	return sum
}

// matchBytes returns the memory of recolouring a painting of h x w with the colours of
// the styles of a region: the palette; the painted pixels of the region with their
// indices and shares; and these pixels recolored. OKLab copies them, and a histogram
// sorts a plane.
func (s *session) matchBytes(r *region, scale Scale, h, w int) int64 {
	pixels := int64(h) * int64(w)
	sum := colors * levelBytes * pixels
	if r.mask != nil || len(s.regions) > 1 {
		sum += (levelBytes + indexBytes + colors*levelBytes) * pixels
		if r.mask != nil {
			sum += planes(1, r.mask.H, w)
		}
	}
	if s.opacity != nil { // the opacity of the painting, and of the painted pixels
		sum += planes(2, h, w) + planes(1, s.opacity.H, w)
	}
	switch s.recipe.colorMethod() {
	case OKLabColors:
		sum += colors * levelBytes * pixels
	case HistogramColors:
		sum += indexBytes * pixels
	}
	return sum + s.paletteBytes(r, scale)
}

// paletteBytes returns the memory of the palette of a region: the pixels of each style,
// and the concatenation of all, which OKLab copies. While the pixels of a style are
// collected, the resized style and the indices of its pixels come on top.
func (s *session) paletteBytes(r *region, scale Scale) (sum int64) {
	var room, most int64
	for _, of := range r.styles {
		p := of.picture
		w, h := picture.FitLong(p.W, p.H, min(paletteSize, s.styleSize(scale, of), max(p.W, p.H)))
		small, resizing := rasterOf(p).resized(h, w)
		pixels := int64(h) * int64(w)
		sum += colors * levelBytes * pixels
		most = max(most, colors*levelBytes*pixels)
		room = max(room, small.bytes()+max(resizing, (levelBytes+indexBytes)*pixels))
	}
	return sum + max(room, 2*most)
}

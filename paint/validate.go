package paint

import (
	"math"
	"slices"

	"github.com/pastiche-art/pastiche/internal/recolor"
)

// MaxSize is the longest side of a painting.
const MaxSize = 16384

// MaxIterations is the largest number of iterations of a painting, over all scales:
// more than a day at ten per second, where a few hundred suffice. It protects servers,
// and users who mistype.
const MaxIterations = 1_000_000

// minScaleStep is the smallest useful ratio of a scale to the one before.
const minScaleStep = 1.05

// maxPyramid is the number of levels of the largest canvas.
const maxPyramid = 15

// maxMargin is about the receptive field of conv5_1 of a VGG-19 to each side.
const maxMargin = 64

// maxScales is more than the number of scales at steps of minScaleStep.
const maxScales = 200

// Validate checks everything in a recipe that does not depend on pictures or networks.
// Its error is an [*OptionError].
func (r *Recipe) Validate() error {
	for _, w := range []struct {
		option string
		weight float64
	}{
		{"ContentWeight", r.ContentWeight}, {"FirstContentWeight", r.FirstContentWeight},
		{"StyleWeight", r.StyleWeight}, {"VariationWeight", r.VariationWeight}, {"FaceWeight", r.FaceWeight},
	} {
		if !(w.weight >= 0) || math.IsInf(w.weight, 0) {
			return invalid(w.option, "%g: expected 0 or more", w.weight)
		}
	}
	if err := r.validateScales(); err != nil {
		return err
	}
	switch {
	case r.Optimizer != Adam && r.Optimizer != LBFGS:
		return invalid("Optimizer", "%q: expected %s or %s", r.Optimizer, Adam, LBFGS)
	case r.Optimizer == Adam && (!(r.LearningRate > 0) || math.IsInf(r.LearningRate, 0)):
		return invalid("LearningRate", "%g levels: expected a positive number", r.LearningRate)
	case !(r.NoiseShare >= 0 && r.NoiseShare <= 1):
		return invalid("NoiseShare", "%g: expected 0 to 1", r.NoiseShare)
	case r.Optimizer == Adam && !(r.SecondMoment >= 0 && r.SecondMoment < 1):
		return invalid("SecondMoment", "%g: expected a decay from 0 up to, but not, 1", r.SecondMoment)
	case r.Optimizer == Adam && !(r.FirstMoment >= 0 && r.FirstMoment < 1):
		return invalid("FirstMoment", "%g: expected a decay from 0 up to, but not, 1", r.FirstMoment)
	case r.Optimizer == Adam && !(r.FinalRate >= 0 && r.FinalRate <= 1):
		return invalid("FinalRate", "%g: expected a share from 0 to 1", r.FinalRate)
	case r.Margin < 0 || r.Margin > maxMargin:
		return invalid("Margin", "%d pixels: expected 0 to %d", r.Margin, maxMargin)
	case r.Pyramid < 0 || r.Pyramid > maxPyramid:
		return invalid("Pyramid", "%d levels: expected 1 to %d, or 0 for pixels", r.Pyramid, maxPyramid)
	case r.Pyramid > 1 && r.Tileable:
		return invalid("Pyramid", "with a tileable texture, which it would give visible seams: expected one or the other")
	case !(r.Averaging >= 0 && r.Averaging < 1):
		return invalid("Averaging", "%g: expected a decay from 0 up to, but not, 1", r.Averaging)
	case r.Factor < 0 || math.IsInf(r.Factor, 0) || math.IsNaN(r.Factor):
		return invalid("Factor", "%g: expected a positive number, or 0 for the network's own", r.Factor)
	}
	switch r.Init {
	case InitContent, InitNoise, InitPicture:
	default:
		return invalid("Init", "%q: expected %s, %s or %s", r.Init, InitContent, InitNoise, InitPicture)
	}
	if r.Faces != "" && !slices.Contains(facesChoices, r.Faces) {
		return invalid("Faces", "%q: expected %s or %s", r.Faces, KeepFaces, IgnoreFaces)
	}
	if !slices.Contains(contentCosts, r.ContentCost) {
		return invalid("ContentCost", "%q: expected one of %v", r.ContentCost, contentCosts)
	}
	if err := r.validateColors(); err != nil {
		return err
	}
	if !slices.Contains(styleCosts, r.StyleCost) {
		return invalid("StyleCost", "%q: expected one of %v", r.StyleCost, styleCosts)
	}
	switch {
	case r.FinalIterations < 0:
		return invalid("FinalIterations", "%d: expected 0 or more", r.FinalIterations)
	case r.FinalIterations > 0 && !slices.Contains(styleCosts, r.FinalCost):
		return invalid("FinalCost", "%q: expected one of %v", r.FinalCost, styleCosts)
	case r.Optimizer != Adam && r.samplesPoints():
		return invalid("Optimizer", "%s with a style cost of %s: expected %s, as the sampled points change from step to step",
			r.Optimizer, EarthMoverCost, Adam)
	case !(r.ContentShare >= 0 && r.ContentShare <= 1):
		return invalid("ContentShare", "%g: expected 0 to 1", r.ContentShare)
	}
	for _, s := range r.Scales {
		if s.StyleCost != "" && !slices.Contains(styleCosts, s.StyleCost) {
			return invalid("Scales", "style cost %q at %d pixels: expected one of %v", s.StyleCost, s.Size, styleCosts)
		}
	}
	content := r.maxContentWeight()
	if content == 0 && r.StyleWeight == 0 {
		return invalid("StyleWeight", "content and style both have weight 0: expected one of them above 0")
	}
	if err := validateLayers("ContentLayers", r.ContentLayers, content > 0); err != nil {
		return err
	}
	return validateLayers("StyleLayers", r.StyleLayers, r.StyleWeight > 0)
}

func (r *Recipe) validateColors() error {
	switch r.Colors {
	case "", StyleColors, ContentColors, MatchColors:
	default:
		return invalid("Colors", "%q: expected %s, %s or %s", r.Colors, StyleColors, ContentColors, MatchColors)
	}
	switch {
	case r.ColorMethod == "":
		return nil
	case !slices.Contains(recolor.Methods, r.ColorMethod):
		return invalid("ColorMethod", "%q: expected one of %v", r.ColorMethod, recolor.Methods)
	case r.Colors == MatchColors && r.ColorMethod == LuminanceColors:
		return invalid("ColorMethod", "%s, which takes colours pixel by pixel, with the colours of the styles: expected one of %v",
			r.ColorMethod, recolor.Methods[1:])
	}
	return nil
}

// validateScales checks the sizes of canvas and styles, and the numbers of iterations.
func (r *Recipe) validateScales() error {
	if len(r.Scales) == 0 {
		if err := r.validateSizes(); err != nil {
			return err
		}
	}
	switch {
	case len(r.Scales) > maxScales:
		return invalid("Scales", "%d of them: expected at most %d", len(r.Scales), maxScales)
	case !(r.StyleScale > 0):
		return invalid("StyleScale", "%g: expected a positive number", r.StyleScale)
	case !(r.FirstStyleScale >= 0):
		return invalid("FirstStyleScale", "%g: expected a positive number, or 0 for the same at every scale", r.FirstStyleScale)
	case r.StyleSize < 0 || r.StyleSize > MaxSize:
		return invalid("StyleSize", "%d pixels: expected 1 to %d, or 0 for a size relative to the canvas", r.StyleSize, MaxSize)
	case r.Rotations < 0 || r.Rotations > quarters:
		return invalid("Rotations", "%d: expected 1 to %d", r.Rotations, quarters)
	case r.Tileable && r.Optimizer != Adam:
		return invalid("Tileable", "with %s: expected %s, as the seams move from iteration to iteration", r.Optimizer, Adam)
	}
	smallest, total := 0, 0
	for _, s := range r.Schedule() {
		switch {
		case s.Size < max(smallest, 1) || s.Size > MaxSize:
			return invalid("Scales", "%d pixels after %d: expected sizes that grow, up to %d", s.Size, smallest, MaxSize)
		case s.Iterations < 1:
			return invalid("Scales", "%d iterations at %d pixels: expected at least 1", s.Iterations, s.Size)
		case s.Iterations > MaxIterations-total:
			return invalid("Iterations", "%d at %d pixels, after %d at smaller scales: expected at most %d over all scales",
				s.Iterations, s.Size, total, MaxIterations)
		case !(s.ContentWeight >= 0) || math.IsInf(s.ContentWeight, 0):
			return invalid("Scales", "a content weight of %g at %d pixels: expected 0 or more", s.ContentWeight, s.Size)
		case !(s.StyleScale > 0) || s.StyleScale*float64(s.Size) > MaxSize:
			return invalid("StyleScale", "%g at %d pixels: expected a positive number that makes a style no larger than %d pixels", s.StyleScale, s.Size, MaxSize)
		}
		smallest = s.Size
		total += s.Iterations
	}
	return nil
}

// validateSizes checks the fields from which unlisted scales follow.
func (r *Recipe) validateSizes() error {
	switch {
	case r.Size < 1 || r.Size > MaxSize:
		return invalid("Size", "%d pixels: expected 1 to %d", r.Size, MaxSize)
	case r.FirstSize < 0:
		return invalid("FirstSize", "%d pixels: expected 0 for a single scale, or the first one's long side", r.FirstSize)
	case r.FirstSize > 0 && !(r.ScaleStep >= minScaleStep):
		return invalid("ScaleStep", "%g: expected at least %g", r.ScaleStep, minScaleStep)
	case r.Iterations < 1:
		return invalid("Iterations", "%d: expected at least 1", r.Iterations)
	case r.FirstSize > 0 && r.FirstIterations < 1:
		return invalid("FirstIterations", "%d: expected at least 1", r.FirstIterations)
	}
	return nil
}

func validateLayers(option string, layers []Layer, needed bool) error {
	var total float64
	seen := make(map[string]bool)
	for _, l := range layers {
		if !(l.Weight >= 0) || math.IsInf(l.Weight, 0) {
			return invalid(option, "weight %g of %s: expected 0 or more", l.Weight, l.Name)
		}
		if seen[l.Name] {
			return invalid(option, "%s twice", l.Name)
		}
		seen[l.Name] = true
		total += l.Weight
	}
	if needed && total == 0 {
		return invalid(option, "no layer has a weight above 0: expected at least one, such as conv4_2")
	}
	return nil
}

package paint

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/spelling"
)

// Classic is the algorithm of "Deep Learning & Art: Neural Style Transfer", in its
// edition for TensorFlow 1, to the letter: content cost at conv4_2, Gram matrices at the first layer of each
// block, alpha 10 and beta 40, Adam with a learning rate of 2 levels for 200
// iterations, from a mixture of noise and content, on a VGG whose maximum
// pooling is replaced by average pooling.
func Classic() Recipe {
	return Recipe{
		Name:          "classic",
		Size:          512,
		Iterations:    200,
		Init:          InitNoise,
		NoiseShare:    0.6,
		Pooling:       new(kernel.AveragePooling),
		ContentLayers: []Layer{{"conv4_2", 1}},
		StyleLayers:   blocks(0.2, 0.2, 0.2, 0.2, 0.2),
		ContentCost:   SquaredContent,
		StyleCost:     GramCost,
		ContentWeight: 10,
		StyleWeight:   40,
		StyleScale:    1,
		Optimizer:     Adam,
		LearningRate:  2,
		SecondMoment:  0.999,
	}
}

// Gatys is the algorithm of Gatys, Ecker and Bethge 2015 (arXiv 1508.06576):
// L-BFGS at a single scale, and the paper's ratio of content to style, 10⁻³. Its
// content cost is a sum over the layer, so that the content counts the more, the
// larger the canvas is. Two things are not the paper's. The network pools as it was
// trained to: with the paper's average pooling the built-in network, which was
// trained with maximum pooling, paints a mesh. A little total variation takes away
// single pixels of hues that neither picture has.
func Gatys() Recipe {
	return Recipe{
		Name:            "gatys",
		Size:            512,
		Iterations:      500,
		Init:            InitContent,
		NoiseShare:      1,
		ContentLayers:   []Layer{{"conv4_2", 1}},
		StyleLayers:     blocks(0.2, 0.2, 0.2, 0.2, 0.2),
		ContentCost:     SummedContent,
		StyleCost:       GramCost,
		ContentWeight:   1e-3,
		StyleWeight:     1,
		VariationWeight: 2e5,
		StyleScale:      1,
		Optimizer:       LBFGS,
		LearningRate:    2,
	}
}

// Fine paints the best picture that this project knows how to: coarse to fine,
// with Wasserstein costs. It begins from Crowson's style-transfer-pytorch, from
// which it has the optimiser, the padding, the kind of total variation and the style
// cost. The rest was chosen by looking at photographs in many manners, and by judges
// that no network of this project learned from:
//
//   - Activations are balanced, so that the same weights hold for any network.
//   - Style is measured at every layer of the first two blocks and at two layers of
//     the next two. Deeper layers weigh more than Crowson's 256:64:16:4:1, which
//     gave small, even strokes. Equal weights dissolved the content into swirls.
//   - Content is measured at conv3_2 besides conv4_2, which alone lets houses and
//     faces melt, by the root of the mean square. Crowson's scaled cost enlarges
//     small differences.
//   - The first scale is about twice as large as what conv5_1 sees at once. A smaller
//     one copies the composition of the style: its sun and its trees appear where
//     they stand there.
//   - Content weighs most at the first scale and less at each that follows: the
//     photo's forms are settled first, then strokes run over them. At the same style
//     distance that leaves less content distance than one weight for all scales.
//   - A margin of 8 pixels is painted and cut off. The network pads with zeros, and
//     without a margin the painting compensates for them by a frame of hues that
//     neither picture has.
//   - Total variation weighs a quarter of what it does with Crowson, which took the
//     finest lines of pens and dots away. Less leaves noise of single pixels.
//   - Colours are matched with those of the styles at the end, as nnst has it:
//     without, the network lets through hues that no style has, most plainly in
//     pen and woodcut. A linear map of levels does it: in OKLab, skies with little
//     of a colour were driven beyond what the style has of it.
//   - Content weighs five times as much in faces as elsewhere at the last scale. With a
//     FaceWeight of 0.5 a face of 150 pixels looked as if it were cut out of the photo
//     and pasted into a pen drawing; with 0.045 it began to change.
//   - Adam forgets faster and takes larger steps than Crowson's, and slows down in the
//     second half of each scale. With Crowson's 0.9, 0.99, a constant rate of 5 levels
//     and a mean over iterates with a decay of 0.99, twice the iterations end 4 to 12 %
//     higher in total cost (five pairs of pictures at 512 pixels). The mean held early
//     iterates: it cost 4 to 13 % more than the last iterate.
//   - Each scale begins with new moments. Moments of the scale before, resampled and
//     scaled to the new number of pixels, changed the total cost by -0.1 to 2 %.
func Fine() Recipe {
	return Recipe{
		Name:            "fine",
		Size:            512,
		FirstSize:       200,
		ScaleStep:       math.Sqrt2,
		Iterations:      40,
		FirstIterations: 80,
		Init:            InitContent,
		NoiseShare:      1,
		Replicate:       true,
		Margin:          8,
		ContentLayers:   []Layer{{"conv3_2", 0.5}, {"conv4_2", 1}},
		StyleLayers: []Layer{
			{"conv1_1", 0.28}, {"conv1_2", 0.28},
			{"conv2_1", 0.11}, {"conv2_2", 0.11},
			{"conv3_1", 0.06}, {"conv3_2", 0.06},
			{"conv4_1", 0.04}, {"conv4_2", 0.04},
			{"conv5_1", 0.02},
		},
		ContentCost:        RootContent,
		StyleCost:          WassersteinCost,
		Balanced:           true,
		FirstContentWeight: 0.1,
		ContentWeight:      0.03,
		Faces:              KeepFaces,
		FaceWeight:         0.15,
		StyleWeight:        1,
		VariationWeight:    0.5,
		StyleScale:         1,
		Colors:             MatchColors,
		Optimizer:          Adam,
		LearningRate:       8,
		FinalRate:          0.3,
		FirstMoment:        0.7,
		SecondMoment:       0.8,
		Clamp:              true,
	}
}

// nnst is the method of "Neural Neighbor Style Transfer" (Kolkin, Kucera, Paris,
// Sýkora, Shechtman and Shakhnarovich 2022, arXiv 2203.13215): every place of the
// canvas is drawn towards the one place of the style, seen in four directions,
// whose features are most like the photo's there; at the end every layer by
// itself. It paints larger, more literal pieces of the style than statistics do,
// in exactly its colours. Like the authors' it moves a Laplacian pyramid of eight
// levels, coarse to fine, by steps of 2/1000 of the range of levels; up to 65,536
// places of the styles are looked at where a scale begins, which are all of them for
// a style of 512 pixels, and 4,096 of them at every one of the last steps. The method
// has no content cost; here faces have one, without which nothing is left of them.
func nnst() Recipe {
	var layers []Layer
	for _, name := range []string{"conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv4_1", "conv4_2"} {
		layers = append(layers, Layer{name, 1})
	}
	return Recipe{
		Name:            "nnst",
		Size:            512,
		FirstSize:       64,
		ScaleStep:       2,
		Iterations:      200,
		FirstIterations: 200,
		FinalIterations: 100,
		FinalCost:       SplitCost,
		Init:            InitContent,
		NoiseShare:      1,
		Replicate:       true,
		ContentLayers:   []Layer{{"conv3_2", 0.5}, {"conv4_2", 1}}, // of faces
		StyleLayers:     layers,
		ContentCost:     RootContent,
		Balanced:        true,
		StyleCost:       NearestCost,
		ContentShare:    0.75,
		Faces:           KeepFaces,
		FaceWeight:      1,
		StyleWeight:     1,
		VariationWeight: 4,
		StyleScale:      1,
		Rotations:       quarters,
		Colors:          MatchColors,
		ColorMethod:     OKLabColors,
		Optimizer:       Adam,
		Pyramid:         8,
		LearningRate:    0.002 * maxLevel,
		SecondMoment:    0.99,
		Averaging:       0.95,
		Clamp:           true,
	}
}

// strotss is the method of "Style Transfer by Relaxed Optimal Transport and
// Self-Similarity" (Kolkin, Salavon and Shakhnarovich 2019, arXiv 1904.12785):
// content is how places of the photo are like each other, style the relaxed earth
// mover's distance between features, their moments and a palette, all at 1,024
// places. Like the authors' it moves a Laplacian pyramid of five levels, coarse to
// fine, but with Adam in place of RMSprop. The content weighs a quarter of what it
// does with the authors, 4 at the first scale and 0.5 at the last in place of 16 and
// 2: with these, on the built-in network, hardly any of the style is painted.
func strotss() Recipe {
	r := nnst()
	r.Name = "strotss"
	r.Iterations, r.FirstIterations, r.FinalIterations, r.FinalCost = 200, 200, 0, ""
	r.StyleLayers = append(r.StyleLayers, Layer{"conv5_1", 1})
	r.ContentLayers = slices.Clone(r.StyleLayers)
	r.ContentCost, r.StyleCost = SimilarContent, EarthMoverCost
	r.Balanced, r.Faces, r.FaceWeight = false, "", 0
	r.FirstContentWeight, r.ContentWeight, r.ContentShare = 4, 0.5, 0
	r.Rotations, r.Colors, r.ColorMethod, r.Pyramid = 1, StyleColors, "", 5
	return r
}

// ContentReconstruction returns the recipe that begins with noise and minimises the
// content cost of one layer alone. The painting shows which content of a picture the
// layer keeps (the lower row of figure 1 of Gatys, Ecker and Bethge 2015).
func ContentReconstruction(layer string) Recipe {
	r := Gatys()
	r.Name = "content reconstruction"
	r.Init, r.Iterations = InitNoise, reconstruction
	r.ContentLayers, r.StyleLayers = []Layer{{layer, 1}}, nil
	r.ContentCost = SquaredContent
	r.ContentWeight, r.StyleWeight, r.VariationWeight = 1, 0, 0
	return r
}

// StyleReconstruction returns the recipe of a [Texture] that minimises the style cost of
// the first layer of each block before the given layer, and of that layer (the upper row
// of the same figure).
func StyleReconstruction(layer string) Recipe {
	r := Gatys()
	r.Name = "style reconstruction"
	r.Iterations = reconstruction
	r.StyleLayers = nil
	name := strings.Replace(layer, "relu", "conv", 1)
	for _, l := range blocks(1, 1, 1, 1, 1) {
		if l.Name < name { // names are in the order of the network
			r.StyleLayers = append(r.StyleLayers, l)
		}
	}
	r.StyleLayers = append(r.StyleLayers, Layer{layer, 1})
	for i := range r.StyleLayers {
		r.StyleLayers[i].Weight = 1 / float64(len(r.StyleLayers))
	}
	r.ContentLayers, r.ContentWeight, r.VariationWeight = nil, 0, 0
	return r
}

// reconstruction is the number of iterations after which L-BFGS changes little.
const reconstruction = 200

// blocks returns the first layers of the five blocks with their weights.
func blocks(weights ...float64) []Layer {
	layers := make([]Layer, len(weights))
	for i, w := range weights {
		layers[i] = Layer{fmt.Sprintf("conv%d_1", i+1), w}
	}
	return layers
}

var recipes = []func() Recipe{Fine, Classic, Gatys, nnst, strotss}

// RecipeNames returns the names of all recipes for [RecipeNamed], the default first.
func RecipeNames() []string {
	var names []string
	for _, r := range recipes {
		names = append(names, r().Name)
	}
	return names
}

// RecipeNamed returns the recipe with the given name: fine, classic, gatys, nnst or
// strotss. The package's documentation describes them. The error for another name is an
// [*OptionError].
func RecipeNamed(name string) (Recipe, error) {
	i := slices.Index(RecipeNames(), name)
	if i < 0 {
		meant := ""
		if nearest := spelling.Nearest(name, RecipeNames()); nearest != "" {
			meant = "did you mean " + nearest + "? "
		}
		return Recipe{}, invalid("Recipe", "%q: %sexpected one of %s", name, meant, strings.Join(RecipeNames(), ", "))
	}
	return recipes[i](), nil
}

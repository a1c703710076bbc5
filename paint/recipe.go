package paint

import (
	"github.com/pastiche-art/pastiche/internal/kernel"
)

// A Recipe is a complete set of parameters for a painting. Begin with
// [Classic], [Gatys] or [Fine] and change what you like.
type Recipe struct {
	Name string `json:"name"`

	// Size is the long side of the painting in pixels; the other follows from
	// the content's shape. FirstSize is the long side of the first scale and
	// ScaleStep the ratio of each scale to the one before; FirstSize 0 paints
	// at a single scale.
	Size      int     `json:"size"`
	FirstSize int     `json:"first_size,omitempty"`
	ScaleStep float64 `json:"scale_step,omitempty"`
	// Iterations is the number of steps at each scale, FirstIterations that at
	// the first of several.
	Iterations      int `json:"iterations"`
	FirstIterations int `json:"first_iterations,omitempty"`
	// Scales, where there are any, list each scale, and take the place of the five
	// fields above.
	Scales []Scale `json:"scales,omitempty"`

	Init Init `json:"init"`
	// NoiseShare is how much of a start of InitNoise is noise; the rest is the
	// content.
	NoiseShare float64 `json:"noise_share,omitempty"`

	// Pooling is how the network halves its feature maps; nil is what it was
	// trained with. Replicate continues the edges of the picture into the
	// padding of the first layer instead of zeros.
	Pooling   *kernel.Pooling `json:"pooling,omitempty"`
	Replicate bool            `json:"replicate,omitempty"`

	// Margin is how many pixels are painted beyond each side at every scale, where
	// the content is continued as in a mirror, and cut off.
	Margin int `json:"margin,omitempty"`

	// ContentLayers and StyleLayers are where costs are measured, and how much
	// each counts.
	ContentLayers []Layer     `json:"content_layers"`
	StyleLayers   []Layer     `json:"style_layers"`
	ContentCost   ContentCost `json:"content_cost"`
	StyleCost     StyleCost   `json:"style_cost"`
	// FinalIterations, where not 0, follow at the size of the last scale, with
	// FinalCost for a style cost.
	FinalIterations int       `json:"final_iterations,omitempty"`
	FinalCost       StyleCost `json:"final_cost,omitempty"`
	// ContentShare is the share of the content, from 0 to 1, in the features for which
	// [NearestCost] finds the nearest ones of the style; the rest is the canvas's.
	ContentShare float64 `json:"content_share,omitempty"`
	// Balanced divides the activations of each style layer by their mean over
	// the styles, and those of each content layer by their mean over the
	// content, so that weights mean the same whatever the network.
	Balanced bool `json:"balanced,omitempty"`
	// Factor multiplies all activations before they enter a cost, unless they
	// are Balanced; 0 is the network's own [Network.Factor].
	Factor float64 `json:"factor,omitempty"`
	// The weights of the three costs. FirstContentWeight, where not 0, is that
	// of the content at the first of several scales, from where it changes by
	// the same ratio from scale to scale.
	ContentWeight      float64 `json:"content_weight"`
	FirstContentWeight float64 `json:"first_content_weight,omitempty"`
	StyleWeight        float64 `json:"style_weight"`
	VariationWeight    float64 `json:"variation_weight,omitempty"`

	// Faces says how to treat the faces in the content: [KeepFaces] adds a content
	// cost at the ContentLayers, within the faces alone. FaceWeight is its weight:
	// a position in a face is pulled to the content as a ContentWeight of that
	// size would pull it, whatever the size of the face. 0 is 6 times the content
	// weight of the scale. A picture without faces is painted as with [IgnoreFaces].
	Faces      Faces   `json:"faces,omitempty"`
	FaceWeight float64 `json:"face_weight,omitempty"`

	// StyleScale is the size of the styles relative to the canvas: larger
	// styles paint larger strokes. FirstStyleScale, where not 0, is that at the
	// first of several scales, from where it changes by the same ratio from
	// scale to scale. StyleSize, where not 0, is the long side of the styles in
	// pixels instead, at every scale.
	StyleScale      float64 `json:"style_scale"`
	FirstStyleScale float64 `json:"first_style_scale,omitempty"`
	StyleSize       int     `json:"style_size,omitempty"`
	// Rotations is the number of orientations, 90 degrees apart, in which each style is
	// measured: 0 and 1 are upright alone, 4 are all. With more, strokes run in more
	// directions.
	Rotations int `json:"rotations,omitempty"`
	// Colors says which colours the painting has; "" is [StyleColors]. ColorMethod says
	// how it gets the others; "" is [LuminanceColors] with [ContentColors], and
	// [LinearColors] with [MatchColors].
	Colors      Colors      `json:"colors,omitempty"`
	ColorMethod ColorMethod `json:"color_method,omitempty"`
	// Tileable joins the right side of a [Texture] to its left and the lower
	// side to the upper one without a seam.
	Tileable bool `json:"tileable,omitempty"`

	// Pyramid is the number of levels of a Laplacian pyramid that the optimiser moves
	// instead of the pixels. 0 and 1 move the pixels themselves.
	Pyramid int `json:"pyramid,omitempty"`

	Optimizer Optimizer `json:"optimizer"`
	// LearningRate is Adam's, in levels. L-BFGS finds its own steps.
	LearningRate float64 `json:"learning_rate,omitempty"`
	// FinalRate is the share of the LearningRate that is left at the end of each
	// scale. The rate falls along half a cosine in the second half of the scale's
	// iterations. 0 keeps the rate constant.
	FinalRate float64 `json:"final_rate,omitempty"`
	// FirstMoment is Adam's beta 1; 0 is 0.9. SecondMoment is its beta 2; 0 is 0.999.
	FirstMoment  float64 `json:"first_moment,omitempty"`
	SecondMoment float64 `json:"second_moment,omitempty"`
	// Averaging is the decay of the mean over iterations that becomes the
	// painting, 0 for the last iterate itself.
	Averaging float64 `json:"averaging,omitempty"`
	// Clamp keeps levels within 0 to 255: those of the canvas at every step of Adam,
	// and with L-BFGS or a Pyramid, whose steps have no limits, those of the canvas
	// where a scale ends and of every picture of it.
	Clamp bool `json:"clamp,omitempty"`
}

// A Layer is a layer of the network and how much its cost counts.
type Layer struct {
	Name   string  `json:"name"`
	Weight float64 `json:"weight"`
}

// An Init says where a painting begins.
type Init string

// The beginnings.
const (
	InitContent Init = "content" // the content picture
	InitNoise   Init = "noise"   // noise, as the recipe defines it
	InitPicture Init = "picture" // Options.Init
)

// A ContentCost is a way to compare activations position by position.
type ContentCost string

// The content costs.
const (
	SquaredContent ContentCost = "squared"    // the course's: a mean over the layer
	SummedContent  ContentCost = "sum"        // the paper's: a sum over the layer, which grows with the canvas
	RootContent    ContentCost = "root"       // the root of a mean square, with a gradient of constant length
	SimilarContent ContentCost = "similarity" // of places among themselves
)

var contentCosts = []ContentCost{SquaredContent, SummedContent, RootContent, SimilarContent}

// A StyleCost is a way to compare the statistics of activations.
type StyleCost string

// The style costs.
const (
	GramCost        StyleCost = "gram"
	WassersteinCost StyleCost = "wasserstein"
	NearestCost     StyleCost = "nearest" // to hypercolumns, matched where a scale begins
	SplitCost       StyleCost = "split"   // to the nearest of each layer, at every step
	EarthMoverCost  StyleCost = "emd"     // relaxed, of hypercolumns at scattered places
)

var styleCosts = []StyleCost{GramCost, WassersteinCost, NearestCost, SplitCost, EarthMoverCost}

// An Optimizer moves the pixels.
type Optimizer string

// The optimisers.
const (
	Adam  Optimizer = "adam"
	LBFGS Optimizer = "lbfgs"
)

// adapt fills in what a recipe leaves to the network.
func (r *Recipe) adapt(n *Network) {
	if r.Pooling == nil {
		r.Pooling = &n.Pooling
	}
	if r.Factor == 0 {
		r.Factor = n.Factor
	}
}

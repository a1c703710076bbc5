// Package cost holds the costs of neural style transfer, each with its gradient. They are
// functions of activations, which package vgg computes. vgg carries their gradients back
// to the pixels. Package loss has the formulas of the course as plain functions.
//
// # Formulas
//
// An activation a of nH x nW positions and nC channels is a matrix F of C x N, with C = nC
// and N = nH nW. The paper below writes N for nC and M for nH nW. Costs of one layer:
//
//	[Content]          J_content = 1/(4 nH nW nC) sum (a(G) - a(C))²
//	[SummedContent]    J = 1/2 sum D², D = a(G) - a(C)
//	[RootContent]      J = (1/(C N) sum D²)^½
//	[Gram]             J_style[l] = 1/(4 nC²) sum (F Fᵀ/N - F* F*ᵀ/N*)²
//	[Wasserstein]      J = 1/C |mu - mu*|² + 1/C tr(S + S* - 2 (S*^½ S S*^½)^½)
//
// where mu are the means of the channels and S their covariances, and the star marks the
// style. The first and the fourth are those of "Deep Learning & Art: Neural Style
// Transfer", the course, after Gatys, Ecker and Bethge 2015 (arXiv 1508.06576). A [Guide]
// T gives positions the weights T² in all of these.
//
// Costs of several layers at once. x are the rows of a [Hypercolumn] at S points of the
// picture, s the rows of one at T points of the style:
//
//	[HypercolumnMatching] J = mean of 1 - cos(x, t), t chosen once by a [Search]
//	[NearestNeighbours]   J = mean over x of min over s of 1 - cos(x - mean x, s - mean s)
//	[RelaxedEMD]          J = max(mean over x of min over s of d, mean over s of min over x of d), d = 1 - cos(x, s)
//	[HypercolumnMoments]  J = mean |mu - mu*| + mean |Sigma - Sigma*|
//	[SelfSimilarity]      J = 1/S sum |DX/sum DX - DC/sum DC|, D = 1 - cos between points of one picture
//
// Costs of the picture itself are [TotalVariation] and [Palette].
//
// # Use
//
// Each of these is a [Cost]. Its constructor takes the activations of the content or of the
// styles. Each iteration calls it twice. After the network's forward pass, Evaluate
// computes the statistic of the observed activation, compares it with the target and keeps
// the gradient with respect to the statistic. During the backward pass, AddGradient turns
// this into the gradient with respect to the activation. The weight of a cost is an
// argument of Evaluate.
//
//	content activation -> NewContent, NewSummedContent, NewRootContent
//	style activations  -> Measure -> Blend -> NewGram, NewWasserstein
//
// The targets of the costs of hypercolumns are columns. Their points may change from step
// to step:
//
//	[Grid], [SamplePoints] -> NewHypercolumn -> Observe -> Columns -> Stack
//	style columns   -> NewNearestNeighbours, NewRelaxedEMD, NewHypercolumnMoments
//	                -> RowMean -> Search -> NewHypercolumnMatching
//	content columns -> NewSelfSimilarity
//
// Sums over positions, channels and matrix elements are float64, or have an order that
// depends only on shapes, so that results are the same to the bit for any number of
// threads.
package cost

// Package loss holds the costs of neural style transfer, each with its
// gradient: functions of activations, which package vgg computes and carries
// back to the pixels.
//
// # Formulas
//
// Notation: a feature map a of nH x nW positions and nC channels is a matrix F
// of C x N, with C = nC and N = nH nW. The costs of "Deep Learning & Art: Neural
// Style Transfer" (after Gatys, Ecker and Bethge 2015, arXiv 1508.06576) are
// functions of their own:
//
//	[ContentCost]      J_content = 1/(4 nH nW nC) sum (a(C) - a(G))²
//	[GramMatrix]       Gram(a) = F Fᵀ
//	[LayerStyleCost]   J_style[l] = 1/(4 nC²) sum (Gram(S)/N(S) - Gram(G)/N(G))²
//	[StyleCost]        J_style = sum over l of lambda[l] J_style[l]
//	[TotalCost]        J = alpha J_content + beta J_style
//
// Further costs of one layer, each a [Term]:
//
//	[SummedContent]    J = 1/2 sum D², D = a(G) - a(C)
//	[RootContent]      J = (1/(C N) sum D²)^½
//	[ScaledContent]    J = sum D² / (sum |D| + 1e-8)
//	[Moments]          J = |mu - mu*|²/|mu*|² + |S - S*|²/|S*|²
//	[Wasserstein]      J = 1/C |mu - mu*|² + 1/C tr(S + S* - 2 (S*^½ S S*^½)^½)
//	[Histogram]        J = 1/(C N) sum (F - R(F))², R(F) with the style's histograms
//
// where mu are the means of the channels and S their covariances, and the star
// marks the style. A [Guide] T gives positions the weights T² in all of these.
//
// Costs of several layers at once, each a [Joint], of the rows x of a
// [Hypercolumn] at S points of the picture and those s of the style at T:
//
//	[HypercolumnMatching] J = mean of 1 - cos(x, t), t chosen once by a [Search]
//	[NearestNeighbours]   J = mean over x of min over s of 1 - cos(x - mean x, s - mean s)
//	[RelaxedEMD]          J = max(mean over x of min over s of d, mean over s of min over x of d), d = 1 - cos(x, s)
//	[HypercolumnMoments]  J = mean |mu - mu*| + mean |Sigma - Sigma*|
//	[SelfSimilarity]      J = 1/S sum |DX/sum DX - DC/sum DC|, D = 1 - cos between points of one picture
//
// Costs of the picture itself are [TotalVariation] and [Palette].
//
// # Terms
//
// A painter holds one [Term] for each layer and cost. It is made from what the
// content or the styles look like at that layer, and is used twice in each
// iteration: after the network's forward pass, Evaluate reduces the activation
// to its statistic, compares that with the target and keeps the gradient with
// respect to the statistic; during the backward pass, AddGradient turns it into
// the gradient with respect to the activation.
//
//	content activation -> NewContent, NewSummedContent, NewRootContent, NewScaledContent
//	style activations  -> Measure -> Blend -> NewGram, NewMoments, NewWasserstein
//	                   -> MeasureDistribution -> BlendDistributions -> NewHistogram
//
// A [Joint] is used likewise, but sees several layers. Its targets are columns, and
// its points may change from step to step:
//
//	[Grid], [Lattice], [Scatter] -> NewHypercolumn -> Observe -> Columns -> Stack
//	style columns  -> NewNearestNeighbours, NewRelaxedEMD, NewHypercolumnMoments
//	               -> Centre -> Search -> NewHypercolumnMatching
//	content columns -> NewSelfSimilarity
//
// [OneLayer] makes a term a joint, so that a painter needs to hold but one kind.
//
// Sums over positions, channels or matrix elements are collected in float64 or
// in blocks whose order depends on shapes alone, so results are the same to the
// bit for any number of threads.
package loss

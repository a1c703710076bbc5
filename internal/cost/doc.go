// Package cost holds the costs of neural style transfer, each with its
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
// Further costs of one layer:
//
//	[SummedContent]    J = 1/2 sum D², D = a(G) - a(C)
//	[RootContent]      J = (1/(C N) sum D²)^½
//	[Wasserstein]      J = 1/C |mu - mu*|² + 1/C tr(S + S* - 2 (S*^½ S S*^½)^½)
//
// where mu are the means of the channels and S their covariances, and the star
// marks the style. A [Guide] T gives positions the weights T² in all of these.
//
// Costs of several layers at once, of the rows x of a [Hypercolumn] at S points of
// the picture and the rows s of one at T points of the style:
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
// Each of these is a [Cost], which is made from the activations of the content or of
// the styles and is used twice in each iteration. After the network's forward pass,
// Evaluate reduces what the cost observed to a statistic, compares that with the
// target and keeps the gradient with respect to the statistic. During the backward
// pass, AddGradient turns it into the gradient with respect to the activation. The
// weight of a cost is an argument of Evaluate.
//
//	content activation -> NewContent, NewSummedContent, NewRootContent
//	style activations  -> Measure -> Blend -> NewGram, NewWasserstein
//
// The costs of hypercolumns have columns for targets, and their points may change
// from step to step:
//
//	[Grid], [SamplePoints] -> NewHypercolumn -> Observe -> Columns -> Stack
//	style columns   -> NewNearestNeighbours, NewRelaxedEMD, NewHypercolumnMoments
//	                -> RowMean -> Search -> NewHypercolumnMatching
//	content columns -> NewSelfSimilarity
//
// Sums over positions, channels or matrix elements are collected in float64 or
// in blocks whose order depends on shapes alone, so results are the same to the
// bit for any number of threads.
package cost

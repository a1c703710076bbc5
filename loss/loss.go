// Package loss computes the costs of neural style transfer, as "Deep Learning & Art:
// Neural Style Transfer" defines them after Gatys, Ecker and Bethge 2015, "A Neural
// Algorithm of Artistic Style" (arXiv 1508.06576). The functions are written to be read:
// plain loops, with sums in float64. paint.Paint minimises the same costs with faster
// code, which also computes gradients.
//
// Each function is the twin of one of the course's:
//
//	compute_content_cost(content_output, generated_output)  ContentCost(content, generated)
//	gram_matrix(A)                                          GramMatrix(a)
//	compute_layer_style_cost(a_S, a_G)                      LayerStyleCost(style, generated)
//	compute_style_cost(..., STYLE_LAYERS)                   StyleCost(style, generated, lambda)
//	total_cost(J_content, J_style, alpha, beta)             TotalCost(content, style, alpha, beta)
//
// The letters are the course's as well: C is the content picture, S the style picture, G
// the generated picture, and a(G) the activation of one layer of the network for G. It
// has nC channels, also called feature maps, of nH x nW positions. paint.Features
// computes activations.
//
// The paper has other letters: its N is nC, its M is nH nW, F is the activation of the
// generated picture as a matrix, P that of the content, and G and A are the Gram matrices
// of the generated picture and of the style. Its style cost of a layer,
// 1/(4 N² M²) sum (G - A)², is the course's. Its content cost, 1/2 sum (F - P)², is
// 2 nH nW nC times the course's.
//
// A network whose activations are f times as large has an f² times as large content cost
// and an f⁴ times as large style cost. paint multiplies activations by Network.Factor,
// which brings those of any network to the size of the course's VGG-19.
package loss

import "fmt"

// An Activation is the output of one layer of a network, after its ReLU.
type Activation struct {
	Channels, Height, Width int // nC, nH and nW
	// Values holds one feature map after the other, each row by row: the value of
	// channel c in row y and column x is Values[(c*Height+y)*Width+x].
	Values []float32
}

// Positions returns N = nH nW, the number of values in a feature map.
func (a *Activation) Positions() int { return a.Height * a.Width }

// FeatureMap returns the nH nW values of channel c, row by row. It is row c of the matrix
// A of nC x (nH nW) that [GramMatrix] multiplies by its transpose. The slice shares the
// memory of a.Values.
func (a *Activation) FeatureMap(c int) []float32 {
	n := a.Positions()
	return a.Values[c*n : (c+1)*n]
}

// shape returns the channels, rows and columns of an activation. It panics where they do
// not fit the number of values.
func (a *Activation) shape() [3]int {
	if a.Channels < 1 || a.Height < 1 || a.Width < 1 || len(a.Values) != a.Channels*a.Positions() {
		panic(fmt.Sprintf("loss: an activation of %d x %d x %d with %d values", a.Channels, a.Height, a.Width, len(a.Values)))
	}
	return [3]int{a.Channels, a.Height, a.Width}
}

// ContentCost returns the content cost of one layer,
//
//	J_content(C, G) = 1/(4 nH nW nC) sum (a(C) - a(G))²
//
// where the sum runs over all values of the two activations. It panics where their shapes
// differ.
func ContentCost(content, generated *Activation) float64 {
	if c, g := content.shape(), generated.shape(); c != g {
		panic(fmt.Sprintf("loss: a content of %d values and a generated picture of %d: expected the same shape", c, g))
	}
	var sum float64
	for i, v := range content.Values {
		d := float64(v) - float64(generated.Values[i])
		sum += d * d
	}
	return sum / (4 * float64(content.Height) * float64(content.Width) * float64(content.Channels))
}

// GramMatrix returns the Gram matrix of an activation, nC rows of nC elements:
//
//	Gram(A) = A Aᵀ
//	Gram(A)[i][j] = sum over the positions k of A[i][k] A[j][k]
//
// A is the matrix of nC x (nH nW) whose rows are the feature maps. An element of the
// diagonal says how active a channel is, every other element how often two channels are
// active in the same places. The sum forgets which places these are.
func GramMatrix(a *Activation) [][]float64 {
	a.shape()
	gram := make([][]float64, a.Channels)
	for i := range gram {
		gram[i] = make([]float64, a.Channels)
	}
	for i := range gram {
		for j := range i + 1 {
			gram[i][j] = dot(a.FeatureMap(i), a.FeatureMap(j))
			gram[j][i] = gram[i][j] // the matrix is symmetric
		}
	}
	return gram
}

// dot returns the sum of the products of the elements of two vectors.
func dot(a, b []float32) float64 {
	var sum float64
	for k, v := range a {
		sum += float64(v) * float64(b[k])
	}
	return sum
}

// LayerStyleCost returns the style cost of one layer,
//
//	J_style[l](S, G) = 1/(4 nC²) sum (Gram(S)/N(S) - Gram(G)/N(G))²
//
// where the sum runs over all elements of the two Gram matrices and N = nH nW is the
// number of positions. Where style and generated picture have the same size, this is the
// course's 1/(4 nC² (nH nW)²) sum (Gram(S) - Gram(G))². Where their sizes differ, as they
// may, each Gram matrix is divided by its own N. LayerStyleCost panics where the
// activations have different numbers of channels.
func LayerStyleCost(style, generated *Activation) float64 {
	if s, g := style.shape(), generated.shape(); s[0] != g[0] {
		panic(fmt.Sprintf("loss: a style of %d channels and a generated picture of %d: expected the same number", s[0], g[0]))
	}
	gramS, gramG := GramMatrix(style), GramMatrix(generated)
	var sum float64
	for i := range gramS {
		for j := range gramS[i] {
			d := gramS[i][j]/float64(style.Positions()) - gramG[i][j]/float64(generated.Positions())
			sum += d * d
		}
	}
	nC := float64(style.Channels)
	return sum / (4 * nC * nC)
}

// StyleCost returns the style cost of several layers,
//
//	J_style(S, G) = sum over the layers l of lambda[l] J_style[l](S, G)
//
// given the activations of each layer and its weight lambda. The course has the layers
// conv1_1, conv2_1, conv3_1, conv4_1 and conv5_1 with a lambda of 0.2 each. StyleCost
// panics where the three slices have different lengths.
func StyleCost(style, generated []*Activation, lambda []float64) float64 {
	if len(style) != len(lambda) || len(generated) != len(lambda) {
		panic(fmt.Sprintf("loss: %d style layers, %d generated layers and %d weights: expected the same number", len(style), len(generated), len(lambda)))
	}
	var sum float64
	for l, weight := range lambda {
		sum += weight * LayerStyleCost(style[l], generated[l])
	}
	return sum
}

// TotalCost returns what the generated picture shall minimise,
//
//	J(G) = alpha J_content(C, G) + beta J_style(S, G)
//
// given the content cost and the style cost. The course's weights are an alpha of 10 and
// a beta of 40.
func TotalCost(content, style, alpha, beta float64) float64 {
	return alpha*content + beta*style
}

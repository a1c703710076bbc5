// Package exercises has the three functions that the course grades, for you to write.
// Replace the last line of each body. Then, in the repository's root,
//
//	go test ./examples/course/exercises -grade
//
// grades them. It says which value is wrong and, where it can, why. You need no
// knowledge of Go beyond loops, slices and float64(x), which converts a number.
//
// An activation a is the output of one layer of the network: nC channels (a.Channels) of nH
// rows (a.Height) and nW columns (a.Width). a.FeatureMap(c) returns the nH nW values of
// channel c as one slice, row by row. a.Values holds all feature maps, one after the other.
// Values are float32; compute in float64.
package exercises

import "github.com/pastiche-art/pastiche/loss"

// ContentCost is exercise 1, the course's compute_content_cost. It returns
//
//	J_content(C, G) = 1/(4 nH nW nC) sum (a(C) - a(G))²
//
// for the activations a(C) of the content and a(G) of the generated picture, which have the
// same shape. The sum runs over all values.
func ContentCost(content, generated *loss.Activation) float64 {
	// 1. Sum up the squares of the differences.
	// 2. Divide the sum by 4 nH nW nC.
	return 0
}

// GramMatrix is exercise 2, the course's gram_matrix. It returns
//
//	Gram(A) = A Aᵀ
//
// where A is the matrix of nC x (nH nW) whose rows are the feature maps of a. The result has
// nC rows of nC elements. Element j of row i is the sum over all positions k of
// A[i][k] A[j][k].
func GramMatrix(a *loss.Activation) [][]float64 {
	// 1. Make nC rows of nC elements: gram := make([][]float64, a.Channels), and each row.
	// 2. For every two channels i and j, sum up the products of their values.
	return nil
}

// LayerStyleCost is exercise 3, the course's compute_layer_style_cost. It returns
//
//	J_style[l](S, G) = 1/(4 nC² (nH nW)²) sum (Gram(S) - Gram(G))²
//
// for the activations of the style and of the generated picture at one layer. Call your
// GramMatrix. The sum runs over all elements of the two matrices.
//
// The style may have another size than the generated picture. Then divide each Gram matrix
// by its own nH nW before you subtract. Where the sizes agree this is the formula above.
func LayerStyleCost(style, generated *loss.Activation) float64 {
	// 1. Compute both Gram matrices.
	// 2. Divide each by its own number of positions nH nW.
	// 3. Sum up the squares of the differences, and divide the sum by 4 nC².
	return 0
}

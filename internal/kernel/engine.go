package kernel

// An Engine carries out the operations on feature maps that a network and its costs
// consist of. [Pool] is the engine for CPUs. Matrices, vectors and weights of positions
// are small and stay in the memory of the process.
//
// Tensors and masks hold their values in the memory of the process as well:
// [Tensor.Reshape], [Tensor.Zero], [Tensor.ClearBorder], [Tensor.Rows] and
// [Mask.Reshape] are not operations of an engine. An engine for a device with its own
// memory needs these changed, too.
//
// Operations read the borders of activations as zero, and write zero borders around
// activations. The borders of gradients are undefined. The methods below say which of
// the two they write.
//
// Package enginetest holds the contract tests that every engine must pass.
type Engine interface {
	// Check returns a [*PrecisionError] where the engine does not support a precision.
	Check(precision Precision) error

	// FirstConv computes the activations dst, Out x H x W, of a picture, 3 x H x W, and
	// sets relu, unless nil, where dst is positive. FirstConvRows computes only the
	// rows of dst, which are those from top on of an output of h rows.
	FirstConv(c *PixelConv, dst *Tensor, relu *Mask, picture []float32)
	FirstConvRows(c *PixelConv, dst *Tensor, picture []float32, h, top int)
	// FirstConvBack computes dst, the gradient with respect to the picture, from grad,
	// the gradient with respect to the output, and relu.
	FirstConvBack(c *PixelConv, dst []float32, grad *Tensor, relu *Mask)

	// Conv computes the activations dst, Out x H x W, from src, In x H x W, and sets
	// relu, unless nil, where dst is positive.
	Conv(c *Conv, dst *Tensor, relu *Mask, src *Tensor)
	// ConvBack computes dst, the gradient with respect to the input, from grad, the
	// gradient with respect to the output, and relu: only positive outputs propagate a
	// gradient.
	ConvBack(c *Conv, dst, grad *Tensor, relu *Mask)
	// ConvPool is Conv followed by Downsample: dst is Out x H/2 x W/2. relu and argmax
	// have the shape before pooling.
	ConvPool(c *Conv, dst *Tensor, relu *Mask, src *Tensor, pooling Pooling, argmax *Mask)
	// ConvPoolBack is DownsampleBack followed by ConvBack.
	ConvPoolBack(c *Conv, dst, grad *Tensor, relu *Mask, pooling Pooling, argmax *Mask)

	// Downsample computes the activations dst, C x H/2 x W/2, from src, C x H x W, by
	// 2x2 pooling. Maximum pooling sets argmax, unless nil, at the largest value of
	// each window.
	Downsample(dst, src *Tensor, argmax *Mask, pooling Pooling)
	// DownsampleBack computes dst, the gradient with respect to src.
	DownsampleBack(dst, grad *Tensor, argmax *Mask, pooling Pooling)

	// Crop makes dst a copy of h x w positions of src, surrounded by zeros, in the
	// precision of dst. CopyAt copies h x w positions of src to dst. AddAt adds src to
	// positions of dst.
	Crop(dst, src *Tensor, y, x, h, w int)
	CopyAt(dst *Tensor, y, x int, src *Tensor, sy, sx, h, w int)
	AddAt(dst, src *Tensor, y, x int)

	// Gram computes dst = F Fᵀ, with F the feature maps f as a matrix of C x HW. Sums
	// computes the sum of each row of F. SumSquares returns the sum of the squares of
	// all elements.
	Gram(dst *Matrix, f *Tensor)
	Sums(dst []float64, f *Tensor)
	SumSquares(f *Tensor) float64
	// AddProduct adds the product m F to dst, and bias to every position of dst.
	AddProduct(dst *Tensor, m *Matrix, f *Tensor, bias []float32)

	// SquaredDifference returns the sum of (f - g)². AddDifference adds slope*(f - g)
	// to dst. Both multiply each position by its weight.
	SquaredDifference(f, g *Tensor, by *Weights, y, x int) float64
	AddDifference(dst, f, g *Tensor, by *Weights, y, x int, slope float32)
	// ApplyWeights makes dst a copy of rows of f, each position multiplied by its
	// weight. AddWeighted adds f, each position multiplied by its weight, to rows of
	// dst.
	ApplyWeights(dst, f *Tensor, first, rows int, by *Weights, y, x int)
	AddWeighted(dst, f *Tensor, first int, by *Weights, y, x int)

	// Sample adds interpolated values of f to rows of dst. SampleBack adds the gradient
	// with respect to f to grad.
	Sample(dst *Matrix, column int, f *Tensor, at []Corners, y, x int)
	SampleBack(grad *Tensor, src *Matrix, column int, at []Corners, y, x int)
}

var _ Engine = (*Pool)(nil)

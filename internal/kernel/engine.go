package kernel

// An Engine carries out the operations on feature maps that a network, and the
// observations and gradients of costs, are made of. [Pool] is the engine for processors.
// Matrices, vectors and weights of positions are small and stay with the caller.
//
// Tensors and masks hold their values in the memory of the process: [Tensor.Reshape],
// [Tensor.Zero], [Tensor.ClearBorder], [Tensor.Rows] and [Mask.Reshape] are no operations
// of an engine. An engine for a device with memory of its own needs these changed, too.
//
// Operations read borders of activations as zero, and leave those of what they write as
// activations zero. Borders of gradients have no meaning. Which operation writes which
// is said with each.
//
// Package enginetest holds the contract: every engine must pass it.
type Engine interface {
	// Check returns a [*PrecisionError] where the engine lacks a precision.
	Check(precision Precision) error

	// FirstConv computes dst, Out x H x W, from a picture, 3 x H x W, and sets relu,
	// unless nil, where dst is positive. FirstConvRows computes only the rows from top
	// on that dst has room for, of an output of h rows.
	FirstConv(c *PixelConv, dst *Tensor, relu *Mask, picture []float32)
	FirstConvRows(c *PixelConv, dst *Tensor, picture []float32, h, top int)
	// FirstConvBack computes the gradient with respect to the picture, dst, from the
	// gradient with respect to the output and relu.
	FirstConvBack(c *PixelConv, dst []float32, grad *Tensor, relu *Mask)

	// Conv computes dst, Out x H x W, from src, In x H x W, and sets relu, unless nil,
	// where dst is positive.
	Conv(c *Conv, dst *Tensor, relu *Mask, src *Tensor)
	// ConvBack computes the gradient with respect to the input, dst, from the gradient
	// with respect to the output and relu: only positive outputs pass a gradient on.
	ConvBack(c *Conv, dst, grad *Tensor, relu *Mask)
	// ConvPool is Conv and Downsample in one: dst is Out x H/2 x W/2. relu and argmax
	// have the shape of what is pooled.
	ConvPool(c *Conv, dst *Tensor, relu *Mask, src *Tensor, pooling Pooling, argmax *Mask)
	// ConvPoolBack is DownsampleBack and ConvBack in one.
	ConvPoolBack(c *Conv, dst, grad *Tensor, relu *Mask, pooling Pooling, argmax *Mask)

	// Downsample computes dst, C x H/2 x W/2, from src, C x H x W. For maxima it sets
	// argmax, unless nil, where they came from.
	Downsample(dst, src *Tensor, argmax *Mask, pooling Pooling)
	// DownsampleBack computes the gradient with respect to src, dst.
	DownsampleBack(dst, grad *Tensor, argmax *Mask, pooling Pooling)

	// Crop makes dst a copy of h x w positions of src, with zeros around them, in dst's
	// precision. Place copies h x w positions into dst. Paste adds src to positions of
	// dst.
	Crop(dst, src *Tensor, y, x, h, w int)
	CopyAt(dst *Tensor, y, x int, src *Tensor, sy, sx, h, w int)
	AddAt(dst, src *Tensor, y, x int)

	// Gram computes dst = F Fᵀ, for F the C x HW matrix of f; Sums the sums of F's rows;
	// SumSquares the sum of the squares of its elements.
	Gram(dst *Matrix, f *Tensor)
	Sums(dst []float64, f *Tensor)
	SumSquares(f *Tensor) float64
	// AddProduct adds m F and, to every position, bias to dst.
	AddProduct(dst *Tensor, m *Matrix, f *Tensor, bias []float32)

	// SquaredDifference returns the sum of the squares of f - g, and AddDifference adds
	// slope*(f - g) to dst, both with weights of positions.
	SquaredDifference(f, g *Tensor, by *Weights, y, x int) float64
	AddDifference(dst, f, g *Tensor, by *Weights, y, x int, slope float32)
	// ApplyWeights makes dst rows of f with every position multiplied by its weight, and
	// AddWeighted adds f so multiplied to rows of dst.
	ApplyWeights(dst, f *Tensor, first, rows int, by *Weights, y, x int)
	AddWeighted(dst, f *Tensor, first int, by *Weights, y, x int)

	// Sample adds values of f at points to rows of dst, and SampleBack adds the gradient
	// with respect to f to grad.
	Sample(dst *Matrix, column int, f *Tensor, at []Corners, y, x int)
	SampleBack(grad *Tensor, src *Matrix, column int, at []Corners, y, x int)
}

var _ Engine = (*Pool)(nil)

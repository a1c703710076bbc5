// Package kernel implements the operations that a VGG network and its costs consist of:
// the 3x3 convolution and its gradient with respect to its input, 2x2 pooling, ReLU,
// sums over positions, matrix products. Each operation is written once, on top of a
// small set of primitives. The primitives exist in portable Go and in assembly (see
// [Implementations]).
//
// It also holds the inner loops of optical flow, on which package flow is built (see
// flow.go).
//
// [Engine] is the interface of the operations on feature maps. [Pool], a pool of worker
// threads, is the engine for CPUs. The other methods of [Pool] operate on matrices and
// vectors or distribute tasks. "Pool" alone always means the worker pool; the 2x2
// pooling of feature maps is [Pooling], and [Pool.Downsample] applies it.
//
// # Layout
//
// Feature maps are stored in blocks of channels. At each position, a block is one cache
// line, which is one AVX-512 register: sixteen float32 or, in [BFloat16], thirty-two
// bfloat16.
//
//	[C/16][H+2][W+2][16] float32
//	[C/32][H+2][W+2][32] bfloat16
//
// C is rounded up to whole blocks, H and W to multiples of 4, the tile of the Winograd
// transform. The border of one position around the map and the positions added by
// rounding are zero in activations: they are the zero padding of the next convolution.
// Matrices have the same layout, [columns/16][rows][16]: rows are positions and columns
// are channels, so that a matrix multiplies a feature map without rearrangement. Some
// implementations compute two blocks at once; they also compute a single one.
//
// # Convolution
//
// A 3x3 convolution in float32 uses Winograd's F(4x4, 3x3) (Lavin and Gray 2015, arXiv
// 1509.09308): 4x4 outputs from a 6x6 input window, with 36 multiplications per pair of
// channels instead of 144. Its gradient with respect to the input is the same
// convolution with the weights transposed and rotated by 180 degrees. A convolution
// keeps its transformed weights where they take at most 3 MiB, as those of 128 to 128
// channels do. Larger ones are transformed again for each convolution: all at once
// where they fit the shared cache, panel by panel otherwise. That costs about two
// percent of the multiplications and saves three quarters of the memory. The root mean
// square error against float64 is about 1e-6 of the root mean square of the output.
//
// # Precision
//
// A [Tensor] has a [Precision], and a [Conv] takes and returns tensors of its own
// precision. In bfloat16 the convolution is direct: the rounding errors of a Winograd
// transform, harmless in float32, would be as large as the last bits of the 8-bit
// significand. The product of two bfloat16 is exact in float32. Products are added in
// float32, and an output is rounded once, to nearest, after bias and ReLU. The first
// layer, pooling, [Pool.Crop] and [Pool.AddAt] convert each row to float32, compute in
// the cache and round the result. All other operations, the ones on which costs are
// built among them, take float32 only.
//
// An implementation that supports bfloat16 has a second set of primitives. The portable
// primitives define them: they add in the order of the instruction VDPBF16PS, so that
// both agree to the bit. AMX tiles add in another order and agree up to the rounding of
// float32 sums. A call configures the tiles and releases them before it returns.
//
// # Determinism
//
// The order of every sum depends on shapes alone. The number of threads decides which
// worker computes a value, never the order of additions, so results of one
// implementation are identical to the bit for any number of threads. Between
// implementations, convolutions and matrix products differ by rounding; operations on
// vectors agree to the bit.
//
// The assembly flushes denormal numbers to zero: on some processors arithmetic on them
// is two hundred times slower.
package kernel

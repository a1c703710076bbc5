// Package kernel holds the few operations that a VGG network and the costs on
// top of it are made of: the 3x3 convolution and its gradient with respect to
// its input, 2x2 pooling, ReLU, sums over positions, matrix products. Each is
// written once over a small set of primitives, and each set of primitives
// exists in portable Go and in assembly (see [Implementations]).
//
// [Engine] is the interface of the operations on feature maps, and [Pool] the engine
// that runs on processors. What a [Pool] offers besides works on matrices and vectors,
// or hands out tasks.
//
// # Layout
//
// Feature maps lie in memory in blocks of channels that are one cache line, and
// one AVX-512 register, at each position: sixteen of float32 or, where a network
// runs in [BFloat16], thirty-two.
//
//	[C/16][H+2][W+2][16] float32
//	[C/32][H+2][W+2][32] bfloat16
//
// C is rounded up to whole blocks, H and W to multiples of 4 (the tile of
// the Winograd transform). The border of one position around the map, and
// whatever rounding added, is zero in activations: it is the zero padding of
// the next convolution. Matrices lie the same way, [columns/16][rows][16], so
// that positions are rows, channels are columns, and a matrix multiplies a
// feature map without being rearranged. An implementation that computes two blocks at
// once also computes one, which may be the last or the only one.
//
// # Convolution
//
// A 3x3 convolution runs as Winograd's F(4x4, 3x3) (Lavin and Gray 2015,
// arXiv 1509.09308): 4x4 outputs from a 6x6 window with 36 multiplications per
// channel pair instead of 144. Its gradient with respect to the input is the
// same convolution with the weights transposed and turned by 180 degrees. The
// transformed weights are kept where they take at most 3 MiB, as those of 128 to 128
// channels do. Others are transformed for each convolution, all at once where they
// fit the cache that processors share and panel by panel otherwise: that costs about
// two percent of the multiplications and saves three quarters of their memory. The
// root mean square error against float64
// is about 1e-6 of the output's root mean square.
//
// # Precision
//
// A [Tensor] has a [Precision], and a [Conv] runs between tensors of its own. In
// bfloat16 the convolution is direct: the errors of a Winograd transform, which
// float32 can afford, are as large as the last bits of eight. Products of two
// bfloat16 are exact in float32, where they are added up, and an output is rounded
// once, to the nearest, after its bias and ReLU. What happens around convolutions
// happens in float32 between widening and rounding, row by row in the cache: the
// first layer, pooling, what [Pool.Crop] takes out of a map and [Pool.AddAt] adds
// to it. Everything else, above all what costs are made of, takes float32.
//
// An implementation that has bfloat16 has a second set of primitives for it. The
// portable ones define it: they add in the order of the instruction VDPBF16PS, so
// that the two agree to the bit. Tiles of AMX add in an order of their own, and
// agree but for the rounding of float32 sums. A call configures the tiles, leaves
// nothing in them, and is short: whoever interrupts it need not know of them.
//
// # Determinism
//
// Every sum has an order that depends on shapes alone. The number of threads
// decides who computes what and never in which order numbers are added, so
// results are identical to the bit for any number of threads under the same
// implementation. Between implementations convolutions and matrix products differ by
// rounding; what works on vectors of elements agrees to the bit.
//
// Denormal numbers are flushed to zero inside the assembly: on some processors
// arithmetic on them is two hundred times slower.
package kernel

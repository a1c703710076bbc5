// Package flow estimates dense optical flow between the frames of a video: for each pixel
// of a frame, where the same point stands in the next one. It warps pictures by the flow,
// says where the flow can be relied on, and finds cuts.
//
// # The flow of data
//
//	frames     picture of each frame -> [NewGray] -> brightness
//	pyramid    both frames halved, again and again, down to less than two patches
//	at each level, from the coarsest to the finest:
//	  search   patches of 8 x 8 pixels, one at every fourth: each begins at the flow of the
//	           coarser level and descends to where it fits the other frame best; then it
//	           tries the flow of its neighbours
//	  densify  the flow of a pixel is a weighted mean of the flow of its patches
//	  refine   a few steps towards the flow that is smooth and keeps the gradient
//	[Field]    the flow at the finest level
//	[Reliable] flow in both directions -> which pixels the frame before has to show
//	[Warp]     the painting of the frame before -> where the next one begins
//	[IsCut]    whether the video cuts between two frames
//
// Search and densification are those of Dense Inverse Search (Kroeger, Timofte, Dai and
// Van Gool 2016, "Fast Optical Flow using Dense Inverse Search", arXiv 1603.03590). The
// gradient and the Hessian of a patch come from the first frame, so that they are computed
// once. A patch is compared less its mean, so that a change of the light does not matter.
// Here patches also exchange their flow in rounds, each of which reads the result of the
// round before, and a guess may be given, such as the flow of the pair of frames before.
// The refinement is variational (see refine.go).
//
// The conditions of reliability are those of Ruder, Dosovitskiy and Brox 2016, "Artistic
// style transfer for videos" (arXiv 1604.08610).
//
// # Determinism
//
// Results are the same to the bit for any number of threads: no sum depends on which worker
// computes it. Between implementations of package kernel they may differ by rounding, as
// those of the package's other operations do.
//
// # Accuracy and speed
//
// bench/flow.py compares both with OpenCV's DISOpticalFlow; bench/NOTES.md has its figures.
package flow

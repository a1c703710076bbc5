// Package vgg runs the VGG family of networks (Simonyan and Zisserman 2014,
// arXiv 1409.1556) forward to named layers and backward from any set of them
// to the pixels. A network is data: blocks of 3x3 convolutions, each followed
// by ReLU, with 2x2 pooling between blocks. Nothing here knows what a cost is.
//
// The way of a picture: [New] checks the weights and names their
// [Architecture]; [Network.Plan] lays out the network for one size of picture
// and one set of taps; [Plan.Forward] computes the activations, as deep as the
// deepest tap; [Plan.Backward] collects, from the deepest tap up, the gradient
// that its caller adds at each, and ends at the pixels.
//
// A plan is one or two sections of layers. A section is two lists of operations, one
// forward and one back, whose operands are numbered buffers and masks. Running a
// section, measuring its memory and dividing it into windows all read these lists
// (operation.go, section.go, run.go, divide.go, window.go).
//
// Activations between layers are float32 or bfloat16 ([PlanOptions]), and so are the
// weights. Taps see float32 in either case: parts of a bfloat16 map are converted
// before an observer sees them, and what it adds to their gradient is rounded. The
// first layer takes the picture in float32 and returns its gradient in float32.
//
// A picture is planar RGB, 3 x H x W float32, in levels of 0 to 255; [Input]
// says how a network wants it.
package vgg

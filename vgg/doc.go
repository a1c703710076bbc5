// Package vgg runs the VGG family of networks (Simonyan and Zisserman 2014,
// arXiv 1409.1556) forward to named layers and backward from any set of them
// to the pixels. A network is data: blocks of 3x3 convolutions, each followed
// by ReLU, with 2x2 pooling between blocks. Nothing here knows what a cost is.
//
// The way of a picture: [New] checks the weights and names their
// [Architecture]; [Network.Plan] lays out the buffers for one size of picture
// and one set of taps; [Plan.Forward] computes the activations, as deep as the
// deepest tap; [Plan.Backward] collects, from the deepest tap up, the gradient
// that its caller adds at each, and ends at the pixels.
//
// What layers hand on is float32 or bfloat16 ([PlanOptions]), and so are the
// weights. The difference ends at the taps: an observer sees, and adds to, parts
// in float32, which the plan makes of a map in bfloat16, or rounds to it, as it
// does where a picture is computed window by window. The first layer takes the
// picture in float32 and gives back its gradient in float32.
//
// A picture is planar RGB, 3 x H x W float32, in levels of 0 to 255; [Input]
// says how a network wants it.
package vgg

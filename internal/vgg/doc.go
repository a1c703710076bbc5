// Package vgg runs networks of the VGG family (Simonyan and Zisserman 2014, arXiv
// 1409.1556): forward from a picture to named layers, and backward from any set of
// layers to the gradient of the pixels. A network is data: blocks of 3x3 convolutions,
// each followed by ReLU, with 2x2 pooling between blocks. The package does not know
// costs.
//
// [New] checks the weights and determines the [Architecture]. [Network.Plan] prepares
// the network for one size of picture and one set of taps, the layers to observe.
// [Plan.Forward] computes the activations up to the deepest tap. [Plan.Backward] starts
// at the deepest tap, adds the gradient that its caller supplies at each tap, and ends
// at the pixels.
//
// A plan has one or two sections of consecutive layers. A section is two lists of
// operations, one forward and one backward, whose operands are numbered buffers and
// masks. Running a section, computing its memory and dividing it into windows all read
// these lists (operation.go, section.go, run.go, divide.go, window.go).
//
// Activations between layers and weights are float32 or bfloat16 ([PlanOptions]). Taps
// receive float32 in either case: bfloat16 activations are converted before an observer
// sees them, and the gradients that it adds are rounded. The first layer reads the
// picture in float32 and returns its gradient in float32.
//
// A picture is planar RGB, 3 x H x W float32, with levels of 0 to 255. [Input]
// describes how a network normalizes it.
package vgg

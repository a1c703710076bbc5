// Package paint paints one picture in the manner of others: the library's
// front door.
//
// # The way of a picture
//
// [Paint] takes a content picture, the regions of the canvas with the styles of
// each ([InMannerOf] is one region, the whole canvas), and [Options], among them a
// [Recipe]: a complete set of parameters, to be used as it is or changed. [Texture]
// takes no content. For each scale of the recipe's [Recipe.Schedule], from the
// smallest to the size of the painting:
//
//	resize content and styles -> network forward -> targets (cost)
//	faces -> where the content costs more
//	masks -> receptive fields -> where each cost looks (cost.Guide)
//	each iteration: forward -> costs and their gradients -> backward -> optimiser moves the pixels
//	                -> Progress to whoever watches
//
// and the canvas of one scale, enlarged, is where the next begins. A canvas is
// planar RGB in levels of 0 to 255; it is clamped only where a recipe or a
// file asks for it. Whose colours a painting has is seen to before the first
// scale or after the last.
//
// [Progress] and an interrupted [Painting] write a [Checkpoint], from which
// [Options.Resume] continues.
//
// [Score] measures the costs of any picture, and [Features] returns the
// activations of one layer.
//
// # Recipes
//
// [Classic] follows "Deep Learning & Art: Neural Style Transfer" to the letter,
// [Gatys] the paper it is based on (Gatys, Ecker and Bethge 2015, arXiv
// 1508.06576), [NNST] and [STROTSS] those of Kolkin and others, and [Fine] paints
// the best picture that this project knows how to.
//
// # Determinism
//
// The same inputs, options, seed and kernel implementation give the same
// picture to the bit, whatever the number of threads and the memory free. A large
// picture is computed in parts, which round differently: [Options.Memory] is one of
// the options that decide which.
package paint

// Package paint paints a picture in the style of others. It is the main package of the
// library.
//
// # How a painting is made
//
// [Paint] takes a content picture, the regions of the canvas with the styles of each
// ([InMannerOf] is one region, the whole canvas), and [Options] with a [Recipe]: a
// complete set of parameters, to use as it is or to change. [Texture] takes no content.
// For each scale of [Recipe.Schedule], from the smallest to the size of the painting:
//
//	resize content and styles -> network forward -> targets of the costs
//	faces -> where the content weighs more
//	masks -> receptive fields -> where each cost applies
//	each iteration: forward -> costs and gradients -> backward -> the optimizer moves the pixels
//	                -> Progress to the caller
//
// The next scale begins with the enlarged canvas of the one before. A canvas is planar
// RGB with levels of 0 to 255; it is clamped only where a recipe or a file format
// requires it. Colours are handled before the first scale or after the last.
//
// [Progress] and an interrupted [Painting] can write a [Checkpoint], from which
// [Options.Resume] continues.
//
// [Score] measures the costs of any picture, and [Features] returns the activations of
// one layer.
//
// # Words
//
// A [Scale] is one size of the canvas, with its iterations. A step is an iteration counted
// over all scales. [Style.Scale] and [Recipe.StyleScale] are sizes of styles relative to the
// canvas. A level is a value of a colour channel, 0 to 255, but for the levels of a pyramid.
//
// # Recipes
//
// [Classic] follows "Deep Learning & Art: Neural Style Transfer" exactly, [Gatys] the
// paper it is based on (Gatys, Ecker and Bethge 2015, arXiv 1508.06576). [Fine] paints
// the best pictures that this project knows how to. [RecipeNamed] returns these three by
// their names in lower case, and two more:
//
//   - nnst is the method of "Neural Neighbor Style Transfer" (Kolkin, Kucera, Paris,
//     Sýkora, Shechtman and Shakhnarovich 2022, arXiv 2203.13215). It paints larger, more
//     literal pieces of the style than statistics do, in exactly its colours.
//   - strotss is the method of "Style Transfer by Relaxed Optimal Transport and
//     Self-Similarity" (Kolkin, Salavon and Shakhnarovich 2019, arXiv 1904.12785): an
//     earth mover's distance between features, with a content cost that compares
//     similarities within the photo.
//
// # Determinism
//
// The same inputs, options, seed and kernel implementation give the same picture to the
// bit, for any number of threads and any amount of free memory. A large picture is
// computed in parts, which round differently; [Options.Memory] is one of the options
// that determine the parts.
package paint

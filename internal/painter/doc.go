// Package painter paints pictures whose inputs and outputs are files, and tells a person
// or a program meanwhile how far the painting is.
//
//	Painter, Work    the choices of a command line, and the pictures of one painting
//	  -> RecipeChoice, Engine            the recipe and the network
//	  -> Inputs -> OpenRegions           the content, and styles paired with their masks
//	  -> Outputs                         names that can be written, and none of an input
//	  -> paint.Paint or paint.Texture    calls the observers after each iteration:
//	       listener      person (a bar or lines) or events (--json)
//	       courseCosts   the costs as the course prints them
//	       snapshots     pictures on the way (--save-every)
//	       costLog       a table and a chart of the costs
//	       sheet, timelapse   what each scale painted, and how the painting came to be
//	       checkpoints   what it takes to continue
//	       previews      the painting in the terminal
//	  -> Outputs.SavePicture             the painting with its provenance
//
// [Painter.PaintAll] paints many works one after another.
//
// Errors name the flag or the file at fault. Those of package cli say whose fault it is;
// others are those of package paint.
package painter

package main

import (
	"github.com/spf13/cobra"
)

func newPaintCommand() *cobra.Command {
	var opts paintOptions
	cmd := &cobra.Command{
		Use:   "paint CONTENT STYLE...",
		Short: "Paint a picture in the manner of others",
		Long: `Paint the picture CONTENT in the manner of one or more pictures STYLE, which
blend. Pictures are JPEG, PNG, WebP, GIF (its first frame), TIFF or BMP.

Recipes:
  fine     the most beautiful picture that this program knows how to paint:
           coarse to fine, with the statistics of the styles matched in full
  classic  "Deep Learning & Art: Neural Style Transfer" to the letter: it prints
           the costs every 20 iterations and fills a folder, output/ unless -o
           says otherwise, with 0.png, 20.png, … and generated_image.jpg
  gatys    the paper's (Gatys, Ecker and Bethge 2015): Gram matrices, L-BFGS
  nnst     every place after the one of the style most like it (Kolkin et al. 2022)
  strotss  relaxed optimal transport and self-similarity (Kolkin et al. 2019)
Every other flag that is given changes the recipe in that one respect.

` + strengthHelp + `

Masks: --mask shows where on the content the first style belongs (white: there;
black: not; grey: in part), a second --mask where the second one does, and so
on; with one style it belongs to all of them. What no mask shows stays as the
photo is, and so does what --keep shows. --style-mask shows which part of the
style is looked at. Two label pictures, in which each colour is a region, pair
the regions of the same colour.

Colours: --colors content keeps the photo's, best by luminance, its default
--color-method, which takes the style's light and shade alone; by the others,
oklab above all, colours smear. --colors match gives the painting exactly the
style's, best by linear, its default; oklab may overdo hues that the style has
little of.

Faces: fine and nnst look for faces in the photo and paint them closer to it than
the rest. How many there are is said; --faces ignore paints them like the rest.
classic, gatys and strotss follow their papers, unless --faces keep is given.

Many at once: with --out-dir, CONTENT and STYLE may be folders and patterns such
as 'photos/*.jpg'. Every content is painted in the manner of every style; what
is there already is left out, and what fails is reported at the end.

The painting is saved as -o says: PNG, JPEG, WebP or TIFF by its extension, or
in a folder: one that exists or a name that ends in /. Without -o it is called
after its inputs, in the current folder, and never like a file that exists. It
appears whole or not at all, and no input is ever written over.

Ctrl-C saves the painting as it is; a second one stops at once.

` + eventsHelp + exitHelp(exitOK, exitFailure, exitUsage, exitInput, exitOutput, exitDiverged, exitInterrupted),
		Example: `  pastiche paint photo.jpg painting.jpg
  pastiche paint photo.jpg painting.jpg -o mine.png --size 1024
  pastiche paint photo.jpg painting.jpg --strength bold
  pastiche paint photo.jpg monet.jpg hokusai.jpg --style-blend 3,7 -o both.webp
  pastiche paint photo.jpg painting.jpg --recipe classic -o lesson/
  pastiche paint photo.jpg painting.jpg --colors content --mask sky.png
  pastiche paint 'photos/*.jpg' paintings/ --out-dir gallery
  pastiche paint photo.jpg painting.jpg --size 2048 --checkpoint night.checkpoint
  pastiche paint photo.jpg painting.jpg -o mine.png --log costs.csv --plot costs.png`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return misused("expected a content picture and at least one style picture, found %d in all", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if opts.outDir != "" {
				return runBatch(cmd.Context(), &opts, cmd.Flags(), args[0], args[1:])
			}
			return runWork(cmd.Context(), &opts, cmd.Flags(), work{content: args[0], styles: args[1:]})
		},
	}
	opts.AddFlags(cmd)
	return cmd
}

// AddFlags adds what shapes a painting of a content, and where it goes.
func (o *paintOptions) AddFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	o.addStrength(cmd)
	o.addOutput(cmd)
	o.addCanvas(cmd)
	o.addSubject(cmd)
	o.addHand(cmd)
	flags.BoolVar(&o.keepProfile, "keep-profile", false, "paint in the colour profile of the content instead of sRGB, and save it with the painting")
	o.costOptions.AddFlags(cmd)
	flags.StringVar(&o.outDir, "out-dir", "", "`FOLDER` for the paintings of many contents and styles")
	flags.StringVar(&o.pairs, "pairs", pairsAll, "with --out-dir, `WHICH` contents and styles meet: all, or zip for the first with the first and so on")
	complete(cmd, "pairs", []string{pairsAll, pairsZip}, cobra.ShellCompDirectiveNoFileComp)
}

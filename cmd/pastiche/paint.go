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
blend. Pictures are JPEG, PNG, WebP, GIF (its first frame), TIFF, BMP, HEIC or AVIF.

Recipes:
  fine     the most beautiful picture that this program knows how to paint:
           coarse to fine, with the statistics of the styles matched in full
  classic  "Deep Learning & Art: Neural Style Transfer" to the letter: it prints
           the costs every 20 iterations and fills a folder with 0.png, 20.png, …
           and generated_image.jpg: the one that -o names, or a new one, output/
           or output-2/ and so on
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
is there already is left out, and what fails is reported at the end. Of a folder
or a pattern, the pictures count, whatever their extensions, but not hidden files,
and not files in --out-dir, which may not be one of the folders. Pictures of a
format that pastiche does not read are named. The exit code is that of the
paintings that failed, or 1 where they failed for several reasons. Ctrl-C leaves
out the painting that is not finished, and the same command goes on with it.

The painting is saved as -o says: PNG, JPEG, WebP or TIFF by its extension, or
in a folder: one that exists or a name that ends in /. With -o - it is written to
standard output as a PNG. Without -o it is called after its inputs, in the current
folder. A name that pastiche chooses is never that of a file that exists: the
painting gets a number, as in photo-painting-2.png. The painting appears whole or
not at all, and no input is ever written over.

Prints: --print A3 or --print 60x40cm@200dpi, with --bleed 3mm if the paper is cut,
paints exactly the pixels of the print, upright or across as the photo is. The
photo is cropped to the shape of the paper, masks and the picture of --init with
it. How much memory and time it takes is said before it begins.

--checkpoint keeps what it takes to continue in a new file, and --resume continues
from it. The file is removed when the painting is done.

Ctrl-C saves the painting as it is; a second one stops at once. Before the first
iteration there is nothing to save.

` + eventsHelp + batchEventsHelp,
		Example: `  pastiche paint photo.jpg painting.jpg
  pastiche paint photo.jpg painting.jpg -o mine.png --size 1024
  pastiche paint photo.jpg painting.jpg --strength bold
  pastiche paint photo.jpg monet.jpg hokusai.jpg --style-blend 3,7 -o both.webp
  pastiche paint photo.jpg painting.jpg --recipe classic -o lesson/
  pastiche paint photo.jpg painting.jpg --colors content --mask sky.png
  pastiche paint 'photos/*.jpg' paintings/ --out-dir gallery
  pastiche paint photo.jpg painting.jpg --print 60x40cm@300dpi --bleed 3mm -o print.tif
  pastiche paint photo.jpg painting.jpg --keep-metadata -o mine.jpg
  pastiche paint photo.jpg painting.jpg --size 2048 --checkpoint night.checkpoint
  pastiche paint photo.jpg painting.jpg -o - | convert - -resize 50% small.jpg
  pastiche paint photo.jpg painting.jpg -o mine.png --cost-log costs.csv --chart costs.png`,
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

// AddFlags adds the flags of a painting of a content.
func (o *paintOptions) AddFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	o.addOutput(cmd)
	o.addRecipe(cmd)
	o.addStrength(cmd)
	o.everydayFlags(cmd, "size", "iterations", "content_weight", "style_scale", "colors", "faces")
	o.addMasks(cmd)
	o.addStyles(cmd)
	o.addSeed(cmd)
	everyday(cmd, "mask", "keep", "set")
	flags.BoolVar(&o.keepProfile, "keep-profile", false, "paint in the colour profile of the content instead of sRGB, and save it with the painting")
	o.addKeepMetadata(cmd)
	flags.StringVar(&o.outDir, "out-dir", "", "`FOLDER` for the paintings of many contents and styles")
	flags.StringVar(&o.pairs, "pairs", pairsAll, "with --out-dir, `WHICH` contents and styles meet: all, or zip for the first with the first and so on")
	complete(cmd, "pairs", []string{pairsAll, pairsZip}, cobra.ShellCompDirectiveNoFileComp)
	section(cmd, "Output", "keep-profile", "keep-metadata", "out-dir", "pairs")
	o.addPrint(cmd)
	o.engineOptions.AddFlags(cmd)
	flags.Lookup("network").Usage += "; classic prefers vgg19 once that is here"
}

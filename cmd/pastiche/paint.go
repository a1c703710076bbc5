package main

import (
	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/painter"
)

func newPaintCommand() *cobra.Command {
	var opts paintOptions
	cmd := &cobra.Command{
		Use:   "paint CONTENT STYLE...",
		Short: "Paint a picture in the manner of others",
		Long: `Paint the picture CONTENT in the manner of one or more pictures STYLE, which
blend. Pictures are JPEG, PNG, WebP, GIF (its first frame), TIFF, BMP, HEIC or AVIF.

Recipes: 'pastiche recipes' lists them, and 'pastiche recipes NAME' the parameters of
one, which --set changes. classic prints the costs every 20 iterations and fills a
folder with 0.png, 20.png, … and generated_image.jpg: the folder that -o names, or a
new one, output/ or output-2/ and so on.

` + strengthHelp + `

Masks: --mask shows where on the content the first style paints (white: there; black:
not; grey: in part), a second --mask where the second style does, and so on; with one
style every mask is of that style. What no mask shows stays as the photo is, and so
does what --keep shows. --style-mask shows the part of a style that counts. Two label
pictures, in which each colour is a region, pair the regions of the same colour.

Colours: --colors content keeps the photo's, by luminance unless --set color_method=
names another method; the others, oklab above all, smear them. --colors match gives the
painting exactly the style's, by linear; oklab may overdo hues that the style has
little of.

Faces: fine and nnst paint faces in the photo closer to it than the rest. classic,
gatys and strotss follow their papers, unless --faces keep is given.

Many at once: with --out-dir, CONTENT and STYLE may be folders and patterns such as
'photos/*.jpg'. Every content is painted in the manner of every style. Paintings that
exist are left out, and failures are reported at the end. Of a folder or a pattern, all
pictures count but hidden files and files in --out-dir, which may not be one of the
folders. Pictures of a format that pastiche does not read are named. After Ctrl-C the
same command goes on with the painting that was not finished.

Output: PNG, JPEG, WebP or TIFF by the extension of -o, or a file in a folder: one that
exists or a name that ends in /. With -o - the painting is written to standard output
as a PNG. Without -o it is called after its inputs, in the current folder. A name that
pastiche chooses is never that of a file that exists: the painting gets a number, as in
photo-painting-2.png. The painting appears whole or not at all, and no input is ever
written over.

Prints: --print A3 or --print 60x40cm@200dpi, with --bleed 3mm if the paper is cut,
paints exactly the pixels of the print, upright or across as the photo is. The photo is
cropped to the shape of the paper, masks and the picture of --init with it. The memory
and the time that it takes are printed first.

Checkpoints: --checkpoint saves every now and then what it takes to continue, in a new
file, and --resume continues from it. The file is removed when the painting is done.
Ctrl-C saves the painting as it is; a second one stops at once. Before the first
iteration there is nothing to save.

` + painter.EventsHelp + painter.BatchEventsHelp,
		Example: `  pastiche paint photo.jpg painting.jpg
  pastiche paint photo.jpg painting.jpg -o mine.png --size 1024
  pastiche paint photo.jpg painting.jpg --strength bold
  pastiche paint photo.jpg monet.jpg hokusai.jpg --style-blend 3,7 -o both.webp
  pastiche paint photo.jpg painting.jpg --recipe classic -o lesson/
  pastiche paint photo.jpg painting.jpg --colors content --mask sky.png
  pastiche paint photo.jpg painting.jpg --set variation_weight=2 --set rotations=4
  pastiche paint 'photos/*.jpg' paintings/ --out-dir gallery
  pastiche paint photo.jpg painting.jpg --print 60x40cm@300dpi --bleed 3mm -o print.tif
  pastiche paint photo.jpg painting.jpg --keep-metadata -o mine.jpg
  pastiche paint photo.jpg painting.jpg --size 2048 --checkpoint night.checkpoint
  pastiche paint photo.jpg painting.jpg -o - | convert - -resize 50% small.jpg
  pastiche paint photo.jpg painting.jpg -o mine.png --cost-log costs.csv --chart costs.png`,
		Args: cli.Args(2, -1, "a content picture and at least one style picture"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if opts.OutDir != "" {
				return opts.PaintAll(cmd.Context(), args[0], args[1:])
			}
			return opts.Paint(cmd.Context(), painter.Work{Content: args[0], Styles: args[1:]})
		},
	}
	opts.AddFlags(cmd)
	return cmd
}

// AddFlags adds the flags of a painting of a content.
func (o *paintOptions) AddFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	o.addOutput(cmd)
	addRecipe(cmd, &o.Recipe)
	addStrength(cmd, &o.Recipe)
	everydayFlags(cmd, &o.Recipe, "size", "iterations", "content_weight", "style_scale", "colors", "faces")
	o.addMasks(cmd)
	o.addStyles(cmd)
	o.addSeed(cmd)
	cli.Everyday(cmd, "mask", "keep", "set")
	flags.BoolVar(&o.KeepProfile, "keep-profile", false, "paint in the colour profile of the content instead of sRGB, and save it with the painting")
	o.addKeepMetadata(cmd)
	flags.StringVar(&o.OutDir, "out-dir", "", "`FOLDER` for the paintings of many contents and styles")
	flags.StringVar(&o.Pairs, "pairs", painter.PairsAll, "with --out-dir, `WHICH` contents and styles meet: all, or zip for the first with the first and so on")
	cli.Complete(cmd, "pairs", []string{painter.PairsAll, painter.PairsZip}, cobra.ShellCompDirectiveNoFileComp)
	cli.Section(cmd, "Output", "keep-profile", "keep-metadata", "out-dir", "pairs")
	o.addPrint(cmd)
	addEngine(cmd, &o.Engine, &o.Inputs)
	flags.Lookup("network").Usage += "; classic prefers vgg19 once that is here"
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/client"
	"github.com/pastiche-art/pastiche/job"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

const keyVariable = "PASTICHE_KEY"

// addServerFlags makes a client of flags and the environment.
func addServerFlags(cmd *cobra.Command) *client.Client {
	c := &client.Client{Key: os.Getenv(keyVariable)}
	cmd.Flags().StringVar(&c.URL, "server", "http://127.0.0.1:8080", "`URL` of a server; its key is in "+keyVariable)
	return c
}

// submitOptions are the flags of a painting that a server makes.
type submitOptions struct {
	paintOptions
	options, key string
	shape        canvasShape // of a texture
}

func newSubmitCommand() *cobra.Command {
	o := &submitOptions{}
	cmd := &cobra.Command{
		Use:   "submit CONTENT STYLE...",
		Short: "Give a server a picture to paint, and print the job's id",
		Long: `Give a server a picture to paint, and print the job's id. Flags and masks mean
what they mean to 'pastiche paint'. With --shape all pictures are styles, of a
texture. The pictures are sent as they are.` + exitHelp(exitOK, exitFailure, exitUsage, exitInput),
		Example: `  id=$(pastiche submit photo.jpg painting.jpg --size 1024)
  pastiche wait $id -o mine.png
  pastiche submit photo.jpg sky.jpg sea.jpg --mask above.png --mask below.png
  pastiche submit pebbles.jpg --shape 1024x256 --tileable`,
		Args: func(cmd *cobra.Command, args []string) error {
			least := 2
			if cmd.Flags().Changed("shape") {
				least = 1
			}
			return cobra.MinimumNArgs(least)(cmd, args)
		},
	}
	cmd.Flags().SortFlags = false
	c := addServerFlags(cmd)
	o.AddFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		options, err := o.jobOptions(cmd.Flags())
		if err != nil {
			return err
		}
		content := ""
		if len(options.Shape) == 0 {
			content, args = args[0], args[1:]
		}
		files, scales, err := o.files(cmd.Context(), content, args)
		if err != nil {
			return err
		}
		if o.styleScales != nil {
			options.StyleScales = scales
		}
		text, err := json.Marshal(options)
		if err != nil {
			return err
		}
		j, err := c.Submit(cmd.Context(), files, string(text), o.key)
		if err != nil {
			return err
		}
		return printText([]byte(j.ID + "\n"))
	}
	return cmd
}

// AddFlags adds what shapes a painting, wherever it is made.
func (o *submitOptions) AddFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.key, "key", "", "idempotency `KEY`: the same key is the same job")
	flags.StringVar(&o.options, "options", "", "`JSON` as the API has it, such as '{\"recipe\":{\"name\":\"classic\"}}', which other flags change")
	o.addStrength(cmd)
	o.addCanvas(cmd)
	o.addSubject(cmd)
	o.addHand(cmd)
	flags.Var(&o.shape, "shape", "`SIZE` of a texture in pixels, or its proportions where --size says how large")
	flags.Lookup("shape").DefValue = "" // which help texts leave out
	flags.BoolVar(&o.tileable, "tileable", false, "join the sides of a texture without a seam")
	o.addCosts(cmd)
	o.addPooling(cmd)
	o.maxPixels = picture.DefaultMaxPixels
}

// jobOptions returns the options of the job that flags describe.
func (o *submitOptions) jobOptions(flags *pflag.FlagSet) (job.Options, error) {
	var options job.Options
	if o.options != "" {
		for _, other := range []string{"recipe", "strength"} {
			if flags.Changed(other) {
				return options, misused("--%s and --options: expected one or the other, as the options may hold it", other)
			}
		}
		var err error
		if options, err = job.ParseOptions([]byte(o.options)); err != nil {
			return options, err
		}
		o.base = &options.Recipe
	}
	if flags.Changed("shape") {
		options.Shape = []int{o.shape.X, o.shape.Y}
		if err := o.shape.setSize(flags); err != nil {
			return options, err
		}
	}
	if flags.Changed("seed") {
		options.Seed = o.seed
	}
	if flags.Changed("strength") {
		options.Strength = (*paint.Strength)(&o.strength)
	}
	if o.blend != nil {
		options.Weights = o.blend
	}
	var err error
	options.Recipe, err = o.requested(flags)
	return options, err
}

// files returns what is sent, the files as they are and masks that are drawn from
// label pictures, and the scales of the styles among it, of which one that several
// masks share is sent several times.
func (o *submitOptions) files(ctx context.Context, content string, styles []string) (sent []client.File, scales []float64, err error) {
	send := func(field, path string) error {
		data, err := os.ReadFile(path)
		if err != nil {
			return &inputError{err}
		}
		sent = append(sent, client.File{Field: field, Name: filepath.Base(path), Data: data})
		return nil
	}
	for field, path := range map[string]string{"content": content, "keep": o.keep, "init": o.initPicture()} {
		if path == "" {
			continue
		}
		if _, err := o.openPicture(path); err != nil {
			return nil, nil, err
		}
		if err := send(field, path); err != nil {
			return nil, nil, err
		}
	}
	regions, paths, err := o.placed(ctx, styles)
	if err != nil {
		return nil, nil, err
	}
	sendMask := func(field string, m image.Image) error {
		if m == nil {
			return nil
		}
		if path := paths[m]; path != "" {
			return send(field, path)
		}
		var b bytes.Buffer
		err := picture.Encode(&b, picture.FromImage(m), picture.PNG, picture.SaveOptions{})
		sent = append(sent, client.File{Field: field, Name: field + ".png", Data: b.Bytes()})
		return err
	}
	for _, r := range regions {
		if err := sendMask("mask", r.Mask); err != nil {
			return nil, nil, err
		}
		for _, s := range r.Styles {
			if err := send("style", paths[s.Picture]); err != nil {
				return nil, nil, err
			}
			scales = append(scales, s.Scale)
			if err := sendMask("style_mask", s.Mask); err != nil {
				return nil, nil, err
			}
		}
	}
	return sent, scales, nil
}

// placed says which styles belong where, and from which files pictures and masks
// came.
func (o *submitOptions) placed(ctx context.Context, names []string) ([]paint.Region, map[image.Image]string, error) {
	paths := make(map[image.Image]string)
	styles, err := o.openStyles(ctx, names)
	if err != nil {
		return nil, nil, err
	}
	for i, s := range styles {
		paths[s.Picture] = names[i]
	}
	var masks [2][]image.Image
	for i, of := range [][]string{o.masks, o.styleMasks} {
		if masks[i], err = o.openMasks(ctx, of); err != nil {
			return nil, nil, err
		}
		for k, m := range masks[i] {
			paths[m] = of[k]
		}
	}
	regions, err := o.divide(styles, masks[0], masks[1])
	return regions, paths, err
}

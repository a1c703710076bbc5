package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/client"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// submitOptions are the flags of a painting that a server makes.
type submitOptions struct {
	serverOptions
	paintOptions
	idempotencyKey, retention string
	labels                    map[string]string
	shape                     canvasShape // of a texture
	asJSON                    bool
}

func newJobsSubmitCommand() *cobra.Command {
	o := &submitOptions{}
	cmd := &cobra.Command{
		Use:   "submit CONTENT STYLE...",
		Short: "Submit a job and print its id",
		Long: `Submit a job and print its id. 'pastiche jobs wait' waits for the painting.
Flags and masks mean what they mean to 'pastiche paint', and --recipe also takes
a preset of the server. With --shape all pictures are styles, of a texture.
Pictures are sent as they are. The job has the name of the content's file,
unless a label "name" is given.

A command that is run again, because its answer was lost or a script was started
again, submits the same job once where --idempotency-key is the same.`,
		Example: `  id=$(pastiche jobs submit photo.jpg painting.jpg --size 1024)
  pastiche jobs submit photo.jpg sky.jpg sea.jpg --mask up.png --mask low.png
  pastiche jobs submit photo.jpg painting.jpg --idempotency-key order-7
  pastiche jobs submit pebbles.jpg --shape 1024x256 --tileable`,
		Args: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("shape") {
				if len(args) == 0 {
					return cli.Misused("no pictures: expected a style for the texture, such as 'pastiche jobs submit pebbles.jpg --shape 512x512'")
				}
			} else if len(args) < 2 {
				return cli.Misused("%d pictures: expected a content and a style, such as 'pastiche jobs submit photo.jpg painting.jpg'", len(args))
			}
			return nil
		},
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return o.with(func(c *client.Client) error { return o.run(cmd.Context(), cmd.Flags(), c, args) })
	}
	o.AddFlags(cmd)
	return cmd
}

func (o *submitOptions) AddFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	o.addRecipe(cmd)
	o.addStrength(cmd)
	o.everydayFlags(cmd, "size", "iterations", "content_weight", "style_scale", "colors", "faces")
	o.addMasks(cmd)
	o.addStyles(cmd)
	o.addSeed(cmd)
	flags.Var(&o.shape, "shape", "`SIZE` of a texture in pixels, or its proportions where --size says how large")
	flags.Lookup("shape").DefValue = "" // which help texts leave out
	cli.Everyday(cmd, "mask", "keep", "set")
	addParameters(cmd, "tileable")
	cli.Section(cmd, "Texture", "shape", "tileable")
	o.maxPixels = picture.DefaultMaxPixels
	flags.StringVar(&o.idempotencyKey, "idempotency-key", "", "`KEY` of the submission; submissions with the same key are one job")
	flags.StringToStringVar(&o.labels, "label", nil, "`NAME=VALUE` of a label that the job is listed by; repeatable")
	flags.StringVar(&o.retention, "retention", "", "`TIME` that the finished job is kept, such as 48h, or forever (default and most: what the server allows)")
	flags.BoolVar(&o.asJSON, "json", false, "print the job as one JSON object")
	cli.Section(cmd, "Job", "label", "retention", "idempotency-key", "json")
	o.serverOptions.AddFlags(cmd)
}

func (o *submitOptions) run(ctx context.Context, flags *pflag.FlagSet, c *client.Client, args []string) error {
	options, err := o.jobOptions(ctx, flags, c)
	if err != nil {
		return err
	}
	submission := api.Submission{Options: options, Labels: named(o.labels, args[0]), Retention: o.retention}
	content := ""
	if len(options.Shape) == 0 {
		content, args = args[0], args[1:]
	}
	pictures, scales, err := o.pictures(ctx, content, args)
	if err != nil {
		return err
	}
	if o.styleScales != nil {
		options.StyleScales = scales
	}
	j, err := c.Submit(ctx, o.idempotencyKey, submission, pictures...)
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%w; the server may have accepted the job: 'pastiche jobs list' lists it", cli.ErrInterrupted)
	case err != nil:
		return err
	case o.asJSON:
		return cli.PrintJSON([]*api.Job{j})
	}
	return cli.PrintText([]byte(j.ID + "\n"))
}

// The bounds of labels that a server accepts.
const (
	maxLabels     = 16
	maxLabelRunes = 63
)

// named returns labels with the name of a job that has none: that of the file of its
// first picture.
func named(labels map[string]string, path string) map[string]string {
	name := []rune(strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return -1
	}, strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))))
	if _, given := labels[nameLabel]; given || len(labels) == maxLabels || len(name) == 0 || path == cli.StandardInput {
		return labels
	}
	all := map[string]string{nameLabel: string(name[:min(len(name), maxLabelRunes)])}
	maps.Copy(all, labels)
	return all
}

// jobOptions returns the options of the job that flags describe. A recipe that this
// program does not know is a preset of the server.
func (o *submitOptions) jobOptions(ctx context.Context, flags *pflag.FlagSet, c *client.Client) (*api.Options, error) {
	if !isRecipeFile(o.name) && !slices.Contains(paint.RecipeNames(), o.name) {
		preset, err := presetNamed(ctx, c, o.name, paint.Strength(o.strength))
		if err != nil {
			return nil, inFlags(err)
		}
		o.base = preset
	}
	options := &api.Options{StyleWeights: o.blend, Seed: o.seed}
	if flags.Changed("shape") {
		options.Shape = []int{o.shape.X, o.shape.Y}
		if err := o.shape.setSize(flags); err != nil {
			return nil, err
		}
	}
	if flags.Changed("strength") {
		options.Strength = (*float64)(&o.strength)
	}
	recipe, err := o.requested(flags)
	options.Recipe = job.RecipeOf(&recipe)
	return options, err
}

// presetNamed returns the preset of the server with a name, with its strength, or nil
// where there is none.
func presetNamed(ctx context.Context, c *client.Client, name string, strength paint.Strength) (*paint.Recipe, error) {
	list, err := c.Recipes(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range list.Recipes {
		if r.Name != name {
			continue
		}
		data, err := json.Marshal(r.Recipe)
		if err != nil {
			return nil, err
		}
		recipe, err := paint.ParseRecipe(data, strength)
		return &recipe, err
	}
	return nil, nil
}

// pictures returns the pictures that are sent and the scale of each style among them.
// Files are sent as they are, masks of label pictures as PNG files. A style that
// several masks share is sent several times.
func (o *submitOptions) pictures(ctx context.Context, content string, styles []string) (sent []client.Picture, scales []float64, err error) {
	o.inputs.files = make(map[string][]byte)
	send := func(role api.Role, path string) {
		sent = append(sent, client.Picture{Role: role, Open: client.Bytes(o.inputs.files[path])})
	}
	for role, path := range map[api.Role]string{api.Content: content, api.Keep: o.keep, api.Init: o.init} {
		if path == "" {
			continue
		}
		if _, err := o.openPicture(ctx, path); err != nil {
			return nil, nil, err
		}
		send(role, path)
	}
	regions, paths, err := o.placed(ctx, styles)
	if err != nil {
		return nil, nil, err
	}
	sendMask := func(role api.Role, m image.Image) error {
		if m == nil {
			return nil
		}
		if path := paths[m]; path != "" {
			send(role, path)
			return nil
		}
		var b bytes.Buffer
		err := picture.Encode(&b, picture.FromImage(m), picture.PNG, picture.SaveOptions{})
		sent = append(sent, client.Picture{Role: role, Open: client.Bytes(b.Bytes())})
		return err
	}
	for _, r := range regions {
		if err := sendMask(api.Mask, r.Mask); err != nil {
			return nil, nil, err
		}
		for _, s := range r.Styles {
			send(api.Style, paths[s.Picture])
			scales = append(scales, s.Scale)
			if err := sendMask(api.StyleMask, s.Mask); err != nil {
				return nil, nil, err
			}
		}
	}
	return sent, scales, nil
}

// placed returns the regions with their styles and masks, and the file of each picture
// and mask that has one.
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
	regions, err := o.divide(styles, masks[0], masks[1], nil)
	return regions, paths, err
}

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

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/client"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/painter"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// submitOptions are the flags of a painting that a server makes.
type submitOptions struct {
	serverOptions
	paintOptions
	idempotencyKey, retention string
	labels                    map[string]string
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
		return o.with(func(c *client.Client) error { return o.run(cmd.Context(), c, args) })
	}
	o.AddFlags(cmd)
	return cmd
}

func (o *submitOptions) AddFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	addRecipe(cmd, &o.Recipe)
	addStrength(cmd, &o.Recipe)
	everydayFlags(cmd, &o.Recipe, "size", "iterations", "content_weight", "style_scale", "colors", "faces")
	o.addMasks(cmd)
	o.addStyles(cmd)
	o.addSeed(cmd)
	addShape(cmd, &o.Shape, "`SIZE` of a texture in pixels, or its proportions where --size says how large")
	cli.Everyday(cmd, "mask", "keep", "set")
	addParameters(cmd, &o.Recipe, "tileable")
	cli.Section(cmd, "Texture", "shape", "tileable")
	o.Inputs.MaxPixels = picture.DefaultMaxPixels
	flags.StringVar(&o.idempotencyKey, "idempotency-key", "", "`KEY` of the submission; submissions with the same key are one job")
	flags.StringToStringVar(&o.labels, "label", nil, "`NAME=VALUE` of a label that the job is listed by; repeatable")
	flags.StringVar(&o.retention, "retention", "", "`TIME` that the finished job is kept, such as 48h, or forever (default and most: what the server allows)")
	flags.BoolVar(&o.asJSON, "json", false, "print the job as one JSON object")
	cli.Section(cmd, "Job", "label", "retention", "idempotency-key", "json")
	o.serverOptions.AddFlags(cmd)
}

func (o *submitOptions) run(ctx context.Context, c *client.Client, args []string) error {
	w := painter.Work{Styles: args}
	if o.Shape == nil {
		w = painter.Work{Content: args[0], Styles: args[1:]}
	}
	options, err := o.jobOptions(ctx, c, w)
	if err != nil {
		return err
	}
	submission := api.Submission{Options: options, Labels: named(o.labels, args[0]), Retention: o.retention}
	pictures, scales, err := o.pictures(ctx, w)
	if err != nil {
		return err
	}
	if o.StyleScales != nil {
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
func (o *submitOptions) jobOptions(ctx context.Context, c *client.Client, w painter.Work) (*api.Options, error) {
	if !painter.IsRecipeFile(o.Recipe.Name) && !slices.Contains(paint.RecipeNames(), o.Recipe.Name) {
		preset, err := presetNamed(ctx, c, o.Recipe)
		if err != nil {
			return nil, painter.InFlags(err)
		}
		o.Recipe.Base = preset
	}
	options := &api.Options{StyleWeights: o.StyleBlend, Seed: o.Seed, Strength: (*float64)(o.Recipe.Strength)}
	if o.Shape != nil {
		options.Shape = []int{o.Shape.X, o.Shape.Y}
	}
	recipe, err := o.ChosenRecipe(w)
	options.Recipe = job.RecipeOf(&recipe)
	return options, err
}

// presetNamed returns the preset of the server that is chosen, with its strength, or nil
// where there is none.
func presetNamed(ctx context.Context, c *client.Client, chosen painter.RecipeChoice) (*paint.Recipe, error) {
	list, err := c.Recipes(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range list.Recipes {
		if r.Name != chosen.Name {
			continue
		}
		data, err := json.Marshal(r.Recipe)
		if err != nil {
			return nil, err
		}
		strength := paint.Balanced
		if chosen.Strength != nil {
			strength = *chosen.Strength
		}
		recipe, err := paint.ParseRecipe(data, strength)
		return &recipe, err
	}
	return nil, nil
}

// pictures returns the pictures that are sent and the scale of each style among them.
// Files are sent as they are, masks of label pictures as PNG files. A style that
// several masks share is sent several times.
func (o *submitOptions) pictures(ctx context.Context, w painter.Work) (sent []client.Picture, scales []float64, err error) {
	send := func(role api.Role, p image.Image) error {
		file := o.Inputs.File(p)
		if file == nil {
			var b bytes.Buffer
			if err := picture.Encode(&b, picture.FromImage(p), picture.PNG, picture.SaveOptions{}); err != nil {
				return err
			}
			file = b.Bytes()
		}
		sent = append(sent, client.Picture{Role: role, Open: client.Bytes(file)})
		return nil
	}
	for role, path := range map[api.Role]string{api.Content: w.Content, api.Init: o.Init} {
		if path == "" {
			continue
		}
		p, err := o.Inputs.Open(ctx, path)
		if err == nil {
			err = send(role, p)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	regions, err := o.OpenRegions(ctx, w.Styles)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range regions {
		role := api.Mask
		if len(r.Styles) == 0 {
			role = api.Keep
		}
		if r.Mask != nil {
			if err := send(role, r.Mask); err != nil {
				return nil, nil, err
			}
		}
		for _, s := range r.Styles {
			if err := send(api.Style, s.Picture); err != nil {
				return nil, nil, err
			}
			scales = append(scales, s.Scale)
			if s.Mask == nil {
				continue
			}
			if err := send(api.StyleMask, s.Mask); err != nil {
				return nil, nil, err
			}
		}
	}
	return sent, scales, nil
}

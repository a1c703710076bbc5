package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/client"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// submitOptions are the flags of a painting that a server makes.
type submitOptions struct {
	serverOptions
	paintOptions
	options, idempotencyKey string
	labels                  map[string]string
	retention               time.Duration
	shape                   canvasShape // of a texture
}

func newSubmitCommand() *cobra.Command {
	o := &submitOptions{}
	cmd := &cobra.Command{
		Use:   "submit CONTENT STYLE...",
		Short: "Submit a painting to a server and print the job's id",
		Long: `Submit a painting to a server and print the job's id. 'pastiche jobs' waits for
it, lists and cancels it. Flags and masks mean what they mean to 'pastiche paint'.
With --shape all pictures are styles, of a texture. Pictures are sent as they are.

A command that is run again, because its answer was lost or a script was started
again, submits the same job once where --idempotency-key is the same.` + serverEnvironment +
			exitHelp(exitOK, exitFailure, exitUsage, exitInput, exitRefused, exitInterrupted),
		Example: `  id=$(pastiche submit photo.jpg painting.jpg --size 1024)
  pastiche jobs wait $id -o mine.png
  pastiche submit photo.jpg sky.jpg sea.jpg --mask above.png --mask below.png
  pastiche submit photo.jpg painting.jpg --label order=7 --idempotency-key order-7
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
	o.AddFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), cmd.Flags(), args) }
	return cmd
}

func (o *submitOptions) run(ctx context.Context, flags *pflag.FlagSet, args []string) error {
	if flags.Changed("retention") && o.retention <= 0 {
		return misused("--retention %v: expected a positive time such as 48h", o.retention)
	}
	c, err := o.connect()
	if err != nil {
		return err
	}
	options, err := o.jobOptions(ctx, flags, c)
	if err != nil {
		return err
	}
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
	submission := api.Submission{Options: options, Labels: o.labels}
	if o.retention > 0 {
		submission.Retention = o.retention.String()
	}
	j, err := c.Submit(ctx, o.idempotencyKey, submission, pictures...)
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w; the server may have accepted the job: 'pastiche jobs list' lists it", errInterrupted)
	}
	if err != nil {
		return err
	}
	return printText([]byte(j.ID + "\n"))
}

// AddFlags adds what shapes a painting, wherever it is made.
func (o *submitOptions) AddFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	o.serverOptions.AddFlags(cmd)
	flags.StringVar(&o.idempotencyKey, "idempotency-key", "", "`KEY` of the submission; submissions with the same key are one job")
	flags.StringToStringVar(&o.labels, "label", nil, "`NAME=VALUE` that the job is listed by; repeatable")
	flags.DurationVar(&o.retention, "retention", 0, "`TIME` that the finished job is kept, such as 48h (default and most: what the server allows)")
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

// jobOptions returns the options of the job that flags describe. A recipe that this
// program does not know is a preset of the server.
func (o *submitOptions) jobOptions(ctx context.Context, flags *pflag.FlagSet, c *client.Client) (*api.Options, error) {
	text := []byte(o.options)
	switch {
	case o.options != "":
		for _, other := range []string{"recipe", "strength"} {
			if flags.Changed(other) {
				return nil, misused("--%s and --options: expected one or the other, as the options may hold it", other)
			}
		}
	case !slices.Contains(paint.RecipeNames(), o.name):
		named := api.Options{Recipe: api.Recipe{"name": o.name}}
		if flags.Changed("strength") {
			named.Strength = (*float64)(&o.strength)
		}
		var err error
		if text, err = json.Marshal(named); err != nil {
			return nil, err
		}
	}
	var given job.Options
	if len(text) > 0 {
		var listErr error
		var err error
		given, err = job.ParseOptions(text, func(name string) (api.Recipe, bool) {
			var preset api.Recipe
			preset, listErr = presetNamed(ctx, c, name)
			return preset, preset != nil
		})
		if err := cmp.Or(listErr, inFlags(err)); err != nil {
			return nil, err
		}
		o.base = &given.Recipe
	}
	if flags.Changed("shape") {
		given.Shape = []int{o.shape.X, o.shape.Y}
		if err := o.shape.setSize(flags); err != nil {
			return nil, err
		}
	}
	recipe, err := o.requested(flags)
	if err != nil {
		return nil, err
	}
	options := &api.Options{
		Recipe: job.RecipeOf(&recipe), Strength: (*float64)(given.Strength),
		StyleWeights: given.StyleWeights, StyleScales: given.StyleScales, Seed: given.Seed, Shape: given.Shape,
	}
	if flags.Changed("strength") {
		options.Strength = (*float64)(&o.strength)
	}
	if flags.Changed("seed") {
		options.Seed = o.seed
	}
	if o.blend != nil {
		options.StyleWeights = o.blend
	}
	return options, nil
}

// presetNamed returns the parameters of a preset of the server, or nil where the name is
// not that of one.
func presetNamed(ctx context.Context, c *client.Client, name string) (api.Recipe, error) {
	if name == "" || slices.Contains(paint.RecipeNames(), name) {
		return nil, nil
	}
	list, err := c.Recipes(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range list.Recipes {
		if r.Name == name {
			return r.Recipe, nil
		}
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
	for role, path := range map[api.Role]string{api.Content: content, api.Keep: o.keep, api.Init: o.initPicture()} {
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

package main

import (
	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/client"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/jobs"
	"github.com/pastiche-art/pastiche/internal/videostyle"
	"github.com/pastiche-art/pastiche/picture"
)

func newJobsSubmitCommand() *cobra.Command {
	var o serverOptions
	var p paintOptions
	s := jobs.Submission{Painter: &p.Painter}
	asJSON, temporal := false, 0.0
	cmd := &cobra.Command{
		Use:   "submit CONTENT STYLE...",
		Short: "Submit a job and print its id",
		Long: `Submit a job and print its id. 'pastiche jobs wait' waits for the painting.
Flags and masks mean what they mean to 'pastiche paint', and --recipe also takes
a preset of the server. With --shape all pictures are styles, of a texture.
CONTENT may be a video: the server paints its shots in parallel, and 'pastiche jobs
wait' saves the painted video. Files are sent as they are. The job has the name of the content's file,
unless a label "name" is given.

A command that is run again, because its answer was lost or a script was started
again, submits the same job once where --idempotency-key is the same.`,
		Example: `  id=$(pastiche jobs submit photo.jpg painting.jpg --size 1024)
  pastiche jobs submit photo.jpg sky.jpg sea.jpg --mask up.png --mask low.png
  pastiche jobs submit photo.jpg painting.jpg --idempotency-key order-7
  pastiche jobs submit clip.mp4 painting.jpg
  pastiche jobs submit pebbles.jpg --shape 1024x256 --tileable`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case s.Shape == nil && len(args) < 2:
				return cli.Misused("%d pictures: expected a content and a style, such as 'pastiche jobs submit photo.jpg painting.jpg'", len(args))
			case len(args) == 0:
				return cli.Misused("no pictures: expected a style for the texture, such as 'pastiche jobs submit pebbles.jpg --shape 512x512'")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			s.Video.Temporal = &temporal
			return o.with(func(c *client.Client) error {
				j, err := s.Submit(cmd.Context(), c, args)
				switch {
				case err != nil:
					return err
				case asJSON:
					return cli.PrintJSON([]*api.Job{j})
				}
				return cli.PrintText([]byte(j.ID + "\n"))
			})
		},
	}
	flags := cmd.Flags()
	addRecipe(cmd, &s.Recipe)
	addStrength(cmd, &s.Recipe)
	everydayFlags(cmd, &s.Recipe, "size", "iterations", "content_weight", "style_scale", "colors", "faces")
	p.addMasks(cmd)
	p.addStyles(cmd)
	p.addSeed(cmd)
	addShape(cmd, &s.Shape, "`SIZE` of a texture in pixels, or its proportions where --size says how large")
	cli.Everyday(cmd, "mask", "keep", "set")
	addParameters(cmd, &s.Recipe, "tileable")
	cli.Section(cmd, "Texture", "shape", "tileable")
	flags.Float64Var(&temporal, "temporal", videostyle.DefaultTemporal, "weight of how near a frame of a video stays to those before it; 0 paints each frame by itself")
	flags.IntVar(&s.Video.Iterations, "frame-iterations", videostyle.DefaultIterations, "`N` iterations of each frame of a video after the first of a shot")
	flags.BoolVar(&s.Video.Loop, "loop", false, "let the last frames of a video lead to the first one, in a video of one shot")
	cli.Section(cmd, "Video", "temporal", "frame-iterations", "loop")
	s.Inputs.MaxPixels = picture.DefaultMaxPixels
	flags.StringVar(&s.IdempotencyKey, "idempotency-key", "", "`KEY` of the submission; submissions with the same key are one job")
	flags.StringToStringVar(&s.Labels, "label", nil, "`NAME=VALUE` of a label that the job is listed by; repeatable")
	flags.StringVar(&s.Retention, "retention", "", "`TIME` that the finished job is kept, such as 48h, or forever (default and most: what the server allows)")
	flags.BoolVar(&asJSON, "json", false, "print the job as one JSON object")
	cli.Section(cmd, "Job", "label", "retention", "idempotency-key", "json")
	o.AddFlags(cmd)
	return cmd
}

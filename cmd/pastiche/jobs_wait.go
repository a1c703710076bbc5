package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/client"
	"github.com/pastiche-art/pastiche/picture"
)

// waitOptions are the flags of waiting for a job.
type waitOptions struct {
	serverOptions
	output string
}

func newJobsWaitCommand() *cobra.Command {
	o := &waitOptions{}
	cmd := &cobra.Command{
		Use:   "wait ID",
		Short: "Wait for a job and save its painting",
		Long: `Wait until a job is done, and save its painting. Without --output it is saved as
ID.png in the current folder, or as ID-2.png and so on where there is such a
file. The server may be away for up to ten minutes meanwhile. Ctrl-C ends the
waiting and not the job.` + serverEnvironment +
			exitHelp(exitOK, exitFailure, exitUsage, exitOutput, exitRefused, exitInterrupted),
		Example: `  id=$(pastiche submit photo.jpg painting.jpg)
  pastiche jobs wait $id -o mine.png`,
		Args: jobID,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	o.AddFlags(cmd)
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "`FILE` for the painting: a .png, .jpg or .webp; - is standard output, as PNG (default ID.png)")
	return cmd
}

func (o *waitOptions) run(ctx context.Context, id string) error {
	query, err := o.format(id)
	if err != nil {
		return err
	}
	c, err := o.connect()
	if err != nil {
		return err
	}
	j, err := c.Wait(ctx, id)
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w; job %s goes on: 'pastiche jobs wait %s' waits for it again, 'pastiche jobs cancel %s' ends it", errInterrupted, id, id, id)
	}
	if err != nil {
		return err
	}
	switch j.State {
	case api.Failed:
		return fmt.Errorf("job %s failed: %s", id, j.Error)
	case api.Cancelled:
		return fmt.Errorf("job %s was cancelled: 'pastiche jobs retry %s' queues it again", id, id)
	}
	write := func(w io.Writer) error { return download(ctx, c, j, query, w) }
	if o.output != "" {
		return writeOutput(o.output, write)
	}
	name, err := writeUnused(id+".png", write)
	if err == nil {
		printMessage(os.Stderr, "Saved %s.", name)
	}
	return err
}

// format returns the query of a painting in the format of the output, "" for PNG. It
// refuses an output that could not be written.
func (o *waitOptions) format(id string) (query string, err error) {
	if o.output == "" {
		return "", checkOutput(unused(id + ".png"))
	}
	format, err := outputFormat(o.output)
	if err != nil {
		return "", misused("--output %w", err)
	}
	switch format {
	case picture.PNG:
	case picture.JPEG:
		query = "?format=jpeg"
	case picture.WebP:
		query = "?format=webp"
	default:
		return "", misused("--output %s: a server sends no %s: expected a .png, .jpg or .webp", o.output, format)
	}
	return query, checkOutput(o.output)
}

// download writes the painting of a job, as the query asks for it.
func download(ctx context.Context, c *client.Client, j *api.Job, query string, w io.Writer) error {
	var d *client.Download
	var err error
	if query == "" {
		d, err = c.Result(ctx, j)
	} else {
		d, err = c.Open(ctx, j.Result.URL+query)
	}
	if err != nil {
		return err
	}
	defer d.Close()
	_, err = io.Copy(w, d)
	return err
}

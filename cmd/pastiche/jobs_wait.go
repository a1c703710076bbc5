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
	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/painter"
	"github.com/pastiche-art/pastiche/internal/report"
	"github.com/pastiche-art/pastiche/picture"
)

// waitOptions are the flags of waiting for a job.
type waitOptions struct {
	serverOptions
	output string
	json   bool
}

func newJobsWaitCommand() *cobra.Command {
	o := &waitOptions{}
	cmd := &cobra.Command{
		Use:   "wait ID",
		Short: "Wait for a job and save its painting",
		Long: `Wait until a job is done, and save its painting. Without --output it is saved as
ID.png in the current folder, or as ID-2.png and so on where there is such a
file. On a terminal a bar shows the progress. The server may be away for up to
ten minutes meanwhile. Ctrl-C ends the waiting and not the job.`,
		Example: `  id=$(pastiche jobs submit photo.jpg painting.jpg)
  pastiche jobs wait $id -o mine.png`,
		Args:              jobID,
		RunE:              func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
		ValidArgsFunction: o.completeJobs,
	}
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "`FILE` for the painting: a .png, .jpg or .webp; - is standard output, as PNG (default ID.png)")
	cmd.Flags().BoolVar(&o.json, "json", false, "print the finished job as one JSON object")
	cli.Section(cmd, "Output", "output", "json")
	o.AddFlags(cmd)
	return cmd
}

func (o *waitOptions) run(ctx context.Context, id string) error {
	query, err := o.format(id)
	if err != nil {
		return err
	}
	return o.with(func(c *client.Client) error {
		wait := c.Wait
		if cli.IsTerminal(os.Stderr) {
			wait = func(ctx context.Context, id string) (*api.Job, error) { return follow(ctx, c, id) }
		}
		j, err := wait(ctx, id)
		if errors.Is(err, context.Canceled) {
			return fmt.Errorf("%w; job %s goes on: 'pastiche jobs wait %s' waits for it again, 'pastiche jobs cancel %s' ends it", cli.ErrInterrupted, id, id, id)
		}
		if err != nil {
			return err
		}
		return o.finish(ctx, c, j, query)
	})
}

// finish saves the painting of a job that is done.
func (o *waitOptions) finish(ctx context.Context, c *client.Client, j *api.Job, query string) error {
	if o.json {
		if err := cli.PrintJSON([]*api.Job{j}); err != nil {
			return err
		}
	}
	switch j.State {
	case api.Failed:
		return fmt.Errorf("job %s failed: %s; 'pastiche jobs retry %s' queues it again", j.ID, j.Error, j.ID)
	case api.Cancelled:
		return fmt.Errorf("job %s was cancelled: 'pastiche jobs retry %s' queues it again", j.ID, j.ID)
	}
	write := func(w io.Writer) error { return download(ctx, c, j, query, w) }
	if o.output != "" {
		return painter.WriteOutput(o.output, write)
	}
	name, err := atomicfile.WriteUnused(j.ID+".png", write)
	if err == nil {
		cli.PrintMessage(os.Stderr, "Saved %s.", name)
	}
	return err
}

// follow waits for a job, shows its progress on standard error, and returns the job
// when its state is final.
func follow(ctx context.Context, c *client.Client, id string) (*api.Job, error) {
	bar, begun := report.New(false), false
	defer bar.Close()
	var last *api.Job
	for e, err := range c.Events(ctx, id) {
		if err != nil {
			return nil, err
		}
		p := e.Progress
		if e.Job != nil {
			if last, p = e.Job, e.Job.Progress; p == nil && !begun && !last.State.Final() {
				bar.Say("%s: %s", last.State, detail(last))
			}
		}
		if p == nil || p.Steps == 0 { // the event of a preview has no steps
			continue
		}
		begun = true
		state := report.State{Done: int64(p.Step), Total: int64(p.Steps), Count: fmt.Sprintf("%d/%d", p.Step, p.Steps)}
		if p.SecondsLeft != nil {
			state.Pace = "about " + seconds(*p.SecondsLeft) + " left"
		}
		bar.Show(state)
	}
	if last != nil && last.State.Final() {
		return last, nil
	}
	return c.Get(ctx, id) // the job was deleted, and the error says so
}

// format returns the query of a painting in the format of the output, "" for PNG. It
// refuses an output that could not be written.
func (o *waitOptions) format(id string) (query string, err error) {
	if o.output == "" {
		return "", painter.CheckOutput(atomicfile.Unused(id + ".png"))
	}
	format, err := painter.OutputFormat(o.output)
	if err != nil {
		return "", cli.Misused("--output %w", err)
	}
	switch {
	case o.output == cli.StandardOutput && o.json:
		return "", cli.Misused("--output - and --json: expected one or the other, as both write to standard output")
	case format == picture.PNG:
	case format == picture.JPEG:
		query = "?format=jpeg"
	case format == picture.WebP:
		query = "?format=webp"
	default:
		return "", cli.Misused("--output %s: a server sends no %s: expected a .png, .jpg or .webp", o.output, format)
	}
	return query, painter.CheckOutput(o.output)
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

package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/client"
	"github.com/pastiche-art/pastiche/internal/atomicfile"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/painter"
	"github.com/pastiche-art/pastiche/internal/report"
	"github.com/pastiche-art/pastiche/picture"
)

// Wait waits until a job is done and saves its painting, or its painted video, in the file
// output, "-" for standard output. Where output is "", the file is ID.png, or ID.avi of a
// video, or ID-2.png and so on where ID.png exists. With asJSON it prints the job, too. On a terminal it shows the
// progress.
func Wait(ctx context.Context, c *client.Client, id, output string, asJSON bool) error {
	query, err := format(id, output, asJSON)
	if err != nil {
		return err
	}
	wait := c.Wait
	if cli.IsTerminal(os.Stderr) {
		wait = func(ctx context.Context, id string) (*api.Job, error) { return follow(ctx, c, id) }
	}
	j, err := wait(ctx, id)
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w; job %s goes on: 'pastiche jobs wait %s' waits for it again, 'pastiche jobs cancel %s' ends it", cli.ErrInterrupted, id, id, id)
	}
	if err == nil && asJSON {
		err = cli.PrintJSON([]*api.Job{j})
	}
	switch {
	case err != nil:
		return err
	case j.State == api.Failed:
		return fmt.Errorf("job %s failed: %s; 'pastiche jobs retry %s' queues it again", id, j.Error, id)
	case j.State == api.Cancelled:
		return fmt.Errorf("job %s was cancelled: 'pastiche jobs retry %s' queues it again", id, id)
	}
	write, ext, err := savedAs(ctx, c, j, output, query)
	if err != nil {
		return err
	}
	if output != "" {
		return painter.WriteOutput(output, write)
	}
	name, err := atomicfile.WriteUnused(id+ext, write)
	if err == nil {
		cli.Warn("Saved %s.", name)
	}
	return err
}

// follow waits for a job as [client.Client.Wait] does, and shows its progress.
func follow(ctx context.Context, c *client.Client, id string) (*api.Job, error) {
	to, begun := report.New(false), false
	defer to.Close()
	var last *api.Job
	for e, err := range c.Events(ctx, id) {
		if err != nil {
			return nil, err
		}
		p := e.Progress
		if e.Job != nil {
			if last, p = e.Job, e.Job.Progress; p == nil && !begun && !last.State.Final() {
				to.Say("%s: %s", last.State, detail(last))
			}
		}
		if p == nil || p.Steps == 0 { // the event of a preview has no steps
			continue
		}
		begun = true
		to.Show(report.State{Done: int64(p.Step), Total: int64(p.Steps), Count: fmt.Sprintf("%d/%d", p.Step, p.Steps), Pace: left(p)})
	}
	if last != nil && last.State.Final() {
		return last, nil
	}
	return c.Get(ctx, id) // the job was deleted, and the error says so
}

// format returns the query that asks for a result in the format of the output, such as
// "?format=jpeg", or "" for PNG. The error says why the output cannot be written.
func format(id, output string, asJSON bool) (query string, err error) {
	if output == "" {
		return "", painter.CheckOutput(atomicfile.Unused(id + ".png"))
	}
	if format, pictures := videoFormat(output); format != "" && !pictures {
		return "", painter.CheckOutput(output)
	}
	f, err := painter.OutputFormat(output)
	query, sent := map[picture.Format]string{picture.PNG: "", picture.JPEG: "?format=jpeg", picture.WebP: "?format=webp"}[f]
	switch {
	case err != nil:
		return "", cli.Misused("--output %w", err)
	case output == cli.StandardOutput && asJSON:
		return "", cli.Misused("--output - and --json: expected one or the other, as both write to standard output")
	case !sent:
		return "", cli.Misused("--output %s: a server sends no %s: expected a .png, .jpg or .webp, or of a video an .avi, .webp, .y4m or .mp4", output, f)
	}
	return query, painter.CheckOutput(output)
}

// download writes the painting of a job to w. Without a query it checks the digest: the
// server converts the file for a query, so that the digest is not known.
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

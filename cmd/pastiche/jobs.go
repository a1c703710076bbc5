package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/client"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/jobs"
)

func newJobsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "jobs",
		Short: "Submit jobs to a server, list them, and fetch their paintings",
		Long: `Submit jobs to a server, list them, and fetch their paintings. The API key of a
server that expects one is in ` + jobs.KeyVariable + ` or in a file for --api-key-file.
It is no flag, because other users of this machine can see the flags of a
process.`,
		Example: `  id=$(pastiche jobs submit photo.jpg painting.jpg)
  pastiche jobs wait $id -o mine.png`,
		Args: cli.CommandWord,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newJobsSubmitCommand(), newJobsListCommand(), newJobsGetCommand(), newJobsWaitCommand())
	cmd.AddCommand(newJobsChangeCommands()...)
	return cmd
}

// newJobsChangeCommands returns the commands that change jobs.
func newJobsChangeCommands() []*cobra.Command {
	var change api.Change
	changing := newJobsChangeCommand("change", "Change the labels or the retention of jobs",
		"Change the labels of jobs, or how long finished ones are kept from now on.",
		func(c *client.Client, ctx context.Context, id string) (*api.Job, error) {
			return c.Change(ctx, id, change)
		})
	changing.Example = `  pastiche jobs change $id --retention forever
  pastiche jobs change $id --label order=7 --label urgent=`
	changing.Flags().StringToStringVar(&change.Labels, "label", nil, "`NAME=VALUE` of a label to set, NAME= of one to remove; repeatable")
	changing.Flags().StringVar(&change.Retention, "retention", "", "`TIME` that the finished job is kept from now on, such as 720h, or forever where the server allows that")
	changing.PreRunE = func(_ *cobra.Command, _ []string) error {
		if len(change.Labels) == 0 && change.Retention == "" {
			return cli.Misused("nothing to change: expected --label or --retention")
		}
		return nil
	}
	return []*cobra.Command{
		newJobsChangeCommand("cancel", "Cancel queued or running jobs", "Cancel jobs that are queued or running.", (*client.Client).Cancel),
		newJobsChangeCommand("retry", "Queue failed or cancelled jobs again", "Queue jobs again that have failed or were cancelled. They are painted from the beginning.", (*client.Client).Retry),
		changing,
		newJobsChangeCommand("share", "Make a public page of a painting", "Make a page of each painting that everybody who has its address can see without a key, and print its address instead of the id.", (*client.Client).Share),
		newJobsChangeCommand("unshare", "Remove the public page of a painting", "Remove the public pages of paintings.", (*client.Client).Unshare),
		newJobsChangeCommand("rm", "Delete jobs and their pictures", "Delete jobs and their pictures, without asking. Jobs that are queued or running are cancelled.",
			func(c *client.Client, ctx context.Context, id string) (*api.Job, error) {
				return nil, c.Delete(ctx, id)
			}),
	}
}

// newJobsChangeCommand returns a command that changes jobs one after another, and goes
// on to the next where that fails. change returns the job, or nil where it is gone.
func newJobsChangeCommand(verb, short, long string, change func(c *client.Client, ctx context.Context, id string) (*api.Job, error)) *cobra.Command {
	o := &serverOptions{}
	asJSON := false
	cmd := &cobra.Command{
		Use:   verb + " ID...",
		Short: short,
		Long:  long + " Go on to the next job where one fails, and print the ids of those that were changed.",
		Args:  jobIDs,
		RunE: func(cmd *cobra.Command, ids []string) error {
			c, err := o.connect()
			if err != nil {
				return err
			}
			var failures []error
			for _, id := range ids {
				j, err := change(c, cmd.Context(), id)
				switch {
				case err != nil:
					err = fmt.Errorf("job %s: %w", id, jobs.Error(err))
				case !asJSON && verb == "share":
					err = cli.PrintText([]byte(o.url() + j.Share + "\n"))
				case !asJSON:
					err = cli.PrintText([]byte(id + "\n"))
				case j == nil:
					err = cli.PrintJSON([]any{map[string]string{"id": id}})
				default:
					err = cli.PrintJSON([]*api.Job{j})
				}
				failures = append(failures, err)
				if cmd.Context().Err() != nil {
					break
				}
			}
			return errors.Join(failures...)
		},
		ValidArgsFunction: o.completeJobs,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print each changed job as a JSON object on a line")
	o.AddFlags(cmd)
	return cmd
}

// jobIDs are the arguments of a command: ids of one or several jobs.
func jobIDs(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cli.Misused("expected the id of a job: 'pastiche jobs list' lists them")
	}
	for _, id := range args {
		if !job.ValidID(id) {
			return cli.Misused("ID %q: expected the id of a job, as 'pastiche jobs submit' prints it", id)
		}
	}
	return nil
}

// jobID is the argument of a command: the id of one job.
func jobID(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return cli.Misused("%d arguments: expected the id of one job", len(args))
	}
	return jobIDs(cmd, args)
}

func newJobsListCommand() *cobra.Command {
	const maxPage = 1000 // jobs that a server sends at a time
	o, query := &serverOptions{}, client.Query{}
	limit, asJSON, onlyIDs := 100, false, false
	var states []string
	for _, s := range api.States() {
		states = append(states, string(s))
	}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List jobs",
		Long: `List jobs: queued and running ones first, the newest first, then the others, the
last finished first. Each line has the job's id, its state, the time since it
was submitted, its label "name", and how far it is or why it failed.

With --json, print one object a line, as the HTTP API describes a job. Lines are
printed as they come: a list of any length needs little memory.`,
		Example: `  pastiche jobs list --state failed
  pastiche jobs list --label order=7 --json | jq -r .state
  pastiche jobs list --state cancelled --limit 0 -q | xargs pastiche jobs rm`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case asJSON && onlyIDs:
				return cli.Misused("--json and --quiet: expected one or the other")
			case limit < 0:
				return cli.Misused("--limit %d: expected 1 or more, or 0 for all", limit)
			case query.State != "" && !slices.Contains(api.States(), query.State):
				return cli.Misused("--state %s: expected %s", query.State, strings.Join(states, ", "))
			case query.Label != "" && !strings.Contains(query.Label, "="):
				return cli.Misused("--label %s: expected NAME=VALUE", query.Label)
			}
			query.Limit = maxPage
			if limit > 0 {
				query.Limit = min(limit, maxPage)
			}
			return o.with(func(c *client.Client) error {
				return jobs.List(c.Jobs(cmd.Context(), query), limit, asJSON, onlyIDs)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar((*string)(&query.State), "state", "", "only jobs in this `STATE`: "+strings.Join(states, ", "))
	flags.StringVar(&query.Label, "label", "", "only jobs with this label, `NAME=VALUE`")
	flags.IntVar(&limit, "limit", limit, "most jobs to list, 0 for all")
	flags.BoolVar(&asJSON, "json", false, "print one JSON object a line")
	flags.BoolVarP(&onlyIDs, "quiet", "q", false, "print only ids")
	cli.Complete(cmd, "state", states, cobra.ShellCompDirectiveNoFileComp)
	cli.Section(cmd, "Jobs", "state", "label", "limit", "json", "quiet")
	o.AddFlags(cmd)
	return cmd
}

func newJobsGetCommand() *cobra.Command {
	o := &serverOptions{}
	asJSON := false
	cmd := &cobra.Command{
		Use:   "get ID",
		Short: "Print what the server knows of a job",
		Long: `Print what the server knows of a job. With --json, print all of it as one JSON
object, as the HTTP API describes a job.`,
		Example: "  pastiche jobs get $id --json | jq .progress",
		Args:    jobID,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(func(c *client.Client) error {
				j, err := c.Get(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return jobs.Print(j, asJSON)
			})
		},
		ValidArgsFunction: o.completeJobs,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	o.AddFlags(cmd)
	return cmd
}

func newJobsWaitCommand() *cobra.Command {
	o := &serverOptions{}
	output, asJSON := "", false
	cmd := &cobra.Command{
		Use:   "wait ID",
		Short: "Wait for a job and save its painting",
		Long: `Wait until a job is done, and save its painting. Without --output it is saved as
ID.png in the current folder, a painted video as ID.avi, or as ID-2.png and so on
where there is such a file. On a terminal a bar shows the progress. The server may be away for up to
ten minutes meanwhile. Ctrl-C ends the waiting and not the job.`,
		Example: `  id=$(pastiche jobs submit photo.jpg painting.jpg)
  pastiche jobs wait $id -o mine.png`,
		Args: jobID,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(func(c *client.Client) error { return jobs.Wait(cmd.Context(), c, args[0], output, asJSON) })
		},
		ValidArgsFunction: o.completeJobs,
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "`FILE` for the painting: a .png, .jpg or .webp, or for a painted video an .avi, .webp, .y4m or .mp4; - is standard output, as PNG (default ID.png)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the finished job as one JSON object")
	cli.Section(cmd, "Output", "output", "json")
	o.AddFlags(cmd)
	return cmd
}

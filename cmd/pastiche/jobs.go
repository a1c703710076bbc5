package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/client"
	"github.com/pastiche-art/pastiche/internal/job"
)

func newJobsCommand() *cobra.Command {
	list := &listOptions{}
	cmd := &cobra.Command{
		Use:   "jobs",
		Short: "List, wait for, cancel and delete the jobs of a server",
		Long: `List, wait for, cancel and delete the jobs of a server. 'pastiche submit' makes
them. Without a subcommand, list them as 'pastiche jobs list' does.` + serverEnvironment +
			exitHelp(exitOK, exitFailure, exitUsage, exitOutput, exitRefused, exitInterrupted),
		Args: commandWord,
		RunE: func(cmd *cobra.Command, _ []string) error { return list.run(cmd.Context()) },
	}
	list.AddFlags(cmd)
	cmd.AddCommand(
		newJobsListCommand(),
		newJobsGetCommand(),
		newJobsWaitCommand(),
		newJobsChangeCommand("cancel", "Cancel queued or running jobs", "Cancel jobs that are queued or running.",
			func(ctx context.Context, c *client.Client, id string) error {
				_, err := c.Cancel(ctx, id)
				return err
			}),
		newJobsChangeCommand("retry", "Queue failed or cancelled jobs again", "Queue jobs again that have failed or were cancelled. They are painted from the\nbeginning.",
			func(ctx context.Context, c *client.Client, id string) error {
				_, err := c.Retry(ctx, id)
				return err
			}),
		newJobsChangeCommand("rm", "Delete jobs and their pictures", "Delete jobs and their pictures, without asking. Jobs that are queued or running\nare cancelled.",
			func(ctx context.Context, c *client.Client, id string) error { return c.Delete(ctx, id) }),
	)
	return cmd
}

// newJobsChangeCommand returns a command that changes jobs one after another, and
// goes on to the next where that fails. It prints the ids of those that it has changed.
func newJobsChangeCommand(verb, short, long string, change func(ctx context.Context, c *client.Client, id string) error) *cobra.Command {
	o := &serverOptions{}
	cmd := &cobra.Command{
		Use:   verb + " ID...",
		Short: short,
		Long: long + " Print the id of each job that was changed." + serverEnvironment +
			exitHelp(exitOK, exitFailure, exitUsage, exitRefused, exitInterrupted),
		Args: jobIDs,
		RunE: func(cmd *cobra.Command, ids []string) error {
			c, err := o.connect()
			if err != nil {
				return err
			}
			var failures []error
			for _, id := range ids {
				err := change(cmd.Context(), c, id)
				if err == nil {
					err = printText([]byte(id + "\n"))
				} else {
					err = fmt.Errorf("job %s: %w", id, err)
				}
				failures = append(failures, err)
				if cmd.Context().Err() != nil {
					break
				}
			}
			return errors.Join(failures...)
		},
	}
	o.AddFlags(cmd)
	return cmd
}

// jobIDs are the arguments of a command: ids of one or several jobs.
func jobIDs(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return misused("expected the id of a job: 'pastiche jobs list' lists them")
	}
	for _, id := range args {
		if !job.ValidID(id) {
			return misused("ID %q: expected the id of a job, as 'pastiche submit' prints it", id)
		}
	}
	return nil
}

// jobID is the argument of a command: the id of one job.
func jobID(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return misused("%d arguments: expected the id of one job", len(args))
	}
	return jobIDs(cmd, args)
}

// listOptions are the flags of a list of jobs.
type listOptions struct {
	serverOptions
	state, label string
	limit        int
	json, quiet  bool
}

func newJobsListCommand() *cobra.Command {
	o := &listOptions{}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List jobs",
		Long: `List jobs: queued and running ones first, the newest first, then the others, the
last finished first. Each line has the job's id, its state, when it was created,
and how far it is or why it failed.

With --json, print one object a line, as the HTTP API describes a job. Lines are
printed as they come: a list of any length needs little memory.` + serverEnvironment +
			exitHelp(exitOK, exitFailure, exitUsage, exitOutput, exitRefused, exitInterrupted),
		Example: `  pastiche jobs list --state failed
  pastiche jobs list --label order=7 --json | jq -r .state
  pastiche jobs list --state cancelled --limit 0 -q | xargs pastiche jobs rm`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	o.AddFlags(cmd)
	return cmd
}

func (o *listOptions) AddFlags(cmd *cobra.Command) {
	o.serverOptions.AddFlags(cmd)
	states := texts(api.States())
	flags := cmd.Flags()
	flags.StringVar(&o.state, "state", "", "only jobs in this `STATE`: "+strings.Join(states, ", "))
	flags.StringVar(&o.label, "label", "", "only jobs with this label, `NAME=VALUE`")
	flags.IntVar(&o.limit, "limit", 100, "most jobs to list, 0 for all")
	flags.BoolVar(&o.json, "json", false, "print one JSON object a line")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "print ids only")
	complete(cmd, "state", states, cobra.ShellCompDirectiveNoFileComp)
}

// maxPage is the longest page of jobs that a server sends.
const maxPage = 1000

// run prints jobs as their pages arrive.
func (o *listOptions) run(ctx context.Context) error {
	_, _, isLabel := strings.Cut(o.label, "=")
	switch {
	case o.json && o.quiet:
		return misused("--json and --quiet: expected one or the other")
	case o.limit < 0:
		return misused("--limit %d: expected 1 or more, or 0 for all", o.limit)
	case o.state != "" && !slices.Contains(api.States(), api.State(o.state)):
		return misused("--state %s: expected %s", o.state, strings.Join(texts(api.States()), ", "))
	case o.label != "" && !isLabel:
		return misused("--label %s: expected NAME=VALUE", o.label)
	}
	c, err := o.connect()
	if err != nil {
		return err
	}
	query := client.Query{State: api.State(o.state), Label: o.label, Limit: maxPage}
	if o.limit > 0 {
		query.Limit = min(o.limit, maxPage)
	}
	show := printJobRow
	switch {
	case o.json:
		show = func(j *api.Job) error { return printJSON([]*api.Job{j}) }
	case o.quiet:
		show = func(j *api.Job) error { return printText([]byte(j.ID + "\n")) }
	}
	printed := 0
	for j, err := range c.Jobs(ctx, query) {
		if err == nil {
			err = show(&j)
		}
		if err != nil {
			return err
		}
		if printed++; printed == o.limit {
			break
		}
	}
	return nil
}

// printJobRow prints a job as a line of a list. Its cells have fixed widths, because
// the rows to come are not known.
func printJobRow(j *api.Job) error {
	row := fmt.Sprintf("%s  %-9s  %s  %s", j.ID, j.State, j.Created.Local().Format(time.DateTime), detail(j))
	return printText([]byte(strings.TrimRight(printable(row), " ") + "\n"))
}

// detail says in a few words how far a job is, or why it failed.
func detail(j *api.Job) string {
	switch p, w := j.Progress, j.Waiting; {
	case p != nil:
		text := fmt.Sprintf("%d/%d", p.Step, p.Steps)
		if p.SecondsLeft != nil {
			text += ", about " + seconds(*p.SecondsLeft) + " left"
		}
		return text
	case w != nil && w.Reason != "":
		return w.Reason
	case w != nil:
		return fmt.Sprintf("number %d in the queue", w.Position)
	case j.State == api.Done && j.Started != nil && j.Finished != nil:
		return "in " + seconds(j.Finished.Sub(*j.Started).Seconds())
	}
	return j.Error
}

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(time.Second).String()
}

func newJobsGetCommand() *cobra.Command {
	o := &serverOptions{}
	asJSON := false
	cmd := &cobra.Command{
		Use:   "get ID",
		Short: "Print what the server knows of a job",
		Long: `Print what the server knows of a job. With --json, print all of it as one JSON
object, as the HTTP API describes a job.` + serverEnvironment + exitHelp(exitOK, exitFailure, exitUsage, exitOutput, exitRefused, exitInterrupted),
		Example: "  pastiche jobs get $id --json | jq .progress",
		Args:    jobID,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := o.connect()
			if err != nil {
				return err
			}
			j, err := c.Get(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON([]*api.Job{j})
			}
			return printTable(func(w *tabwriter.Writer) { writeJob(w, j) })
		},
	}
	o.AddFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// writeJob writes a table of what there is to say of a job.
func writeJob(w *tabwriter.Writer, j *api.Job) {
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\n", name, printable(fmt.Sprintf(format, args...)))
	}
	at := func(name string, t *time.Time) {
		if t != nil {
			row(name, "%s", t.Local().Format(time.DateTime))
		}
	}
	row("id", "%s", j.ID)
	row("state", "%s", strings.TrimRight(string(j.State)+"  "+detail(j), " "))
	at("created", &j.Created)
	at("started", j.Started)
	at("finished", j.Finished)
	at("expires", j.Expires)
	for _, name := range slices.Sorted(maps.Keys(j.Labels)) {
		row("label", "%s=%s", name, j.Labels[name])
	}
	row("recipe", "%s", j.Options.Recipe.Name())
	row("network", "%s", j.Network)
	for _, in := range j.Inputs {
		row("input", "%s %d, %d x %d pixels, sha256 %s", in.Role, in.Number, in.Width, in.Height, in.SHA256)
	}
	for _, warning := range j.Warnings {
		row("warning", "%s", warning)
	}
	row("attempts", "%d", j.Attempts)
	if r := j.Result; r != nil {
		row("result", "%d x %d pixels, %s, sha256 %s", r.Width, r.Height, humanize.Bytes(uint64(max(r.Bytes, 0))), r.SHA256)
		row("costs", "total %.6g, content %.6g, style %.6g after %d iterations", r.Costs.Total, r.Costs.Content, r.Costs.Style, r.Steps)
	}
}

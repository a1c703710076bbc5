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
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/job"
)

// nameLabel is the label that lists show as the name of a job.
const nameLabel = "name"

func newJobsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "jobs",
		Short: "Submit jobs to a server, list them, and fetch their paintings",
		Long: `Submit jobs to a server, list them, and fetch their paintings. The API key of a
server that expects one is in ` + keyVariable + ` or in a file for --api-key-file.
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
	var retention string
	changing := newJobsChangeCommand("change", "Change the labels or the retention of jobs",
		"Change the labels of jobs, or how long finished ones are kept from now on.",
		func(ctx context.Context, c *client.Client, id string) (*api.Job, error) {
			change.Retention = retention
			return c.Change(ctx, id, change)
		})
	changing.Example = `  pastiche jobs change $id --retention forever
  pastiche jobs change $id --label order=7 --label urgent=`
	changing.Flags().StringToStringVar(&change.Labels, "label", nil, "`NAME=VALUE` of a label to set, NAME= of one to remove; repeatable")
	changing.Flags().StringVar(&retention, "retention", "", "`TIME` that the finished job is kept from now on, such as 720h, or forever where the server allows that")
	changing.PreRunE = func(_ *cobra.Command, _ []string) error {
		if len(change.Labels) == 0 && retention == "" {
			return cli.Misused("nothing to change: expected --label or --retention")
		}
		return nil
	}
	return []*cobra.Command{
		newJobsChangeCommand("cancel", "Cancel queued or running jobs", "Cancel jobs that are queued or running.",
			func(ctx context.Context, c *client.Client, id string) (*api.Job, error) { return c.Cancel(ctx, id) }),
		newJobsChangeCommand("retry", "Queue failed or cancelled jobs again", "Queue jobs again that have failed or were cancelled. They are painted from the beginning.",
			func(ctx context.Context, c *client.Client, id string) (*api.Job, error) { return c.Retry(ctx, id) }),
		changing,
		newJobsChangeCommand("share", "Make a public page of a painting", "Make a page of each painting that everybody who has its address can see without a key, and print its address instead of the id.",
			func(ctx context.Context, c *client.Client, id string) (*api.Job, error) { return c.Share(ctx, id) }),
		newJobsChangeCommand("unshare", "Remove the public page of a painting", "Remove the public pages of paintings.",
			func(ctx context.Context, c *client.Client, id string) (*api.Job, error) { return c.Unshare(ctx, id) }),
		newJobsChangeCommand("rm", "Delete jobs and their pictures", "Delete jobs and their pictures, without asking. Jobs that are queued or running are cancelled.",
			func(ctx context.Context, c *client.Client, id string) (*api.Job, error) {
				return nil, c.Delete(ctx, id)
			}),
	}
}

// newJobsChangeCommand returns a command that changes jobs one after another, and goes
// on to the next where that fails. change returns the job, or nil where it is gone.
func newJobsChangeCommand(verb, short, long string, change func(ctx context.Context, c *client.Client, id string) (*api.Job, error)) *cobra.Command {
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
				j, err := change(cmd.Context(), c, id)
				switch {
				case err != nil:
					err = fmt.Errorf("job %s: %w", id, advised(err))
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
last finished first. Each line has the job's id, its state, the time since it
was submitted, its label "name", and how far it is or why it failed.

With --json, print one object a line, as the HTTP API describes a job. Lines are
printed as they come: a list of any length needs little memory.`,
		Example: `  pastiche jobs list --state failed
  pastiche jobs list --label order=7 --json | jq -r .state
  pastiche jobs list --state cancelled --limit 0 -q | xargs pastiche jobs rm`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	states := texts(api.States())
	flags := cmd.Flags()
	flags.StringVar(&o.state, "state", "", "only jobs in this `STATE`: "+strings.Join(states, ", "))
	flags.StringVar(&o.label, "label", "", "only jobs with this label, `NAME=VALUE`")
	flags.IntVar(&o.limit, "limit", 100, "most jobs to list, 0 for all")
	flags.BoolVar(&o.json, "json", false, "print one JSON object a line")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "print only ids")
	cli.Complete(cmd, "state", states, cobra.ShellCompDirectiveNoFileComp)
	cli.Section(cmd, "Jobs", "state", "label", "limit", "json", "quiet")
	o.AddFlags(cmd)
	return cmd
}

// maxPage is the longest page of jobs that a server sends.
const maxPage = 1000

// run prints jobs as their pages arrive.
func (o *listOptions) run(ctx context.Context) error {
	_, _, isLabel := strings.Cut(o.label, "=")
	switch {
	case o.json && o.quiet:
		return cli.Misused("--json and --quiet: expected one or the other")
	case o.limit < 0:
		return cli.Misused("--limit %d: expected 1 or more, or 0 for all", o.limit)
	case o.state != "" && !slices.Contains(api.States(), api.State(o.state)):
		return cli.Misused("--state %s: expected %s", o.state, strings.Join(texts(api.States()), ", "))
	case o.label != "" && !isLabel:
		return cli.Misused("--label %s: expected NAME=VALUE", o.label)
	}
	query := client.Query{State: api.State(o.state), Label: o.label, Limit: maxPage}
	if o.limit > 0 {
		query.Limit = min(o.limit, maxPage)
	}
	return o.with(func(c *client.Client) error {
		printed := 0
		for j, err := range c.Jobs(ctx, query) {
			if err == nil && printed == 0 && !o.json && !o.quiet {
				err = printJobRow("ID", "STATE", "AGE", "NAME", "")
			}
			switch {
			case err != nil:
			case o.json:
				err = cli.PrintJSON([]*api.Job{&j})
			case o.quiet:
				err = cli.PrintText([]byte(j.ID + "\n"))
			default:
				err = printJobRow(j.ID, string(j.State), age(time.Since(j.Created)), j.Labels[nameLabel], detail(&j))
			}
			if err != nil {
				return err
			}
			if printed++; printed == o.limit {
				break
			}
		}
		return nil
	})
}

// printJobRow prints a line of a list. Its cells have fixed widths, because the rows to
// come are not known.
func printJobRow(id, state, age, name, detail string) error {
	const nameWidth = 24 // runes
	if runes := []rune(name); len(runes) > nameWidth {
		name = string(runes[:nameWidth-1]) + "…"
	}
	row := fmt.Sprintf("%-26s  %-9s  %4s  %-*s  %s", id, state, age, nameWidth, name, detail)
	return cli.PrintText([]byte(strings.TrimRight(cli.Printable(row), " ") + "\n"))
}

// age returns a time in at most four characters, such as 90s, 5m, 20h or 12d.
func age(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", max(d, 0)/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 2*day:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dd", d/day)
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
	case j.State == api.Running:
		return "begins"
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
object, as the HTTP API describes a job.`,
		Example: "  pastiche jobs get $id --json | jq .progress",
		Args:    jobID,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(func(c *client.Client) error {
				j, err := c.Get(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return cli.PrintJSON([]*api.Job{j})
				}
				return cli.PrintTable(func(w *tabwriter.Writer) { writeJob(w, j) })
			})
		},
		ValidArgsFunction: o.completeJobs,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	o.AddFlags(cmd)
	return cmd
}

// writeJob writes a table of a job.
func writeJob(w *tabwriter.Writer, j *api.Job) {
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\n", name, cli.Printable(fmt.Sprintf(format, args...)))
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
	if j.Share != "" {
		row("share", "%s", j.Share)
	}
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

// texts returns names as plain strings.
func texts[T ~string](names []T) []string {
	plain := make([]string, len(names))
	for i, n := range names {
		plain[i] = string(n)
	}
	return plain
}

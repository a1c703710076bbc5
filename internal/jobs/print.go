package jobs

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/cli"
)

// NameLabel is the label that lists show as the name of a job.
const NameLabel = "name"

// List prints jobs as they arrive: the rows of a table, one JSON object a line with asJSON,
// or one id a line with onlyIDs. It prints at most limit jobs, or all if limit is 0.
func List(all iter.Seq2[api.Job, error], limit int, asJSON, onlyIDs bool) error {
	printed := 0
	for j, err := range all {
		if err == nil && printed == 0 && !asJSON && !onlyIDs {
			err = printRow("ID", "STATE", "AGE", "NAME", "DETAIL")
		}
		switch {
		case err != nil:
		case asJSON:
			err = cli.PrintJSON([]*api.Job{&j})
		case onlyIDs:
			err = cli.PrintText([]byte(j.ID + "\n"))
		default:
			err = printRow(j.ID, string(j.State), age(time.Since(j.Created)), j.Labels[NameLabel], detail(&j))
		}
		if err != nil {
			return err
		}
		if printed++; printed == limit {
			break
		}
	}
	return nil
}

// printRow prints a row of a table. Its cells have fixed widths, because the rows to come
// are not known.
func printRow(id, state, age, name, detail string) error {
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

// detail returns in a few words how far a job is, or why it failed.
func detail(j *api.Job) string {
	switch p, w := j.Progress, j.Waiting; {
	case p != nil:
		text := fmt.Sprintf("%d/%d", p.Step, p.Steps)
		if p.SecondsLeft != nil {
			text += ", " + left(p)
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

// left returns the time that a painting takes from now on, or "" where it is not known.
func left(p *api.Progress) string {
	if p.SecondsLeft == nil {
		return ""
	}
	return "about " + seconds(*p.SecondsLeft) + " left"
}

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(time.Second).String()
}

// Print prints a table of a job, or the job as one JSON object.
func Print(j *api.Job, asJSON bool) error {
	if asJSON {
		return cli.PrintJSON([]*api.Job{j})
	}
	return cli.PrintTable(func(w *tabwriter.Writer) { writeTable(w, j) })
}

func writeTable(w *tabwriter.Writer, j *api.Job) {
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

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/client"
	"github.com/pastiche-art/pastiche/job"
	"github.com/pastiche-art/pastiche/picture"
)

const keyVariable = "PASTICHE_KEY"

// addServerFlags makes a client of flags and the environment.
func addServerFlags(cmd *cobra.Command) *client.Client {
	c := &client.Client{Key: os.Getenv(keyVariable)}
	cmd.Flags().StringVar(&c.URL, "server", "http://127.0.0.1:8080", "`URL` of a server; its key is in "+keyVariable)
	return c
}

func newSubmitCommand() *cobra.Command {
	var options, key string
	cmd := &cobra.Command{
		Use:     "submit CONTENT STYLE...",
		Short:   "Give a server a picture to paint, and print the job's id",
		Long:    `Give a server a picture to paint, and print the job's id.` + exitHelp(exitOK, exitFailure, exitUsage, exitInput),
		Example: "  id=$(pastiche submit photo.jpg painting.jpg)\n  pastiche wait $id -o mine.png",
		Args:    cobra.MinimumNArgs(2),
	}
	c := addServerFlags(cmd)
	cmd.Flags().StringVar(&options, "options", "", "`JSON` as the API has it, such as '{\"recipe\":{\"name\":\"classic\"}}'")
	cmd.Flags().StringVar(&key, "key", "", "idempotency `KEY`: the same key is the same job")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var files []client.File
		for i, path := range args {
			data, err := os.ReadFile(path)
			if err != nil {
				return &inputError{err}
			}
			files = append(files, client.File{Field: "style", Name: filepath.Base(path), Data: data})
			if i == 0 {
				files[0].Field = "content"
			}
		}
		j, err := c.Submit(cmd.Context(), files, options, key)
		if err != nil {
			return err
		}
		return printText([]byte(j.ID + "\n"))
	}
	return cmd
}

func newJobsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "jobs",
		Short: "List the jobs of a server",
		Long:  `List the jobs of a server, the newest first: id, state, and how far it is.` + exitHelp(exitOK, exitFailure, exitUsage),
		Args:  cobra.NoArgs,
	}
	c := addServerFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		jobs, err := c.List(cmd.Context())
		if err != nil {
			return err
		}
		text := ""
		for _, j := range jobs {
			text += fmt.Sprintf("%s  %-9s", j.ID, j.State)
			if j.Progress != nil {
				text += fmt.Sprintf("  %d/%d", j.Progress.Step, j.Progress.Steps)
			}
			text += "\n"
		}
		return printText([]byte(text))
	}
	return cmd
}

func newWaitCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "wait ID",
		Short: "Wait for a job, and keep its painting",
		Long:  `Wait for a job, and keep its painting.` + exitHelp(exitOK, exitFailure, exitUsage, exitOutput, exitInterrupted),
		Args:  cobra.ExactArgs(1),
	}
	c := addServerFlags(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "", "`FILE` for the painting, PNG")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		j, err := c.Wait(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if j.State != job.Done {
			return fmt.Errorf("job %s %s: %s", j.ID, j.State, j.Error)
		}
		if output == "" {
			return nil
		}
		return picture.WriteFile(output, func(w io.Writer) error { return c.Result(cmd.Context(), j.ID, w) })
	}
	return cmd
}

func newCancelCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cancel ID",
		Short: "Cancel a job of a server",
		Long:  `Cancel a job of a server.` + exitHelp(exitOK, exitFailure, exitUsage),
		Args:  cobra.ExactArgs(1),
	}
	c := addServerFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		_, err := c.Cancel(cmd.Context(), args[0])
		return err
	}
	return cmd
}

package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/job"
	"github.com/pastiche-art/pastiche/picture"
)

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

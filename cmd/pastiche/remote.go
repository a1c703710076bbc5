package main

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/client"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/jobs"
)

const defaultServer = "http://127.0.0.1:8080"

// serverOptions are the flags of commands that use a server. No flag holds an API key,
// because other users of the machine can see the flags of a process.
type serverOptions struct{ server, keyFile string }

func (o *serverOptions) AddFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.server, "server", defaultServer, "`URL` of the server, or its host and port")
	flags.StringVar(&o.keyFile, "api-key-file", "", "`FILE` that holds the API key (default the key in $"+jobs.KeyVariable+")")
	cli.Section(cmd, "Server", "server", "api-key-file")
}

// url returns the URL of the server.
func (o *serverOptions) url() string {
	server := strings.TrimRight(o.server, "/")
	if !strings.Contains(server, "://") {
		server = "http://" + server
	}
	return server
}

// connect returns a client of the server. It sends nothing.
func (o *serverOptions) connect() (*client.Client, error) {
	c, err := client.New(o.url())
	if err != nil {
		return nil, &cli.UsageError{Err: err}
	}
	c.Key = os.Getenv(jobs.KeyVariable)
	if o.keyFile != "" {
		key, err := os.ReadFile(o.keyFile)
		if err != nil {
			return nil, &cli.InputError{Err: err}
		}
		c.Key = strings.TrimSpace(string(key))
	}
	return c, nil
}

// with runs a command that uses the server.
func (o *serverOptions) with(run func(c *client.Client) error) error {
	c, err := o.connect()
	if err != nil {
		return err
	}
	return jobs.Error(run(c))
}

const (
	completionTime  = 2 * time.Second // after which the shell offers no ids
	completionLimit = 50              // ids
)

// completeJobs offers the ids of jobs to the shell.
func (o *serverOptions) completeJobs(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	c, err := o.connect()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	c.Patience = -1
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	var ids []cobra.Completion
	for j, err := range c.Jobs(ctx, client.Query{Limit: completionLimit}) {
		if err != nil || len(ids) == completionLimit {
			break
		}
		ids = append(ids, cobra.CompletionWithDesc(j.ID, cli.Printable(string(j.State)+" "+j.Labels[jobs.NameLabel])))
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}

func newHealthCommand() *cobra.Command {
	o := &serverOptions{}
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Check whether a server or worker is ready",
		Long: `Check whether a server is ready to accept jobs: whether its /readyz answers the
status 204. It is asked once. With --server and the --metrics-addr of a worker,
check whether that worker is ready to paint. An image without other programs can
use this command as its health check.`,
		Example: `  pastiche health
  pastiche health --server 127.0.0.1:9090`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := o.connect()
			if err != nil {
				return err
			}
			return c.Ready(cmd.Context())
		},
	}
	o.AddFlags(cmd)
	return cmd
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/client"
	"github.com/pastiche-art/pastiche/internal/cli"
)

const (
	keyVariable    = "PASTICHE_API_KEY"
	serverVariable = "PASTICHE_SERVER"
	defaultServer  = "http://127.0.0.1:8080"
)

// serverOptions are the flags of commands that use a server. No flag holds an API key,
// because other users of the machine can see the flags of a process.
type serverOptions struct{ server, keyFile string }

func (o *serverOptions) AddFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.server, "server", defaultServer, "`URL` of the server, or its host and port")
	flags.StringVar(&o.keyFile, "api-key-file", "", "`FILE` that holds the API key (default the key in $"+keyVariable+")")
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
	c.Key = os.Getenv(keyVariable)
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
	return advised(run(c))
}

// advised adds to an error of a server what to do about it.
func advised(err error) error {
	var answer *client.Error
	var sent *net.OpError
	switch {
	case errors.As(err, &answer) && refused(answer.Status):
		return fmt.Errorf("%w; put an API key of the server into %s, or into a file for --api-key-file", err, keyVariable)
	case errors.As(err, &answer) && answer.Status == http.StatusNotFound:
		return fmt.Errorf("%w; 'pastiche jobs list' lists the jobs", err)
	case errors.As(err, &sent) && sent.Op == "dial":
		return fmt.Errorf("%w; 'pastiche serve' starts a server here, --server or %s names another one", err, serverVariable)
	}
	return err
}

func refused(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

// exitOfServer returns the exit code of an error that a server answered, and false
// where err is not one. A mistake has the code that it has in a command that needs no
// server.
func exitOfServer(err error) (code int, ok bool) {
	var answer *client.Error
	if !errors.As(err, &answer) {
		return 0, false
	}
	switch {
	case refused(answer.Status):
		return cli.ExitRefused, true
	case answer.Status == http.StatusUnprocessableEntity:
		return cli.ExitUsage, true
	case answer.Status == http.StatusRequestEntityTooLarge, answer.Status == http.StatusUnsupportedMediaType:
		return cli.ExitInput, true
	}
	return cli.ExitFailure, true
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
		ids = append(ids, cobra.CompletionWithDesc(j.ID, cli.Printable(string(j.State)+" "+j.Labels[nameLabel])))
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}

package main

import (
	"cmp"
	"errors"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/client"
)

const (
	keyVariable    = "PASTICHE_API_KEY"
	serverVariable = "PASTICHE_SERVER"
	defaultServer  = "http://127.0.0.1:8080"
)

// serverEnvironment is the part of a help text on the environment of commands that
// use a server.
const serverEnvironment = `

Environment:
  ` + serverVariable + `   URL of the server, for commands without --server
  ` + keyVariable + `  API key that the server expects`

// serverOptions are the flags of commands that use a server.
type serverOptions struct{ server string }

func (o *serverOptions) AddFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.server, "server", "", "`URL` of the server, or its host and port (default $"+serverVariable+" or "+defaultServer+")")
}

// connect returns a client of the server. It sends nothing.
func (o *serverOptions) connect() (*client.Client, error) {
	c, err := client.New(cmp.Or(o.server, os.Getenv(serverVariable), defaultServer))
	if err != nil {
		return nil, &usageError{err}
	}
	c.Key = os.Getenv(keyVariable)
	return c, nil
}

// exitOfServer returns the exit code of an error that a server answered, and false
// where err is not one. A mistake has the code that it has in a command that needs no
// server.
func exitOfServer(err error) (code int, ok bool) {
	var answer *client.Error
	if !errors.As(err, &answer) {
		return 0, false
	}
	switch answer.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return exitRefused, true
	case http.StatusUnprocessableEntity:
		return exitUsage, true
	case http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		return exitInput, true
	}
	return exitFailure, true
}

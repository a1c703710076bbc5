package jobs

import (
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/pastiche-art/pastiche/client"
	"github.com/pastiche-art/pastiche/internal/cli"
)

// The environment variables of the API key and of the server's URL.
const (
	KeyVariable    = "PASTICHE_API_KEY"
	ServerVariable = "PASTICHE_SERVER"
)

// An answerError is an error that a server answers, with the exit code that the same
// mistake has in a command without a server.
type answerError struct {
	error
	code int
}

func (e *answerError) Unwrap() error { return e.error }
func (e *answerError) ExitCode() int { return e.code }

// Error adds to an error of a client its exit code and what to do about it. nil stays nil.
func Error(err error) error {
	var answer *client.Error
	var sent *net.OpError
	if errors.As(err, &sent) && sent.Op == "dial" {
		return fmt.Errorf("%w; 'pastiche serve' starts a server here, --server or %s names another one", err, ServerVariable)
	}
	if !errors.As(err, &answer) {
		return err
	}
	switch answer.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		err = fmt.Errorf("%w; put an API key of the server into %s, or into a file for --api-key-file", err, KeyVariable)
		return &answerError{err, cli.ExitRefused}
	case http.StatusUnprocessableEntity:
		return &answerError{err, cli.ExitUsage}
	case http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		return &answerError{err, cli.ExitInput}
	case http.StatusNotFound:
		return fmt.Errorf("%w; 'pastiche jobs list' lists the jobs", err)
	}
	return err
}

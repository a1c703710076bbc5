package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/weights/registry"
)

// environmentHelp is the only list of environment variables for users.
var environmentHelp = `Every flag of every command may be given by a variable: PASTICHE_ and the flag's
name in capitals, with _ for -. A flag on the command line wins over its variable,
and an empty variable counts as none.
  PASTICHE_LOG_FORMAT=json pastiche serve   # pastiche serve --log-format json

These variables have no flag:
  ` + kernel.Variable + `   implementation of the engine to run instead of the fastest one; 'pastiche version' lists those of this machine
  ` + registry.HomeVariable + `     folder of networks (default pastiche in $XDG_DATA_HOME or where the system keeps the data of programs)
  ` + registry.MirrorVariable + `   URL or folder to pull networks from instead of their origin, or several with commas between them; files have the same names
  ` + keyVariable + `  API key of the server that 'pastiche jobs' uses
  HTTPS_PROXY       proxy to pull networks through; NO_PROXY lists hosts without`

// variableOf returns the environment variable of a flag.
func variableOf(flag string) string {
	return "PASTICHE_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fromVariable is the annotation of a flag whose value is that of its variable.
const fromVariable = "variable"

// readEnvironment has a command set flags that are not given from their variables, before
// it looks at its arguments.
func readEnvironment(cmd *cobra.Command) {
	check := cmd.Args
	if check == nil && !cmd.Runnable() {
		return
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := setFromEnvironment(cmd); err != nil {
			return err
		}
		if check == nil {
			return nil
		}
		return check(cmd, args)
	}
}

func setFromEnvironment(cmd *cobra.Command) (err error) {
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		value := os.Getenv(variableOf(f.Name))
		if f.Changed || value == "" || err != nil || f.Name == "help" || f.Name == helpAll || f.Name == "version" {
			return
		}
		var invalid *pflag.InvalidValueError
		if err = cmd.Flags().Set(f.Name, value); errors.As(err, &invalid) {
			err = invalidValue(invalid)
		}
		if err != nil {
			err = misused("%s=%s: %w", variableOf(f.Name), value, err)
			return
		}
		annotate(cmd, f.Name, fromVariable)
	})
	return err
}

// withVariables adds to an error that names flags the variables that they are from.
func withVariables(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if f.Annotations[fromVariable] != nil && strings.Contains(err.Error(), "--"+f.Name) && !strings.Contains(err.Error(), variableOf(f.Name)) {
			err = fmt.Errorf("%w (--%s is from %s)", err, f.Name, variableOf(f.Name))
		}
	})
	return err
}

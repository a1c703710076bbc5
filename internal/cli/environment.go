package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// variableOf returns the environment variable of a flag of a command: the program's name
// and the flag's, in capitals.
func variableOf(cmd *cobra.Command, flag string) string {
	return strings.ToUpper(cmd.Root().Name() + "_" + strings.ReplaceAll(flag, "-", "_"))
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
		value := os.Getenv(variableOf(cmd, f.Name))
		if f.Changed || value == "" || err != nil || f.Name == "help" || f.Name == helpAll || f.Name == "version" {
			return
		}
		var invalid *pflag.InvalidValueError
		if err = cmd.Flags().Set(f.Name, value); errors.As(err, &invalid) {
			err = invalidValue(invalid)
		}
		if err != nil {
			err = Misused("%s=%s: %w", variableOf(cmd, f.Name), value, err)
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
		if f.Annotations[fromVariable] != nil && strings.Contains(err.Error(), "--"+f.Name) && !strings.Contains(err.Error(), variableOf(cmd, f.Name)) {
			err = fmt.Errorf("%w (--%s is from %s)", err, f.Name, variableOf(cmd, f.Name))
		}
	})
	return err
}

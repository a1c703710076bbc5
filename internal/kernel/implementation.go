package kernel

import (
	"fmt"
	"os"
	"strings"
)

// implementation is a named set of primitives. Several implementations may share their
// float32 primitives.
type implementation struct {
	name string
	*primitives
	bfloat16 *bfloat16Primitives // nil without support for bfloat16
}

// Variable is the environment variable that selects an implementation by name.
const Variable = "PASTICHE_KERNEL"

// Implementations returns the names of the implementations that this machine
// can run, the fastest first. The first is used unless the environment
// variable PASTICHE_KERNEL names another.
func Implementations() []string {
	return names(implementations())
}

func names(of []*implementation) []string {
	var names []string
	for _, impl := range of {
		names = append(names, impl.name)
	}
	return names
}

// selected returns the implementation that a new pool uses.
func selected() (*implementation, error) {
	have := implementations()
	name := os.Getenv(Variable)
	if name == "" {
		return have[0], nil
	}
	for _, impl := range have {
		if impl.name == name {
			return impl, nil
		}
	}
	return nil, &UnavailableError{Name: name}
}

// An UnavailableError reports that the implementation named by PASTICHE_KERNEL does not
// exist or cannot run on this machine.
type UnavailableError struct{ Name string }

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("%s=%s: no such implementation on this machine: expected one of %s, or nothing for the first of them",
		Variable, e.Name, strings.Join(Implementations(), ", "))
}

package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/kernel"
)

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of the program, of Go and of the engine",
		Long: `Print the version of the program, the revision that it was built from where
that is known, the version of Go, the implementation of the engine in force among
those that this machine can run, and the precisions that it has.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runVersion() },
	}
}

// moduleVersion returns the version of the module that the program was built
// from, "(devel)" in a checkout without one.
func moduleVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func runVersion() error {
	pool, err := kernel.NewPool(1)
	if err != nil {
		return err
	}
	defer pool.Close()
	var b strings.Builder
	fmt.Fprintln(&b, "pastiche", moduleVersion())
	if revision := revision(); revision != "" {
		fmt.Fprintln(&b, "revision", revision)
	}
	fmt.Fprintln(&b, "go", strings.TrimPrefix(runtime.Version(), "go"), runtime.GOOS+"/"+runtime.GOARCH)
	fmt.Fprintf(&b, "kernel %s (of %s)\n", pool.Implementation(), strings.Join(kernel.Implementations(), ", "))
	fmt.Fprintln(&b, "precision", strings.Join(precisions(pool), ", "))
	return printText([]byte(b.String()))
}

// precisions returns the names of those that a pool's kernel has.
func precisions(pool *kernel.Pool) []string {
	names := []string{kernel.Float32.String()}
	if pool.Check(kernel.BFloat16) == nil {
		names = append(names, kernel.BFloat16.String())
	}
	return names
}

// revision returns the commit that the program was built from, if that is
// known.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	settings := make(map[string]string)
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	revision := settings["vcs.revision"]
	if revision != "" && settings["vcs.modified"] == "true" {
		revision += ", modified"
	}
	return revision
}

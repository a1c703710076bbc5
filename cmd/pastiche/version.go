package main

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/buildinfo"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/kernel"
)

// The source of a release and of the image, set by the linker: -X main.version=v1.2.3.
// Other programs have it from Go's build information.
var version, commit, commitDate string

// programSource returns what the program was built from.
func programSource() buildinfo.Source {
	return buildinfo.Source{Version: version, Commit: commit, Date: commitDate}.Complete()
}

// moduleVersion returns the version of the program, "(devel)" where it is not known.
func moduleVersion() string { return programSource().Version }

// versionReport is what 'pastiche version --json' prints.
type versionReport struct {
	buildinfo.Source
	Go         string   `json:"go"`
	Platform   string   `json:"platform"` // system/processor, in Go's names
	Kernel     string   `json:"kernel"`   // the engine's implementation in force
	Kernels    []string `json:"kernels"`  // those that this machine can run, the fastest first
	Precisions []string `json:"precisions"`
}

func newVersionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version of the program, of Go and of the engine",
		Long: `Print the version of the program, the commit that it was built from with the
commit's date, the version of Go, the implementation of the engine in force among
those that this machine can run, and the precisions that it has.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runVersion(asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func runVersion(asJSON bool) error {
	pool, err := kernel.NewPool(1)
	if err != nil {
		return err
	}
	defer pool.Close()
	r := versionReport{
		Source: programSource(), Go: strings.TrimPrefix(runtime.Version(), "go"), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Kernel: pool.Implementation(), Kernels: kernel.Implementations(), Precisions: precisions(pool),
	}
	if asJSON {
		return cli.PrintJSON([]versionReport{r})
	}
	var b strings.Builder
	fmt.Fprintln(&b, "pastiche", r.Version)
	if r.Commit != "" {
		fmt.Fprint(&b, "commit ", r.Commit)
		if r.Date != "" {
			fmt.Fprint(&b, " of ", r.Date)
		}
		if r.Modified {
			fmt.Fprint(&b, ", modified")
		}
		fmt.Fprintln(&b)
	}
	fmt.Fprintln(&b, "go", r.Go, r.Platform)
	fmt.Fprintf(&b, "kernel %s (of %s)\n", r.Kernel, strings.Join(r.Kernels, ", "))
	fmt.Fprintln(&b, "precision", strings.Join(r.Precisions, ", "))
	return cli.PrintText([]byte(b.String()))
}

// precisions returns the names of those that a pool's kernel has.
func precisions(pool *kernel.Pool) []string {
	var names []string
	for _, p := range kernel.Precisions() {
		if pool.Check(p) == nil {
			names = append(names, p.String())
		}
	}
	return names
}

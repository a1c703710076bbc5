package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/kernel"
)

// The source of a release and of the image, set by the linker: -X main.version=v1.2.3.
// Other programs have it from Go's build information.
var version, commit, commitDate string

// source is what the program was built from. Fields that are not known are empty.
type source struct {
	Version  string `json:"version"`            // a tag, a pseudo-version or "(devel)"
	Commit   string `json:"commit,omitempty"`   // hexadecimal digits
	Date     string `json:"date,omitempty"`     // of the commit, as RFC 3339 has it, in UTC
	Modified bool   `json:"modified,omitempty"` // the checkout differed from the commit
}

// pseudoVersion matches the version that Go gives a commit without a tag, and finds its
// time and the beginning of its hash.
var pseudoVersion = regexp.MustCompile(`[.-](\d{14})-([0-9a-f]{12})(\+|$)`)

// sourceOf returns the source that Go's build information, and what the linker set,
// describe. The linker's values win.
func sourceOf(info *debug.BuildInfo) source {
	s := source{Version: cmp.Or(version, info.Main.Version, "(devel)"), Commit: commit, Date: commitDate}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			s.Commit = cmp.Or(s.Commit, setting.Value)
		case "vcs.time":
			s.Date = cmp.Or(s.Date, setting.Value)
		case "vcs.modified":
			s.Modified = setting.Value == "true"
		}
	}
	// 'go install MODULE@COMMIT' has nothing but the version.
	if found := pseudoVersion.FindStringSubmatch(s.Version); found != nil {
		s.Commit = cmp.Or(s.Commit, found[2])
		if at, err := time.Parse("20060102150405", found[1]); err == nil {
			s.Date = cmp.Or(s.Date, at.Format(time.RFC3339))
		}
	}
	return s
}

func programSource() source {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = new(debug.BuildInfo)
	}
	return sourceOf(info)
}

// moduleVersion returns the version of the program, "(devel)" where it is not known.
func moduleVersion() string { return programSource().Version }

// versionReport is what 'pastiche version --json' prints.
type versionReport struct {
	source
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
		source: programSource(), Go: strings.TrimPrefix(runtime.Version(), "go"), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Kernel: pool.Implementation(), Kernels: kernel.Implementations(), Precisions: precisions(pool),
	}
	if asJSON {
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		return cli.PrintText(append(text, '\n'))
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
	names := []string{kernel.Float32.String()}
	if pool.Check(kernel.BFloat16) == nil {
		names = append(names, kernel.BFloat16.String())
	}
	return names
}

package main

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/pastiche-art/pastiche/internal/cli"
)

// A releaseConfig is what the tests read of .goreleaser.yaml. goreleaser itself checks
// the rest.
type releaseConfig struct {
	Env    []string
	Before struct{ Hooks []string }
	Builds []struct {
		Main         string
		Goos, Goarch []string
		Ldflags      []string
	}
	Archives []struct {
		Files []struct{ Src string }
	}
	Nfpms []struct {
		Scripts  map[string]string
		Contents []struct{ Src, Dst string }
	}
	DockersV2 []struct {
		ExtraFiles []string `yaml:"extra_files"`
	} `yaml:"dockers_v2"`
	HomebrewCasks []struct {
		Manpages    []string
		Completions map[string]string
	} `yaml:"homebrew_casks"`
}

func readReleaseConfig(t *testing.T) (c releaseConfig) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(contents(t, ".goreleaser.yaml")), &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Builds) != 1 || len(c.Archives) != 1 || len(c.Nfpms) != 1 || len(c.DockersV2) != 1 || len(c.HomebrewCasks) != 1 {
		t.Fatalf(".goreleaser.yaml: %+v", c)
	}
	return c
}

// TestReleasedFiles: the files that a release packs are in the repository, or a command
// writes them first.
func TestReleasedFiles(t *testing.T) {
	c := readReleaseConfig(t)
	var files []string
	for _, f := range c.Archives[0].Files {
		files = append(files, f.Src)
	}
	for _, f := range c.Nfpms[0].Contents {
		files = append(files, f.Src)
	}
	for _, script := range c.Nfpms[0].Scripts {
		files = append(files, script)
	}
	for _, file := range append(files, c.DockersV2[0].ExtraFiles...) {
		if strings.HasPrefix(file, "output/release/") {
			made, _, _ := strings.Cut(file, "/*") // a folder, or a file by its name
			if !slices.ContainsFunc(c.Before.Hooks, func(hook string) bool { return strings.Contains(hook, made) }) {
				t.Errorf("no command writes %s", file)
			}
			continue
		}
		if found, err := filepath.Glob("../../" + file); err != nil || len(found) == 0 {
			t.Errorf("%s: %d files, %v", file, len(found), err)
		}
	}

	var pages []string
	for name := range cli.ManPages(documentedRoot(), "", "") {
		pages = append(pages, "man/"+name)
	}
	slices.Sort(pages)
	if difference := cmp.Diff(pages, c.HomebrewCasks[0].Manpages); difference != "" {
		t.Errorf("the manpages of homebrew_casks in .goreleaser.yaml differ from those of the commands (-commands +configuration):\n%s", difference)
	}
}

// TestReleasedBinaries: the image and the binaries of a release are compiled by the same
// release of Go, with the same flags.
func TestReleasedBinaries(t *testing.T) {
	c, image := readReleaseConfig(t), contents(t, "Dockerfile")
	toolchain := regexp.MustCompile(`golang:([\d.]+)-`).FindStringSubmatch(image)
	if toolchain == nil || !slices.Contains(c.Env, "GOTOOLCHAIN=go"+toolchain[1]) {
		t.Errorf("the Dockerfile builds with Go %v, a release with %v", toolchain, c.Env)
	}
	flags := regexp.MustCompile(`-ldflags="(.*?)"`).FindStringSubmatch(image)
	inImage := strings.NewReplacer("v{{ .Version }}", "$VERSION", "{{ .FullCommit }}", "$COMMIT", "{{ .CommitDate }}", "$DATE")
	if flags == nil || inImage.Replace(strings.Join(c.Builds[0].Ldflags, " ")) != flags[1] {
		t.Errorf("the Dockerfile links with %v, a release with %v", flags, c.Builds[0].Ldflags)
	}
	if b := c.Builds[0]; len(b.Goos)*len(b.Goarch) != 6 || b.Main != "./cmd/pastiche" {
		t.Errorf("a release builds %+v", b)
	}
}

// Notices writes NOTICES: the licences of everything that the program pastiche
// contains and that others wrote. go generate runs it after each change of go.mod,
// and a test fails where a linked module is missing from the file.
package main

//go:generate go run . ../..

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// notice is one licence, or another text that has to accompany the program.
type notice struct {
	of   string // what it applies to, such as "golang.org/x/sys v0.49.0"
	file string // its path there
	text string
}

// targets are the systems that pastiche is built for, as GOOS/GOARCH. Each links
// modules that others do not.
var targets = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"}

// bundled lists the files of this repository that hold the licences of what was
// copied into it: the decoders of HEIC and AVIF, the detector of faces, the
// packages and fonts of the studio's page, and the example pictures.
var bundled = []string{
	"internal/heif/NOTICE", "internal/heif/LICENSE.libheif", "internal/heif/LICENSE.libde265",
	"internal/heif/LICENSE.heic", "internal/heif/LICENSE.libavif", "internal/heif/LICENSE.aom",
	"internal/heif/LICENSE.avif", "internal/heif/LICENSE.wasi-libc",
	"internal/face/pigo-license.txt",
	"internal/studio/page/licenses.md", "internal/studio/page/fonts-license.txt",
	"examples/README.md",
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: notices REPOSITORY")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "notices:", err)
		os.Exit(1)
	}
}

// write writes NOTICES of the repository at root.
func write(root string) error {
	toolchain, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("go env: %w", err)
	}
	var all []notice
	for _, file := range []string{"LICENSE", "PATENTS"} {
		text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(toolchain)), file))
		if err != nil {
			return err
		}
		all = append(all, notice{"Go's standard library", file, string(text)})
	}
	for _, file := range bundled {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		if err != nil {
			return err
		}
		all = append(all, notice{"pastiche", file, string(text)})
	}
	for _, target := range targets {
		of, err := linked(root, target)
		if err != nil {
			return err
		}
		all = append(all, of...)
	}
	return os.WriteFile(filepath.Join(root, "NOTICES"), format(all), 0o644) //nolint:gosec // everybody reads it
}

// linked returns the notices of the modules that the program links for a target. A module without a licence is an error.
func linked(root, target string) ([]notice, error) {
	system, processor, _ := strings.Cut(target, "/")
	list := exec.Command("go", "list", "-mod=readonly", "-deps", "-json=Dir,Module", "./cmd/pastiche")
	list.Dir = root
	list.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+processor, "CGO_ENABLED=0")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list for %s: %w", target, err)
	}
	type entry struct {
		Dir    string
		Module *struct {
			Path, Version, Dir string
			Main               bool
		}
	}
	var all []notice
	seen := map[string]bool{}
	found := map[string]bool{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var e entry
		switch err := d.Decode(&e); {
		case errors.Is(err, io.EOF):
			for name, ok := range found {
				if !ok {
					return nil, fmt.Errorf("%s: no file with a licence", name)
				}
			}
			return all, nil
		case err != nil:
			return nil, err
		}
		if e.Module == nil || e.Module.Main {
			continue
		}
		name := e.Module.Path + " " + e.Module.Version
		// A package may have a licence of its own, beside that of the module.
		for dir := e.Dir; ; dir = filepath.Dir(dir) {
			if !seen[dir] {
				seen[dir] = true
				of, err := notices(name, e.Module.Dir, dir)
				if err != nil {
					return nil, err
				}
				found[name] = found[name] || len(of) > 0
				all = append(all, of...)
			}
			if dir == e.Module.Dir {
				break
			}
		}
	}
}

var licence = regexp.MustCompile(`(?i)^((un)?licen[sc]es?|copying|notices?|patents|third_party_licenses)\b`)

// notices returns the texts of the files in a folder of a module that are called
// like licences, and of those in its folders of licences.
func notices(name, module, dir string) ([]notice, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []notice
	for _, e := range entries {
		if !licence.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		err := filepath.WalkDir(filepath.Join(dir, e.Name()), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			file, err := filepath.Rel(module, path)
			all = append(all, notice{name, filepath.ToSlash(file), string(text)})
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// format returns NOTICES: each text once, below the names of all that it applies to.
func format(all []notice) []byte {
	var texts []string
	heads := map[string][]string{}
	for _, n := range all {
		text, head := plain(n.text), head(n)
		if heads[text] == nil {
			texts = append(texts, text)
		}
		if !slices.Contains(heads[text], head) {
			heads[text] = append(heads[text], head)
		}
	}
	for _, of := range heads {
		slices.Sort(of)
	}
	slices.SortFunc(texts, func(a, b string) int { return slices.Compare(heads[a], heads[b]) })
	line := strings.Repeat("=", 80)
	var b bytes.Buffer
	b.WriteString("pastiche is under the MIT licence: see LICENSE. The program contains the works of\n" +
		"others that are listed here, each text below what it applies to.\n" +
		"Written by cmd/notices; do not edit.\n")
	for _, text := range texts {
		fmt.Fprintf(&b, "\n%s\n%s\n%s\n\n%s\n", line, strings.Join(heads[text], "\n"), line, text)
	}
	return b.Bytes()
}

func head(n notice) string { return n.of + ": " + n.file }

// plain returns a text with line feeds alone, without white space at the ends of
// lines and without empty lines around it.
func plain(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t\f\r")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

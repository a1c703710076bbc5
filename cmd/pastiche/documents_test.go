package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
)

const repository = "../.."

// documents returns the text of every Markdown file of the repository by its path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := filepath.WalkDir(repository, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{".git", "node_modules", "page", "testdata"}, d.Name()) {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		all[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("%d documents, expected those of docs and more", len(all))
	}
	return all
}

// A codeBlock is a fenced block, or lines that are indented by four spaces after an empty
// line.
var codeBlock = regexp.MustCompile("(?ms)^[ ]*```.*?^[ ]*```$|\n\n((?:(?:    |\t)[^\n]*\n|\n)+)")

// TestDocumentedLinks: every link of a document to a file of the repository leads there, to
// a heading that exists and, where its text is an identifier of Go, to the file that
// declares it.
func TestDocumentedLinks(t *testing.T) {
	link := regexp.MustCompile(`\[([^\]]*)\]\(([^)\s]+)\)|\[?(?:src)="([^"]+)"`)
	texts := documents(t)
	links := 0
	for path, text := range texts {
		for _, found := range link.FindAllStringSubmatch(codeBlock.ReplaceAllString(text, "\n"), -1) {
			target := found[2] + found[3]
			if strings.Contains(target, ":") {
				continue // another place
			}
			links++
			file, heading, _ := strings.Cut(target, "#")
			to := path
			if file != "" {
				to = filepath.Join(filepath.Dir(path), filepath.FromSlash(file))
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s: %v", path, target, err)
				continue
			}
			if heading != "" && !slices.Contains(headings(texts[to]), heading) {
				t.Errorf("%s links to %s: %s has no such heading", path, target, to)
			}
			if name, ok := strings.CutPrefix(found[1], "`"); ok && filepath.Ext(to) == ".go" {
				name = strings.TrimSuffix(name, "`")
				if names := declared(t, to); identifier.MatchString(name) && !slices.Contains(names, name) && !slices.Contains(names, unqualified(name)) {
					t.Errorf("%s links from %s to %s, which does not declare it", path, name, target)
				}
			}
		}
	}
	if links < 100 {
		t.Errorf("%d links, expected hundreds", links)
	}
}

// identifier is a name, or one of a type or of a package with that of a method or of a
// declaration. A file's name is none.
var identifier = regexp.MustCompile(`^[A-Za-z]\w*(\.([A-Z]\w*|[a-z]\w{2,}))?$`)

// unqualified returns an identifier without its package.
func unqualified(name string) string {
	if _, short, found := strings.Cut(name, "."); found && name[0] >= 'a' {
		return short
	}
	return name
}

// headings returns the anchors that GitHub gives the headings of a text.
func headings(text string) (anchors []string) {
	omitted := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	for _, found := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		anchors = append(anchors, strings.ReplaceAll(omitted.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-"))
	}
	return anchors
}

// declared returns the names that a file of Go declares, and that of its package. Those of
// methods begin with that of their type.
func declared(t *testing.T, path string) (names []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	names = append(names, file.Name.Name)
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil {
				of := d.Recv.List[0].Type
				if star, ok := of.(*ast.StarExpr); ok {
					of = star.X
				}
				if id, ok := of.(*ast.Ident); ok {
					name = id.Name + "." + name
				}
			}
			names = append(names, name)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					names = append(names, spec.Name.Name)
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						names = append(names, name.Name)
					}
				}
			}
		}
	}
	return names
}

// TestDocumentedNames: the tests, files and metrics that the documents name exist.
func TestDocumentedNames(t *testing.T) {
	tests := make(map[string]bool)
	var metrics strings.Builder
	err := filepath.WalkDir(repository, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.HasSuffix(path, "_test.go") {
			for _, found := range regexp.MustCompile(`(?m)^func ((Test|Fuzz)\w+)\(`).FindAllSubmatch(text, -1) {
				tests[string(found[1])] = true
			}
		} else if strings.HasSuffix(path, "metrics.go") {
			metrics.Write(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range documents(t) {
		for _, name := range regexp.MustCompile("(?:`|-run )((?:Test|Fuzz)[A-Z]\\w+)").FindAllStringSubmatch(text, -1) {
			if !tests[name[1]] {
				t.Errorf("%s names %s, which is no test", path, name[1])
			}
		}
		for _, name := range regexp.MustCompile("`((?:cmd|internal|docs|bench)/[\\w./-]+)`").FindAllStringSubmatch(text, -1) {
			_, err := os.Stat(filepath.Join(repository, name[1]))
			if err != nil { // a name may be relative to its document
				_, err = os.Stat(filepath.Join(filepath.Dir(path), name[1]))
			}
			if err != nil {
				t.Errorf("%s names %s: %v", path, name[1], err)
			}
		}
		for _, name := range regexp.MustCompile(`\bpastiche_[a-z_]+`).FindAllString(text, -1) {
			if !strings.Contains(metrics.String(), `"`+name) {
				t.Errorf("%s names the metric %s, which does not exist", path, name)
			}
		}
	}
}

// TestDocumentedFlags: every command, flag and parameter that the documents name exists.
func TestDocumentedFlags(t *testing.T) {
	var (
		span    = regexp.MustCompile("`([^`\n]+)`")
		command = regexp.MustCompile(`(?:^|[ (])pastiche ([a-z][a-z0-9-]*(?: [^|#)]*)?)`)
		flag    = regexp.MustCompile(`(?:^| )--([a-z][a-z-]*)`)
		set     = regexp.MustCompile(`--set '?([a-z_]+)=`)
	)
	flags := make(map[string]bool)
	cli.EachCommand(documentedRoot(), func(cmd *cobra.Command) {
		for _, name := range flag.FindAllStringSubmatch(" "+strings.ReplaceAll(cmd.LocalFlags().FlagUsages(), "\n", " "), -1) {
			flags[name[1]] = true
		}
	})
	parameters := make(map[string]bool)
	for _, field := range reflect.VisibleFields(reflect.TypeFor[paint.Recipe]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		parameters[name] = true
	}
	for path, text := range documents(t) {
		folder := filepath.Base(filepath.Dir(path))
		if folder != "docs" && filepath.Base(path) != "README.md" || folder == "training" {
			continue
		}
		text = strings.ReplaceAll(text, "\\\n", " ")
		var code []string
		for _, block := range codeBlock.FindAllString(text, -1) {
			code = append(code, strings.Split(block, "\n")...)
		}
		for _, found := range span.FindAllStringSubmatch(codeBlock.ReplaceAllString(text, "\n"), -1) {
			code = append(code, found[1])
			if name := flag.FindStringSubmatch(found[1]); name != nil && strings.HasPrefix(found[1], "--") && !flags[name[1]] && !othersFlags[name[1]] {
				t.Errorf("%s: no command has the flag --%s", path, name[1])
			}
		}
		for _, line := range code {
			line, _, _ = strings.Cut(line, " # ")
			for _, found := range command.FindAllStringSubmatch(line, -1) {
				cmd, words := documentedRoot(), strings.Fields(found[1])
				for len(words) > 0 {
					i := slices.IndexFunc(cmd.Commands(), func(below *cobra.Command) bool { return below.Name() == words[0] })
					if i < 0 {
						break
					}
					cmd, words = cmd.Commands()[i], words[1:]
				}
				if !cmd.HasParent() {
					t.Errorf("%s: %q: no command %s", path, strings.TrimSpace(line), words[0])
					continue
				}
				for _, name := range flag.FindAllStringSubmatch(" "+strings.Join(words, " "), -1) {
					cmd.InitDefaultHelpFlag()
					if cmd.Flag(name[1]) == nil {
						t.Errorf("%s: %q: %s has no flag --%s", path, strings.TrimSpace(line), cmd.CommandPath(), name[1])
					}
				}
			}
			for _, name := range set.FindAllStringSubmatch(line, -1) {
				if !parameters[name[1]] {
					t.Errorf("%s: %q: a recipe has no parameter %s", path, strings.TrimSpace(line), name[1])
				}
			}
		}
	}
}

// TestDocumentedRecipes: the table of recipes in the README has the recipes and the times that
// 'pastiche recipes' prints, in the same order.
func TestDocumentedRecipes(t *testing.T) {
	_, section, found := strings.Cut(documents(t)[filepath.Join(repository, "README.md")], "\n## Recipes\n")
	if !found {
		t.Fatal("README.md has no section Recipes")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var documented, printed []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\|.*\\| ([0-9.]+) \\|$").FindAllStringSubmatch(section, -1) {
		documented = append(documented, row[1]+" "+row[2])
	}
	for _, r := range recipes {
		printed = append(printed, fmt.Sprintf("%s %g", r.Name, r.Time))
	}
	if !slices.Equal(documented, printed) {
		t.Errorf("README.md has the recipes and times %q, 'pastiche recipes' prints %q", documented, printed)
	}
}

// othersFlags are flags of other programs.
var othersFlags = map[string]bool{"stop-timeout": true}

// documentedRoot returns the command with those that cobra adds when it runs.
func documentedRoot() *cobra.Command {
	root := newProgram().Root
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd("bash")
	return root
}

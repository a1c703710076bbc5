package pastiche_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/pastiche-art/pastiche"

// mostExported is the largest number of exported types, functions and methods of all
// public packages together.
const mostExported = 300

// unused are exported functions and types that nothing else in the module uses, with the
// reason why they are exported.
var unused = map[string]string{
	"examples/course/exercises.ContentCost":    "students write it; the grader of the same folder calls it",
	"examples/course/exercises.GramMatrix":     "students write it; the grader of the same folder calls it",
	"examples/course/exercises.LayerStyleCost": "students write it; the grader of the same folder calls it",
}

// TestSurface counts the exported types, functions and methods of the public packages,
// those that are neither internal nor programs. It expects every function and type to be
// used: in an Example, in another package, or, for a type, in the signature or a field of
// something else that its package exports.
func TestSurface(t *testing.T) {
	files := parseModule(t)
	s := surface{exported: make(map[string]int), used: make(map[string]bool)}
	for name, f := range files {
		if isPublic(name, f) {
			s.declare(path.Dir(name), f)
		}
	}
	for name, f := range files {
		if base := path.Base(name); !strings.HasSuffix(base, "_test.go") || base == "example_test.go" {
			s.use(path.Dir(name), f)
		}
	}
	sum := 0
	for name, n := range s.exported {
		sum += n
		if _, excepted := unused[name]; !s.used[name] && !excepted {
			t.Errorf("nothing outside its package uses %s: use it in an Example, or do not export it", name)
		}
	}
	for name := range unused {
		if s.exported[name] == 0 || s.used[name] {
			t.Errorf("%s is not exported or is used: it needs no exception", name)
		}
	}
	if sum > mostExported {
		t.Errorf("%d exported types, functions and methods: expected at most %d", sum, mostExported)
	}
	t.Logf("%d exported types, functions and methods: %v", sum, s.packages())
}

// parseModule returns the Go files of the module by their slash-separated paths, without
// those of nested modules and folders that the go command ignores.
func parseModule(t *testing.T) map[string]*ast.File {
	t.Helper()
	files, set, root := make(map[string]*ast.File), token.NewFileSet(), os.DirFS(".")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch base := path.Base(name); {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || base == "node_modules"):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		files[name], err = parser.ParseFile(set, name, text, parser.SkipObjectResolution)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// isPublic reports whether a file belongs to a package that programs of other modules can
// import.
func isPublic(name string, f *ast.File) bool {
	return f.Name.Name != "main" && !strings.HasSuffix(name, "_test.go") && !slices.Contains(strings.Split(name, "/"), "internal")
}

// surface is what packages export. A name is a package's folder, a dot and an identifier.
type surface struct {
	exported map[string]int  // how much a function or a type counts, with its methods
	used     map[string]bool // by name
}

// packages returns how much each package exports.
func (s *surface) packages() map[string]int {
	sums := make(map[string]int)
	for name, n := range s.exported {
		sums[name[:strings.LastIndex(name, ".")]] += n
	}
	return sums
}

// declare counts what a file exports.
func (s *surface) declare(folder string, f *ast.File) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if !d.Name.IsExported() {
				continue
			}
			if d.Recv == nil {
				s.exported[folder+"."+d.Name.Name]++
			} else if receiver := receiverOf(d); ast.IsExported(receiver) {
				s.exported[folder+"."+receiver]++
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if of, ok := spec.(*ast.TypeSpec); ok && of.Name.IsExported() {
					s.exported[folder+"."+of.Name.Name] += 1 + methods(of)
				}
			}
		}
	}
}

// receiverOf returns the name of the type that a method belongs to.
func receiverOf(d *ast.FuncDecl) string {
	of := d.Recv.List[0].Type
	if pointer, ok := of.(*ast.StarExpr); ok {
		of = pointer.X
	}
	if generic, ok := of.(*ast.IndexExpr); ok {
		of = generic.X
	}
	return types.ExprString(of)
}

// methods returns the number of exported methods that an interface declares.
func methods(of *ast.TypeSpec) (n int) {
	if i, ok := of.Type.(*ast.InterfaceType); ok {
		for _, m := range i.Methods.List {
			for _, name := range m.Names {
				if name.IsExported() {
					n++
				}
			}
		}
	}
	return n
}

// use records what a file uses of other packages, and which types the exported
// declarations of its own package mention.
func (s *surface) use(folder string, f *ast.File) {
	imports := make(map[string]string)
	for _, i := range f.Imports {
		if of, ok := strings.CutPrefix(strings.Trim(i.Path.Value, `"`), module+"/"); ok {
			name := path.Base(of)
			if i.Name != nil {
				name = i.Name.Name
			}
			imports[name] = of
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := selector.X.(*ast.Ident); ok && imports[x.Name] != "" {
				s.used[imports[x.Name]+"."+selector.Sel.Name] = true
			}
		}
		return true
	})
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() {
				s.mention(folder, d.Type, "")
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if spec.Name.IsExported() {
						s.mention(folder, spec.Type, spec.Name.Name)
					}
				case *ast.ValueSpec:
					if spec.Type != nil && spec.Names[0].IsExported() {
						s.mention(folder, spec.Type, "")
					}
				}
			}
		}
	}
}

// mention records the types of a package that an expression of it mentions, but for one.
func (s *surface) mention(folder string, of ast.Expr, but string) {
	ast.Inspect(of, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			return false // of another package
		case *ast.StructType:
			for _, field := range n.Fields.List {
				if len(field.Names) == 0 || slices.ContainsFunc(field.Names, (*ast.Ident).IsExported) {
					s.mention(folder, field.Type, but)
				}
			}
			return false
		case *ast.Ident:
			if n.Name != but {
				s.used[folder+"."+n.Name] = true
			}
		}
		return true
	})
}

package studio

import (
	"bytes"
	"cmp"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed docs.html
var docsHTML string

var docsTemplate = template.Must(template.New("docs").Funcs(template.FuncMap{
	"lower": strings.ToLower, "kind": kindOf,
	"schema": func(ref string) string { return strings.TrimPrefix(ref, schemaPrefix) },
}).Parse(docsHTML))

const schemaPrefix = "#/components/schemas/"

// documented is an operation on the page.
type documented struct {
	Method, Path string
	*huma.Operation
}

// documentation serves a page to read the OpenAPI document, which other
// renderers load from elsewhere.
func (s *server) documentation(mux *http.ServeMux, api huma.API) {
	doc := api.OpenAPI()
	type group struct {
		*huma.Tag
		Operations []documented
	}
	var groups []group
	for _, tag := range doc.Tags {
		g := group{Tag: tag}
		for path, item := range doc.Paths {
			for _, op := range []*huma.Operation{item.Get, item.Post, item.Delete} {
				if op != nil && slices.Contains(op.Tags, tag.Name) {
					g.Operations = append(g.Operations, documented{op.Method, path, op})
				}
			}
		}
		slices.SortFunc(g.Operations, func(a, b documented) int {
			return cmp.Or(strings.Compare(a.Path, b.Path), -strings.Compare(a.Method, b.Method))
		})
		groups = append(groups, g)
	}
	var b bytes.Buffer
	err := docsTemplate.Execute(&b, map[string]any{
		"Doc": doc, "Groups": groups, "Schemas": doc.Components.Schemas.Map(),
	})
	if err != nil {
		panic(err) // of a template that is not as the document
	}
	page := b.Bytes()
	mux.HandleFunc("GET "+base+"/docs", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(page) //nolint:errcheck // a client that is gone needs no answer
	})
}

// kindOf says in a word or two what a schema describes.
func kindOf(s *huma.Schema) string {
	switch {
	case s == nil:
		return ""
	case s.Ref != "":
		return strings.TrimPrefix(s.Ref, schemaPrefix)
	case len(s.OneOf) > 0:
		kinds := make([]string, len(s.OneOf))
		for i, one := range s.OneOf {
			kinds[i] = kindOf(one)
		}
		return strings.Join(kinds, " or ")
	case s.Type == huma.TypeArray:
		return "list of " + kindOf(s.Items)
	case s.Format == "binary":
		return "file"
	case s.Format != "":
		return s.Type + ", " + s.Format
	}
	return s.Type
}

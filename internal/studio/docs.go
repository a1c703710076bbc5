package studio

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed docs.html
var docsHTML string

var docsTemplate = template.Must(template.New("docs").Funcs(template.FuncMap{
	"lower": strings.ToLower, "kind": kindOf, "limits": limitsOf,
	"required": func(s *huma.Schema, field string) bool { return slices.Contains(s.Required, field) },
	"json": func(v any) (string, error) {
		text, err := json.MarshalIndent(v, "", "  ")
		return string(text), err
	},
	"schema": func(ref string) string { return strings.TrimPrefix(ref, schemaPrefix) },
}).Parse(docsHTML))

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
			for _, op := range operationsOf(item) {
				if slices.Contains(op.Tags, tag.Name) {
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
		w.Write(page) //nolint:errcheck // the client may have disconnected
	})
}

// kindOf says in a word or two what a schema describes that is neither a reference nor
// a list.
func kindOf(s *huma.Schema) string {
	kind := s.Type
	switch {
	case len(s.OneOf) > 0:
		kinds := make([]string, len(s.OneOf))
		for i, one := range s.OneOf {
			kinds[i] = cmp.Or(one.Title, kindOf(one))
		}
		kind = "one of " + strings.Join(kinds, ", ")
	case s.Format == "binary":
		kind = "file"
	case s.Type == huma.TypeObject && len(s.Properties) == 0:
		kind = "object of names and values"
	case s.Format != "" && s.Type == huma.TypeString:
		kind = s.Format
	}
	return cmp.Or(kind, "any value")
}

// limitsOf returns the bounds of a schema in words.
func limitsOf(s *huma.Schema) []string {
	var all []string
	for _, limit := range []struct {
		words string
		bound *float64
	}{{"at least", s.Minimum}, {"more than", s.ExclusiveMinimum}, {"at most", s.Maximum}, {"less than", s.ExclusiveMaximum}} {
		if limit.bound != nil {
			all = append(all, limit.words+" "+strconv.FormatFloat(*limit.bound, 'f', -1, 64))
		}
	}
	if s.Default != nil {
		all = append(all, fmt.Sprint("default ", s.Default))
	}
	return all
}

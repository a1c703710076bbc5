package studio_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"github.com/pastiche-art/pastiche/internal/studio"
)

//go:generate go test -run ^TestOpenAPIFile$ . -update

var update = flag.Bool("update", false, "write openapi.json instead of comparing it")

// openAPI returns the OpenAPI document of a server.
func openAPI(t *testing.T, s setup) []byte {
	t.Helper()
	f := newServer(t, s)
	answer, data := f.get(http.MethodGet, "/openapi.json")
	if answer.StatusCode != http.StatusOK {
		t.Fatal(answer.Status)
	}
	return data
}

// TestOpenAPIFile compares the file from which clients are generated with the
// document that a server answers.
func TestOpenAPIFile(t *testing.T) {
	var document bytes.Buffer
	if err := json.Indent(&document, openAPI(t, setup{}), "", "  "); err != nil {
		t.Fatal(err)
	}
	document.WriteByte('\n')
	const file = "openapi.json"
	if *update {
		if err := os.WriteFile(file, document.Bytes(), 0o644); err != nil { //nolint:gosec // everybody may read it
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(stored, document.Bytes()) {
		t.Errorf("%s is not what the server answers (%v): run go generate ./internal/studio", file, err)
	}
}

// readDocument returns a validator of answers, made from openapi.json.
var readDocument = sync.OnceValues(func() (validator.Validator, error) {
	data, err := os.ReadFile("openapi.json")
	if err != nil {
		return nil, err
	}
	document, err := libopenapi.NewDocument(data)
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(document)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	return v, nil
})

func TestOpenAPIIsValid(t *testing.T) {
	v, err := readDocument()
	if err != nil {
		t.Fatal(err)
	}
	if valid, errs := v.ValidateDocument(); !valid {
		for _, err := range errs {
			t.Error(err)
		}
	}
}

// conforming is a transport that compares each answer of the API with the OpenAPI
// document.
type conforming struct {
	t    *testing.T
	next http.RoundTripper
}

func (c conforming) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := c.next.RoundTrip(r)
	if err != nil || r.Method == http.MethodHead || *update || !strings.HasPrefix(r.URL.Path, "/api/v1/") {
		return answer, err
	}
	v, err := readDocument()
	if err != nil {
		c.t.Error(err)
		return answer, nil
	}
	kind, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";")
	checked := *answer
	if strings.HasSuffix(kind, "json") {
		data, err := io.ReadAll(answer.Body)
		if err != nil {
			return answer, err
		}
		answer.Body.Close()
		answer.Body = io.NopCloser(bytes.NewReader(data))
		checked.Body = io.NopCloser(bytes.NewReader(data))
	} else { // files and streams are not read here
		checked.Body = http.NoBody
	}
	switch {
	case kind == "application/problem+json" && (answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusMethodNotAllowed),
		strings.HasPrefix(r.URL.Path, "/api/v1/openapi."), r.URL.Path == "/api/v1/docs":
		return answer, nil // paths and methods that the document does not have
	}
	if valid, errs := v.ValidateHttpResponse(r, &checked); !valid {
		for _, err := range errs {
			c.t.Errorf("%s %s, %s: the answer is not as the OpenAPI document says: %s: %s", r.Method, r.URL.Path, answer.Status, err.Message, err.Reason)
			for _, detail := range err.SchemaValidationErrors {
				c.t.Errorf("  %s: %s", detail.FieldPath, detail.Reason)
			}
		}
	}
	return answer, nil
}

// CloseIdleConnections lets the server close.
func (c conforming) CloseIdleConnections() {
	if closer, ok := c.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// TestTypeScript generates types from openapi.json as the page does, and compiles a
// program with them.
func TestTypeScript(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs the TypeScript compiler")
	}
	bin, err := filepath.Abs("web/node_modules/.bin")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(bin, "openapi-typescript")); err != nil {
		t.Skip("npm ci has not run in studio/web")
	}
	run := func(name string, arguments ...string) {
		t.Helper()
		if said, err := exec.CommandContext(t.Context(), filepath.Join(bin, name), arguments...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, said)
		}
	}
	dir := t.TempDir()
	program, err := os.ReadFile("testdata/client.ts")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "client.ts"), program, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	run("openapi-typescript", "openapi.json", "--output", filepath.Join(dir, "schema.ts"))
	run("tsc", "--strict", "--noEmit", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", filepath.Join(dir, "client.ts"))
}

func TestPresetsAreListed(t *testing.T) {
	f := newServer(t, setup{Config: studio.Config{Presets: []studio.Preset{{
		Name: "poster", Title: "Poster", Recipe: map[string]any{"name": "fine", "size": 64.0, "style_scale": 2.0},
	}}}})
	var list struct {
		Recipes []struct {
			Name, Title string
			Recipe      map[string]any
			Parameters  []struct {
				Name, Type       string
				Default          any
				Minimum, Maximum *float64
			}
		}
	}
	f.decode(f.do(f.request(http.MethodGet, "/recipes", nil)), http.StatusOK, &list)
	last := list.Recipes[len(list.Recipes)-1]
	if list.Recipes[0].Name != "fine" || last.Name != "poster" || last.Recipe["name"] != "fine" || last.Recipe["style_scale"] != 2.0 {
		t.Errorf("recipes %+v", list.Recipes)
	}
	size := last.Parameters[0]
	if size.Name != "size" || size.Type != "integer" || size.Default != 64.0 || *size.Minimum != 1 || *size.Maximum != 4096 {
		t.Errorf("its size is %+v", size)
	}
	parts := quick()
	parts[2].data = []byte(`{"recipe":{"name":"poster","iterations":1}}`)
	var j struct {
		Options struct{ Recipe map[string]any }
	}
	f.decode(f.submit("", parts...), http.StatusCreated, &j)
	if r := j.Options.Recipe; r["name"] != "fine" || r["size"] != 64.0 || r["style_scale"] != 2.0 || r["iterations"] != 1.0 {
		t.Errorf("the job's recipe is %v", r)
	}
}

package studio

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/paint"
)

// apiVersion is the version of the API. It changes less often than the server's.
const apiVersion = "1.0.0"

// The groups of operations in the documentation.
const (
	tagJobs     = "Jobs"
	tagPictures = "Pictures"
	tagEvents   = "Events"
	tagService  = "Service"
)

const (
	schemaPrefix = "#/components/schemas/"
	mimeProblem  = "application/problem+json"
	keyScheme    = "key"
	cookieScheme = "session"
	tokenScheme  = "token"
)

func init() { huma.DefaultArrayNullable = false } // no answer holds null for a list

// api adds the operations to mux and returns their OpenAPI document.
func (s *server) api(mux *http.ServeMux) huma.API {
	config := huma.DefaultConfig("pastiche", apiVersion)
	config.Info.Description = "Paints photographs in the style of other pictures (neural style transfer)."
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = base+"/openapi", "", ""
	config.CreateHooks = nil
	config.Servers = []*huma.Server{{URL: "/", Description: "the server of this document"}}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		keyScheme:    {Type: "http", Scheme: "bearer", Description: "An API key, on a server with keys."},
		cookieScheme: {Type: "apiKey", In: "cookie", Name: cookieName, Description: "The session of a browser, on a server with keys, from POST /api/v1/login."},
		tokenScheme:  {Type: "apiKey", In: "header", Name: tokenHeader, Description: "The session token from GET /api/v1/session, with requests that change something, on a server without keys."},
	}
	config.Tags = []*huma.Tag{
		{Name: tagJobs, Description: "A job is a painting that is queued, running or finished."},
		{Name: tagPictures, Description: "The input pictures of a job, its painting, and the frames of its video."},
		{Name: tagFiles, Description: "Uploads that several jobs use."},
		{Name: tagEvents, Description: "Changes of jobs, as server-sent events."},
		{Name: tagService, Description: "The server itself: limits, recipes, health, metrics."},
	}
	schemas := config.Components.Schemas
	schemas.RegisterTypeAlias(reflect.TypeFor[api.State](), reflect.TypeFor[stateSchema]())
	schemas.RegisterTypeAlias(reflect.TypeFor[api.Code](), reflect.TypeFor[codeSchema]())
	schemas.RegisterTypeAlias(reflect.TypeFor[api.Recipe](), reflect.TypeFor[recipeSchema]())
	schemas.RegisterTypeAlias(reflect.TypeFor[paint.StyleCost](), reflect.TypeFor[styleCostSchema]())
	schemas.RegisterTypeAlias(reflect.TypeFor[problem](), reflect.TypeFor[api.Problem]())
	schemas.Map()["Recipe"] = s.recipeSchema(schemas)
	schemas.RegisterTypeAlias(reflect.TypeFor[problem](), reflect.TypeFor[api.Problem]())
	humaAPI := humago.New(mux, config)
	s.submitOperation(humaAPI)
	s.batchOperation(humaAPI)
	s.jobOperations(humaAPI)
	s.estimateOperations(humaAPI)
	s.fileOperations(humaAPI)
	s.pictureOperations(humaAPI)
	s.videoOperations(humaAPI)
	s.eventOperations(humaAPI)
	s.serviceOperations(humaAPI)
	documentOthers(humaAPI.OpenAPI())
	completeDocument(humaAPI.OpenAPI())
	return humaAPI
}

// operation returns what all operations have in common.
func operation(tag, method, path, id, summary string, statuses ...int) huma.Operation {
	statuses = append(statuses, http.StatusUnauthorized, http.StatusMisdirectedRequest, http.StatusTooManyRequests, http.StatusServiceUnavailable)
	if method != http.MethodGet {
		statuses = append(statuses, http.StatusForbidden)
	}
	return huma.Operation{
		OperationID: id, Method: method, Path: base + path, Tags: []string{tag}, Summary: summary, Errors: statuses,
	}
}

// fileOperation returns an operation that answers with a file.
func fileOperation(path, id, summary string, kinds ...string) huma.Operation {
	op := operation(tagPictures, http.MethodGet, path, id, summary, http.StatusNotFound, http.StatusGone)
	op.Description = "It never changes: clients may cache it."
	text := func(description string) *huma.Header {
		return &huma.Header{Description: description, Schema: &huma.Schema{Type: huma.TypeString}}
	}
	headers := map[string]*huma.Header{
		"ETag": text("changes with the content"), "Cache-Control": text("how long a client may keep the file"),
		"Content-Length": {Description: "in bytes, also for HEAD", Schema: &huma.Schema{Type: huma.TypeInteger}},
	}
	content := make(map[string]*huma.MediaType)
	for _, kind := range kinds {
		content[kind] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	op.Responses = map[string]*huma.Response{
		"200": {Description: "the file", Headers: headers, Content: content},
		"206": {Description: "the range of the file that the header Range names", Content: content, Headers: map[string]*huma.Header{
			"Content-Range": text("position of the part"), "ETag": headers["ETag"],
		}},
		"304": {Description: "not modified: If-None-Match has the ETag of the file"},
		"416": {Description: "the file has no such range", Content: map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: huma.TypeString}}}},
	}
	return op
}

// jsonOf returns the content of an answer of JSON.
func jsonOf[T any](humaAPI huma.API) map[string]*huma.MediaType {
	schema := humaAPI.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[T](), true, "")
	return map[string]*huma.MediaType{mimeJSON: {Schema: schema}}
}

// JobPath is the path of an operation on a job. It is exported because huma reads only
// exported fields.
type JobPath struct {
	ID string `path:"id" doc:"the job's id" example:"4jxkq2vncszwtb6mfhgy3l5dea"`
}

type stateSchema string

// Schema implements [huma.SchemaProvider].
func (stateSchema) Schema(huma.Registry) *huma.Schema { return enumOf(api.States()) }

type codeSchema string

// codes are the codes of problems.
var codes = []api.Code{
	api.CodeUnauthorized, api.CodeForbidden, api.CodeNotFound, api.CodeMethod, api.CodeTooSlow, api.CodeState, api.CodeKeyConflict, api.CodeExpired,
	api.CodeTooLarge, api.CodeFormat, api.CodeMisdirected, api.CodeInvalid, api.CodeRateLimited, api.CodeQueueFull, api.CodeOwnerQueue, api.CodeStreams,
	api.CodeInternal, api.CodeUnavailable, api.CodeBusy, api.CodeNoSpace, api.CodeDamagedRecord,
}

// Schema implements [huma.SchemaProvider].
func (codeSchema) Schema(huma.Registry) *huma.Schema { return enumOf(codes) }

type styleCostSchema string

// Schema implements [huma.SchemaProvider].
func (styleCostSchema) Schema(huma.Registry) *huma.Schema { return enumOf(styleCosts()) }

// styleCosts returns the names of all style costs.
func styleCosts() []string {
	for _, p := range paint.Parameters() {
		if p.Name == "style_cost" {
			return p.Choices
		}
	}
	panic("no parameter style_cost")
}

func enumOf[S ~string](choices []S) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, c := range choices {
		s.Enum = append(s.Enum, string(c))
	}
	return s
}

type recipeSchema map[string]any

// Schema implements [huma.SchemaProvider].
func (recipeSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Ref: schemaPrefix + "Recipe"}
}

// recipeSchema describes a paint.Recipe, of which a client sends any part.
func (s *server) recipeSchema(schemas huma.Registry) *huma.Schema {
	names := paint.RecipeNames()
	for _, p := range s.Presets {
		names = append(names, p.Name)
	}
	name := enumOf(names)
	name.Description = "name of a recipe from GET /recipes, which has the parameters that are absent here"
	name.Default = names[0]
	recipe := &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: false, Properties: map[string]*huma.Schema{"name": name},
		Description: "parameters of a recipe. Those that are absent have the defaults of the named recipe, which GET /recipes lists.",
	}
	for _, of := range paint.Parameters() {
		p := &huma.Schema{
			Type: of.Type, Description: of.Doc,
			Minimum: of.Minimum, Maximum: of.Maximum, ExclusiveMinimum: of.Above, ExclusiveMaximum: of.Below,
		}
		switch {
		case of.Name == "scales":
			p.Items = schemas.Schema(reflect.TypeFor[paint.Scale](), true, "")
		case of.Type == huma.TypeArray:
			p.Items = schemas.Schema(reflect.TypeFor[paint.Layer](), true, "")
		}
		for _, c := range of.Choices {
			p.Enum = append(p.Enum, c)
		}
		recipe.Properties[of.Name] = p
	}
	recipe.PrecomputeMessages()
	return recipe
}

// submissionForm is the form of a submission.
type submissionForm struct {
	Content   binary            `json:"content,omitempty" doc:"the photo; absent for a texture, whose shape is in the options, and for a video"`
	Video     binary            `json:"video,omitempty" doc:"the video, in the place of content"`
	Style     []binary          `json:"style" minItems:"1" maxItems:"8" doc:"the paintings"`
	Mask      []binary          `json:"mask,omitempty" maxItems:"8" doc:"none, or one for each style: white where that style paints"`
	StyleMask []binary          `json:"style_mask,omitempty" maxItems:"8" doc:"for the first styles: white where the style counts"`
	Keep      binary            `json:"keep,omitempty" doc:"white where the content stays as it is"`
	Init      binary            `json:"init,omitempty" doc:"the picture to begin from, with a recipe whose init is picture"`
	Options   *api.Options      `json:"options,omitempty" doc:"JSON"`
	Labels    map[string]string `json:"labels,omitempty" doc:"JSON: names and values that you choose"`
	Retention string            `json:"retention,omitempty" doc:"retention of the finished job, such as 48h" example:"48h"`
	Look      bool              `json:"look,omitempty" doc:"true for a quick look: a small preview painted ahead of the queue, in no list, and deleted after some minutes"`
	Webhook   *api.Webhook      `json:"webhook,omitempty" doc:"JSON"`
}

// binary is a file in a form.
type binary []byte

// Schema implements [huma.SchemaProvider].
func (binary) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "binary"}
}

// submissionBody describes the body of a submission, which submission.go reads.
func submissionBody(schemas huma.Registry) *huma.RequestBody {
	asJSON := &huma.Encoding{ContentType: mimeJSON}
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"multipart/form-data": {
			Schema:   schemas.Schema(reflect.TypeFor[submissionForm](), true, ""),
			Encoding: map[string]*huma.Encoding{"options": asJSON, "labels": asJSON, "webhook": asJSON},
		},
		mimeJSON: {
			Schema: schemas.Schema(reflect.TypeFor[api.Submission](), true, ""),
			Example: map[string]any{
				"content": map[string]any{"file": "3zq7vb5mxjw2kfhtnc4rygl6da"},
				"styles":  []any{map[string]any{"job": map[string]any{"id": "4jxkq2vncszwtb6mfhgy3l5dea", "role": "style"}}},
				"options": map[string]any{"recipe": map[string]any{"name": "fine", "size": 1024}, "strength": 0.7},
				"labels":  map[string]string{"album": "summer"},
			},
		},
	}}
}

// documentOthers documents the paths that are no operations of huma's.
func documentOthers(doc *huma.OpenAPI) {
	anybody := []map[string][]string{}
	nothing := func(description string) map[string]*huma.Response {
		return map[string]*huma.Response{"204": {Description: description}}
	}
	plain := func(description, kind string) map[string]*huma.Response {
		return map[string]*huma.Response{"200": {
			Description: description, Content: map[string]*huma.MediaType{kind: {Schema: &huma.Schema{Type: huma.TypeString}}},
		}}
	}
	limited := []int{http.StatusMisdirectedRequest, http.StatusTooManyRequests}
	key := &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"key"},
		Properties: map[string]*huma.Schema{"key": {Type: huma.TypeString, Description: "an API key"}},
	}
	login := nothing("the cookie of the session is set")
	login["204"].Headers = map[string]*huma.Header{"Set-Cookie": {Schema: &huma.Schema{Type: huma.TypeString}}}
	for _, op := range []*huma.Operation{
		{
			OperationID: "login", Method: http.MethodPost, Path: base + "/login", Summary: "Log a browser in",
			Security: anybody, Responses: login, Errors: append(limited, http.StatusUnauthorized, http.StatusForbidden),
			RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{mimeJSON: {Schema: key}}},
		},
		{
			OperationID: "logout", Method: http.MethodPost, Path: base + "/logout", Summary: "Log a browser out",
			Security: anybody, Responses: nothing("the cookie is deleted"), Errors: append(limited, http.StatusForbidden),
		},
		{
			OperationID: "getLiveness", Method: http.MethodGet, Path: "/healthz", Summary: "Check whether the process runs",
			Security: anybody, Responses: nothing("it does"),
		},
		{
			OperationID: "getReadiness", Method: http.MethodGet, Path: "/readyz", Summary: "Check whether the server accepts jobs",
			Security: anybody, Responses: nothing("it does"), Errors: []int{http.StatusServiceUnavailable},
		},
		{
			OperationID: "getMetrics", Method: http.MethodGet, Path: "/metrics", Summary: "Get metrics in the format of Prometheus",
			Responses: plain("the metrics", "text/plain"), Errors: append(limited, http.StatusUnauthorized),
		},
		{
			OperationID: "getDocumentation", Method: http.MethodGet, Path: base + "/docs", Summary: "Get the documentation of the API as a page",
			Security: anybody, Responses: plain("a page", "text/html"), Errors: limited,
		},
		openAPIOperation("getOpenAPI", ".json", "application/openapi+json", "Get this document", limited),
		openAPIOperation("getOpenAPIAsYAML", ".yaml", "application/openapi+yaml", "Get this document as YAML", limited),
	} {
		op.Tags = []string{tagService}
		doc.AddOperation(op)
		for _, status := range op.Errors {
			op.Responses[strconv.Itoa(status)] = &huma.Response{}
		}
	}
}

func openAPIOperation(id, suffix, kind, summary string, statuses []int) *huma.Operation {
	return &huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: base + "/openapi" + suffix, Summary: summary,
		Security: []map[string][]string{}, Errors: statuses, Responses: map[string]*huma.Response{"200": {
			Description: "the document", Content: map[string]*huma.MediaType{kind: {Schema: &huma.Schema{Type: huma.TypeObject}}},
		}},
	}
}

// statusCodes are the codes of problems by their status.
var statusCodes = map[int][]api.Code{
	http.StatusUnauthorized:          {api.CodeUnauthorized},
	http.StatusForbidden:             {api.CodeForbidden},
	http.StatusNotFound:              {api.CodeNotFound},
	http.StatusRequestTimeout:        {api.CodeTooSlow},
	http.StatusConflict:              {api.CodeState, api.CodeKeyConflict},
	http.StatusGone:                  {api.CodeExpired},
	http.StatusRequestEntityTooLarge: {api.CodeTooLarge},
	http.StatusUnsupportedMediaType:  {api.CodeFormat},
	http.StatusMisdirectedRequest:    {api.CodeMisdirected},
	http.StatusUnprocessableEntity:   {api.CodeInvalid},
	http.StatusTooManyRequests:       {api.CodeRateLimited, api.CodeQueueFull, api.CodeOwnerQueue, api.CodeStreams},
	http.StatusInternalServerError:   {api.CodeInternal, api.CodeDamagedRecord},
	http.StatusServiceUnavailable:    {api.CodeUnavailable, api.CodeBusy},
	http.StatusInsufficientStorage:   {api.CodeNoSpace},
}

// completeDocument describes the problems of all operations, and the security and
// the examples.
func completeDocument(doc *huma.OpenAPI) {
	doc.Security = []map[string][]string{{keyScheme: {}}, {cookieScheme: {}}, {tokenScheme: {}}}
	after := &huma.Header{Description: "seconds after which to try again", Schema: &huma.Schema{Type: huma.TypeInteger}}
	for _, item := range doc.Paths {
		for _, op := range operationsOf(item) {
			if op.Method == http.MethodGet && op.Security == nil {
				op.Security = append(slices.Clone(doc.Security[:2]), map[string][]string{}) // on a server without keys, anybody reads
			}
			for text, answer := range op.Responses {
				status, err := strconv.Atoi(text)
				codes := statusCodes[status]
				if err != nil || len(codes) == 0 {
					continue
				}
				words := make([]string, len(codes))
				for i, c := range codes {
					words[i] = string(c)
				}
				*answer = huma.Response{
					Description: http.StatusText(status) + ": code " + strings.Join(words, " or "),
					Content: map[string]*huma.MediaType{mimeProblem: {
						Schema:  &huma.Schema{Ref: schemaPrefix + "Problem"},
						Example: map[string]any{"title": http.StatusText(status), "status": status, "code": words[0], "detail": "one clear sentence"},
					}},
				}
				switch status {
				case http.StatusUnauthorized:
					answer.Headers = map[string]*huma.Header{"WWW-Authenticate": {Schema: &huma.Schema{Type: huma.TypeString}}}
				case http.StatusTooManyRequests, http.StatusServiceUnavailable:
					answer.Headers = map[string]*huma.Header{"Retry-After": after}
				}
			}
		}
	}
}

// operationsOf returns the operations of a path.
func operationsOf(item *huma.PathItem) []*huma.Operation {
	var all []*huma.Operation
	for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
		if op != nil {
			all = append(all, op)
		}
	}
	return all
}

package studio

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// The groups of operations in the documentation.
const (
	tagJobs     = "Jobs"
	tagPictures = "Pictures"
	tagEvents   = "Events"
	tagService  = "Service"
)

// api adds the operations to mux and returns what documents them.
func (s *server) api(mux *http.ServeMux) huma.API {
	config := huma.DefaultConfig("pastiche", s.Version)
	config.Info.Description = "Paints photographs in the manner of other pictures."
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = base+"/openapi", "", ""
	config.CreateHooks = nil
	config.FieldsOptionalByDefault = true
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"key":   {Type: "http", Scheme: "bearer", Description: "A key, where the server was given --keys."},
		"token": {Type: "apiKey", In: "header", Name: tokenHeader, Description: "Where no key is borne: what GET /session tells, with requests that change something."},
	}
	config.Security = []map[string][]string{{"key": {}}, {"token": {}}}
	config.Tags = []*huma.Tag{
		{Name: tagJobs, Description: "A job is a painting that waits, is painted, or is done."},
		{Name: tagPictures, Description: "What a job was given, and what came of it."},
		{Name: tagEvents, Description: "What happens, as server-sent events."},
		{Name: tagService, Description: "What the server offers."},
	}
	api := humago.New(mux, config)
	s.jobOperations(api)
	s.pictureOperations(api)
	s.eventOperations(api)
	s.serviceOperations(api)
	return api
}

// operation returns what all operations have in common.
func operation(tag, method, path, id, summary string, errors ...int) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: base + path, Tags: []string{tag}, Summary: summary,
		Errors: append(errors, http.StatusUnauthorized, http.StatusTooManyRequests),
	}
}

// JobPath is the path of an operation on a job. It is exported, as huma sees
// exported fields only.
type JobPath struct {
	ID string `path:"id" maxLength:"64" pattern:"^[a-z0-9]+$" doc:"the job's id"`
}

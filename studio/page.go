package studio

import (
	"embed"
	"io/fs"
	"net/http"
	"strings"

	"github.com/pastiche-art/pastiche/api"
)

// The page as web builds it.
//
//go:embed all:page
var pageFiles embed.FS

// page serves the page. Its assets are named after what they hold and never
// change.
func (s *server) page(mux *http.ServeMux) {
	files, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic(err) // only where the folder was not embedded
	}
	serve := http.FileServerFS(files)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			answerProblem(w, newProblem(http.StatusMethodNotAllowed, api.CodeMethod, "%s of a page: expected GET", r.Method))
			return
		case strings.HasPrefix(r.URL.Path, "/assets/") && !strings.HasSuffix(r.URL.Path, "/"):
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		case r.URL.Path != "/" && strings.HasSuffix(r.URL.Path, "/"): // no lists of folders
			http.NotFound(w, r)
			return
		default:
			w.Header().Set("Cache-Control", "no-cache")
		}
		serve.ServeHTTP(w, r)
	})
	mux.Handle("GET /examples/", exampleFiles())
}

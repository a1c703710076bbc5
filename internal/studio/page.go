package studio

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
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
	etags := etagsOf(files)
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
		if etag := etags[r.URL.Path]; etag != "" {
			w.Header().Set("ETag", etag)
		}
		serve.ServeHTTP(w, r)
	})
	mux.Handle("GET /examples/", exampleFiles())
}

// etagsOf returns an ETag of each file, by its path on the server. It is weak, as most
// files are compressed.
func etagsOf(files fs.FS) map[string]string {
	etags := make(map[string]string)
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		etags["/"+strings.TrimSuffix(name, "index.html")] = `W/"` + hex.EncodeToString(sum[:10]) + `"`
		return nil
	})
	if err != nil {
		panic(err) // of files that are in the program
	}
	return etags
}

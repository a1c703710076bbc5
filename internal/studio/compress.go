package studio

import (
	"net/http"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

// compressible are the media types that are compressed: those of text. Pictures are
// compressed already.
var compressible = []string{
	mimeJSON, mimeProblem, "application/openapi+json", "application/openapi+yaml", "application/manifest+json",
	"application/javascript", "text/css", "text/html", "text/javascript", "text/markdown", "text/plain", "image/svg+xml",
}

func isCompressible(kind string) bool {
	kind, _, _ = strings.Cut(kind, ";")
	return slices.Contains(compressible, kind)
}

// compressed compresses answers of text for clients that accept gzip. Event streams
// are left alone: they are sent event by event.
//
// The ETag of an answer that may be compressed has to be weak, as its bytes differ.
func compressed(next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.ContentTypeFilter(isCompressible), gzhttp.EnableZstd(false))
	if err != nil {
		panic(err) // of options that do not fit
	}
	compressing := wrap(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/events") {
			next.ServeHTTP(w, r)
			return
		}
		compressing.ServeHTTP(w, r)
	})
}

package studio

import (
	"net/http"
	"slices"
)

// policy lets the page load what this server serves, show pictures that it
// makes, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' blob:; " +
	"connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guard refuses requests that were meant for another host, which is what a page
// that rebinds its name to this address asks for, and those that another site
// makes a browser send.
func (s *server) guard(next http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		problem(w, http.StatusForbidden, "another site asks: this server answers its own pages and programs")
	}))
	checked := origins.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(self), geolocation=(), microphone=()")
		if !slices.Contains(s.Hosts, r.Host) {
			problem(w, http.StatusMisdirectedRequest, "this server does not answer for that host: name it with --host")
			return
		}
		checked.ServeHTTP(w, r)
	})
}

package studio

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/pastiche-art/pastiche/api"
)

// policy lets the page load what this server serves, show pictures that it
// makes, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' blob:; " +
	"connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guard refuses requests for another host (DNS rebinding), and requests of pages of
// other sites (CSRF).
//
// A page of another site can make its own name resolve to this server's address. The
// browser then takes the server's answers for that site's. Without keys, the Host of
// a request therefore has to be a known one. With keys, such a page has neither a key
// nor a cookie, which belongs to the host that set it, so that every Host is
// answered.
func (s *server) guard(next http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answerProblem(w, newProblem(http.StatusForbidden, api.CodeForbidden, "this request comes from a page of another site: use the server's own page, or a program"))
	}))
	sameOrigin := origins.Handler(next)
	hosts := make(map[string]bool, len(s.Hosts))
	for _, host := range s.Hosts {
		hosts[canonicalHost(host)] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(self), geolocation=(), microphone=()")
		health := r.URL.Path == "/healthz" || r.URL.Path == "/readyz"
		if s.Keys == nil && !health && !hosts[canonicalHost(r.Host)] {
			answerProblem(w, newProblem(http.StatusMisdirectedRequest, api.CodeMisdirected, "this server does not answer at the address %q: its operator can allow it with --host", r.Host))
			return
		}
		if !s.cors(w, r) {
			sameOrigin.ServeHTTP(w, r)
			return
		}
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// canonicalHost returns a Host in lower case, without the port where that is the one
// of http or https.
func canonicalHost(host string) string {
	host = strings.ToLower(host)
	if name, port, err := net.SplitHostPort(host); err == nil && (port == "80" || port == "443") {
		if strings.Contains(name, ":") {
			return "[" + name + "]"
		}
		return name
	}
	return host
}

// corsFor is how long a browser may cache the answer of a preflight, in seconds.
const corsFor = "600"

// cors reports whether a page of one of the configured origins asks with a key, or
// asks whether it may, and sets the headers of the answer. Cookies are of no use to
// these pages.
func (s *server) cors(w http.ResponseWriter, r *http.Request) bool {
	if s.Keys == nil || len(s.CORSOrigins) == 0 || !strings.HasPrefix(r.URL.Path, base+"/") {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if !slices.Contains(s.CORSOrigins, origin) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "Location, ETag, Retry-After, Content-Disposition")
	if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PATCH, DELETE")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Prefer, Range, "+tokenHeader)
		h.Set("Access-Control-Max-Age", corsFor)
		return true
	}
	_, borne := bearer(r)
	return borne
}

// CheckOrigin returns an error where an origin of [Config.CORSOrigins] is not as a
// browser sends it, such as https://app.example.
func CheckOrigin(origin string) error {
	err := http.NewCrossOriginProtection().AddTrustedOrigin(origin)
	if err != nil || origin != strings.ToLower(origin) {
		return fmt.Errorf("the origin %q: expected a scheme and a host in lower case, such as https://app.example or http://localhost:3000", origin)
	}
	return nil
}

package studio

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/studio/keyfile"
)

const (
	base        = "/api/v1"
	tokenHeader = "X-Pastiche-Token"
	// cookieName is the name of the session cookie. Over TLS, the prefix binds the
	// cookie to this host.
	cookieName   = "pastiche_session"
	securePrefix = "__Host-"
	cookieFor    = 30 * 24 * time.Hour
	maxLogin     = 1 << 10 // bytes
)

// publicPaths are the paths below /api/ that need no key.
var publicPaths = map[string]bool{
	"POST " + base + "/login": true, "POST " + base + "/logout": true, "GET " + base + "/docs": true,
	"GET " + base + "/openapi.json": true, "GET " + base + "/openapi.yaml": true,
}

// caller is the owner that a request acts for.
type caller struct {
	owner string // the name of the key; "" without keys
}

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// admit authorizes requests to the API. With keys, a request needs an API key or the
// session of one. Without keys, reads need nothing, and changes need the session token.
//
// A session needs no token: its cookie is sent with requests of the same site only,
// and guard refuses those of other origins.
func (s *server) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		private := strings.HasPrefix(r.URL.Path, "/api/") || r.URL.Path == "/metrics"
		if !private {
			next.ServeHTTP(w, r)
			return
		}
		address := s.addressOf(r)
		if publicPaths[r.Method+" "+r.URL.Path] {
			if s.pace(w, address) {
				next.ServeHTTP(w, r)
			}
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		if s.Keys == nil {
			if !s.pace(w, address) {
				return
			}
			reads := r.Method == http.MethodGet || r.Method == http.MethodHead
			if !reads && !equal(r.Header.Get(tokenHeader), s.token) {
				answerProblem(w, newProblem(http.StatusForbidden, api.CodeForbidden,
					"the server was started again since this page was opened: load the page again. Programs send the header %s with the token that GET %s/session answers", tokenHeader, base))
				return
			}
			next.ServeHTTP(w, r)
			return
		}
		var entry keyfile.Key
		var ok bool
		if key, found := bearer(r); found {
			if entry, ok = s.tryKey(w, address, key); !ok {
				return
			}
		} else if entry, ok = s.session(r); !ok {
			if s.pace(w, address) {
				answerProblem(w, unauthorized("you are not signed in: enter your access key. Programs send it in the header Authorization: Bearer KEY"))
			}
			return
		}
		if s.pace(w, "key "+entry.Name) {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, caller{entry.Name})))
		}
	})
}

// bearer returns the API key in the header Authorization.
func bearer(r *http.Request) (key string, found bool) {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(key), strings.EqualFold(scheme, "Bearer")
}

func unauthorized(detail string) *problem {
	p := newProblem(http.StatusUnauthorized, api.CodeUnauthorized, "%s", detail)
	p.header.Set("WWW-Authenticate", "Bearer")
	return p
}

// tryKey returns the entry of a key, or answers with a problem where there is none. An
// address that has tried too many wrong keys has to wait before the next try.
func (s *server) tryKey(w http.ResponseWriter, address, key string) (entry keyfile.Key, ok bool) {
	if !slowDown(w, s.guesses.wait(address), "too many wrong keys from your address: wait some seconds, then try again") {
		return entry, false
	}
	entry, ok = s.Keys.find(key)
	if !ok {
		s.metrics.guesses.Inc()
		s.guesses.charge(address)
		answerProblem(w, unauthorized("this is not a key of this server: check it for mistakes in typing"))
	}
	return entry, ok
}

// session returns the entry of the key of a request's session.
func (s *server) session(r *http.Request) (entry keyfile.Key, ok bool) {
	for _, name := range []string{securePrefix + cookieName, cookieName} {
		cookie, err := r.Cookie(name)
		if err != nil {
			continue
		}
		parts := strings.Split(cookie.Value, ".")
		if len(parts) != 3 {
			continue
		}
		until, err := strconv.ParseInt(parts[1], 10, 64)
		if err != nil || time.Now().After(time.Unix(until, 0)) {
			continue
		}
		for _, e := range s.Keys.named(parts[0]) {
			if equal(cookie.Value, sessionCookie(e, until)) {
				return e, true
			}
		}
	}
	return keyfile.Key{}, false
}

// sessionCookie returns the value of a session's cookie: the name of the key, the time
// at which the session ends, and an HMAC of both with the key. Every server with the
// key accepts it.
func sessionCookie(e keyfile.Key, until int64) string {
	text := fmt.Sprintf("%s.%d", e.Name, until)
	mac := hmac.New(sha256.New, e.Sum[:])
	mac.Write([]byte("pastiche session " + text))
	return text + "." + hex.EncodeToString(mac.Sum(nil))
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// sessions adds the paths of login and logout.
func (s *server) sessions(mux *http.ServeMux) {
	mux.HandleFunc("POST "+base+"/login", func(w http.ResponseWriter, r *http.Request) {
		var login struct {
			Key string `json:"key"`
		}
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxLogin)).Decode(&login); err != nil {
			answerProblem(w, newProblem(http.StatusUnprocessableEntity, api.CodeInvalid, `expected JSON such as {"key":"KEY"}: %v`, err))
			return
		}
		if s.Keys == nil {
			answerProblem(w, newProblem(http.StatusNotFound, api.CodeNotFound, "this server has no keys: no login is needed"))
			return
		}
		entry, ok := s.tryKey(w, s.addressOf(r), login.Key)
		if !ok {
			return
		}
		http.SetCookie(w, cookie(r, sessionCookie(entry, time.Now().Add(cookieFor).Unix()), cookieFor))
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST "+base+"/logout", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, cookie(r, "", -time.Second))
		w.WriteHeader(http.StatusNoContent)
	})
}

func cookie(r *http.Request, value string, age time.Duration) *http.Cookie {
	c := &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: int(age / time.Second),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: overTLS(r),
	}
	if c.Secure {
		c.Name = securePrefix + cookieName
	}
	return c
}

// overTLS reports whether the client uses TLS, to this server or to a proxy that says
// so in X-Forwarded-Proto or Forwarded.
func overTLS(r *http.Request) bool {
	if r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		return true
	}
	hop, _, _ := strings.Cut(r.Header.Get("Forwarded"), ",") // the client's
	for pair := range strings.SplitSeq(hop, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if strings.EqualFold(name, "proto") && strings.EqualFold(strings.Trim(value, `"`), "https") {
			return true
		}
	}
	return false
}

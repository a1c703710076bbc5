package studio

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	base        = "/api/v1"
	tokenHeader = "X-Pastiche-Token"
	// cookieName holds, where there are keys, that a browser has shown one.
	cookieName = "pastiche_session"
	cookieFor  = 30 * 24 * time.Hour
	maxLogin   = 1 << 10 // bytes
)

// open are the paths below /api/ that need no key.
var open = map[string]bool{
	"POST " + base + "/login": true, "GET " + base + "/docs": true,
	"GET " + base + "/openapi.json": true, "GET " + base + "/openapi.yaml": true,
}

// caller is who asks.
type caller struct {
	owner  string // a fingerprint of the key; "" without keys
	bearer bool   // the request bears the key itself, which no other site can make it do
}

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// admit lets requests to the API in that have a key, where there are keys, and,
// where they change something, the key itself or the token of the session.
func (s *server) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		private := strings.HasPrefix(r.URL.Path, "/api/") || r.URL.Path == "/metrics"
		if !private || open[r.Method+" "+r.URL.Path] {
			if !private || s.pace(w, r, "") {
				next.ServeHTTP(w, r)
			}
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		c, known := s.identify(r)
		if !known {
			w.Header().Set("WWW-Authenticate", "Bearer")
			problem(w, http.StatusUnauthorized, "expected the header Authorization: Bearer KEY")
			return
		}
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		if !reads && !c.bearer && !same(r.Header.Get(tokenHeader), s.token) {
			problem(w, http.StatusForbidden, "expected the header "+tokenHeader+", which GET "+base+"/session tells")
			return
		}
		if s.pace(w, r, c.owner) {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
		}
	})
}

// identify says who asks, and whether they may.
func (s *server) identify(r *http.Request) (c caller, known bool) {
	if len(s.Keys) == 0 {
		return caller{}, true
	}
	if key, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); bearer {
		owner := s.owner(key)
		return caller{owner, true}, owner != ""
	}
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return caller{}, false
	}
	until, _, found := strings.Cut(cookie.Value, ".")
	seconds, err := strconv.ParseInt(until, 10, 64)
	if !found || err != nil || time.Now().After(time.Unix(seconds, 0)) {
		return caller{}, false
	}
	for _, k := range s.Keys {
		if same(cookie.Value, pass(k, until)) {
			c, known = caller{owner: fingerprint(k)}, true // no sooner for one than for another
		}
	}
	return c, known
}

// owner returns the fingerprint of one of the keys, or "".
func (s *server) owner(key string) (owner string) {
	for _, k := range s.Keys {
		if same(key, k) {
			owner = fingerprint(k)
		}
	}
	return owner
}

// fingerprint names a key without telling it.
func fingerprint(key string) string {
	sum := sha256.Sum256([]byte("pastiche owner " + key))
	return hex.EncodeToString(sum[:6])
}

// pass returns what a cookie holds: until when it is good, and the proof that
// who made it knew the key.
func pass(key, until string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("pastiche session " + until))
	return until + "." + hex.EncodeToString(mac.Sum(nil))
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// sessions adds what lets a browser in where there are keys.
func (s *server) sessions(mux *http.ServeMux) {
	mux.HandleFunc("POST "+base+"/login", func(w http.ResponseWriter, r *http.Request) {
		var login struct {
			Key string `json:"key"`
		}
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxLogin)).Decode(&login)
		if err != nil || s.owner(login.Key) == "" {
			problem(w, http.StatusForbidden, "that is none of this server's keys")
			return
		}
		until := strconv.FormatInt(time.Now().Add(cookieFor).Unix(), 10)
		http.SetCookie(w, s.cookie(r, pass(login.Key, until), cookieFor))
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST "+base+"/logout", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, s.cookie(r, "", -1))
		w.WriteHeader(http.StatusNoContent)
	})
}

func (s *server) cookie(r *http.Request, value string, age time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: int(age / time.Second),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.Header.Get("X-Forwarded-Proto") == "https",
	}
}

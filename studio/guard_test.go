package studio_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/job"
	"github.com/pastiche-art/pastiche/studio"
)

const (
	aliceKey = "alice-0123456789abcdef"
	bobKey   = "bob-0123456789abcdef"
)

// TestWhoGetsIn holds every combination of bind, host, origin, method and
// credentials against a rule that says who may.
func TestWhoGetsIn(t *testing.T) {
	store, err := job.Open(t.Context(), job.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	cases, let := 0, 0
	for _, bind := range []struct {
		addr  string
		named []string
		good  []string // hosts
	}{
		{"127.0.0.1:8080", nil, []string{"127.0.0.1:8080", "localhost:8080", "[::1]:8080"}},
		{"[::1]:8080", nil, []string{"127.0.0.1:8080", "localhost:8080", "[::1]:8080"}},
		{"192.0.2.7:8080", []string{"paint.example"}, []string{"192.0.2.7:8080", "paint.example"}},
	} {
		parsed, err := studio.ParseBind(bind.addr)
		if err != nil {
			t.Fatal(err)
		}
		hosts := append([]string{
			"", "evil.example", "evil.example:8080", "localhost", "localhost:80", "localhost:8080.evil.example",
			"127.0.0.1:8080@evil.example", "LOCALHOST:8081", "127.1:8080", "0.0.0.0:8080", "paint.example.evil.example",
		}, bind.good...)
		for _, keys := range [][]string{nil, {aliceKey}} {
			h := studio.New(studio.Config{Store: store, Hosts: parsed.Hosts(bind.named), Keys: keys, Rate: 1e9})
			token := sessionToken(t, h, bind.good[0])
			for _, host := range hosts {
				for _, from := range []struct {
					origin, site string
					ours         bool
				}{
					{"", "", true},                          // a program
					{"http://" + host, "same-origin", true}, // as a browser vouches
					{"http://" + host, "", true},            // as one does that is too old to
					{"http://evil.example", "cross-site", false},
					{"http://evil.example", "", false},
					{"null", "cross-site", false},
					{"http://localhost:3000", "same-site", false},
				} {
					for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodPut} {
						for _, with := range []string{"nothing", "token", "wrong token", "key", "wrong key"} {
							cases++
							r := httptest.NewRequest(method, "/api/v1/jobs/none", strings.NewReader(""))
							r.Host = host
							set(r, "Origin", from.origin)
							set(r, "Sec-Fetch-Site", from.site)
							switch with {
							case "token":
								set(r, "X-Pastiche-Token", token)
							case "wrong token":
								set(r, "X-Pastiche-Token", "x"+token[1:])
							case "key":
								set(r, "Authorization", "Bearer "+aliceKey)
							case "wrong key":
								set(r, "Authorization", "Bearer "+bobKey)
							}
							good := false
							for _, g := range bind.good {
								good = good || g == host
							}
							reads := method == http.MethodGet
							may := good && (reads || from.ours) && (keys == nil && (reads || with == "token") || keys != nil && with == "key")
							w := httptest.NewRecorder()
							h.ServeHTTP(w, r)
							in := w.Code == http.StatusNotFound
							if in {
								let++
							}
							if in != may {
								t.Errorf("%s, %d keys: %s at %q from %q (%s) with %s: %d, expected to get in: %t",
									bind.addr, len(keys), method, host, from.origin, from.site, with, w.Code, may)
							}
							if w.Header().Get("Content-Security-Policy") == "" || !in && w.Header().Get("Content-Type") != "application/problem+json" {
								t.Errorf("%d with %v", w.Code, w.Header())
							}
						}
					}
				}
			}
		}
	}
	t.Logf("%d cases, of which %d get in", cases, let)
	if cases < 200 {
		t.Errorf("%d cases: expected at least 200", cases)
	}
}

func set(r *http.Request, name, value string) {
	if value != "" {
		r.Header.Set(name, value)
	}
}

func sessionToken(t *testing.T, h http.Handler, host string) string {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/api/v1/session", nil)
	r.Host = host
	r.Header.Set("Authorization", "Bearer "+aliceKey)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	_, rest, found := strings.Cut(w.Body.String(), `"token":"`)
	token, _, closed := strings.Cut(rest, `"`)
	if !found || !closed {
		t.Fatalf("no session: %d %s", w.Code, w.Body)
	}
	return token
}

func TestKeysSeeTheirOwnJobs(t *testing.T) {
	f := start(t, setup{Config: studio.Config{Keys: []string{aliceKey, bobKey}}})
	f.decode(f.do(f.request(http.MethodGet, "/jobs", nil)), http.StatusUnauthorized, nil)
	f.key = aliceKey
	var j, other job.Job
	f.decode(f.submit("order 7", quick()...), http.StatusCreated, &j)
	f.key = bobKey
	f.decode(f.submit("order 7", quick()...), http.StatusCreated, &other) // his own, though the keys are alike
	for _, path := range []string{"", "/result", "/preview", "/content", "/styles/0", "/events"} {
		f.decode(f.do(f.request(http.MethodGet, "/jobs/"+j.ID+path, nil)), http.StatusNotFound, nil)
	}
	f.decode(f.do(f.request(http.MethodPost, "/jobs/"+j.ID+"/cancel", nil)), http.StatusNotFound, nil)
	f.decode(f.do(f.request(http.MethodDelete, "/jobs/"+j.ID, nil)), http.StatusNotFound, nil)
	var list struct{ Jobs []job.Job }
	f.decode(f.do(f.request(http.MethodGet, "/jobs", nil)), http.StatusOK, &list)
	if len(list.Jobs) != 1 || list.Jobs[0].ID != other.ID {
		t.Errorf("bob sees %+v", list.Jobs)
	}
}

func TestCookieOfAKey(t *testing.T) {
	f := start(t, setup{Config: studio.Config{Keys: []string{aliceKey}}})
	login := func(key string) *http.Response {
		return f.do(f.request(http.MethodPost, "/login", strings.NewReader(fmt.Sprintf(`{"key":%q}`, key))))
	}
	f.decode(login(bobKey), http.StatusForbidden, nil)
	answer := login(aliceKey)
	f.decode(answer, http.StatusNoContent, nil)
	cookie := answer.Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || strings.Contains(cookie.Value, aliceKey) {
		t.Errorf("cookie %v", cookie)
	}
	with := func(method, path, value string) *http.Response {
		r := f.request(method, path, nil)
		r.AddCookie(&http.Cookie{Name: cookie.Name, Value: value})
		return f.do(r)
	}
	f.decode(with(http.MethodGet, "/jobs", cookie.Value), http.StatusOK, nil)
	f.decode(with(http.MethodPost, "/jobs/none/cancel", cookie.Value), http.StatusForbidden, nil) // without the token
	until, mac, _ := strings.Cut(cookie.Value, ".")
	for _, forged := range []string{"", ".", until, "9" + until + "." + mac, "1." + mac, until + "." + strings.Repeat("0", len(mac))} {
		f.decode(with(http.MethodGet, "/jobs", forged), http.StatusUnauthorized, nil)
	}
}

package studio_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/studio"
)

// ask asks a handler for a path, with headers given by name and value.
func ask(h http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		switch headers[i] {
		case "Host":
			r.Host = headers[i+1]
		case "From":
			r.RemoteAddr = headers[i+1]
		default:
			set(r, headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func set(r *http.Request, name, value string) {
	if value != "" {
		r.Header.Set(name, value)
	}
}

// TestWhoGetsIn holds every combination of bind, host, origin, method and
// credentials against a rule that says who may.
func TestWhoGetsIn(t *testing.T) {
	jobs := newServer(t, setup{}).jobs
	cases, let := 0, 0
	for _, bind := range []struct {
		addr  string
		named []string
		good  []string // hosts
	}{
		{"127.0.0.1:8080", nil, []string{"127.0.0.1:8080", "localhost:8080", "[::1]:8080", "LocalHost:8080"}},
		{"127.0.0.1:80", nil, []string{"127.0.0.1", "localhost", "localhost:80", "[::1]", "LOCALHOST"}},
		{"[::1]:8080", nil, []string{"127.0.0.1:8080", "localhost:8080", "[::1]:8080"}},
		{"0.0.0.0:8080", nil, []string{"127.0.0.1:8080", "localhost:8080"}},
		{"192.0.2.7:8080", []string{"paint.example"}, []string{"192.0.2.7:8080", "paint.example", "paint.example:443", "Paint.Example"}},
	} {
		parsed, err := studio.ParseBind(bind.addr)
		if err != nil {
			t.Fatal(err)
		}
		hosts := append([]string{
			"", "evil.example", "evil.example:8080", "localhost:81", "localhost:8080.evil.example",
			"127.0.0.1:8080@evil.example", "LOCALHOST:8081", "127.1:8080", "0.0.0.0:8080", "paint.example.evil.example",
		}, bind.good...)
		for _, keys := range []*studio.Keys{nil, keysOf(t, "alice")} {
			h := studio.New(studio.Config{Jobs: jobs, Hosts: parsed.Hosts(bind.named), Keys: keys, Rate: 1e9})
			token := "expected"
			if keys == nil {
				token = sessionToken(t, h, bind.good[0])
			}
			for _, host := range hosts {
				for i, from := range []struct{ origin, site string }{
					{"", ""},                          // a program
					{"http://" + host, "same-origin"}, // as a browser vouches
					{"http://" + host, ""},            // as one does that is too old to
					{"http://evil.example", "cross-site"},
					{"http://evil.example", ""},
					{"null", "cross-site"},
					{"http://localhost:3000", "same-site"},
				} {
					origin, err := url.Parse(from.origin)
					ours := from.site == "same-origin" || from.site == "" && (from.origin == "" || err == nil && origin.Host == host)
					for j, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodPut} {
						for k, with := range []string{"nothing", "token", "wrong token", "key", "wrong key"} {
							cases++
							headers := []string{
								"Host", host, "Origin", from.origin, "Sec-Fetch-Site", from.site,
								// Guesses are limited by address.
								"From", fmt.Sprintf("192.0.%d.%d:1", len(host), i<<5|j<<3|k),
							}
							switch with {
							case "token":
								headers = append(headers, "X-Pastiche-Token", token)
							case "wrong token":
								headers = append(headers, "X-Pastiche-Token", "x"+token[1:])
							case "key":
								headers = append(headers, "Authorization", "Bearer "+aliceKey)
							case "wrong key":
								headers = append(headers, "Authorization", "Bearer "+bobKey)
							}
							w := ask(h, method, "/api/v1/jobs/none", headers...)
							reads := method == http.MethodGet
							may := (reads || ours) && with == "key"
							if keys == nil {
								may = slices.Contains(bind.good, host) && (reads || ours && with == "token")
							}
							in := w.Code == http.StatusNotFound || w.Code == http.StatusMethodNotAllowed
							if in {
								let++
							}
							if in != may {
								t.Errorf("%s, keys %t: %s at %q from %q (%s) with %s: %d, expected to get in: %t",
									bind.addr, keys != nil, method, host, from.origin, from.site, with, w.Code, may)
							}
							if w.Header().Get("Content-Security-Policy") == "" || w.Header().Get("Content-Type") != "application/problem+json" {
								t.Errorf("%d with %v", w.Code, w.Header())
							}
						}
					}
				}
			}
			for _, path := range []string{"/healthz", "/readyz"} {
				if w := ask(h, http.MethodGet, path, "Host", "10.0.0.7:8080"); w.Code != http.StatusNoContent {
					t.Errorf("%s, keys %t: %s of another host: %d, expected 204", bind.addr, keys != nil, path, w.Code)
				}
			}
		}
	}
	t.Logf("%d cases, of which %d get in", cases, let)
	if cases < 200 {
		t.Errorf("%d cases: expected at least 200", cases)
	}
}

func sessionToken(t *testing.T, h http.Handler, host string) string {
	t.Helper()
	w := ask(h, http.MethodGet, "/api/v1/session", "Host", host)
	_, rest, found := strings.Cut(w.Body.String(), `"token":"`)
	token, _, closed := strings.Cut(rest, `"`)
	if !found || !closed {
		t.Fatalf("no session: %d %s", w.Code, w.Body)
	}
	return token
}

func TestKeysSeeTheirOwnJobs(t *testing.T) {
	f := newServer(t, setup{Config: studio.Config{Keys: keysOf(t, "alice", "bob")}})
	f.key = aliceKey
	var j, other api.Job
	f.decode(f.submit("mine", quick()...), http.StatusCreated, &j)
	f.key = bobKey
	f.decode(f.submit("mine", quick()...), http.StatusCreated, &other) // a key of his own
	if j.ID == other.ID {
		t.Fatal("two owners share an idempotency key")
	}
	for _, path := range []string{"", "/result", "/preview", "/inputs/content/0", "/events"} {
		f.decode(f.do(f.request(http.MethodGet, "/jobs/"+j.ID+path, nil)), http.StatusNotFound, nil)
	}
	f.decode(f.do(f.request(http.MethodPost, "/jobs/"+j.ID+"/cancel", nil)), http.StatusNotFound, nil)
	f.decode(f.do(f.request(http.MethodDelete, "/jobs/"+j.ID, nil)), http.StatusNotFound, nil)
	var list api.List
	f.decode(f.do(f.request(http.MethodGet, "/jobs", nil)), http.StatusOK, &list)
	if len(list.Jobs) != 1 || list.Jobs[0].ID != other.ID {
		t.Errorf("bob sees %+v", list.Jobs)
	}
}

// TestJobsOutliveTheirKey: the jobs belong to the name, which has another key now.
func TestJobsOutliveTheirKey(t *testing.T) {
	f := newServer(t, setup{Config: studio.Config{Keys: keysOf(t, "alice")}})
	f.key = aliceKey
	var j api.Job
	f.decode(f.submit("", quick()...), http.StatusCreated, &j)
	const next = "another-0123456789abcdef"
	keys, err := studio.ParseKeys("keys", []byte("alice "+next))
	if err != nil {
		t.Fatal(err)
	}
	h := studio.New(studio.Config{Jobs: f.jobs, Keys: keys})
	if w := ask(h, http.MethodGet, "/api/v1/jobs/"+j.ID, "Authorization", "Bearer "+next); w.Code != http.StatusOK {
		t.Errorf("with the next key: %d %s", w.Code, w.Body)
	}
	if w := ask(h, http.MethodGet, "/api/v1/jobs/"+j.ID, "Authorization", "Bearer "+aliceKey); w.Code != http.StatusUnauthorized {
		t.Errorf("with the key before: %d", w.Code)
	}
}

// TestCORS: pages of the configured origins use the API with a key, and nothing else.
func TestCORS(t *testing.T) {
	const app = "https://app.example"
	jobs := newServer(t, setup{}).jobs
	keyed := studio.New(studio.Config{Jobs: jobs, Keys: keysOf(t, "alice"), CORSOrigins: []string{app}, Rate: 1e9})
	keyless := studio.New(studio.Config{Jobs: jobs, Hosts: []string{"example.com"}, CORSOrigins: []string{app}, Rate: 1e9})
	const key = "Bearer " + aliceKey
	for _, test := range []struct {
		name           string
		h              http.Handler
		method, origin string
		headers        []string
		status         int
		allowed        bool
	}{
		{"preflight", keyed, http.MethodOptions, app, []string{"Access-Control-Request-Method", "POST"}, http.StatusNoContent, true},
		{"preflight of another", keyed, http.MethodOptions, "https://evil.example", []string{"Access-Control-Request-Method", "POST"}, http.StatusUnauthorized, false},
		{"preflight of a like one", keyed, http.MethodOptions, app + ".evil.example", []string{"Access-Control-Request-Method", "POST"}, http.StatusUnauthorized, false},
		{"preflight without keys", keyless, http.MethodOptions, app, []string{"Access-Control-Request-Method", "POST"}, http.StatusForbidden, false},
		{"read", keyed, http.MethodGet, app, []string{"Authorization", key}, http.StatusNotFound, true},
		{"change", keyed, http.MethodPost, app, []string{"Authorization", key}, http.StatusNotFound, true},
		{"change by another", keyed, http.MethodPost, "https://evil.example", []string{"Authorization", key}, http.StatusForbidden, false},
		{"wrong key", keyed, http.MethodGet, app, []string{"Authorization", "Bearer " + bobKey}, http.StatusUnauthorized, true},
		{"change without a key", keyed, http.MethodPost, app, nil, http.StatusForbidden, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := "/api/v1/jobs/none"
			if test.method == http.MethodPost {
				path += "/cancel"
			}
			w := ask(test.h, test.method, path, append(test.headers, "Origin", test.origin, "Sec-Fetch-Site", "cross-site")...)
			h := w.Header()
			if w.Code != test.status {
				t.Errorf("status %d, expected %d: %s", w.Code, test.status, w.Body)
			}
			expected := ""
			if test.allowed {
				expected = app
			}
			if h.Get("Access-Control-Allow-Origin") != expected || h.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("headers %v, expected to allow %q", h, expected)
			}
			if test.h == keyed && h.Get("Vary") != "Origin" {
				t.Errorf("Vary %q, expected Origin", h.Get("Vary"))
			}
			if test.name == "preflight" {
				if methods := h.Get("Access-Control-Allow-Methods"); !strings.Contains(methods, "PATCH") {
					t.Errorf("methods %q, expected PATCH among them", methods)
				}
				for _, name := range []string{"Authorization", "Idempotency-Key", "X-Pastiche-Token"} {
					if !strings.Contains(h.Get("Access-Control-Allow-Headers"), name) {
						t.Errorf("headers %q, expected %s among them", h.Get("Access-Control-Allow-Headers"), name)
					}
				}
			} else if test.allowed && !strings.Contains(h.Get("Access-Control-Expose-Headers"), "Location, ETag, Retry-After") {
				t.Errorf("exposed %q", h.Get("Access-Control-Expose-Headers"))
			}
		})
	}
	for origin, good := range map[string]bool{
		app: true, "http://localhost:3000": true, "*": false, "null": false, "https://app.example/": false, "app.example": false, "https://App.example": false, "": false,
	} {
		if err := studio.CheckOrigin(origin); (err == nil) != good {
			t.Errorf("CheckOrigin(%q) = %v, expected it to be good: %t", origin, err, good)
		}
	}
}

// TestWrongKeysAreSlowed: an address has some tries, by the header and by the login
// together; a network of IPv6 is one address; other addresses are not affected.
func TestWrongKeysAreSlowed(t *testing.T) {
	h := studio.New(studio.Config{
		Jobs: newServer(t, setup{}).jobs, Keys: keysOf(t, "alice"), Rate: 1e9, Proxies: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")},
	})
	guess := func(key string, headers ...string) int {
		return ask(h, http.MethodGet, "/api/v1/jobs/none", append(headers, "Authorization", "Bearer "+key)...).Code
	}
	for name, from := range map[string]func(i int) []string{
		"an address":          func(int) []string { return []string{"From", "192.0.2.1:1234"} },
		"an IPv6 network":     func(i int) []string { return []string{"From", fmt.Sprintf("[2001:db8::%x]:1", i+1)} },
		"behind a proxy":      func(int) []string { return []string{"From", "10.1.2.3:1", "X-Forwarded-For", "203.0.113.9, 192.0.2.2"} },
		"behind a proxy here": func(int) []string { return []string{"From", "127.0.0.1:1", "X-Forwarded-For", "192.0.2.3"} },
		"not a proxy": func(i int) []string {
			return []string{"From", "10.2.0.1:1", "X-Forwarded-For", fmt.Sprint("192.0.2.", i)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			tries := 0
			for ; guess(fmt.Sprint("wrong-key-of-somebody-", tries), from(tries)...) == http.StatusUnauthorized; tries++ {
				if tries > 1000 {
					t.Fatal("a thousand wrong keys were compared")
				}
			}
			if tries < 5 || tries > 40 {
				t.Errorf("%d wrong keys were compared, expected about 20", tries)
			}
			w := ask(h, http.MethodGet, "/api/v1/jobs/none", append(from(0), "Authorization", "Bearer "+aliceKey)...)
			if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
				t.Errorf("afterwards, the right key: %d %v, expected not to be looked at", w.Code, w.Header())
			}
			r := httptest.NewRequest(http.MethodPost, "/api/v1/login", strings.NewReader(`{"key":"`+aliceKey+`"}`))
			for i := 0; i < len(from(0)); i += 2 {
				if name, value := from(0)[i], from(0)[i+1]; name == "From" {
					r.RemoteAddr = value
				} else {
					r.Header.Set(name, value)
				}
			}
			login := httptest.NewRecorder()
			h.ServeHTTP(login, r)
			if login.Code != http.StatusTooManyRequests {
				t.Errorf("afterwards, the login: %d, expected 429", login.Code)
			}
		})
	}
	for _, other := range [][]string{{"From", "192.0.2.77:1"}, {"From", "[2001:db8:0:1::1]:1"}, {"From", "10.1.2.3:1", "X-Forwarded-For", "192.0.2.78"}} {
		if status := guess(aliceKey, other...); status != http.StatusNotFound {
			t.Errorf("the right key from %v: %d, expected to get in", other, status)
		}
	}
}

// TestRightKeysAreNotCounted: keys that get in cost no tries.
func TestRightKeysAreNotCounted(t *testing.T) {
	h := studio.New(studio.Config{Jobs: newServer(t, setup{}).jobs, Keys: keysOf(t, "alice"), Rate: 1e9})
	for i := range 200 {
		if w := ask(h, http.MethodGet, "/api/v1/jobs/none", "Authorization", "Bearer "+aliceKey); w.Code != http.StatusNotFound {
			t.Fatalf("request %d: %d", i, w.Code)
		}
	}
}

// TestSlowedWithoutAKey: requests without a key are limited by address.
func TestSlowedWithoutAKey(t *testing.T) {
	h := studio.New(studio.Config{Jobs: newServer(t, setup{}).jobs, Keys: keysOf(t, "alice"), Rate: 0.5})
	last := 0
	for range 10 {
		last = ask(h, http.MethodGet, "/api/v1/jobs/none").Code
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the tenth request: %d, expected 429", last)
	}
}

// TestEventStreamsOfAKey: one key leaves streams for the others.
func TestEventStreamsOfAKey(t *testing.T) {
	f := newServer(t, setup{Config: studio.Config{Keys: keysOf(t, "alice", "bob")}})
	open := func() int {
		answer, err := f.Client().Do(f.request(http.MethodGet, "/events", nil))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { answer.Body.Close() })
		return answer.StatusCode
	}
	f.key = aliceKey
	n := 0
	for ; open() == http.StatusOK; n++ {
		if n > 500 {
			t.Fatal("one key has more than half of all streams")
		}
	}
	f.key = bobKey
	if status := open(); status != http.StatusOK {
		t.Errorf("with %d streams of alice, bob's first: %d, expected 200", n, status)
	}
}

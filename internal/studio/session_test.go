package studio_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/studio"
)

// login returns the answer to a login with a key.
func login(h http.Handler, key string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/api/v1/login", strings.NewReader(fmt.Sprintf(`{"key":%q}`, key)))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestCookieOfAKey(t *testing.T) {
	f := newServer(t, setup{Config: studio.Config{Keys: keysOf(t, "alice")}})
	if w := login(f.handler, bobKey); w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("a wrong key: %d, %v", w.Code, w.Header())
	}
	answer := login(f.handler, aliceKey)
	if answer.Code != http.StatusNoContent {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	cookie := answer.Result().Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || strings.Contains(cookie.Value, aliceKey) {
		t.Errorf("cookie %v", cookie)
	}
	with := func(method, path, value string) int {
		return ask(f.handler, method, "/api/v1"+path, "Cookie", cookie.Name+"="+value).Code
	}
	if status := with(http.MethodGet, "/jobs", cookie.Value); status != http.StatusOK {
		t.Errorf("GET with the cookie: %d", status)
	}
	if status := with(http.MethodPost, "/jobs/none/cancel", cookie.Value); status != http.StatusNotFound {
		t.Errorf("POST with the cookie: %d, expected no token to be needed", status)
	}
	parts := strings.Split(cookie.Value, ".")
	for _, forged := range []string{
		"", ".", "..", "alice", "alice." + parts[1], "bob." + parts[1] + "." + parts[2], "alice.9" + parts[1] + "." + parts[2],
		"alice.1." + parts[2], "alice." + parts[1] + "." + strings.Repeat("0", len(parts[2])), cookie.Value + ".x",
	} {
		if status := with(http.MethodGet, "/jobs", forged); status != http.StatusUnauthorized {
			t.Errorf("cookie %q: %d, expected 401", forged, status)
		}
	}
}

func TestCookieEnds(t *testing.T) {
	h := studio.New(studio.Config{Jobs: newServer(t, setup{}).jobs, Keys: keysOf(t, "alice"), Rate: 1e9})
	synctest.Test(t, func(t *testing.T) {
		cookie := login(h, aliceKey).Result().Cookies()[0]
		for _, step := range []struct {
			after  time.Duration
			status int
		}{{29 * 24 * time.Hour, http.StatusNotFound}, {2 * 24 * time.Hour, http.StatusUnauthorized}} {
			time.Sleep(step.after)
			if w := ask(h, http.MethodGet, "/api/v1/jobs/none", "Cookie", cookie.Name+"="+cookie.Value); w.Code != step.status {
				t.Errorf("%v later: %d, expected %d", step.after, w.Code, step.status)
			}
		}
	})
}

// TestSessionAtAnotherServer: servers with the same keys accept each other's
// sessions, also for changes, whichever of them a balancer chooses.
func TestSessionAtAnotherServer(t *testing.T) {
	f := newServer(t, setup{Config: studio.Config{Keys: keysOf(t, "alice")}})
	f.key = aliceKey
	var j api.Job
	f.decode(f.submit("", quick()...), http.StatusCreated, &j)
	digests, err := studio.ParseKeys("keys", []byte("alice "+digest(aliceKey)))
	if err != nil {
		t.Fatal(err)
	}
	other := studio.New(studio.Config{Jobs: f.jobs, Keys: digests})
	cookie := login(other, aliceKey).Result().Cookies()[0]
	w := ask(f.handler, http.MethodPost, "/api/v1/jobs/"+j.ID+"/cancel", "Cookie", cookie.Name+"="+cookie.Value, "Sec-Fetch-Site", "same-origin")
	if w.Code != http.StatusOK {
		t.Errorf("a change with the session of another server: %d %s", w.Code, w.Body)
	}
	w = ask(f.handler, http.MethodPost, "/api/v1/jobs/"+j.ID+"/retry", "Cookie", cookie.Name+"="+cookie.Value, "Sec-Fetch-Site", "cross-site")
	if w.Code != http.StatusForbidden {
		t.Errorf("a change that another site makes: %d", w.Code)
	}
}

// TestCookieOverTLS: the cookie is for TLS alone where the browser uses it, which a
// proxy tells.
func TestCookieOverTLS(t *testing.T) {
	h := studio.New(studio.Config{Jobs: newServer(t, setup{}).jobs, Keys: keysOf(t, "alice"), Rate: 1e9})
	for _, test := range []struct {
		header, value string
		secure        bool
	}{
		{"X-Forwarded-Proto", "https", true}, {"X-Forwarded-Proto", "http", false}, {"Via", "1.1 proxy", false},
		{"Forwarded", `for=192.0.2.1;proto=https`, true}, {"Forwarded", `For="[2001:db8::1]"; Proto="HTTPS"`, true},
		{"Forwarded", `for=192.0.2.1;proto=http`, false}, {"Forwarded", `proto=http, proto=https`, false}, {"Forwarded", ";;=", false},
	} {
		cookie := login(h, aliceKey, test.header, test.value).Result().Cookies()[0]
		if cookie.Secure != test.secure || strings.HasPrefix(cookie.Name, "__Host-") != test.secure || cookie.Path != "/" {
			t.Errorf("%s: %s: cookie %v, expected it to be secure: %t", test.header, test.value, cookie, test.secure)
		}
		if w := ask(h, http.MethodGet, "/api/v1/jobs/none", "Cookie", cookie.Name+"="+cookie.Value); w.Code != http.StatusNotFound {
			t.Errorf("%s: %s: the cookie does not let in: %d", test.header, test.value, w.Code)
		}
		out := ask(h, http.MethodPost, "/api/v1/logout", test.header, test.value).Result().Cookies()[0]
		if out.Name != cookie.Name || out.MaxAge >= 0 {
			t.Errorf("%s: %s: the logout sets %v, expected to delete %s", test.header, test.value, out, cookie.Name)
		}
	}
}

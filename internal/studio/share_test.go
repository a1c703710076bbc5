package studio_test

import (
	"context"
	"fmt"
	"image"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/studio"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// share shares a job of a key's owner, or of "", and returns the path of its page.
func (f *fixture) share(id string) string {
	f.t.Helper()
	var j api.Job
	f.decode(f.do(f.request(http.MethodPost, "/jobs/"+id+"/share", nil)), http.StatusOK, &j)
	if !strings.HasPrefix(j.Share, "/p/"+id+".") {
		f.t.Fatalf("the job is shared as %q", j.Share)
	}
	return j.Share
}

// visit asks for a path without a key or a token.
func (f *fixture) visit(path string) (*http.Response, string) {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, f.URL+path, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	answer := f.do(r)
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return answer, string(text)
}

func (f *fixture) gone(path string) {
	f.t.Helper()
	answer, text := f.visit(path)
	if answer.StatusCode != http.StatusNotFound || !strings.Contains(text, "There is no painting here") || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
		f.t.Errorf("%s: %s %.200s, expected a page that says that there is nothing", path, answer.Status, text)
	}
}

func TestShareAPainting(t *testing.T) {
	f, j := paintedFor(t, aliceKey, setup{Config: studio.Config{Keys: keysOf(t, "bob", "alice")}})
	f.decode(f.change(j.ID, api.Change{Labels: map[string]string{"title": `Castle <i>&"quotes"`, "photo": "Castle", "style": "The Great Wave"}}), http.StatusOK, nil)
	page := f.share(j.ID)
	if again := f.share(j.ID); again != page {
		t.Errorf("shared again, its address is %s instead of %s", again, page)
	}
	answer, text := f.visit(page)
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer",
		"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff",
	} {
		if got := answer.Header.Get(name); got != want {
			t.Errorf("%s %q, expected %q", name, got, want)
		}
	}
	for _, part := range []string{
		"<h1>Castle &lt;i&gt;&amp;&#34;quotes&#34;</h1>", f.URL + page + "/shown.jpg", `property="og:image:width" content="48"`,
		"Painted from", "The Great Wave", "Made with", `download="Castle -i-&amp;-quotes-.jpg"`,
	} {
		if !strings.Contains(text, part) {
			t.Errorf("the page does not hold %s", part)
		}
	}
	for _, secret := range []string{"alice", "<script", " style=", "<style"} {
		if strings.Contains(text, secret) {
			t.Errorf("the page holds %s", secret)
		}
	}
	for path, kind := range map[string]string{
		"/painting.jpg": "image/jpeg", "/painting.png": "image/png", "/shown.jpg": "image/jpeg", "/photo.jpg": "image/jpeg", "/style/0.jpg": "image/jpeg",
	} {
		picture, data := f.visit(page + path)
		if picture.StatusCode != http.StatusOK || picture.Header.Get("Content-Type") != kind || picture.Header.Get("Cache-Control") != "private, max-age=60" {
			t.Errorf("%s: %s %v", path, picture.Status, picture.Header)
		}
		if _, _, err := image.Decode(strings.NewReader(data)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if css, _ := f.visit("/p/page.css"); css.StatusCode != http.StatusOK || css.Header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("the style sheet: %s %v", css.Status, css.Header)
	}
	id, secret, _ := strings.Cut(page, ".")
	// A 0 is in no secret.
	for _, path := range []string{
		"/p/", "/p/nothing", id, id + ".", id + "." + secret[1:], id + "." + secret[:len(secret)-1] + "0", "/p/" + strings.Repeat("a", 26) + "." + secret,
		page + "/", page + "/style/1.jpg", page + "/style/x.jpg", page + "/shown.png", page + "/../result", id + ".0" + secret[1:] + "/painting.png",
	} {
		f.gone(path)
	}
	f.decode(f.do(f.request(http.MethodDelete, "/jobs/"+j.ID+"/share", nil)), http.StatusOK, j)
	if j.Share != "" {
		t.Errorf("the job is still shared as %s", j.Share)
	}
	f.gone(page)
	f.gone(page + "/painting.jpg")
	next := f.share(j.ID)
	if next == page {
		t.Error("shared anew, it has its old address")
	}
	f.decode(f.do(f.request(http.MethodDelete, "/jobs/"+j.ID, nil)), http.StatusNoContent, nil)
	f.gone(next)
}

// TestSharedPageBehindAProxy: the addresses for previews in chats are those that people
// use.
func TestSharedPageBehindAProxy(t *testing.T) {
	f, j := paintedFor(t, aliceKey, setup{Config: studio.Config{Keys: keysOf(t, "alice")}})
	page := f.share(j.ID)
	w := ask(f.handler, http.MethodGet, page, "Host", "paint.example", "X-Forwarded-Proto", "https")
	if !strings.Contains(w.Body.String(), `<meta property="og:image" content="https://paint.example`+page+`/shown.jpg">`) {
		t.Errorf("the page is\n%s", w.Body)
	}
}

func TestShareWhatIsNotDone(t *testing.T) {
	f := newServer(t, setup{})
	f.decode(f.do(f.request(http.MethodPost, "/jobs/"+f.accepted()+"/share", nil)), http.StatusConflict, nil)
}

// TestSharesEndWithTheKey: paintings of a name that has no key any more are not seen.
func TestSharesEndWithTheKey(t *testing.T) {
	f, j := paintedFor(t, aliceKey, setup{Config: studio.Config{Keys: keysOf(t, "alice")}})
	page := f.share(j.ID)
	for _, test := range []struct {
		keys   *studio.Keys
		status int
	}{{keysOf(t, "bob", "alice"), http.StatusOK}, {keysOf(t, "bob"), http.StatusNotFound}, {nil, http.StatusNotFound}} {
		h := studio.New(studio.Config{Jobs: f.jobs, Keys: test.keys, Hosts: []string{"example.com"}})
		if w := ask(h, http.MethodGet, page); w.Code != test.status {
			t.Errorf("status %d, expected %d", w.Code, test.status)
		}
	}
}

// TestWhoSeesSharedPaintings: everybody may look from everywhere, where the server
// answers for the host, and nobody may change anything.
func TestWhoSeesSharedPaintings(t *testing.T) {
	f, j := painted(t, setup{})
	page := f.share(j.ID)
	const host = "paint.example"
	for _, keys := range []*studio.Keys{nil, keysOf(t, "alice")} {
		h := studio.New(studio.Config{Jobs: f.jobs, Hosts: []string{host}, Keys: keys, Rate: 1e9})
		found := http.StatusOK
		if keys != nil {
			found = http.StatusNotFound // it is of no key
		}
		for _, named := range []string{host, "evil.example"} {
			for _, site := range []string{"", "same-origin", "cross-site"} {
				for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete, http.MethodPatch} {
					for _, path := range []string{page, page + "/painting.jpg"} {
						w := ask(h, method, path, "Host", named, "Sec-Fetch-Site", site)
						want := found
						switch reads := method == http.MethodGet || method == http.MethodHead; {
						case keys == nil && named != host:
							want = http.StatusMisdirectedRequest
						case !reads && site == "cross-site":
							want = http.StatusForbidden
						case !reads:
							want = http.StatusMethodNotAllowed
						}
						if w.Code != want {
							t.Errorf("keys %t, %s %s of %s from %q: %d, expected %d", keys != nil, method, path, named, site, w.Code, want)
						}
						if w.Header().Get("Content-Security-Policy") == "" || w.Header().Get("Access-Control-Allow-Origin") != "" {
							t.Errorf("headers %v", w.Header())
						}
					}
				}
			}
		}
	}
}

func TestSharedPagesAreSlowed(t *testing.T) {
	h := studio.New(studio.Config{Jobs: newServer(t, setup{}).jobs, Keys: keysOf(t, "alice"), Rate: 0.5})
	last := &httptest.ResponseRecorder{}
	for range 10 {
		last = ask(h, http.MethodGet, "/p/guess.secret")
	}
	if last.Code != http.StatusTooManyRequests || last.Header().Get("Retry-After") == "" {
		t.Errorf("the tenth request: %d %v", last.Code, last.Header())
	}
}

// TestSecretsAreNotLogged: a log holds no address of a shared painting.
func TestSecretsAreNotLogged(t *testing.T) {
	log := &logged{}
	f, j := painted(t, setup{Config: studio.Config{Log: log.logger()}})
	page := f.share(j.ID)
	f.visit(page)
	f.visit(page + "/none.jpg")
	_, secret, _ := strings.Cut(page, ".")
	if text := log.String(); strings.Contains(text, secret) || !strings.Contains(text, "/p/"+j.ID+".SECRET") {
		t.Errorf("the log is\n%s", text)
	}
}

// TestSharedPage looks at the page in a browser.
func TestSharedPage(t *testing.T) {
	t.Parallel()
	photo, style := "castle.jpg", "starry-night.jpg"
	content, err := os.ReadFile(filepath.Join("..", "..", "examples", "photos", photo))
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile(filepath.Join("..", "..", "examples", "paintings", style))
	if err != nil {
		t.Fatal(err)
	}
	f := newServer(t, setup{worker: true, paint: copyPaint})
	var j api.Job
	f.decode(f.submit("", part{"content", content}, part{"style", example}, part{"style", jpegOf(drawing(64, 64))},
		part{"labels", []byte(`{"title":"Castle in the evening, with a very long title to see it wrap"}`)}), http.StatusCreated, &j)
	f.finished(j.ID)
	page := f.share(j.ID)
	for _, phone := range []bool{false, true} {
		t.Run(fmt.Sprintf("phone %t", phone), func(t *testing.T) {
			b := browse(t, f, phone)
			b.run(chromedp.Navigate(f.URL + page))
			b.until("the pictures are there", `document.images.length === 4 && [...document.images].every(i => i.complete && i.naturalWidth > 0)`)
			if value[bool](b, `document.documentElement.scrollWidth > innerWidth`) {
				t.Error("the page is wider than the window")
			}
			b.accessible("a shared painting")
			b.quiet()
			b.run(chromedp.Navigate(f.URL + page + "x"))
			b.until("it says that there is nothing", `document.querySelector('.gone')`)
			b.shot("gone")
		})
	}
}

// copyPaint paints the content as it is, at once.
func copyPaint(_ context.Context, in job.Inputs, _ paint.Options) (*paint.Painting, error) {
	return &paint.Painting{Picture: picture.FromImage(in.Content), Steps: 1}, nil
}

// paintedFor is painted for the owner of a key.
func paintedFor(t *testing.T, key string, s setup) (*fixture, *api.Job) {
	t.Helper()
	s.worker, s.paint = true, stubPaint
	f := newServer(t, s)
	f.key = key
	return f, f.finished(f.accepted())
}

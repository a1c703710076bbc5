package studio_test

import (
	"bufio"
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// fetch asks for a path as a browser does, with headers in pairs, and returns what was
// sent, as it was sent.
func (f *fixture) fetch(path string, headers ...string) (*http.Response, []byte) {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, f.URL+path, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd") // the transport decompresses nothing then
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	answer, err := transport.RoundTrip(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return answer, data
}

func gunzip(t *testing.T, data []byte) string {
	t.Helper()
	r, err := gzip.NewReader(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTextIsCompressed: clients that accept it get text compressed, with the same
// content as without.
func TestTextIsCompressed(t *testing.T) {
	f, j := painted(t, setup{})
	_, index := f.visit("/")
	paths := []string{"/api/v1/jobs", "/api/v1/recipes", "/api/v1/openapi.json", "/api/v1/docs", "/p/page.css", f.share(j.ID)}
	paths = append(paths, regexp.MustCompile(`/assets/[\w.-]+\.(js|css)`).FindAllString(index, -1)...)
	if len(paths) < 8 {
		t.Errorf("the page names no script and style sheet:\n%s", index)
	}
	for _, path := range paths {
		plain, text := f.visit(path)
		packed, data := f.fetch(path)
		if packed.Header.Get("Content-Encoding") != "gzip" || len(data) > len(text)*2/3 || gunzip(t, data) != text {
			t.Errorf("%s: %d of %d bytes with %v", path, len(data), len(text), packed.Header)
		}
		if plain.Header.Get("Content-Type") != packed.Header.Get("Content-Type") || !strings.Contains(strings.Join(packed.Header.Values("Vary"), ","), "Accept-Encoding") {
			t.Errorf("%s: %v", path, packed.Header)
		}
	}
	for _, path := range []string{"/api/v1/jobs/" + j.ID + "/result", "/api/v1/jobs/" + j.ID + "/inputs/content/0/thumbnail", "/examples/paintings/starry-night.jpg"} {
		answer, data := f.fetch(path)
		if answer.Header.Get("Content-Encoding") != "" || answer.ContentLength != int64(len(data)) {
			t.Errorf("%s is compressed: %v", path, answer.Header)
		}
	}
}

// TestEventsAreNotCompressed: events arrive one by one.
func TestEventsAreNotCompressed(t *testing.T) {
	f := newServer(t, setup{})
	r := f.request(http.MethodGet, "/events", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	answer := f.do(r)
	if answer.Header.Get("Content-Encoding") != "" || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("the stream is sent with %v", answer.Header)
	}
	lines := bufio.NewScanner(answer.Body)
	next := func(part string) {
		t.Helper()
		for lines.Scan() {
			if strings.Contains(lines.Text(), part) {
				return
			}
		}
		t.Fatalf("the stream ends before %q: %v", part, lines.Err())
	}
	next("event: ready")
	id := f.accepted()
	next(id)
}

// TestWhatBrowsersKeep: what never changes is kept, and what may change is asked for
// again, at the cost of a header.
func TestWhatBrowsersKeep(t *testing.T) {
	f, j := painted(t, setup{})
	_, index := f.visit("/")
	asset := regexp.MustCompile(`/assets/[\w.-]+\.js`).FindString(index)
	job := "/api/v1/jobs/" + j.ID
	for path, cache := range map[string]string{
		"/": "no-cache", "/icon.svg": "no-cache", asset: "public, max-age=31536000, immutable",
		job + "/result": "private, max-age=31536000, immutable", job + "/result/thumbnail": "private, max-age=31536000, immutable",
		job + "/result?format=jpeg&width=20": "private, max-age=31536000, immutable", job + "/inputs/style/0/thumbnail": "private, max-age=31536000, immutable",
		job + "/preview?step=1": "private, max-age=31536000, immutable", job: "no-store", "/api/v1/session": "no-store",
	} {
		answer, _ := f.fetch(path)
		if got := answer.Header.Get("Cache-Control"); got != cache {
			t.Errorf("%s: Cache-Control %q, expected %q", path, got, cache)
		}
		etag := answer.Header.Get("ETag")
		if cache == "no-store" {
			continue
		}
		for _, encoding := range []string{"gzip", "identity"} {
			again, data := f.fetch(path, "If-None-Match", etag, "Accept-Encoding", encoding)
			if again.StatusCode != http.StatusNotModified || len(data) > 0 || again.Header.Get("ETag") != etag {
				t.Errorf("%s with the ETag %s: %s, %d bytes, ETag %s", path, etag, again.Status, len(data), again.Header.Get("ETag"))
			}
		}
		if answer.Header.Get("Content-Encoding") != "" && !strings.HasPrefix(etag, "W/") {
			t.Errorf("%s is compressed, and its ETag %s is not weak", path, etag)
		}
	}
}

// TestThemeBeforeThePage: the theme that a person has chosen is there before the style
// sheet and the page's own script.
func TestThemeBeforeThePage(t *testing.T) {
	t.Parallel()
	f := newServer(t, setup{})
	b := browse(t, f, false)
	if _, err := chromedp.Call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: "dark"},
	}}); err != nil {
		t.Fatal(err)
	}
	b.do(`localStorage.setItem('theme', 'light')`)
	b.run(chromedp.Navigate(f.URL + "/api/v1/docs"))
	if _, err := chromedp.Call(b, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: []*network.BlockPattern{{URLPattern: f.URL + "/assets/*", Block: true}}}); err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.Navigate(f.URL))
	const seen = `[document.documentElement.dataset.theme, document.querySelector('meta[name=color-scheme]').content,
		...[...document.querySelectorAll('meta[name=theme-color]')].map(m => m.content)].join('|')`
	if got := value[string](b, seen); got != "light|light|#f6f3ec|#f6f3ec" {
		t.Errorf("with a light theme on a dark system: %s", got)
	}
	b.do(`document.documentElement.dataset.theme = 'dark'`)
	b.until("the browser's bars follow", seen+` === 'dark|dark|#161412|#161412'`)
	b.do(`document.documentElement.dataset.theme = 'auto'`)
	b.until("the browser's bars follow the system", seen+` === 'auto|light dark|#f6f3ec|#161412'`)
}

package studio_test

import (
	"bytes"
	"image/jpeg"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/api"
)

// fetchExample returns the answer to GET path and its body.
func fetchExample(t *testing.T, f *fixture, path string) (*http.Response, []byte) {
	t.Helper()
	answer, err := f.Client().Get(f.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, body
}

// TestExamples holds the list of examples to what the page relies on: enough
// pictures, each with a name, its size, a small thumbnail, and files that a
// browser may keep for good.
func TestExamples(t *testing.T) {
	const (
		wantPaintings, wantPhotos, wantTriples = 40, 9, 3
		thumbnail                              = 160       // longer side in pixels, at most
		picture                                = 640       // the same of a picture
		allThumbnails                          = 480 << 10 // bytes: what a first visit may load
	)
	f := newServer(t, setup{})
	var list api.ExampleList
	f.decode(f.do(f.request(http.MethodGet, "/examples", nil)), http.StatusOK, &list)
	if len(list.Paintings) < wantPaintings || len(list.Photos) < wantPhotos || len(list.Triples) != wantTriples {
		t.Errorf("%d paintings, %d photos and %d triples, want at least %d and %d, and %d",
			len(list.Paintings), len(list.Photos), len(list.Triples), wantPaintings, wantPhotos, wantTriples)
	}
	if list.Paintings[0].Title != "The Starry Night" {
		t.Errorf("the first painting is %q, want The Starry Night: the page begins with it", list.Paintings[0].Title)
	}

	// fetch checks that url is a JPEG that may be kept for good, and returns its
	// sides and its size in bytes.
	fetch := func(url string) (w, h, size int) {
		t.Helper()
		answer, body := fetchExample(t, f, url)
		if cache := answer.Header.Get("Cache-Control"); answer.StatusCode != http.StatusOK || !strings.Contains(cache, "immutable") {
			t.Errorf("%s: %s, Cache-Control %q; want a file for good", url, answer.Status, cache)
		}
		config, err := jpeg.DecodeConfig(bytes.NewReader(body))
		if err != nil {
			t.Errorf("%s: %v", url, err)
		}
		return config.Width, config.Height, len(body)
	}
	known, titles, thumbnails := map[string]bool{}, map[string]bool{}, 0
	for _, e := range append(list.Paintings, list.Photos...) {
		if e.Title == "" || e.By == "" || e.Kind == "" || e.Source == "" || e.Licence == "" || titles[e.Title] {
			t.Errorf("%+v: want a title of its own, and who made it, how, from where and under which licence", e)
		}
		known[e.File], titles[e.Title] = true, true
		if w, h, _ := fetch(e.URL); w != e.Width || h != e.Height || max(w, h) > picture {
			t.Errorf("%s: %d x %d pixels, listed as %d x %d, at most %d", e.File, w, h, e.Width, e.Height, picture)
		}
		w, h, size := fetch(e.Thumbnail)
		if max(w, h) > thumbnail {
			t.Errorf("the thumbnail of %s: %d x %d pixels, want at most %d", e.File, w, h, thumbnail)
		}
		thumbnails += size
	}
	if thumbnails > allThumbnails {
		t.Errorf("all thumbnails are %d bytes, want at most %d", thumbnails, allThumbnails)
	}
	for _, triple := range list.Triples {
		if !known[triple.Photo] || !known[triple.Painting] {
			t.Errorf("%+v: want files of examples", triple)
		}
		fetch(triple.URL)
	}
}

func TestExampleOfAnotherVersionIsKeptADay(t *testing.T) {
	f := newServer(t, setup{})
	for _, query := range []string{"", "?v=0123456789abcdef"} {
		answer, _ := fetchExample(t, f, "/examples/photos/castle.jpg"+query)
		if cache := answer.Header.Get("Cache-Control"); answer.StatusCode != http.StatusOK || cache != "max-age=86400" {
			t.Errorf("castle.jpg%s: %s, Cache-Control %q; want max-age=86400", query, answer.Status, cache)
		}
	}
}

func TestExampleThatIsMissing(t *testing.T) {
	f := newServer(t, setup{})
	for _, path := range []string{"/examples/photos/absent.jpg", "/examples/thumbnails/", "/examples/triples/", "/examples/README.md"} {
		if answer, _ := fetchExample(t, f, path); answer.StatusCode != http.StatusNotFound || strings.Contains(answer.Header.Get("Cache-Control"), "max-age") {
			t.Errorf("%s: %s, Cache-Control %q; want 404, kept nowhere", path, answer.Status, answer.Header.Get("Cache-Control"))
		}
	}
}

package studio

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image/jpeg"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/examples"
)

// exampleList is the pictures that come with the program. They never change.
var exampleList = sync.OnceValue(func() api.ExampleList {
	all := api.ExampleList{Paintings: []api.Example{}, Photos: []api.Example{}, Triples: []api.Triple{}}
	for _, p := range examples.Paintings() {
		all.Paintings = append(all.Paintings, example(p))
	}
	for _, p := range examples.Photos() {
		all.Photos = append(all.Photos, example(p))
	}
	for _, t := range examples.Triples() {
		all.Triples = append(all.Triples, api.Triple{Photo: t.Photo, Painting: t.Painting, URL: exampleURL(t.Result)})
	}
	return all
})

func example(p examples.Picture) api.Example {
	width, height := sizeOf(p.File)
	return api.Example{
		File: p.File, Title: p.Title, By: p.By, Year: p.Year, Kind: p.Kind, Source: p.Source, Licence: p.Licence,
		Width: width, Height: height, URL: exampleURL(p.File), Thumbnail: exampleURL(p.Thumbnail()),
	}
}

// sizeOf returns the width and height in pixels of an example picture.
func sizeOf(file string) (width, height int) {
	config, err := jpeg.DecodeConfig(bytes.NewReader(readExample(file)))
	if err != nil {
		panic("examples: " + file + ": " + err.Error())
	}
	return config.Width, config.Height
}

// readExample returns an example file. It panics where there is none.
func readExample(file string) []byte {
	data, err := examples.Files.ReadFile(file)
	if err != nil {
		panic("examples: " + err.Error())
	}
	return data
}

// exampleURL is where exampleFiles serves file: another picture under the same
// name has another address.
func exampleURL(file string) string {
	sum := sha256.Sum256(readExample(file))
	return "/examples/" + file + "?v=" + hex.EncodeToString(sum[:8])
}

// exampleFiles serves the example pictures. Browsers cache an address that exampleURL
// returns forever, and one without a version for a day.
func exampleFiles() http.Handler {
	files := http.StripPrefix("/examples", http.FileServerFS(examples.Files))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/") { // no lists of folders
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "max-age=86400")
		if exampleVersions()[r.URL.RequestURI()] {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		files.ServeHTTP(w, r)
	})
}

// exampleVersions holds every address that exampleList has.
var exampleVersions = sync.OnceValue(func() map[string]bool {
	known := map[string]bool{}
	list := exampleList()
	for _, e := range slices.Concat(list.Paintings, list.Photos) {
		known[e.URL], known[e.Thumbnail] = true, true
	}
	for _, t := range list.Triples {
		known[t.URL] = true
	}
	return known
})

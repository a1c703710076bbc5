// Package examples holds pictures to begin with: paintings to paint like,
// photographs to paint, and what comes of some of them. README.md says whose
// they are.
package examples

import (
	"embed"
	"slices"
)

// Files are the pictures, in paintings and photos, their thumbnails, and the
// paintings of Triples.
//
//go:embed paintings/*.jpg photos/*.jpg thumbnails/*/*.jpg triples/*.jpg
var Files embed.FS

// A Picture is one of Files, and what is known about it.
type Picture struct {
	File    string // such as paintings/starry-night.jpg
	Title   string
	By      string
	Year    string // in which it was made, such as "about 1831"; "" where that is not known
	Kind    string // how it is made, such as oil
	Source  string // where the file comes from
	Licence string
}

// Thumbnail returns the file of the picture's small copy, a JPEG of at most 192
// pixels.
func (p Picture) Thumbnail() string { return "thumbnails/" + p.File }

// A Triple is a photo, a painting, and the photo painted like it.
type Triple struct {
	Photo, Painting, Result string // files
}

// Paintings returns the pictures to paint like, the best known first.
func Paintings() []Picture { return slices.Clone(paintings) }

// Photos returns the pictures to paint.
func Photos() []Picture { return slices.Clone(photos) }

// Triples returns three examples of what comes of a photo and a painting.
func Triples() []Triple { return slices.Clone(triples) }

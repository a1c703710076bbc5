// Package examples holds pictures to begin with: paintings to paint like, and
// photographs to paint. README.md says whose they are.
package examples

import "embed"

// Files are the pictures, in paintings and photos.
//
//go:embed paintings/*.jpg photos/castle.jpg photos/cat.jpg photos/horses.jpg
var Files embed.FS

// A Picture is one of Files.
type Picture struct {
	File  string `json:"-"`
	Title string `json:"title"`
	By    string `json:"by"`
}

// Paintings returns the paintings, the best known first.
func Paintings() []Picture {
	const strokes = "painted for pastiche"
	return []Picture{
		{"paintings/starry-night.jpg", "The Starry Night", "Vincent van Gogh, 1889"},
		{"paintings/sunset.jpg", "Cypresses at a bay, in swirling oils", strokes},
		{"paintings/river.jpg", "Sails on a summer evening, in points", strokes},
		{"paintings/dolphins.jpg", "Dolphins before a low sun, a mosaic", strokes},
		{"paintings/moonrise.jpg", "A mountain lake in winter, a woodcut", strokes},
		{"paintings/poppies.jpg", "Poppies by a lake, in watercolour", strokes},
		{"paintings/harvest.jpg", "Haystacks under a large sun, in reed pen", strokes},
	}
}

// Photos returns the photographs among Files.
func Photos() []Picture {
	return []Picture{
		{"photos/castle.jpg", "Neuschwanstein Castle", "cameralends, CC0"},
		{"photos/cat.jpg", "Chelsea the cat", "Stéfan van der Walt, CC0"},
		{"photos/horses.jpg", "Horses on a meadow", "Seth Zeigler, CC0"},
	}
}

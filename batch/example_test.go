package batch_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/pastiche-art/pastiche/batch"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// open reads a picture.
func open(path string) *picture.Picture {
	f, err := picture.Open(context.Background(), path, picture.Limits{})
	if err != nil {
		log.Fatal(err)
	}
	return f.SRGB()
}

// Photos are painted in a style, each to a file of a folder.
func Example() {
	folder, err := os.MkdirTemp("", "pastiche")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()

	works, _, err := batch.Plan(batch.Options{
		Contents: []string{"../examples/photos/ca*.jpg"}, Styles: []string{"../examples/paintings/river.jpg"}, Folder: folder,
	})
	if err != nil {
		log.Fatal(err)
	}
	recipe := paint.Gatys()
	recipe.Size, recipe.Iterations = 48, 1 // for those who cannot wait
	for _, w := range works {
		painting, err := paint.Paint(context.Background(), open(w.Content), paint.InMannerOf(open(w.Style)), paint.Options{Recipe: &recipe})
		if err != nil {
			log.Fatal(err)
		}
		if err := picture.Save(w.Painting, painting.Picture, picture.SaveOptions{}); err != nil {
			log.Fatal(err)
		}
		fmt.Println(filepath.Base(w.Painting))
	}
	// Output:
	// castle-river.png
	// cat-river.png
}

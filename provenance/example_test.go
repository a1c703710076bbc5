package provenance_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
	"github.com/pastiche-art/pastiche/provenance"
)

// The record of a painting goes into its file, and tells the command that paints it
// again.
func Example() {
	recipe := paint.Fine()
	recipe.Size, recipe.Margin = 300, 4
	record := &provenance.Record{
		Software: "my program 1.0",
		Inputs: []provenance.Input{
			{Role: paint.ContentRole, Name: "photo.jpg"},
			{Role: paint.StyleRole, Name: "painting.jpg"},
		},
		Network: provenance.Network{Name: "builtin"},
		Recipe:  recipe,
	}
	path := filepath.Join(os.TempDir(), "provenance-example.png")
	if err := picture.Save(path, picture.New(300, 200), picture.SaveOptions{Record: record.Encode()}); err != nil {
		log.Fatal(err)
	}

	found, err := provenance.Read(context.Background(), path)
	if err != nil {
		log.Fatal(err)
	}
	os.Remove(path)
	fmt.Println(strings.Join(found.Command(), " "))
	// Output: pastiche paint photo.jpg painting.jpg --recipe fine --size 300 --set margin=4
}

// A record tells that a painting was stopped before it was finished.
func ExampleRecord_Unfinished() {
	record := provenance.Record{Stopped: provenance.Interrupted, Steps: 4, Planned: 320, Width: 96, Height: 72}
	fmt.Println(record.Unfinished())
	// Output: interrupted after 4 of 320 iterations, at 96 x 72 pixels
}

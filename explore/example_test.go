package explore_test

import (
	"context"
	"fmt"
	"log"

	"github.com/pastiche-art/pastiche/explore"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// open reads a picture of the examples.
func open(name string) *picture.Picture {
	f, err := picture.Open(context.Background(), "../examples/"+name, picture.Limits{})
	if err != nil {
		log.Fatal(err)
	}
	return f.SRGB()
}

// Three ways to use the colours, small and side by side. The recipe of the one that a
// person chooses paints it large.
func Example() {
	ctx := context.Background()
	photo, regions := open("photos/cat.jpg"), paint.InMannerOf(open("paintings/river.jpg"))
	variations, err := explore.Vary(map[explore.Parameter]string{explore.Recipe: "gatys"}, explore.Colors)
	if err != nil {
		log.Fatal(err)
	}
	for i := range variations {
		variations[i].Recipe.Iterations = 5 // for those who cannot wait
	}
	opts := explore.Options{Size: 48}
	studies, err := explore.Prepare(photo, regions, variations, opts)
	if err != nil {
		log.Fatal(err)
	}
	if err := explore.Paint(ctx, photo, regions, studies, opts); err != nil {
		log.Fatal(err)
	}
	for _, s := range studies {
		fmt.Printf("%d. %s: %d x %d pixels\n", s.Number, s.Label(), s.Picture.W, s.Picture.H)
	}
	fmt.Println("large:", variations[1].Recipe.Size, "pixels, the colours of the", variations[1].Recipe.Colors)
	sheet := explore.Sheet(studies) // picture.Save writes it to a file
	fmt.Println("a sheet of", sheet.W, "x", sheet.H, "pixels")
	// Output:
	// 1. colours as painted: 48 x 32 pixels
	// 2. the photo's colours: 48 x 32 pixels
	// 3. the painting's palette: 48 x 32 pixels
	// large: 512 pixels, the colours of the content
	// a sheet of 436 x 350 pixels
}

package paint_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log"
	"os"
	"path/filepath"

	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/loss"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// open reads a picture of the examples.
func open(name string) *picture.Picture {
	f, err := picture.Open(context.Background(), filepath.Join("../examples", name), picture.Limits{})
	if err != nil {
		log.Fatal(err)
	}
	p := f.SRGB()
	return p
}

// quick is the recipe fine for those who cannot wait.
func quick() *paint.Recipe {
	recipe := paint.Fine()
	recipe.Size, recipe.FirstSize, recipe.Iterations = 80, 0, 3
	return &recipe
}

// A photograph becomes a painting. Without a recipe it would be one of 512
// pixels, and take a minute.
func Example() {
	photo, err := picture.Open(context.Background(), "../examples/photos/castle.jpg", picture.Limits{})
	if err != nil {
		log.Fatal(err)
	}
	style, err := picture.Open(context.Background(), "../examples/paintings/starry-night.jpg", picture.Limits{})
	if err != nil {
		log.Fatal(err)
	}
	painting, err := paint.Paint(context.Background(), photo.SRGB(), paint.InMannerOf(style.SRGB()), paint.Options{Recipe: quick()})
	if err != nil {
		log.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "pastiche")
	if err != nil {
		log.Fatal(err)
	}
	if err := picture.Save(filepath.Join(folder, "painting.png"), painting.Picture, picture.SaveOptions{}); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d x %d pixels in %d steps\n", painting.W, painting.H, painting.Steps)
	_ = os.RemoveAll(folder)
	// Output: 80 x 53 pixels in 3 steps
}

// Whoever watches is told of each iteration, and may look at the painting.
func ExamplePaint_progress() {
	photo, style := open("photos/cat.jpg"), open("paintings/river.jpg")
	recipe := quick()
	recipe.Size, recipe.FirstSize, recipe.ScaleStep = 96, 64, 1.5
	recipe.FirstIterations, recipe.Iterations = 2, 1
	_, err := paint.Paint(context.Background(), photo, paint.InMannerOf(style), paint.Options{
		Recipe: recipe,
		Progress: func(p paint.Progress) {
			fmt.Printf("step %d of %d: iteration %d of scale %d\n", p.Step, p.Steps, p.Iteration, p.Scale)
			if p.Iteration == p.Iterations {
				fmt.Println("looking at", p.Picture().Bounds())
			}
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// step 1 of 3: iteration 1 of scale 1
	// step 2 of 3: iteration 2 of scale 1
	// looking at (0,0)-(64,43)
	// step 3 of 3: iteration 1 of scale 2
	// looking at (0,0)-(96,64)
}

// A painting that is cancelled is handed over as it is.
func ExamplePaint_cancel() {
	photo, style := open("photos/cat.jpg"), open("paintings/river.jpg")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	painting, err := paint.Paint(ctx, photo, paint.InMannerOf(style), paint.Options{
		Recipe: quick(),
		Progress: func(p paint.Progress) {
			if p.Step == 2 {
				cancel()
			}
		},
	})
	fmt.Println(painting.Steps, "steps:", err)
	// Output: 2 steps: context canceled
}

// The painting is nearer to the style than the photograph is, and farther from
// the content.
func ExampleScore() {
	photo, style := open("photos/bee.jpg"), open("paintings/harvest.jpg")
	recipe := quick()
	painting, err := paint.Paint(context.Background(), photo, paint.InMannerOf(style), paint.Options{Recipe: recipe})
	if err != nil {
		log.Fatal(err)
	}
	opts := paint.Options{Recipe: recipe}
	before, err := paint.Score(context.Background(), photo, paint.InMannerOf(style), photo.Resize(painting.W, painting.H), opts)
	if err != nil {
		log.Fatal(err)
	}
	after, err := paint.Score(context.Background(), photo, paint.InMannerOf(style), painting.Picture, opts)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("style cost has fallen:", after.Costs.Style < before.Costs.Style)
	fmt.Println("content cost has risen:", after.Costs.Content > before.Costs.Content)
	// Output:
	// style cost has fallen: true
	// content cost has risen: true
}

// Package loss computes the course's costs from activations. Like the recipe [paint.Classic],
// multiply them by the network's factor to compare them with the course's.
func ExampleFeatures_costs() {
	network, err := paint.OpenNetwork("builtin")
	if err != nil {
		log.Fatal(err)
	}
	recipe := paint.Classic()
	features := func(p *picture.Picture, layer string) *loss.Activation {
		a, err := paint.Features(context.Background(), p, layer, paint.Options{Recipe: &recipe, Network: network})
		if err != nil {
			log.Fatal(err)
		}
		for i := range a.Values {
			a.Values[i] *= float32(network.Factor)
		}
		return a
	}
	photo, style := open("photos/coffee.jpg").Resize(96, 64), open("paintings/river.jpg").Resize(96, 72)
	generated := style.Resize(photo.W, photo.H)
	fmt.Printf("content cost %.4g\n", loss.ContentCost(features(photo, "conv4_2"), features(generated, "conv4_2")))
	gram := loss.GramMatrix(features(style, "conv1_1"))
	fmt.Printf("Gram matrix of %d x %d\n", len(gram), len(gram[0]))
	fmt.Printf("style cost %.4g\n", loss.LayerStyleCost(features(style, "conv1_1"), features(generated, "conv1_1")))
	// Output:
	// content cost 1939
	// Gram matrix of 16 x 16
	// style cost 1.695e+04
}

// What a layer sees, and what one that does not exist says.
func ExampleFeatures() {
	photo := open("photos/coffee.jpg").Resize(96, 64)
	a, err := paint.Features(context.Background(), photo, "conv4_2", paint.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d feature maps of %d x %d\n", a.Channels, a.Height, a.Width)

	_, err = paint.Features(context.Background(), photo, "conv5_2", paint.Options{})
	fmt.Println(err)
	var unknown *vgg.LayerError
	fmt.Println(errors.As(err, &unknown))
	// Output:
	// 128 feature maps of 8 x 12
	// no layer "conv5_2" in the network vgg19-slim: expected one of conv1_1 conv1_2 conv2_1 conv2_2 conv3_1 conv3_2 conv3_3 conv3_4 conv4_1 conv4_2 conv4_3 conv4_4 conv5_1
	// true
}

// Two masks give the sky one style and the ground another.
func ExampleRegions() {
	sky, ground := open("masks/castle-sky.png"), open("masks/castle-ground.png")
	styles := paint.InMannerOf(open("paintings/starry-night.jpg"), open("paintings/river.jpg"))[0].Styles
	regions, err := paint.Regions(styles, []image.Image{sky, ground}, nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	recipe := quick()
	painting, err := paint.Paint(context.Background(), open("photos/castle.jpg"), regions, paint.Options{Recipe: recipe})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(regions), "regions,", painting.Steps, "steps")
	// Output: 2 regions, 3 steps
}

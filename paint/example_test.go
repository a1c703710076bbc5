package paint_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
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

// The regions of two label pictures are paired by their colours.
func ExampleLabelRegions() {
	halves := func(upper, lower color.Color, w, h int) image.Image {
		m := image.NewRGBA(image.Rect(0, 0, w, h))
		draw.Draw(m, m.Bounds(), image.NewUniform(lower), image.Point{}, draw.Src)
		draw.Draw(m, image.Rect(0, 0, w, h/2), image.NewUniform(upper), image.Point{}, draw.Src)
		return m
	}
	sky, land := color.RGBA{0, 0, 255, 255}, color.RGBA{0, 255, 0, 255}
	style := open("paintings/starry-night.jpg")
	regions, err := paint.LabelRegions(paint.Style{Picture: style}, halves(sky, land, 48, 32), halves(sky, land, style.W, style.H))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(regions), "regions")
	// Output: 2 regions
}

// A texture has styles and no content.
func ExampleTexture() {
	recipe := quick()
	recipe.Tileable = true
	texture, err := paint.Texture(context.Background(), image.Pt(3, 2), paint.InMannerOf(open("paintings/river.jpg")), paint.Options{Recipe: recipe})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(texture.Bounds().Size())
	// Output: (80,53)
}

// A painting that was interrupted continues from its checkpoint.
func ExampleReadCheckpoint() {
	photo, styles := open("photos/cat.jpg"), paint.InMannerOf(open("paintings/river.jpg"))
	ctx, cancel := context.WithCancel(context.Background())
	opts := paint.Options{Recipe: quick(), Progress: func(paint.Progress) { cancel() }}
	painting, err := paint.Paint(ctx, photo, styles, opts)
	cancel()
	fmt.Println(painting.Steps, "steps:", err)
	var file bytes.Buffer
	if err := painting.WriteCheckpoint(&file); err != nil {
		log.Fatal(err)
	}

	opts.Progress = nil
	if opts.Resume, err = paint.ReadCheckpoint(&file); err != nil {
		log.Fatal(err)
	}
	fmt.Println("it continues after step", opts.Resume.Step())
	if painting, err = paint.Paint(context.Background(), photo, styles, opts); err != nil {
		log.Fatal(err)
	}
	fmt.Println(painting.Steps, "of", painting.Planned, "steps")
	// Output:
	// 1 steps: context canceled
	// it continues after step 1
	// 3 of 3 steps
}

// Check and Estimate tell before a painting begins whether it is possible and what it
// takes.
func ExampleEstimate() {
	photo, styles := open("photos/cat.jpg"), paint.InMannerOf(open("paintings/river.jpg"))
	opts := paint.Options{Recipe: quick(), Memory: 1 << 20}
	err := paint.Check(photo, image.Point{}, styles, opts)
	var memory *paint.MemoryError
	fmt.Println("refused:", paint.Refused(err), "for lack of memory:", errors.As(err, &memory))

	opts.Memory = paint.DefaultMemory()
	resources, err := paint.Estimate(context.Background(), photo, image.Point{}, styles, opts)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d x %d pixels\n", resources.Width, resources.Height)
	// Output:
	// refused: true for lack of memory: true
	// 80 x 53 pixels
}

// Needs tells the memory of a painting from the sizes of its pictures.
func ExampleNeeds() {
	small, err := paint.Needs(image.Pt(640, 480), image.Point{}, []image.Point{{512, 512}}, paint.Options{})
	if err != nil {
		log.Fatal(err)
	}
	recipe := paint.Fine()
	recipe.Size = 1024
	large, err := paint.Needs(image.Pt(640, 480), image.Point{}, []image.Point{{512, 512}}, paint.Options{Recipe: &recipe})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("1024 pixels need more than 512:", large > small)
	// Output: 1024 pixels need more than 512: true
}

// A panic, in the engine or in a callback, becomes an error.
func ExampleInternalError() {
	_, err := paint.Paint(context.Background(), open("photos/cat.jpg"), paint.InMannerOf(open("paintings/river.jpg")), paint.Options{
		Recipe:   quick(),
		Progress: func(paint.Progress) { panic("no paper") },
	})
	var internal *paint.InternalError
	if errors.As(err, &internal) {
		fmt.Println(internal.Value)
	}
	// Output: no paper
}

// What a layer knows of a content and of a style, as in figure 1 of Gatys, Ecker and
// Bethge 2015.
func ExampleContentReconstruction() {
	content := paint.ContentReconstruction("conv4_2")
	style := paint.StyleReconstruction("conv2_1")
	fmt.Println(content.ContentLayers, content.StyleWeight)
	fmt.Println(style.StyleLayers, style.ContentWeight)
	// Output:
	// [{conv4_2 1}] 0
	// [{conv1_1 0.5} {conv2_1 0.5}] 0
}

// The bolder a painting is, the less its content weighs.
func ExampleRecipe_Strengthen() {
	strength, err := paint.ParseStrength("bold")
	if err != nil {
		log.Fatal(err)
	}
	balanced, bold := paint.Gatys(), paint.Gatys()
	if err := bold.Strengthen(strength); err != nil {
		log.Fatal(err)
	}
	fmt.Println(strength, bold.ContentWeight < balanced.ContentWeight)
	// Output: bold true
}

// Walkthrough is "Deep Learning & Art: Neural Style Transfer", step by step, as
// calls of pastiche's public packages: the note on the left, this page on the
// right. From the repository's root,
//
//	go run ./examples/walkthrough
//
// paints a castle in the manner of The Starry Night. Every 20 iterations it
// prints the costs and saves the picture in output/, as the note does. Flags
// choose other pictures, another network, size and number of iterations.
//
// The same algorithm in one call is paint.Paint with the recipe paint.Classic,
// which paints the same picture, to the bit.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/pastiche-art/pastiche/internal/cost"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/optim"
	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// The note's numbers.
const (
	alpha        = 10  // weight of the content cost
	beta         = 40  // weight of the style cost
	noiseShare   = 0.6 // of the picture to begin with; the rest is content
	learningRate = 2.0 // in levels of 0 to 255
	interval     = 20  // iterations from one printed line to the next
)

// The note's layers, and how much each style layer counts.
const contentLayer = "conv4_2"

var (
	styleLayers = []string{"conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"}
	lambda      = []float64{0.2, 0.2, 0.2, 0.2, 0.2}
)

type options struct {
	content, style string // picture files
	network        string // a name that 'pastiche networks list' knows, or a file
	size           int    // long side in pixels
	iterations     int
	seed           uint64
	output         string // folder
}

func main() {
	var o options
	flag.StringVar(&o.content, "content", "examples/photos/castle.jpg", "picture `FILE` to paint")
	flag.StringVar(&o.style, "style", "examples/paintings/starry-night.jpg", "picture `FILE` to paint it like")
	flag.StringVar(&o.network, "network", "builtin", "`NETWORK` to see with: builtin; vgg19, the note's, once it was pulled; or a file")
	flag.IntVar(&o.size, "size", 256, "long side of the painting in `PIXELS`")
	flag.IntVar(&o.iterations, "iterations", 200, "how often the picture moves")
	flag.Uint64Var(&o.seed, "seed", 1, "which noise to begin with")
	flag.StringVar(&o.output, "output", "output", "`FOLDER` to save pictures in")
	flag.Parse()
	if err := walk(o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "walkthrough:", err)
		os.Exit(1)
	}
}

// walk takes the note's seven steps.
func walk(o options, out io.Writer) error {
	ctx := context.Background() // for whoever wants to cancel it
	// Step 1. Create the session. It is a pool of threads, one on each processor,
	// on which every computation below runs.
	session, err := kernel.NewPool(0)
	if err != nil {
		return err
	}
	defer session.Close()

	// Step 2. Load the content image C and make its long side o.size pixels. A
	// picture is 3 planes, red, green and blue, of H x W levels from 0 to 255.
	content, err := load(ctx, o.content, o.size)
	if err != nil {
		return err
	}

	// Step 3. Load the style image S. It may have another shape than C: the style
	// cost compares averages over all positions.
	style, err := load(ctx, o.style, o.size)
	if err != nil {
		return err
	}

	// Step 4. Begin with a generated image G that is noise, correlated with the
	// content so that its activations soon match: 0.6 of uniform noise from -20 to
	// 20 and 0.4 of C, counted from the mean levels of ImageNet.
	generated := paint.Noise(content, noiseShare, o.seed)

	// Step 5. Load the network, a VGG that has learnt to tell pictures apart. The
	// note replaces its maximum pooling by average pooling, through which
	// gradients flow to every pixel.
	network, err := paint.OpenNetwork(o.network)
	if err != nil {
		return err
	}
	// look lays the network out for a picture, as deep as the layers that the costs
	// are about. A layer's activation a[l] is what its ReLU lets through: nC
	// feature maps of nH x nW.
	look := func(p *picture.Picture) (*vgg.Plan, error) {
		return network.VGG().Plan(session, p.H, p.W, vgg.PlanOptions{
			Taps:    append([]string{contentLayer}, styleLayers...),
			Pooling: kernel.AveragePooling,
		})
	}

	// Each cost below is used in three steps: Observe shows it the activation of its
	// layer, Evaluate computes its value, given its weight in the total, and
	// AddGradient adds its weighted gradient with respect to that activation. costs
	// holds them by their layers.
	costs := make(map[string]cost.Cost)

	// Step 6a. The content cost compares the activation of a middle layer, which
	// knows what is where but not how it is painted:
	//
	//	J_content(C, G) = 1/(4 nH nW nC) sum (a(C) - a(G))²
	//
	// Factor brings activations to the size of the note's network, for which
	// alpha and beta were chosen; it is 1 where the network is the note's.
	plan, err := look(content)
	if err != nil {
		return err
	}
	aC, err := plan.Activations(ctx, content.RGB)
	if err != nil {
		return err
	}
	costs[contentLayer] = cost.NewContent(aC[contentLayer], cost.Options{Scale: network.Factor})

	// Step 6b. The style cost compares, layer by layer, Gram matrices: with the
	// activation as a matrix A of nC x (nH nW), Gram = A Aᵀ says how strongly
	// every two feature maps are active together, wherever in the picture that
	// is. Measure computes it, divided by nH nW.
	//
	//	J_style[l](S, G) = 1/(4 nC² (nH nW)²) sum (Gram(S) - Gram(G))²
	//	J_style(S, G)    = sum over l of lambda[l] J_style[l](S, G)
	if plan, err = look(style); err != nil {
		return err
	}
	aS, err := plan.Activations(ctx, style.RGB)
	if err != nil {
		return err
	}
	for _, l := range styleLayers {
		costs[l] = cost.NewGram(cost.Measure(session, aS[l]), cost.Options{Scale: network.Factor})
	}

	// Step 6c. The total cost is what G shall minimise:
	//
	//	J(G) = alpha J_content(C, G) + beta J_style(S, G)
	//
	// cost computes it for the pixels of a picture, and its gradient with respect
	// to them: forward through the network to the costs, then backward from the
	// gradient at each layer to the pixels.
	if plan, err = look(generated); err != nil {
		return err
	}
	var j, jContent, jStyle float64
	layerCosts := make([]float64, len(styleLayers))
	cost := func(pixels, gradient []float32) float64 {
		err := plan.Forward(ctx, pixels, func(layer string, aG *kernel.Tensor, y, x int) {
			costs[layer].Observe(session, 0, aG, y, x)
		})
		if err != nil {
			return math.NaN() // for which the optimiser takes its step back
		}
		jContent = costs[contentLayer].Evaluate(session, alpha)
		for i, l := range styleLayers {
			layerCosts[i] = costs[l].Evaluate(session, beta*lambda[i])
		}
		jStyle = cost.StyleCost(lambda, layerCosts)
		j = cost.TotalCost(alpha, beta, jContent, jStyle)
		err = plan.Backward(ctx, gradient, func(layer string, grad, aG *kernel.Tensor, y, x int) {
			costs[layer].AddGradient(session, 0, grad, aG, y, x)
		})
		if err != nil {
			return math.NaN()
		}
		return j
	}

	// Step 6d. The optimiser is Adam, which moves every pixel of G by about two
	// levels at a time, against its gradient.
	adam := optim.NewAdam(session, len(generated.RGB), optim.AdamOptions{LearningRate: learningRate})

	// Step 7. Run it. Print the costs and save G on the way, and save it at the
	// end.
	if err := os.MkdirAll(o.output, 0o777); err != nil {
		return err
	}
	for i := range o.iterations {
		if _, err := adam.Step(ctx, generated.RGB, cost); err != nil {
			return fmt.Errorf("iteration %d: %w", i, err)
		}
		if i%interval == 0 {
			fmt.Fprintf(out, "Iteration %d :\ntotal cost = %.6g\ncontent cost = %.6g\nstyle cost = %.6g\n",
				i, j, jContent, jStyle)
			if err := save(o.output, fmt.Sprintf("%d.png", i), generated); err != nil {
				return err
			}
		}
	}
	return save(o.output, "generated_image.jpg", generated)
}

// load reads a picture and makes its long side size pixels.
func load(ctx context.Context, file string, size int) (*picture.Picture, error) {
	if size < 1 {
		return nil, fmt.Errorf("a size of %d pixels: expected at least 1", size)
	}
	f, err := picture.Open(ctx, file, picture.Limits{})
	if err != nil {
		return nil, err
	}
	p := f.SRGB()
	return p.Resize(picture.FitLong(p.W, p.H, size)), nil
}

// save writes a picture, in the format of its name's extension. Levels below 0
// and above 255, where the optimiser may have gone, are clipped.
func save(folder, name string, p *picture.Picture) error {
	return picture.Save(filepath.Join(folder, name), p, picture.SaveOptions{})
}

// Walkthrough is the notebook "Deep Learning & Art: Neural Style Transfer" of the course, in
// its edition for TensorFlow 1, step by step, in Go. Read the two side by side. From the
// repository's root,
//
//	go run ./examples/walkthrough
//
// paints a castle in the manner of The Starry Night. Like the notebook it prints the costs
// every 20 iterations and saves pictures in output/: noise.png is where it begins, 0.png to
// 180.png are on the way, and generated_image.jpg is the result. Flags choose other
// pictures, another network, size and number of iterations.
//
// Steps 6a and 6b call the functions that the course grades: loss.ContentCost,
// loss.GramMatrix and loss.LayerStyleCost. They compute values only. The packages cost, vgg
// and optim, which paint the picture, are the engine inside the library: they compute the
// gradients as well, and fast. The program compares the costs of both and fails where they
// differ.
//
// The command 'pastiche paint' paints the same picture, bit for bit. The program prints that
// command. In Go, paint.Paint with the recipe paint.Classic does.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/pastiche-art/pastiche/internal/cost"
	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/optim"
	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/loss"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// The course's numbers.
const (
	alpha        = 10  // weight of the content cost
	beta         = 40  // weight of the style cost
	noiseShare   = 0.6 // share of noise in the first picture; the rest is content
	noiseRange   = 20  // noise is uniform from -noiseRange to noiseRange levels
	learningRate = 2.0 // in levels of 0 to 255
	interval     = 20  // iterations between two printed costs
)

// agreement is the largest relative difference between costs of package loss, which sums
// in float64, and costs of the engine, which multiplies matrices in float32.
const agreement = 1e-4

// meanLevels are the means of the red, green and blue levels of ImageNet, which a VGG
// subtracts from its input.
var meanLevels = [3]float32{123.68, 116.779, 103.939}

// The course's layers, and the weight of each style layer.
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
	flag.StringVar(&o.style, "style", "examples/paintings/starry-night.jpg", "picture `FILE` whose style to paint in")
	flag.StringVar(&o.network, "network", "builtin", "`NETWORK`: builtin, vgg19 (the course's, after 'pastiche networks pull vgg19') or a file")
	flag.IntVar(&o.size, "size", 400, "long side of the painting in `PIXELS`")
	flag.IntVar(&o.iterations, "iterations", 200, "number of steps of the optimiser")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of the noise")
	flag.StringVar(&o.output, "output", "output", "`FOLDER` to save pictures in")
	flag.Parse()
	if err := walk(o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "walkthrough:", err)
		os.Exit(1)
	}
}

// walk takes the course's seven steps.
func walk(o options, out io.Writer) error {
	ctx := context.Background()

	// Step 1. Create the session: a pool of threads, one for each processor, which runs
	// every computation below.
	session, err := kernel.NewPool(0)
	if err != nil {
		return err
	}
	defer session.Close()

	// Step 2. Load the content image C and make its long side o.size pixels; the course's
	// are 400 x 300. A picture is 3 planes, red, green and blue, of H x W levels from 0 to
	// 255.
	content, err := load(ctx, o.content, o.size)
	if err != nil {
		return err
	}

	// Step 3. Load the style image S. It may have another shape than C, because the style
	// cost compares averages over all positions.
	style, err := load(ctx, o.style, o.size)
	if err != nil {
		return err
	}

	// Step 4. Begin with a generated image G that is noise correlated with the content, so
	// that it matches the content sooner: 0.6 of uniform noise from -20 to 20 plus 0.4 of C
	// minus the mean levels of ImageNet, plus the mean levels again.
	generated := noisy(content, noiseShare, o.seed)

	// Step 5. Load the network, a VGG that was trained to classify photographs. Like the
	// course, replace its maximum pooling by average pooling, through which every pixel
	// receives a gradient.
	network, err := paint.OpenNetwork(o.network)
	if err != nil {
		return err
	}
	// layOut prepares the network for a picture, as deep as the layers of the costs.
	layOut := func(p *picture.Picture) (*vgg.Plan, error) {
		return network.VGG().Plan(session, p.H, p.W, vgg.PlanOptions{
			Taps:    append([]string{contentLayer}, styleLayers...),
			Pooling: kernel.AveragePooling,
		})
	}
	// activations returns the activations a[l] of a picture at the layers of the costs. A
	// layer's activation is the output of its ReLU: nC feature maps of nH x nW.
	activations := func(p *picture.Picture) (map[string]*kernel.Tensor, error) {
		plan, err := layOut(p)
		if err != nil {
			return nil, err
		}
		return plan.Activations(ctx, p.RGB)
	}
	aC, err := activations(content)
	if err != nil {
		return err
	}
	aS, err := activations(style)
	if err != nil {
		return err
	}
	aG, err := activations(generated)
	if err != nil {
		return err
	}
	// values returns an activation for package loss. Factor makes activations as large as
	// those of the course's network, for which alpha and beta were chosen. It is 1 for that
	// network.
	values := func(a *kernel.Tensor) *loss.Activation {
		v := &loss.Activation{Channels: a.C, Height: a.H, Width: a.W, Values: a.CHW()}
		for i := range v.Values {
			v.Values[i] *= float32(network.Factor)
		}
		return v
	}
	// engine holds the costs that the optimiser minimises, by their layers. Each is used in
	// three steps: Observe takes the activation of the layer, Evaluate computes the cost,
	// given its weight in the total, and AddGradient adds its weighted gradient with respect
	// to that activation.
	engine := make(map[string]cost.Cost)

	// Step 6a. The content cost compares the activations of a middle layer, which say what
	// is where in the picture but not how it is painted:
	//
	//	J_content(C, G) = 1/(4 nH nW nC) sum (a(C) - a(G))²
	firstContent := loss.ContentCost(values(aC[contentLayer]), values(aG[contentLayer]))
	engine[contentLayer] = cost.NewContent(aC[contentLayer], cost.Options{Factor: network.Factor})

	// Step 6b. The style cost compares Gram matrices, layer by layer. With the activation as
	// a matrix A of nC x (nH nW), Gram = A Aᵀ says how strongly every two feature maps are
	// active together, wherever in the picture that is.
	//
	//	J_style[l](S, G) = 1/(4 nC² (nH nW)²) sum (Gram(S) - Gram(G))²
	//	J_style(S, G)    = sum over l of lambda[l] J_style[l](S, G)
	firstLayer := aG[styleLayers[0]]
	firstGram := loss.GramMatrix(values(firstLayer))
	firstStyle := make([]float64, len(styleLayers))
	for i, l := range styleLayers {
		firstStyle[i] = loss.LayerStyleCost(values(aS[l]), values(aG[l]))
		engine[l] = cost.NewGram(cost.Measure(session, aS[l]), cost.Options{Factor: network.Factor})
	}

	// Step 6c. The total cost is what G shall minimise:
	//
	//	J(G) = alpha J_content(C, G) + beta J_style(S, G)
	//
	// total computes it for the pixels of a picture, and its gradient with respect to them:
	// forward through the network to the costs, then backward from the gradient at each
	// layer to the pixels.
	plan, err := layOut(generated)
	if err != nil {
		return err
	}
	var j, jContent, jStyle float64
	layerCosts := make([]float64, len(styleLayers))
	total := func(pixels, gradient []float32) float64 {
		err := plan.Forward(ctx, pixels, func(layer string, aG *kernel.Tensor, y, x int) {
			engine[layer].Observe(session, 0, aG, y, x)
		})
		if err != nil {
			return math.NaN() // which makes the optimiser undo its step
		}
		jContent, jStyle = engine[contentLayer].Evaluate(session, alpha), 0
		for i, l := range styleLayers {
			layerCosts[i] = engine[l].Evaluate(session, beta*lambda[i])
			jStyle += lambda[i] * layerCosts[i]
		}
		j = loss.TotalCost(jContent, jStyle, alpha, beta)
		err = plan.Backward(ctx, gradient, func(layer string, grad, aG *kernel.Tensor, y, x int) {
			engine[layer].AddGradient(session, 0, grad, aG, y, x)
		})
		if err != nil {
			return math.NaN()
		}
		return j
	}

	// Compare what package loss computed for the first G with the engine. Measure returns the
	// Gram matrix over the number of positions.
	total(generated.RGB, make([]float32, len(generated.RGB)))
	fmt.Fprintf(out, "The noise :\n%-20s %12s %12s\n", "", "package loss", "engine")
	gram := network.Factor * network.Factor * float64(firstLayer.Positions()) * float64(cost.Measure(session, firstLayer).Second.At(0, 0))
	if err := compare(out, "Gram[0][0] "+styleLayers[0], firstGram[0][0], gram); err != nil {
		return err
	}
	if err := compare(out, "content "+contentLayer, firstContent, jContent); err != nil {
		return err
	}
	for i, l := range styleLayers {
		if err := compare(out, "style "+l, firstStyle[i], layerCosts[i]); err != nil {
			return err
		}
	}

	// Step 6d. The optimiser is Adam, which moves every pixel of G by about two levels at a
	// time, against its gradient.
	adam := optim.NewAdam(session, len(generated.RGB), optim.AdamOptions{LearningRate: learningRate})

	// Step 7. Run it. Save G as it begins, print the costs and save G on the way, and save it
	// at the end.
	if err := os.MkdirAll(o.output, 0o777); err != nil {
		return err
	}
	if err := save(o.output, "noise.png", generated); err != nil {
		return err
	}
	for i := range o.iterations {
		if _, err := adam.Step(ctx, generated.RGB, total); err != nil {
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
	if err := save(o.output, "generated_image.jpg", generated); err != nil {
		return err
	}
	fmt.Fprintf(out, "The same picture, bit for bit:\n%s\n", command(o))
	return nil
}

// noisy returns m + share u + (1 - share) (C - m) with uniform noise u and the mean levels m.
func noisy(content *picture.Picture, share float32, seed uint64) *picture.Picture {
	random := rand.New(rand.NewPCG(seed, 0))
	g := picture.New(content.W, content.H)
	for i, level := range content.RGB {
		mean := meanLevels[i/(content.W*content.H)]
		u := noiseRange * (2*random.Float32() - 1)
		g.RGB[i] = mean + share*u + (1-share)*(level-mean)
	}
	return g
}

// compare prints a value as package loss and the engine compute it. It returns an error
// where the two differ.
func compare(out io.Writer, name string, ofLoss, ofEngine float64) error {
	fmt.Fprintf(out, "%-20s %12.6g %12.6g\n", name, ofLoss, ofEngine)
	if !(math.Abs(ofLoss-ofEngine) <= agreement*math.Abs(ofLoss)) {
		return fmt.Errorf("%s: %g in package loss and %g in the engine: expected the same", name, ofLoss, ofEngine)
	}
	return nil
}

// command returns the command line that paints the same picture.
func command(o options) string {
	return fmt.Sprintf("pastiche paint %s %s --recipe classic --network %s --size %d --iterations %d --seed %d",
		quoted(o.content), quoted(o.style), quoted(o.network), o.size, o.iterations, o.seed)
}

// quoted returns a word for a shell's command line.
func quoted(word string) string {
	if !strings.ContainsAny(word, " \t'\"\\$&|;<>()*?[]#~`!") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
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

// save writes a picture in the format of its name's extension. It clips levels below 0
// and above 255, which the optimiser may reach.
func save(folder, name string, p *picture.Picture) error {
	return picture.Save(filepath.Join(folder, name), p, picture.SaveOptions{})
}

package vgg

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Block is a run of convolutions with the same number of channels.
type Block struct {
	Convs    int
	Channels int
}

// An Architecture is a member of the VGG family: blocks of convolutions with
// pooling between them.
type Architecture struct {
	Name   string
	Blocks []Block
}

// The known architectures. VGG16 and VGG19 are configurations D and E of
// Simonyan and Zisserman 2014; VGG19Slim, the shape of the built-in network, is
// configuration E up to conv5_1 with a quarter to three eighths of its channels.
var (
	VGG16     = Architecture{"vgg16", []Block{{2, 64}, {2, 128}, {3, 256}, {3, 512}, {3, 512}}}
	VGG19     = Architecture{"vgg19", []Block{{2, 64}, {2, 128}, {4, 256}, {4, 512}, {4, 512}}}
	VGG19Slim = Architecture{"vgg19-slim", []Block{{2, 16}, {2, 48}, {4, 96}, {4, 128}, {1, 128}}}
)

var known = []Architecture{VGG16, VGG19, VGG19Slim}

// Layers returns the names of the convolutions in order, conv1_1 first.
func (a Architecture) Layers() []string {
	var names []string
	for b, block := range a.Blocks {
		for i := range block.Convs {
			names = append(names, layerName(b+1, i+1))
		}
	}
	return names
}

func (a Architecture) equal(b Architecture) bool { return slices.Equal(a.Blocks, b.Blocks) }

// layer identifies a convolution. block and index count from one.
type layer struct{ block, index int }

func layerName(block, index int) string { return fmt.Sprintf("conv%d_%d", block, index) }

var layerPattern = regexp.MustCompile(`^(?:conv|relu)([1-9][0-9]?)_([1-9][0-9]?)$`)

func parseLayer(name string) (layer, bool) {
	m := layerPattern.FindStringSubmatch(name)
	if m == nil {
		return layer{}, false
	}
	block, _ := strconv.Atoi(m[1])
	index, _ := strconv.Atoi(m[2])
	return layer{block, index}, true
}

// Layer returns the canonical name of a layer: conv4_2 for conv4_2 and for relu4_2,
// since the activation of a layer is the output of its ReLU. It fails with a
// [*LayerError] where the architecture has no such layer.
func (a Architecture) Layer(name string) (string, error) {
	l, ok := parseLayer(name)
	if !ok || l.block > len(a.Blocks) || l.index > a.Blocks[l.block-1].Convs {
		return "", &LayerError{Layer: name, Architecture: a}
	}
	return layerName(l.block, l.index), nil
}

// Halvings returns how often the sides of a picture are halved before the given layer.
func (a Architecture) Halvings(name string) int {
	l, _ := parseLayer(name)
	return l.block - 1
}

// A LayerError reports that a network has no layer of the given name.
type LayerError struct {
	Layer        string
	Architecture Architecture
}

func (e *LayerError) Error() string {
	text := fmt.Sprintf("no layer %q in the network %s: expected one of %s",
		e.Layer, e.Architecture.Name, strings.Join(e.Architecture.Layers(), " "))
	if m := kerasPattern.FindStringSubmatch(e.Layer); m != nil {
		text += fmt.Sprintf("; %s of Keras is conv%s_%s", e.Layer, m[1], m[2])
	}
	return text
}

// kerasPattern matches the names that Keras gives to the layers of a VGG.
var kerasPattern = regexp.MustCompile(`^block(\d+)_conv(\d+)$`)

// architectureOf determines the architecture of convolutions in order.
func architectureOf(convs []Conv) (Architecture, error) {
	var a Architecture
	in := 3
	for _, c := range convs {
		l, ok := parseLayer(c.Name)
		switch {
		case !ok || c.Name != layerName(l.block, l.index):
			return a, fmt.Errorf("layer %q: expected a name such as conv1_1", c.Name)
		case c.Out < 1:
			return a, fmt.Errorf("layer %s: %d channels, expected at least one", c.Name, c.Out)
		case l.block == len(a.Blocks)+1 && l.index == 1:
			a.Blocks = append(a.Blocks, Block{Convs: 1, Channels: c.Out})
		case l.block == len(a.Blocks) && l.block > 0 && l.index == a.Blocks[l.block-1].Convs+1:
			if width := a.Blocks[l.block-1].Channels; c.Out != width {
				return a, fmt.Errorf("layer %s: %d channels, expected %d as in the rest of its block", c.Name, c.Out, width)
			}
			a.Blocks[l.block-1].Convs++
		default:
			return a, fmt.Errorf("layer %s is out of order", c.Name)
		}
		if c.In != in {
			return a, fmt.Errorf("layer %s: %d input channels, expected %d", c.Name, c.In, in)
		}
		if len(c.Weight) != c.Out*c.In*9 || len(c.Bias) != c.Out {
			return a, fmt.Errorf("layer %s: %d weights and %d biases, expected %d x %d x 3 x 3 and %d",
				c.Name, len(c.Weight), len(c.Bias), c.Out, c.In, c.Out)
		}
		in = c.Out
	}
	if len(a.Blocks) == 0 {
		return a, fmt.Errorf("no convolutions: expected conv1_1 and so on")
	}
	a.Name = "vgg"
	for _, k := range known {
		if k.equal(a) {
			a.Name = k.Name
		}
	}
	return a, nil
}

package paint

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/weights"
	"github.com/pastiche-art/pastiche/weights/registry"
)

// A Network is a VGG with which to paint. It is safe for use by several goroutines.
type Network struct {
	Name    string
	Pooling kernel.Pooling // what the network was trained with
	// Factor scales activations to the size of those of a VGG-19 with inputs of 0 to
	// 255, for which the weights of [Classic] and [Gatys] were chosen.
	Factor float64
	// Digest identifies the network: two networks with the same digest paint the same
	// picture.
	Digest string

	vgg *vgg.Network
}

// normalizedFactor is the factor for networks whose inputs and activations are about 1,
// such as the built-in one. With it, the noise starts of [Classic] cost about as much
// as in the notebook of the course for a VGG-19 at 400 x 300: 7878 for content and
// 1.26e8 for style. Over 63 pairs of a photograph and a painting, the factor that gives
// exactly these costs has a geometric mean of 68 for content and of 43 for style.
//
// A network counts as normalized if its input scale, per level of the picture, is below
// normalizedScale.
const (
	normalizedScale  = 0.1
	normalizedFactor = 54
)

// builtinNetwork returns the network that is embedded in the program.
func builtinNetwork() (*Network, error) {
	w, err := weights.Builtin()
	if err != nil {
		return nil, err
	}
	return NewNetwork(w)
}

// OpenNetwork returns the network with the given name: one of [registry.Store.List],
// such as "builtin" or "vgg19"; "vgg16-random" or "vgg19-random", which have random
// weights, for measurements; or a path to a file of any format that package weights
// reads. Names take precedence over paths; ./vgg19 is a path. For a network that has
// not been pulled the error is [registry.ErrAbsent], and for a name that is neither a
// network nor a file it is [fs.ErrNotExist].
func OpenNetwork(name string) (*Network, error) {
	if n, ok, err := randomNetwork(name); ok {
		return n, err
	}
	w, err := registry.FromEnvironment().Open(name)
	if errors.Is(err, registry.ErrUnknown) {
		w, err = weights.Open(name, weights.Override{})
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("network %q: expected the name of a network, such as builtin, or the path of a file: %w", name, err)
		}
	}
	if err != nil {
		return nil, err
	}
	return NewNetwork(w)
}

// courseNetwork is the name of the network of [Classic].
const courseNetwork = "vgg19"

// DefaultNetwork returns the network that a recipe is meant for, if this machine has
// it: the VGG-19 of the course for [Classic] once it has been pulled or imported, and
// otherwise the built-in network.
func DefaultNetwork(r *Recipe) (*Network, error) {
	if r.Name == Classic().Name {
		n, err := OpenNetwork(courseNetwork)
		if !errors.Is(err, registry.ErrAbsent) {
			return n, err
		}
	}
	return builtinNetwork()
}

// NewNetwork returns the network with the given weights, which are not copied.
func NewNetwork(w *weights.Network) (*Network, error) {
	convs := make([]vgg.Conv, len(w.Convs))
	for i, c := range w.Convs {
		convs[i] = vgg.Conv(c)
	}
	input := vgg.Input{BGR: w.Input.Channels == "bgr"}
	for c := range 3 {
		// The file counts in 0..Max, a canvas in 0..255.
		input.Scale[c] = w.Input.Max / maxLevel / w.Input.Std[c]
		input.Offset[c] = -w.Input.Mean[c] / w.Input.Std[c]
	}
	if input.BGR {
		slices.Reverse(input.Scale[:])
		slices.Reverse(input.Offset[:])
	}
	net, err := vgg.New(convs, input)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", w.Name, err)
	}
	n := &Network{Name: w.Name, Factor: 1, Digest: digest(w), vgg: net}
	if input.Scale[0] < normalizedScale {
		n.Factor = normalizedFactor
	}
	if w.Pooling != "" {
		if n.Pooling, err = kernel.ParsePooling(w.Pooling); err != nil {
			return nil, fmt.Errorf("%s: %w", w.Name, err)
		}
	}
	return n, nil
}

// digest returns the SHA-256 of the weights, the input normalization and the pooling.
func digest(w *weights.Network) string {
	h := sha256.New()
	fmt.Fprintf(h, "%+v %s\n", w.Input, w.Pooling)
	for _, c := range w.Convs {
		fmt.Fprintf(h, "%s %d %d\n", c.Name, c.Out, c.In)
		hashFloats(h, c.Weight)
		hashFloats(h, c.Bias)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Layers returns the names of the network's layers in order.
func (n *Network) Layers() []string { return n.vgg.Layers() }

// VGG returns the network for a plan of one's own, [vgg.Network.Plan].
func (n *Network) VGG() *vgg.Network { return n.vgg }

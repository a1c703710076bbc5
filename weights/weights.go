// Package weights reads and writes the convolutions of VGG networks.
//
// A file becomes a [Network] in three steps, each in its own file here:
//
//  1. the reader of the file's format, which open.go tells by the first bytes,
//     lists the tensors of the file without reading their values. A reader is a
//     function in a file of its own and an entry in the table of formats. For
//     each tensor it calls layout.add with the tensor's name and a function that
//     returns the *tensor: name, shape, strides, number format, and where to
//     begin to read. Tensors of other layers, such as a classifier's, are never
//     read. What the file says of its input goes into listing.input;
//  2. the layout (layout.go, with names.go and keras.go) groups the tensors by what their names
//     begin with, and chooses the group that is a VGG (arrange.go), whatever the
//     order of its dimensions. Only then are its values read as float32
//     (tensor.go), and batch norms folded into them (convs.go);
//  3. the input that the network was trained on is what the caller says, or the
//     file (metadata.go), or what is known of such a file (recognize.go). The
//     1x1 convolution of the colours before a normalised VGG is folded into it and
//     the first convolution (convention.go).
//
// Files are not trusted. Nothing in them is executed, no allocation is sized
// by a number that the file's own length does not confirm, and reading one
// allocates at most a constant and twice its size, or twice what its compressed
// parts unpack to, which is bounded too. Every error names the file
// and says in one sentence what was found and what was expected; its kind is
// one of [ErrNotNetwork], [ErrMalformed], [ErrNotVGG], [ErrSeveral] and [ErrNoInput], or it
// wraps the error of the file system.
package weights

import (
	"errors"
	"fmt"
	"strings"
)

// The kinds of errors that a file's contents cause, for errors.Is.
var (
	// ErrNotNetwork: the file is of no format that this package reads.
	ErrNotNetwork = errors.New("not a network file")
	// ErrMalformed: the file breaks the rules of its own format, is cut
	// short, or holds values that no network can have.
	ErrMalformed = errors.New("malformed network file")
	// ErrNotVGG: the file is sound, but its tensors are not the convolutions
	// of a VGG.
	ErrNotVGG = errors.New("not a VGG")
	// ErrSeveral: the file has more than one VGG, and the user has not chosen one
	// of them ([Override.Prefix]).
	ErrSeveral = errors.New("several networks in one file")
	// ErrNoInput: what input the network expects is not given by the user, nor
	// said by the file, nor known of files with its names or first weights. It is
	// not guessed: with a wrong guess every picture comes out subtly wrong.
	ErrNoInput = errors.New("unknown input convention")
)

// Conv is one 3x3 convolution with stride 1 and a padding of 1.
type Conv struct {
	Name   string    // "conv<block>_<index>", both counted from 1
	Out    int       // output channels
	In     int       // input channels
	Weight []float32 // Out x In x 3 x 3, row-major
	Bias   []float32 // Out
}

// Input is the convention that turns a picture into a network's input. With p
// the level (0..255) of the colour channel that Channels names at position c,
// the network's input in its channel c is
//
//	(p*Max/255 - Mean[c]) / Std[c]
type Input struct {
	Channels string     `json:"channels"` // "rgb" or "bgr"
	Max      float32    `json:"max"`      // 1 or 255: the input that stands for level 255
	Mean     [3]float32 `json:"mean"`     // in 0..Max, in the order of Channels
	Std      [3]float32 `json:"std"`      // in 0..Max, in the order of Channels; positive
}

// String describes the convention in a few words, such as
// "RGB 0..1, mean 0.485 0.456 0.406, std 0.229 0.224 0.225".
func (in Input) String() string {
	return fmt.Sprintf("%s 0..%v, mean %v %v %v, std %v %v %v",
		strings.ToUpper(in.Channels), in.Max,
		in.Mean[0], in.Mean[1], in.Mean[2], in.Std[0], in.Std[1], in.Std[2])
}

// Network is the convolutional part of a VGG and what its file says about it.
type Network struct {
	Name    string // as the file says, otherwise the file's name without its extension
	Family  string // as the file says, otherwise by its layers: "VGG-19" or "vgg"
	Version string // as the file says, or empty
	License string // as the file says, or empty
	Format  string // of the file, such as "safetensors"
	Values  string // the number format of the first weights in the file, such as "float16"

	// Convs are the convolutions from conv1_1 on. Blocks and the layers
	// within a block are numbered without gaps; the first has 3 inputs, every
	// other as many as the one before has outputs. All values are finite.
	Convs []Conv
	// Sources are what the file calls the weights of each, such as
	// "features.0.weight".
	Sources []string

	Input       Input
	InputSource string // how the input is known, in a few words

	// Pooling is the 2x2 pooling between blocks that the network was trained
	// with: "max" or "avg", or empty when the file does not say.
	Pooling string
}

// Package weights reads and writes the convolutions of VGG networks.
//
// A file becomes a [Network] in three steps:
//
//  1. open.go recognizes the format by the first bytes of the file. The reader of the
//     format, a function in a file of its own with an entry in the table of formats,
//     lists the tensors without reading their values. For each tensor it calls
//     layout.add with the tensor's name and a function that returns the *tensor: name,
//     shape, strides, number format, and position. Tensors of other layers, such as a
//     classifier's, are never read. The input convention in the file is stored in
//     listing.input.
//  2. The layout (layout.go, with names.go and keras.go) groups the tensors by the
//     prefixes of their names and chooses the group that is a VGG (arrange.go), with
//     any order of dimensions. Only then are the values read as float32 (tensor.go),
//     and batch norms merged into the convolutions (convs.go).
//  3. The input convention is that of the caller, or of the file (metadata.go), or that
//     known for such files (recognize.go). The 1x1 convolution of the colours in a
//     normalized VGG is merged into it and into the first convolution (convention.go).
//
// Files are not trusted. Nothing in them is executed. No allocation has a size from the
// file that the length of the file does not confirm: reading a file allocates at most a
// constant plus twice its size, or twice the decompressed size of its compressed parts,
// which is limited, too. Every error names the file and says in one sentence what was
// found and what was expected. Its kind is [ErrNotNetwork], [ErrMalformed],
// [ErrNotVGG], [ErrSeveral] or [ErrNoInput], or it wraps the error of the file system.
package weights

import (
	"errors"
	"fmt"
	"strings"
)

// The kinds of errors in the contents of a file, for errors.Is.
var (
	// ErrNotNetwork: the file has no format that this package supports.
	ErrNotNetwork = errors.New("not a network file")
	// ErrMalformed: the file violates its own format, is truncated, or holds values
	// that no network can have.
	ErrMalformed = errors.New("malformed network file")
	// ErrNotVGG: the file is valid, but its tensors are not the convolutions of a VGG.
	ErrNotVGG = errors.New("not a VGG")
	// ErrSeveral: the file has several VGGs, and the user has not chosen one
	// ([Override.Prefix]).
	ErrSeveral = errors.New("several networks in one file")
	// ErrNoInput: the input convention of the network is unknown: it is neither given
	// by the user, nor in the file, nor implied by its names or first weights. It is
	// not guessed, because with a wrong one every picture would be slightly wrong.
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
	Max      float32    `json:"max"`      // 1 or 255: the input for level 255
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

// Network is the convolutional part of a VGG, with the metadata of its file.
type Network struct {
	Name    string // from the file, otherwise the file's name without its extension
	Family  string // from the file, otherwise from the layers: "VGG-19" or "vgg"
	Version string // from the file, or empty
	License string // from the file, or empty
	Format  string // of the file, such as "safetensors"
	Values  string // the number format of the first weights in the file, such as "float16"

	// Convs are the convolutions from conv1_1 on. Blocks, and the layers of a block,
	// are numbered without gaps. The first has 3 input channels; every other has as
	// many as the output channels of the one before. All values are finite.
	Convs []Conv
	// Sources are the names of the weights of each in the file, such as
	// "features.0.weight".
	Sources []string

	Input       Input
	InputSource string // the source of the input convention, in a few words

	// Pooling is the 2x2 pooling between blocks with which the network was trained:
	// "max", "avg", or empty if the file does not say.
	Pooling string
}

package registry

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/pastiche-art/pastiche/weights"
)

// A Description says what the file of a network holds.
type Description struct {
	Name        string        `json:"name"`
	Path        string        `json:"path,omitempty"` // empty for the built-in network
	Format      string        `json:"format"`
	Values      string        `json:"dtype"` // of the first weights in the file
	Size        int64         `json:"size"`  // in bytes
	SHA256      string        `json:"sha256"`
	Origin      string        `json:"origin"`
	Family      string        `json:"family"`
	License     string        `json:"license,omitempty"`
	Input       weights.Input `json:"input"`
	InputSource string        `json:"input_source"`
	Pooling     string        `json:"pooling,omitempty"`
	Layers      []Layer       `json:"layers"`
}

// A Layer is a convolution of a [Description].
type Layer struct {
	Name   string `json:"name"`
	Shape  [4]int `json:"shape"`  // of the weights: outputs, inputs, height, width
	Tensor string `json:"tensor"` // what the file calls the weights
}

// Describe reads the network of that name, or else the network file at that path, and
// describes it: its size and checksum are those that the file has now. The override is
// that of [Store.Read].
func (s *Store) Describe(ctx context.Context, what string, override weights.Override) (*Description, error) {
	e, err := s.Entry(what)
	var n *weights.Network
	path := what
	switch {
	case errors.Is(err, ErrUnknown):
		n, e, err = s.Read(ctx, path, override)
		e.Local = e.Source
	case err != nil:
		return nil, err
	case e.BuiltIn:
		path = ""
		n, err = weights.Read(strings.NewReader(weights.BuiltinFile()), e.Local.Size, e.Name, override)
	default:
		if path, err = s.Path(what); err == nil {
			var now Entry
			n, now, err = s.Read(ctx, path, override)
			e.Local = now.Source
		}
	}
	if err != nil {
		return nil, err
	}
	d := &Description{
		Name: cmp.Or(e.Name, n.Name), Path: path, Format: n.Format, Values: n.Values,
		Size: e.Local.Size, SHA256: e.Local.SHA256, Origin: e.Origin,
		Family: e.Family, License: e.License, Input: n.Input, InputSource: n.InputSource, Pooling: n.Pooling,
	}
	for i, c := range n.Convs {
		d.Layers = append(d.Layers, Layer{c.Name, [4]int{c.Out, c.In, 3, 3}, n.Sources[i]})
	}
	return d, nil
}

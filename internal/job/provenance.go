package job

import (
	"io"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
	"github.com/pastiche-art/pastiche/provenance"
)

// encode writes the file of a result, with its provenance.
func (r *Record) encode(w io.Writer, p *paint.Painting, software string) error {
	o := &r.Options
	record := provenance.Record{
		Software: software, Network: provenance.Network{Name: r.Network, Digest: r.Digest}, Seed: o.Seed,
		StyleWeights: o.StyleWeights, StyleScales: o.StyleScales, Shape: o.Shape, Strength: o.Strength, Recipe: o.Recipe,
	}
	// Inputs are in the order of the records that the command writes.
	for _, role := range []api.Role{api.Content, api.Style, api.Mask, api.StyleMask, api.Keep, api.Init} {
		for _, in := range r.Inputs {
			if in.Role == role {
				record.Inputs = append(record.Inputs, provenance.Input{Role: paint.Role(role), Name: inputName(role, in.Number), SHA256: in.SHA256})
			}
		}
	}
	record.SetOutcome(p, nil)
	return picture.Encode(w, p.Picture, picture.PNG, picture.SaveOptions{Record: record.Encode()})
}

package job

import (
	"io"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
	"github.com/pastiche-art/pastiche/provenance"
)

// encode writes the file of a result, with its provenance.
func (a *attempt) encode(w io.Writer, p *paint.Painting) error {
	r, o := &a.claim, &a.claim.Options
	record := provenance.Record{
		Software: a.worker.Software, Network: provenance.Network{Name: r.Network, Digest: r.Digest}, Seed: o.Seed,
		StyleWeights: o.StyleWeights, StyleScales: o.StyleScales, Shape: o.Shape, Strength: o.Strength, Recipe: o.Recipe,
	}
	for _, in := range r.Inputs {
		record.Inputs = append(record.Inputs, provenance.Input{Role: paint.Role(in.Role), Name: inputName(in.Role, in.Number), SHA256: in.SHA256})
	}
	record.SetOutcome(p, nil)
	return picture.Encode(w, p.Picture, picture.PNG, picture.SaveOptions{Record: record.Encode()})
}

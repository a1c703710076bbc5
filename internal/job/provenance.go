package job

import (
	"encoding/json"
	"io"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// provenance is what a result says of how it was painted: enough to paint it again,
// and nothing of when, where and for whom, so that the same painting has the same
// bytes. 'pastiche show' reads it. Its JSON names are those that 'pastiche paint' writes.
type provenance struct {
	Software string            `json:"software"`
	Inputs   []provenanceInput `json:"inputs"`
	Network  struct {
		Name   string `json:"name"`
		Digest string `json:"digest"`
	} `json:"network"`
	Seed     uint64          `json:"seed"`
	Weights  []float64       `json:"weights,omitempty"`
	Scales   []float64       `json:"style_scales,omitempty"`
	Strength *paint.Strength `json:"strength,omitempty"`
	Recipe   paint.Recipe    `json:"recipe"`
	Faces    int             `json:"faces,omitempty"` // that were kept
	Steps    int             `json:"steps"`
	Costs    paint.Costs     `json:"costs"`
}

type provenanceInput struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// encode writes the file of a result.
func (a *attempt) encode(w io.Writer, p *paint.Painting) error {
	r := &a.claim
	v := provenance{
		Software: a.worker.Software, Seed: r.Options.Seed, Weights: r.Options.StyleWeights,
		Scales: r.Options.StyleScales, Strength: r.Options.Strength,
		Recipe: r.Options.Recipe, Faces: p.Faces, Steps: p.Steps, Costs: p.Costs,
	}
	for _, in := range r.Inputs {
		v.Inputs = append(v.Inputs, provenanceInput{inputName(in.Role, in.Number), in.SHA256})
	}
	v.Network.Name, v.Network.Digest = r.Network, r.Digest
	text, err := json.Marshal(v)
	if err != nil || len(text) > picture.MaxRecord {
		text = nil // a painting without its provenance is better than none
	}
	return picture.Encode(w, p.Picture, picture.PNG, picture.SaveOptions{Record: string(text)})
}

package job

import (
	"bytes"
	"encoding/json"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// note is what a result says of how it was painted: enough to paint it again,
// and nothing of when, where and for whom, so that the same painting has the
// same bytes. 'pastiche show' reads it.
type note struct {
	Software string  `json:"software"`
	Inputs   []input `json:"inputs"`
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

// encode returns the file of a result.
func (a *attempt) encode(p *paint.Painting) ([]byte, error) {
	r := &a.claim
	n := note{
		Software: a.store.cfg.Software, Inputs: r.Inputs, Seed: r.Options.Seed, Weights: r.Options.Weights,
		Scales: r.Options.StyleScales, Strength: r.Options.Strength,
		Recipe: r.Options.Recipe, Faces: p.Faces, Steps: p.Steps, Costs: p.Costs,
	}
	n.Network.Name, n.Network.Digest = r.Network, r.Digest
	text, err := json.Marshal(n)
	if err != nil || len(text) > picture.MaxNote {
		text = nil // a painting without its note is better than none
	}
	var b bytes.Buffer
	err = picture.Encode(&b, p.Picture, picture.PNG, picture.SaveOptions{Note: string(text)})
	return b.Bytes(), err
}

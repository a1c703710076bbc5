package painter

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/provenance"
)

// provenance returns the record of a painting, without what became of it.
func (p *Painter) provenance(w Work, recipe paint.Recipe, network *paint.Network) *provenance.Record {
	r := &provenance.Record{
		Software: p.Software, Network: provenance.Network{Name: network.Name, Digest: network.Digest}, Seed: p.Seed,
		StyleWeights: p.StyleBlend, StyleScales: p.StyleScales, Print: p.Print.Size.String(), Bleed: p.Print.Bleed.String(),
		KeepProfile: p.KeepProfile, Precision: p.Engine.Precision, Strength: p.Recipe.Strength, Recipe: recipe,
	}
	if w.Content == "" {
		shape := p.shape()
		r.Shape = []int{shape.X, shape.Y}
	}
	if p.Depth != DefaultDepth {
		r.Depth = p.Depth
	}
	for _, f := range p.files(w).all() {
		r.Inputs = append(r.Inputs, provenance.Input{Role: f.role, Name: filepath.Base(f.path), SHA256: p.Inputs.digests[f.path]})
	}
	if file := p.Engine.Network; file != "" && file != network.Name { // a file, which has its name from its contents
		r.Inputs = append(r.Inputs, provenance.Input{Role: provenance.NetworkRole, Name: filepath.Base(file), SHA256: fileSum(file)})
	}
	return r
}

// fileSum returns the SHA-256 of a file in hexadecimal, or "" where it cannot be read any
// more.
func fileSum(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return ""
	}
	return hex.EncodeToString(sum.Sum(nil))
}

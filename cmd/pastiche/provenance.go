package main

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/provenance"
)

// provenance returns the record of a painting, without what became of it.
func (o *paintOptions) provenance(flags *pflag.FlagSet, w work, recipe paint.Recipe, network *paint.Network) *provenance.Record {
	r := &provenance.Record{
		Software: "pastiche " + moduleVersion(), Network: provenance.Network{Name: network.Name, Digest: network.Digest}, Seed: o.seed,
		StyleWeights: o.blend, StyleScales: o.styleScales, Print: o.print.Size.String(), Bleed: o.print.Bleed.String(),
		KeepProfile: o.keepProfile, Precision: o.precision, Recipe: recipe,
	}
	if w.content == "" {
		r.Shape = []int{w.shape.X, w.shape.Y}
	}
	override(flags, "depth", &r.Depth, o.depth)
	if flags.Changed("strength") {
		r.Strength = &o.strength
	}
	for _, f := range o.inputFiles(w).all() {
		sum := o.inputs.digests[f.path]
		r.Inputs = append(r.Inputs, provenance.Input{Role: f.role, Name: filepath.Base(f.path), SHA256: hex.EncodeToString(sum[:])})
	}
	if flags.Changed("network") && o.network != network.Name { // a file, which has its name from its contents
		r.Inputs = append(r.Inputs, provenance.Input{Role: provenance.NetworkRole, Name: filepath.Base(o.network), SHA256: fileSum(o.network)})
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

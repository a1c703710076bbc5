package main

import (
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// A record is what a painting carries of how it was painted: enough to paint it
// again, and nothing of when, where and how fast, so that the same painting has
// the same bytes.
type record struct {
	Software string       `json:"software"`
	Command  []string     `json:"command"`
	Inputs   []fileRecord `json:"inputs"`
	Network  struct {
		Name   string `json:"name"`
		Digest string `json:"digest"`
	} `json:"network"`
	Seed uint64 `json:"seed"`
	// Weights and StyleScales are those of the styles, where a studio was given any. In
	// records of 'pastiche paint' the command has them.
	Weights     []float64 `json:"weights,omitempty"`
	StyleScales []float64 `json:"style_scales,omitempty"`
	// Strength is what the recipe was strengthened by; nil where nobody gave one.
	// The recipe's weights are what was painted with.
	Strength *paint.Strength `json:"strength,omitempty"`
	Recipe   paint.Recipe    `json:"recipe"`
	Faces    int             `json:"faces,omitempty"` // that were kept
	Steps    int             `json:"steps"`
	Costs    paint.Costs     `json:"costs"`
}

// fileRecord is a file that was read. Its folder is nobody's business.
type fileRecord struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// fileFlags are the flags that name files to read.
var fileFlags = []string{"init", "mask", "style-mask", "keep", "network"}

// shapeless are the flags that do not change what is painted.
var shapeless = map[string]bool{
	"output": true, "save-every": true, "checkpoint": true, "checkpoint-every": true, "resume": true,
	"log": true, "plot": true, "sheet": true, "film": true, "preview": true, "json": true, "quiet": true,
	"threads": true, "memory": true, "max-pixels": true, "out-dir": true, "pairs": true, "no-note": true,
	"keep-metadata": true,
}

// newRecord returns the record of a painting.
func newRecord(flags *pflag.FlagSet, w work, o *paintOptions, recipe *paint.Recipe, network *paint.Network, painting *paint.Painting) *record {
	r := &record{
		Software: "pastiche " + moduleVersion(),
		Command:  command(flags, w, filepath.Base, shapeless),
		Seed:     o.seed, Recipe: *recipe, Faces: painting.Faces, Steps: painting.Steps, Costs: painting.Costs,
	}
	if flags.Changed("strength") {
		r.Strength = (*paint.Strength)(&o.strength)
	}
	r.Network.Name, r.Network.Digest = network.Name, network.Digest
	for _, path := range o.paths(*recipe, w).inputs {
		sum := o.inputs.digests[path]
		r.Inputs = append(r.Inputs, fileRecord{filepath.Base(path), hex.EncodeToString(sum[:])})
	}
	return r
}

// command returns the words that paint a picture with the flags that were given,
// but for those that are left out. rename is what becomes of the names of files.
func command(flags *pflag.FlagSet, w work, rename func(string) string, leftOut map[string]bool) []string {
	words := []string{"pastiche", "paint"}
	if w.content == "" {
		words[1] = "texture"
	} else {
		words = append(words, rename(w.content))
	}
	for _, style := range w.styles {
		words = append(words, rename(style))
	}
	flags.Visit(func(f *pflag.Flag) {
		if leftOut[f.Name] {
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
			if f.Value.Type() == "float64Slice" {
				values = []string{strings.Join(shortest(values), ",")}
			}
		}
		for _, value := range values {
			if slices.Contains(fileFlags, f.Name) {
				value = rename(value)
			}
			words = append(words, "--"+f.Name+"="+value)
		}
	})
	return words
}

// shortest writes numbers with no more digits than they need.
func shortest(numbers []string) []string {
	short := make([]string, len(numbers))
	for i, n := range numbers {
		v, err := strconv.ParseFloat(n, 64)
		if err != nil {
			panic(err) // a number is what the flag holds
		}
		short[i] = strconv.FormatFloat(v, 'g', -1, 64)
	}
	return short
}

// text returns the note that the picture carries, or "" where it is too long
// for one.
func (r *record) text() string {
	text, err := json.Marshal(r)
	if err != nil || len(text) > picture.MaxRecord {
		return "" // a painting without its record is better than none
	}
	return string(text)
}

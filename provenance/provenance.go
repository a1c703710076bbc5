// Package provenance holds the record that a painting carries of how it was painted:
// the inputs, the recipe, the network and the costs.
//
// The command pastiche and its studio write the same record into the files of their
// paintings. [Read] reads it from a file, and [Record.Command] derives the command that
// paints the picture again.
//
// A record says nothing of when, where and how fast a picture was painted, so that the
// same painting has the same bytes.
package provenance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// A Record says how a picture was painted. Its JSON is the text in the picture's file.
type Record struct {
	Software string `json:"software"` // the program and its version
	// Inputs are the files that the painting was made from, those of one role in their
	// order. A painting without a content is a texture.
	Inputs  []Input `json:"inputs"`
	Network Network `json:"network"`
	Seed    uint64  `json:"seed"`
	// StyleWeights and StyleScales have one number for each style, or none.
	StyleWeights []float64 `json:"style_weights,omitempty"`
	StyleScales  []float64 `json:"style_scales,omitempty"`
	// Shape is the width and the height of a texture, up to a factor.
	Shape []int `json:"shape,omitempty"`
	// Print and Bleed are the values of --print and --bleed, "" for none. They decide
	// the size of the painting.
	Print string `json:"print,omitempty"`
	Bleed string `json:"bleed,omitempty"`
	// KeepProfile reports whether the file's levels are in the content's colour profile
	// instead of sRGB.
	KeepProfile bool            `json:"keep_profile,omitempty"`
	Depth       int             `json:"depth,omitempty"` // bits per channel of the file; 0 is 8
	Precision   paint.Precision `json:"precision,omitempty"`
	// Strength is the strength that was asked for, or nil. Recipe is already changed by
	// it.
	Strength *paint.Strength `json:"strength,omitempty"`
	Recipe   paint.Recipe    `json:"recipe"`
	Faces    int             `json:"faces,omitempty"` // in the content, that were kept

	// Stopped says why the picture is unfinished, [Interrupted] or [Diverged]; "" is a
	// finished one.
	Stopped string      `json:"stopped,omitempty"`
	Steps   int         `json:"steps"`         // iterations that were made
	Planned int         `json:"planned_steps"` // iterations of the finished painting, at most
	Width   int         `json:"width"`         // of the picture, in pixels
	Height  int         `json:"height"`
	Costs   paint.Costs `json:"costs"` // after the last iteration
}

// The reasons for which a painting stops before it is finished.
const (
	Interrupted = "interrupted" // it was stopped from outside
	Diverged    = "diverged"    // the costs became infinite or not a number
)

// An Input is a file that a painting was made from.
type Input struct {
	Role   paint.Role `json:"role"`
	Name   string     `json:"name"`   // without the folder
	SHA256 string     `json:"sha256"` // of the file, in hexadecimal
}

// NetworkRole is the role of the file of a network that has no name of its own. The
// other roles are those of package paint.
const NetworkRole paint.Role = "network"

// A Network identifies the network of a painting.
type Network struct {
	Name   string `json:"name"`
	Digest string `json:"digest"` // as [paint.Network] has it
}

// Read returns the record in the file of a picture. The error is
// [picture.ErrNoRecord] for a picture without one, and otherwise that of
// [picture.OpenRecord] or of a record that is damaged.
func Read(ctx context.Context, path string) (*Record, error) {
	text, err := picture.OpenRecord(ctx, path, picture.Limits{})
	if err != nil {
		return nil, err
	}
	r := new(Record)
	if err := json.Unmarshal([]byte(text), r); err != nil {
		return nil, fmt.Errorf("%s: its record is damaged: %w", path, err)
	}
	return r, nil
}

// Encode returns the record as JSON, for [picture.SaveOptions]. It returns "" for a
// record that is longer than [picture.MaxRecord]: a picture without its record is
// better than none.
func (r *Record) Encode() string {
	text, err := json.Marshal(r)
	if err != nil || len(text) > picture.MaxRecord {
		return ""
	}
	return string(text)
}

// SetOutcome sets Faces, Stopped, the steps, the size and the costs from what
// [paint.Paint] returned. p must not be nil.
func (r *Record) SetOutcome(p *paint.Painting, err error) {
	r.Faces, r.Steps, r.Planned, r.Width, r.Height, r.Costs = p.Faces, p.Steps, p.Planned, p.W, p.H, p.Costs
	switch {
	case err == nil:
		r.Stopped = ""
	case errors.As(err, new(*paint.DivergedError)):
		r.Stopped = Diverged
	default:
		r.Stopped = Interrupted
	}
}

// Unfinished says how far an unfinished painting came, such as "interrupted after 4 of
// 320 iterations, at 96 x 72 pixels". It returns "" for a finished one.
func (r *Record) Unfinished() string {
	if r.Stopped == "" {
		return ""
	}
	return fmt.Sprintf("%s after %d of %d iterations, at %d x %d pixels", r.Stopped, r.Steps, r.Planned, r.Width, r.Height)
}

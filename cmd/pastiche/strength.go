package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/paint"
)

// strengthHelp says what one sees at each strength.
const strengthHelp = `Strength, --strength: how far the painting goes from the photo.
  subtle    0    the photo in the painting's strokes: every form stays in its place
  balanced  0.5  the painting's forms and strokes, with the photo's subject plain
  bold      1    the painting first: its large forms take over, the photo is a motif
Numbers in between are strengths in between. Weights and sizes that are given by
flags of their own win over the strength.`

// addStrength adds the one knob of most people.
func (o *costOptions) addStrength(cmd *cobra.Command) {
	o.strength = strength(paint.Balanced)
	cmd.Flags().Var(&o.strength, "strength", "how far to go from the photo: subtle, balanced, bold, or a `NUMBER` from 0 to 1")
	names := []string{paint.Subtle.String(), paint.Balanced.String(), paint.Bold.String()}
	complete(cmd, "strength", names, cobra.ShellCompDirectiveNoFileComp)
}

// strength is the value of a flag.
type strength paint.Strength

func (s *strength) Set(text string) error {
	parsed, err := paint.ParseStrength(text)
	var option *paint.OptionError
	if errors.As(err, &option) {
		return errors.New("expected subtle, balanced, bold or a number from 0 to 1")
	}
	*s = strength(parsed)
	return err
}

func (s *strength) String() string { return paint.Strength(*s).String() }

// Type is what pflag calls the value in help texts.
func (*strength) Type() string { return "strength" }

package exploration

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/pastiche-art/pastiche/explore"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/painter"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/provenance"
)

// A record lists the paintings of a sheet.
type record struct {
	Sheet     string     `json:"sheet"`
	Paintings []painting `json:"paintings"`
}

type painting struct {
	Number  int                          `json:"number"`
	Label   string                       `json:"label"`
	Choices map[explore.Parameter]string `json:"choices"`
	Command []string                     `json:"command"` // that paints it at its full size
}

// painting returns the painting of a variation.
func (e *Explorer) painting(w painter.Work, v explore.Variation) painting {
	p := painting{v.Number, v.Label(), make(map[explore.Parameter]string), e.Command(w, v)}
	for _, c := range v.Choices {
		p.Choices[c.Parameter] = c.Value
	}
	return p
}

// Command returns the words of the command that paints a variation of a work at its full size.
func (e *Explorer) Command(w painter.Work, v explore.Variation) []string {
	r := provenance.Record{Seed: v.Seed, Precision: e.Engine.Precision, Strength: e.Recipe.Strength, Recipe: v.Recipe}
	r.Network.Name = e.Engine.Network
	for _, c := range v.Choices {
		if s, err := paint.ParseStrength(c.Value); err == nil && c.Parameter == explore.Strength {
			r.Strength = &s
		}
	}
	r.Inputs = []provenance.Input{{Role: paint.ContentRole, Name: w.Content}}
	for _, style := range w.Styles {
		r.Inputs = append(r.Inputs, provenance.Input{Role: paint.StyleRole, Name: style})
	}
	return r.Command()
}

// print prints a numbered list, or one JSON object.
func (r *record) print(asJSON bool) error {
	if asJSON {
		return cli.PrintJSON([]*record{r})
	}
	var b bytes.Buffer
	width := len(strconv.Itoa(len(r.Paintings)))
	for _, p := range r.Paintings {
		fmt.Fprintf(&b, "%*d. %s\n%*s  %s\n", width, p.Number, p.Label, width, "", cli.Printable(cli.ShellWords(p.Command)))
	}
	return cli.PrintText(b.Bytes())
}

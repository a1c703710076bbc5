package painter

import (
	"errors"
	"testing"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
)

// TestNamed: a complaint about a picture names its file.
func TestNamed(t *testing.T) {
	several := Files{Content: "photo.png", Styles: []string{"a.png", "b.png"}, Masks: []string{"m.png", "n.png"},
		StyleMasks: []string{"s.png", "t.png"}, Keep: "k.png", Init: "i.png", Picture: "p.png"}
	one := Files{Content: "photo.png", Styles: []string{"a.png"}, Masks: []string{"labels.png"}, StyleMasks: []string{"of.png"}}
	reason := &paint.OptionError{Option: "any", Reason: "bad: expected good"}
	for _, c := range []struct {
		files  Files
		role   paint.Role
		number int
		want   string
	}{
		{several, paint.ContentRole, 0, "photo.png"},
		{several, paint.StyleRole, 2, "b.png"},
		{several, paint.MaskRole, 1, "--mask m.png"},
		{several, paint.StyleMaskRole, 2, "--style-mask t.png"},
		{several, paint.KeepRole, 0, "--keep k.png"},
		{several, paint.InitRole, 0, "--init i.png"},
		{several, paint.PictureRole, 0, "p.png"},
		{several, paint.StyleRole, 3, "style 3"},
		{several, paint.TextureRole, 0, "the texture"},
		{one, paint.StyleRole, 3, "a.png"}, // of the third region
		{one, paint.MaskRole, 2, "--mask labels.png"},
		{one, paint.StyleMaskRole, 2, "--style-mask of.png"},
		{one, paint.KeepRole, 0, "the mask of what is kept"},
	} {
		err := c.files.Named(&paint.PictureError{Role: c.role, Number: c.number, Err: reason})
		if want := c.want + ": bad: expected good"; err.Error() != want || cli.ExitCode(err) != cli.ExitUsage {
			t.Errorf("%q with code %d, expected %q with %d", err, cli.ExitCode(err), want, cli.ExitUsage)
		}
		err = c.files.Named(&paint.PictureError{Role: c.role, Number: c.number, Err: paint.ErrTransparent})
		if !errors.Is(err, paint.ErrTransparent) || cli.ExitCode(err) != cli.ExitInput {
			t.Errorf("%v with code %d, expected %d", err, cli.ExitCode(err), cli.ExitInput)
		}
	}
}

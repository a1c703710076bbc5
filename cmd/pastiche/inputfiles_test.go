package main

import (
	"errors"
	"fmt"
	"image"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// cutout draws a picture of which so many columns are visible. The others are transparent
// and hide a level.
func cutout(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: cutout FILE COLUMNS LEVEL")
	}
	columns, err := strconv.Atoi(args[1])
	ts.Check(err)
	level, err := strconv.Atoi(args[2])
	ts.Check(err)
	p := drawn(96, 64, 7)
	p.Alpha = make([]float32, p.W*p.H)
	for i := range p.RGB {
		if i%p.W < columns {
			p.Alpha[i%len(p.Alpha)] = 1
		} else {
			p.RGB[i] = float32(level)
		}
	}
	ts.Check(picture.Save(ts.MkAbs(args[0]), p, picture.SaveOptions{}))
}

// shaped draws a grey picture of a size.
func shaped(ts *testscript.TestScript, neg bool, args []string) {
	var size image.Point
	if neg || len(args) != 2 {
		ts.Fatalf("usage: shaped FILE WIDTHxHEIGHT")
	}
	_, err := fmt.Sscanf(args[1], "%dx%d", &size.X, &size.Y)
	ts.Check(err)
	ts.Check(picture.Save(ts.MkAbs(args[0]), drawn(size.X, size.Y, 3).Luma(), picture.SaveOptions{}))
}

// TestNamed: a complaint about a picture names its file.
func TestNamed(t *testing.T) {
	several := inputFiles{content: "photo.png", styles: []string{"a.png", "b.png"}, masks: []string{"m.png", "n.png"},
		styleMasks: []string{"s.png", "t.png"}, keep: "k.png", init: "i.png", picture: "p.png"}
	one := inputFiles{content: "photo.png", styles: []string{"a.png"}, masks: []string{"labels.png"}, styleMasks: []string{"of.png"}}
	reason := &paint.OptionError{Option: "any", Reason: "bad: expected good"}
	for _, c := range []struct {
		files  inputFiles
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
		err := c.files.named(&paint.PictureError{Role: c.role, Number: c.number, Err: reason})
		if want := c.want + ": bad: expected good"; err.Error() != want || exitCode(err) != cli.ExitUsage {
			t.Errorf("%q with code %d, expected %q with %d", err, exitCode(err), want, cli.ExitUsage)
		}
		err = c.files.named(&paint.PictureError{Role: c.role, Number: c.number, Err: paint.ErrTransparent})
		if !errors.Is(err, paint.ErrTransparent) || exitCode(err) != cli.ExitInput {
			t.Errorf("%v with code %d, expected %d", err, exitCode(err), cli.ExitInput)
		}
	}
}

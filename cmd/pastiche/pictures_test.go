package main

import (
	"fmt"
	"image"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

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

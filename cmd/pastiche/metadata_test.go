package main

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pastiche-art/pastiche/picture"
)

// signed is a file with metadata of every kind.
var signed = filepath.Join("..", "..", "picture", "testdata", "metadata", "exif.jpg")

// sign draws a picture whose file has metadata of every kind.
func sign(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sign FILE SEED")
	}
	seed, err := strconv.Atoi(args[1])
	ts.Check(err)
	f, err := picture.Open(context.Background(), signed, picture.Limits{})
	ts.Check(err)
	meta := picture.Metadata{
		Artist: "Anna Müller", Copyright: "© 2024", Date: time.Date(2024, 6, 30, 18, 21, 7, 0, time.UTC),
		Resolution: 240, Place: f.Metadata.Place,
	}
	ts.Check(picture.Save(ts.MkAbs(args[0]), drawn(96, 64, seed), picture.SaveOptions{Metadata: meta}))
}

// tells checks the metadata of a file, all of it.
func tells(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: tells FILE nothing|(FIELD VALUE)...")
	}
	f, err := picture.Open(context.Background(), ts.MkAbs(args[0]), picture.Limits{})
	ts.Check(err)
	var got []string
	add := func(field, value string) {
		if value != "" {
			got = append(got, field, value)
		}
	}
	m := f.Metadata
	add("artist", m.Artist)
	add("copyright", m.Copyright)
	if !m.Date.IsZero() {
		add("date", m.Date.Format(time.DateOnly))
	}
	if m.Resolution > 0 {
		add("resolution", strconv.FormatFloat(m.Resolution, 'g', -1, 64))
	}
	if m.Place != nil {
		add("place", "yes")
	}
	if len(got) == 0 {
		got = []string{"nothing"}
	}
	if !slices.Equal(got, args[1:]) {
		ts.Fatalf("%s tells %q, want %q", args[0], got, args[1:])
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/picture"
	"github.com/pastiche-art/pastiche/provenance"
)

// oddPaintings are the arguments of paintings that differ from the defaults in all that
// a record holds.
var oddPaintings = map[string][]string{
	"parameters": {"paint", "content.png", "style.png", "--recipe", "nnst", "--size", "40", "--iterations", "2", "--colors", "match",
		"--set", "color_method=histogram", "--set", "rotations=2", "--set", "margin=5", "--set", "pooling=avg", "--set", "style_layers=conv1_1:1,conv3_1:0.25"},
	"scales": {"paint", "content.png", "style.png", "--recipe", "fine", "--strength", "0.3", "--set", "scales=32:2,44:1", "--set", "first_moment=0.5", "--faces", "ignore"},
	"no first scale": {"paint", "content.png", "style.png", "--size", "40", "--iterations", "3", "--content-weight", "0.07", "--style-scale", "1.3",
		"--set", "first_size=0", "--set", "clamp=false", "--set", "optimizer=lbfgs"},
	"styles and masks": {"paint", "content.png", "style.png", "content.png", "--size", "40", "--iterations", "1", "--mask", "left.png", "--mask", "right.png",
		"--style-mask", "left.png", "--style-scales", "1,0.5", "--seed", "9"},
	"a kept part":    {"paint", "content.png", "style.png", "--size", "40", "--iterations", "1", "--keep", "right.png", "--init", "style.png"},
	"blended styles": {"paint", "content.png", "style.png", "content.png", "--size", "40", "--iterations", "1", "--style-blend", "3,0.7", "--style-mask", "left.png"},
	"labels":         {"paint", "content.png", "style.png", "--size", "40", "--iterations", "1", "--mask", "labels.png", "--style-mask", "style-labels.png"},
	"the course":     {"paint", "content.png", "style.png", "--recipe", "classic", "--size", "40", "--iterations", "2", "--seed", "4", "--set", "noise_share=0.3"},
	"a texture":      {"texture", "style.png", "content.png", "--recipe", "gatys", "--shape", "48x32", "--iterations", "1", "--set", "optimizer=adam", "--set", "learning_rate=3", "--tileable"},
	"a large shape":  {"texture", "style.png", "--recipe", "gatys", "--shape", "3x2", "--size", "48", "--iterations", "1"},
}

// oddPrints are such paintings that no server paints.
var oddPrints = map[string][]string{
	"a reconstruction of content": {"reconstruct", "content.png", "--layer", "conv2_2", "--size", "40", "--iterations", "2", "--seed", "3", "--set", "content_weight=2"},
	"a reconstruction of style":   {"reconstruct", "style.png", "--of", "style", "--layer", "conv2_2", "--size", "40", "--iterations", "1", "--set", "style_cost=wasserstein", "--depth", "16"},
	"a reconstruction in scales":  {"reconstruct", "style.png", "--of", "style", "--layer", "conv2_2", "--set", "scales=32:1,40:1"},
	"a print":                     {"paint", "content.png", "style.png", "--iterations", "1", "--print", "A8@20dpi", "--bleed", "1mm", "--depth", "16", "--keep-profile"},
	"a print of a texture":        {"texture", "style.png", "--recipe", "gatys", "--iterations", "1", "--print", "2x1in@24dpi"},
	"a name like a flag":          {"paint", "--size", "40", "--iterations", "1", "--recipe", "gatys", "--mask", "-mask.png", "--", "./-photo.png", "style.png"},
}

// oddFolder returns a folder with the inputs of odd paintings.
func oddFolder(t *testing.T) string {
	t.Helper()
	folder := inputFolder(t)
	white, black, red, blue := [3]float32{255, 255, 255}, [3]float32{}, [3]float32{255, 0, 0}, [3]float32{0, 0, 255}
	for name, colors := range map[string][2][3]float32{
		"left.png": {white, black}, "right.png": {black, white}, "-mask.png": {white, black},
		"labels.png": {red, blue}, "style-labels.png": {blue, red}, "-photo.png": {red, blue},
	} {
		if err := picture.Save(filepath.Join(folder, name), half(colors[0], colors[1]), picture.SaveOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// painted runs a command that paints p.png in a folder, and returns the file.
func painted(t *testing.T, folder string, args ...string) []byte {
	t.Helper()
	if out, err := pastiche(folder, append(args[:1:1], append([]string{"-o", "p.png"}, args[1:]...)...)...).CombinedOutput(); err != nil {
		t.Fatalf("%q: %v: %s", args, err, out)
	}
	file, err := os.ReadFile(filepath.Join(folder, "p.png"))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// paintedAgain fails unless the command in the record of p.png paints the same file from
// the inputs in the folder.
func paintedAgain(t *testing.T, folder string, want []byte) {
	t.Helper()
	r, err := provenance.Read(t.Context(), filepath.Join(folder, "p.png"))
	if err != nil {
		t.Fatal(err)
	}
	words := r.Command()
	if len(words) == 0 {
		t.Fatalf("no command paints by %+v", r.Recipe)
	}
	if got := painted(t, folder, words[1:]...); !bytes.Equal(got, want) {
		t.Errorf("%q paints another file", words)
	}
}

// TestRecordOfTheCommand: the command in the record of a painting paints the same file.
func TestRecordOfTheCommand(t *testing.T) {
	for name, args := range oddPaintings {
		t.Run(name, func(t *testing.T) {
			folder := oddFolder(t)
			paintedAgain(t, folder, painted(t, folder, args...))
		})
	}
	for name, args := range oddPrints {
		t.Run(name, func(t *testing.T) {
			folder := oddFolder(t)
			paintedAgain(t, folder, painted(t, folder, args...))
		})
	}
}

// TestRecordOfTheStudio: the command in the record of a studio's painting paints the same
// file from the studio's inputs.
func TestRecordOfTheStudio(t *testing.T) {
	folder := oddFolder(t)
	_, url := serving(t, folder)
	for name, args := range oddPaintings {
		t.Run(name, func(t *testing.T) {
			id, err := pastiche(folder, append([]string{"jobs", "submit", "--server", url}, args[1:]...)...).Output()
			if err != nil {
				t.Fatal(err)
			}
			job := strings.TrimSpace(string(id))
			from := t.TempDir()
			if out, err := pastiche(from, "jobs", "wait", job, "--server", url, "-o", "p.png").CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			want, err := os.ReadFile(filepath.Join(from, "p.png"))
			if err != nil {
				t.Fatal(err)
			}
			var of api.Job
			if err := json.Unmarshal([]byte(get(t, url+"/api/v1/jobs/"+job)), &of); err != nil {
				t.Fatal(err)
			}
			for _, in := range of.Inputs {
				path := filepath.Join(from, fmt.Sprintf("%s-%d", in.Role, in.Number))
				if err := os.WriteFile(path, []byte(get(t, url+in.URL)), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			paintedAgain(t, from, want)
		})
	}
}

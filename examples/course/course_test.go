// Package course tests the material for the course that is no Go code.
package course

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/loss"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// notebook is the part of format 4 of Jupyter notebooks that features.ipynb uses.
type notebook struct {
	Format   int `json:"nbformat"`
	Minor    int `json:"nbformat_minor"`
	Metadata map[string]any
	Cells    []struct {
		Type     string `json:"cell_type"`
		ID       string
		Metadata *map[string]any
		Source   []string
		Count    int      `json:"execution_count"`
		Outputs  []output // of a code cell
	}
}

type output struct {
	Type string `json:"output_type"`
	Name string
	Text []string
	Data struct {
		PNG []byte `json:"image/png"`
	}
}

func readNotebook(t *testing.T) notebook {
	t.Helper()
	text, err := os.ReadFile("features.ipynb")
	if err != nil {
		t.Fatal(err)
	}
	var n notebook
	if err := json.Unmarshal(text, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestNotebook checks the form of the notebook: run.py has run its cells in order, and they
// printed or drew something.
func TestNotebook(t *testing.T) {
	n := readNotebook(t)
	if n.Format != 4 || n.Minor != 5 || n.Metadata["kernelspec"] == nil {
		t.Errorf("format %d.%d with metadata %v", n.Format, n.Minor, n.Metadata)
	}
	ids, count := make(map[string]bool), 0
	for _, c := range n.Cells {
		if !regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`).MatchString(c.ID) || ids[c.ID] || c.Metadata == nil || len(c.Source) == 0 {
			t.Errorf("cell %q: expected an identifier of its own, metadata and a source", c.ID)
		}
		ids[c.ID] = true
		switch c.Type {
		case "markdown":
		case "code":
			if count++; c.Count != count || len(c.Outputs) == 0 {
				t.Errorf("cell %s: run as number %d with %d outputs, want number %d with one at least", c.ID, c.Count, len(c.Outputs), count)
			}
			for _, o := range c.Outputs {
				switch o.Type {
				case "stream":
				case "execute_result":
					if _, err := png.Decode(bytes.NewReader(o.Data.PNG)); err != nil {
						t.Errorf("cell %s: its picture: %v", c.ID, err)
					}
				default:
					t.Errorf("cell %s: an output of type %q", c.ID, o.Type)
				}
			}
		default:
			t.Errorf("cell %s: type %q", c.ID, c.Type)
		}
	}
}

// TestNotebookValues compares the values that NumPy computed in the notebook with those of
// package loss. Activations differ by about 1e-6 from one kernel to another.
func TestNotebookValues(t *testing.T) {
	var printed strings.Builder
	for _, c := range readNotebook(t).Cells {
		for _, o := range c.Outputs {
			printed.WriteString(strings.Join(o.Text, ""))
		}
	}
	recipe := paint.Classic()
	recipe.Pooling = nil // 'pastiche features' pools as the network was trained to
	features := func(file, layer string) *loss.Activation {
		a, err := paint.Features(t.Context(), open(t, file), layer, paint.Options{Recipe: &recipe, Network: builtin(t)})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	const photo, painting, style = "../photos/castle.jpg", "painting.jpg", "../paintings/starry-night.jpg"
	ofStyle := features(style, "conv3_1")
	for label, want := range map[string]float64{
		"content cost of the painting at conv4_2": loss.ContentCost(features(photo, "conv4_2"), features(painting, "conv4_2")),
		"first element":                         loss.GramMatrix(ofStyle)[0][0],
		"style cost of the photo at conv3_1":    loss.LayerStyleCost(ofStyle, features(photo, "conv3_1")),
		"style cost of the painting at conv3_1": loss.LayerStyleCost(ofStyle, features(painting, "conv3_1")),
	} {
		var got float64
		_, rest, _ := strings.Cut(printed.String(), label+": ")
		if _, err := fmt.Sscan(rest, &got); err != nil {
			t.Errorf("%s: %v", label, err)
		} else if math.Abs(got-want) > 1e-4*want {
			t.Errorf("%s: %g in the notebook, %g in package loss; after a change of the network, run run.py again", label, got, want)
		}
	}
}

func builtin(t *testing.T) *paint.Network {
	t.Helper()
	n, err := paint.OpenNetwork("builtin")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// open reads a picture as 'pastiche features --size 256' does.
func open(t *testing.T, file string) *picture.Picture {
	t.Helper()
	f, err := picture.Open(t.Context(), file, picture.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	p := f.SRGB()
	return p.Resize(picture.FitLong(p.W, p.H, 256))
}

// TestCommands checks the commands of the worksheets: recipes, parameters, layers and
// pictures exist.
func TestCommands(t *testing.T) {
	parameters := make(map[string]bool)
	for field := range reflect.TypeFor[paint.Recipe]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		parameters[name] = true
	}
	sheets, err := filepath.Glob("worksheets/*.md")
	if err != nil || len(sheets) != 3 {
		t.Fatalf("worksheets %v, error %v", sheets, err)
	}
	for _, sheet := range sheets {
		t.Run(filepath.Base(sheet), func(t *testing.T) {
			text, err := os.ReadFile(sheet)
			if err != nil {
				t.Fatal(err)
			}
			commands := regexp.MustCompile(`(?m)^ +pastiche .*`).FindAllString(string(text), -1)
			if len(commands) < 3 {
				t.Errorf("%d commands", len(commands))
			}
			for _, command := range commands {
				words := strings.Fields(command)
				for i, word := range words {
					var known bool
					switch before := words[max(i-1, 0)]; {
					case before == "--set":
						name, _, _ := strings.Cut(word, "=")
						known = parameters[name]
					case before == "--recipe" && strings.HasSuffix(word, ".json"):
						known = readable(t, "../../"+word)
					case before == "--recipe":
						known = slices.Contains(paint.RecipeNames(), word)
					case before == "--layer":
						_, err := builtin(t).VGG().Layer(word)
						known = err == nil
					case strings.HasPrefix(word, "examples/"):
						_, err := os.Stat("../../" + word)
						known = err == nil
					default:
						continue
					}
					if !known {
						t.Errorf("%s: unknown %s", command, word)
					}
				}
			}
		})
	}
}

// readable reports whether a file holds parameters of a recipe.
func readable(t *testing.T, file string) bool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Error(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(new(paint.Recipe)); err != nil {
		t.Errorf("%s: %v", file, err)
	}
	return err == nil
}

// Package course tests the material for the course that is no Go code.
package course

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
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

// TestCommands runs the commands of the worksheets and of the notebook, for one iteration at a
// small size.
func TestCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the command")
	}
	program := filepath.Join(t.TempDir(), "pastiche.exe")
	if text, err := exec.Command("go", "build", "-o", program, "../../cmd/pastiche").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var cells strings.Builder
	for _, c := range readNotebook(t).Cells {
		cells.WriteString(strings.Join(c.Source, "") + "\n")
	}
	run := func(t *testing.T, folder, page string, least int) {
		commands := regexp.MustCompile(`(?m)^    pastiche .*`).FindAllString(page, -1)
		if len(commands) < least {
			t.Errorf("%d commands, want %d at least", len(commands), least)
		}
		for _, command := range commands {
			words := strings.Fields(command)[1:]
			output, size := slices.Index(words, "-o")+1, slices.Index(words, "--size")+1
			words[output] = filepath.Join(t.TempDir(), words[output])
			words[size] = "24"
			if words[0] != "features" {
				words = append(words, "--iterations", "1")
			}
			cmd := exec.Command(program, words...)
			cmd.Dir = folder
			if text, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", command, err, text)
			}
			if _, err := os.Stat(words[output]); err != nil {
				t.Errorf("%s: %v", command, err)
			}
		}
	}
	t.Run("notebook", func(t *testing.T) { run(t, ".", cells.String(), 6) })
	for sheet, least := range map[string]int{"alpha-beta.md": 6, "layers.md": 12, "start.md": 6} {
		t.Run(sheet, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("worksheets", sheet))
			if err != nil {
				t.Fatal(err)
			}
			run(t, "../..", string(text), least)
		})
	}
}

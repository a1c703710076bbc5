package main

import (
	"bytes"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/internal/kernel"
	"github.com/pastiche-art/pastiche/picture"
)

func small(t *testing.T) options {
	return options{
		content: "../photos/castle.jpg", style: "../paintings/starry-night.jpg", network: "builtin",
		size: 48, iterations: 22, seed: 3, output: filepath.Join(t.TempDir(), "output"),
	}
}

// TestWalk compares the walkthrough with the command that it prints: the same costs and the
// same pictures, bit for bit.
func TestWalk(t *testing.T) {
	o := small(t)
	var printed bytes.Buffer
	if err := walk(o, &printed); err != nil {
		t.Fatal(err)
	}
	if files := glob(t, o.output); !slices.Equal(files, []string{"0.png", "20.png", "generated_image.jpg", "noise.png"}) {
		t.Errorf("files %v in the output folder", files)
	}
	if testing.Short() {
		t.Skip("it builds the command")
	}
	said := run(t, o, printed.String())
	if got := between(printed.String(), "Iteration 0", "The same"); got != said {
		t.Errorf("printed\n%s\nthe command prints\n%s", got, said)
	}
	for _, name := range []string{"0.png", "20.png", "generated_image.jpg"} {
		got, want := open(t, filepath.Join(o.output, name)), open(t, filepath.Join(o.output, "command", name))
		if got.W != want.W || !slices.Equal(got.RGB, want.RGB) {
			t.Errorf("%s is not the command's", name)
		}
	}
}

// run runs the command that the walkthrough printed, with a folder of its own for the
// pictures, and returns what it prints.
func run(t *testing.T, o options, printed string) string {
	t.Helper()
	line, found := strings.CutPrefix(printed[strings.LastIndex(strings.TrimSpace(printed), "\n")+1:], "pastiche ")
	if !found {
		t.Fatalf("the last line is no command:\n%s", printed)
	}
	program := filepath.Join(t.TempDir(), "pastiche.exe")
	if text, err := exec.Command("go", "build", "-o", program, "../../cmd/pastiche").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	pool, err := kernel.NewPool(1)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	cmd := exec.Command(program, append(strings.Fields(line), "-o", filepath.Join(o.output, "command"))...)
	// The test may have been built without assembly.
	cmd.Env = append(os.Environ(), "PASTICHE_KERNEL="+pool.Implementation())
	var errors bytes.Buffer
	cmd.Stderr = &errors
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, errors.String())
	}
	return string(text)
}

// between returns the part of a text from one word on up to another.
func between(text, from, to string) string {
	return text[strings.Index(text, from):strings.Index(text, to)]
}

func glob(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func open(t *testing.T, file string) *picture.Picture {
	t.Helper()
	f, err := picture.Open(t.Context(), file, picture.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f.SRGB()
}

func TestCommand(t *testing.T) {
	o := options{content: "it's a photo.jpg", style: "style.jpg", network: "vgg19", size: 400, iterations: 200, seed: 1}
	want := `pastiche paint 'it'\''s a photo.jpg' style.jpg --recipe classic --network vgg19 --size 400 --iterations 200 --seed 1`
	if got := command(o); got != want {
		t.Errorf("the command is %s, want %s", got, want)
	}
}

func TestCompare(t *testing.T) {
	for _, test := range []struct {
		ofLoss, ofEngine float64
		same             bool
	}{
		{100, 100.001, true}, {0, 0, true}, {100, 101, false}, {100, math.NaN(), false},
	} {
		if err := compare(new(bytes.Buffer), "content", test.ofLoss, test.ofEngine); (err == nil) != test.same {
			t.Errorf("%g and %g: error %v", test.ofLoss, test.ofEngine, err)
		}
	}
}

func TestWalkErrors(t *testing.T) {
	tests := []struct {
		name   string
		change func(*options)
		want   string
	}{
		{"no content", func(o *options) { o.content = "absent.jpg" }, "absent.jpg"},
		{"no style", func(o *options) { o.style = "absent.jpg" }, "absent.jpg"},
		{"no network", func(o *options) { o.network = "absent.safetensors" }, "absent.safetensors"},
		{"no size", func(o *options) { o.size = 0 }, "expected at least 1"},
		{"too small for conv5_1", func(o *options) { o.size = 15 }, "conv5_1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := small(t)
			test.change(&o)
			err := walk(o, new(bytes.Buffer))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one about %s", err, test.want)
			}
			if _, err := os.Stat(o.output); err == nil {
				t.Error("an output folder beside the error")
			}
		})
	}
}

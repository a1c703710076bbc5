package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pastiche-art/pastiche/picture"
	"github.com/pastiche-art/pastiche/weights"
	"github.com/pastiche-art/pastiche/weights/registry"
)

// raceVariable holds the race detector's options. It sleeps for a second where a
// process ends, for races that others might still run into, and these tests end
// hundreds of processes.
const raceVariable = "GORACE"

func TestMain(m *testing.M) {
	if err := os.Setenv(raceVariable, "atexit_sleep_ms=10 "+os.Getenv(raceVariable)); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"pastiche": main})
}

// TestScripts runs the command from end to end. Beside testscript's own
// commands, a script may use the pictures in the folder $EXAMPLES, the name $NASTY,
// which is full of control characters, and:
//
//	draw FILE SEED    make a picture of 96 x 64 pixels
//	sign FILE SEED    make such a picture whose file has metadata
//	tells FILE FIELD VALUE…
//	                  check that the metadata of a file is that, or nothing
//	rc CODE PROGRAM…  run a program that is to end with the exit code
//	measures FILE WxH check that a file is a whole picture of that size
//	same A B          check that two pictures have the same pixels
//	cutout FILE COLUMNS LEVEL
//	                  make a picture of 96 x 64 pixels, the first columns visible, the
//	                  others transparent with a hidden level
//	shaped FILE WxH   make a grey picture of that size
//	halves FILE       make a mask of 96 x 64 pixels, white on the left
//	labels FILE       make a label picture of 96 x 64 pixels, red and blue
//	network FILE NAME write the built-in network under another name, where ESC is
//	                  that character
//	serve FLAG...     start a server of the folder jobs, which other commands use
//	id NAME           set a variable to the line that standard output had last
//	damage FOLDER     flip a bit in the middle of every file of a folder
func TestScripts(t *testing.T) {
	examples, err := filepath.Abs(filepath.Join("..", "..", "examples"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv(raceVariable, os.Getenv(raceVariable))
			env.Setenv("EXAMPLES", examples)
			env.Setenv("NASTY", "a\x1b[31m\x1b]0;title\ab\nc")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"draw":     draw,
			"sign":     sign,
			"tells":    tells,
			"cutout":   cutout,
			"shaped":   shaped,
			"rc":       rc,
			"measures": measures,
			"same":     same,
			"halves":   halves([3]float32{255, 255, 255}, [3]float32{}),
			"labels":   halves([3]float32{255, 0, 0}, [3]float32{0, 0, 255}),
			"network":  network,
			"serve":    serve,
			"id":       id,
			"damage":   damage,
		},
	})
}

// drawn returns a picture in which a network sees something: coloured patches.
func drawn(w, h, seed int) *picture.Picture {
	const patch = 4
	p := picture.New(w, h)
	r := rand.New(rand.NewPCG(uint64(seed), 0))
	for y := 0; y < h; y += patch {
		for x := 0; x < w; x += patch {
			colour := [3]float32{255 * r.Float32(), 255 * r.Float32(), 255 * r.Float32()}
			for i := range patch * patch {
				if x, y := x+i%patch, y+i/patch; x < w && y < h {
					for c := range colour {
						p.RGB[(c*h+y)*w+x] = colour[c]
					}
				}
			}
		}
	}
	return p
}

func draw(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: draw FILE SEED")
	}
	seed, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(picture.Save(ts.MkAbs(args[0]), drawn(96, 64, seed), picture.SaveOptions{}))
}

func rc(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: rc CODE PROGRAM ARGUMENT...")
	}
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

// opened returns a picture of the script's folder.
func opened(ts *testscript.TestScript, name string) *picture.Picture {
	f, err := picture.Open(context.Background(), ts.MkAbs(name), picture.Limits{})
	ts.Check(err)
	return f.SRGB()
}

func measures(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: measures FILE WIDTHxHEIGHT")
	}
	p := opened(ts, args[0])
	if got := fmt.Sprintf("%dx%d", p.W, p.H); got != args[1] {
		ts.Fatalf("%s is a picture of %s, want %s", args[0], got, args[1])
	}
}

func same(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: same A B")
	}
	a, b := opened(ts, args[0]), opened(ts, args[1])
	if equal := a.W == b.W && slices.Equal(a.RGB, b.RGB) && slices.Equal(a.Alpha, b.Alpha); equal == neg {
		ts.Fatalf("%s and %s have the same pixels: %v", args[0], args[1], equal)
	}
}

// halves draws a picture whose left half has one colour and its right half
// another.
func halves(left, right [3]float32) func(ts *testscript.TestScript, neg bool, args []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 1 {
			ts.Fatalf("usage: halves FILE")
		}
		ts.Check(picture.Save(ts.MkAbs(args[0]), half(left, right), picture.SaveOptions{}))
	}
}

// half returns a picture of 96 x 64 pixels, of one colour on the left and another
// on the right.
func half(left, right [3]float32) *picture.Picture {
	p := picture.New(96, 64)
	for i := range p.RGB {
		p.RGB[i] = left[i/(96*64)]
		if i%96 >= 48 {
			p.RGB[i] = right[i/(96*64)]
		}
	}
	return p
}

func network(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: network FILE NAME")
	}
	builtin, err := weights.Builtin()
	ts.Check(err)
	n := *builtin
	n.Name = strings.ReplaceAll(args[1], "ESC", "\x1b")
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(n.WriteSafetensors(f, weights.Float32))
	ts.Check(f.Close())
}

func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: serve FLAG...")
	}
	cmd := pastiche(ts.MkAbs("."), append([]string{"serve", "--addr", "127.0.0.1:0", "--data", "jobs"}, args...)...)
	url, err := startServer(cmd)
	ts.Check(err)
	ts.Setenv("PASTICHE_SERVER", url)
	ts.Defer(func() {
		cmd.Process.Kill() //nolint:errcheck // it may have ended
		cmd.Wait()         //nolint:errcheck // of a process that was killed
	})
}

func id(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: id NAME")
	}
	ts.Setenv(args[0], strings.TrimSuffix(ts.ReadFile("stdout"), "\n"))
}

func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: damage FOLDER")
	}
	files, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	for _, f := range files {
		path := filepath.Join(ts.MkAbs(args[0]), f.Name())
		text, err := os.ReadFile(path)
		ts.Check(err)
		text[len(text)/2] ^= 1
		ts.Check(os.WriteFile(path, text, 0o666))
	}
}

// inputFolder makes a content and a style in a folder, in which the command is to
// run.
func inputFolder(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	for name, seed := range map[string]int{"content.png": 1, "style.png": 4} {
		if err := picture.Save(folder+"/"+name, drawn(96, 64, seed), picture.SaveOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// pastiche returns the command, to be run in a folder, without the networks of
// whoever runs the tests.
func pastiche(folder string, args ...string) *exec.Cmd {
	cmd := exec.Command("pastiche", args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), registry.HomeVariable+"="+filepath.Join(folder, "home"))
	return cmd
}

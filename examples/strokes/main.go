// Strokes paints the example style pictures: small scenes, each in another
// manner, with nothing but arithmetic and a seeded random number generator, so
// that every run paints the same.
//
//	go run ./examples/strokes -o examples/paintings
//	go run ./examples/strokes -o examples/paintings -only sunset.jpg
//
// A painting is made on a canvas finer than the picture. What it shows is a
// function of the point: palette.go, noise.go, field.go and tessellation.go have
// the colours, the textures, the flows and the cells. How it is painted is the
// manner, one to a file.
// The numbers in a scene are its drawing: where things stand on a canvas of
// height 1, how large they are and how they waver.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// quality is that of the JPEG files.
const quality = 70

// A painting is a picture that the program can paint.
type painting struct {
	name  string // of the file
	seed  uint64
	paint func(*rand.Rand) image.Image
}

var paintings = []painting{
	{"sunset.jpg", 1, sunset},
	{"river.jpg", 2, river},
	{"dolphins.jpg", 3, dolphins},
	{"moonrise.jpg", 4, moonrise},
	{"poppies.jpg", 5, poppies},
	{"harvest.jpg", 6, harvest},
	{"endpaper.jpg", 7, endpaper},
	{"hill-town.jpg", 8, hillTown},
	{"valley.jpg", 9, valley},
	{"dunes.jpg", 10, dunes},
	{"bars.jpg", 31, bars},
	{"koi.jpg", 12, koi},
	{"lighthouse.jpg", 13, lighthouse},
	{"birches.jpg", 14, birches},
	{"pears.jpg", 15, pears},
	{"harbour.jpg", 16, harbour},
	{"wreath.jpg", 17, wreath},
	{"caravel.jpg", 18, caravel},
	{"cottage.jpg", 19, cottage},
	{"gold-leaf.jpg", 20, goldLeaf},
	{"gorge.jpg", 21, gorge},
	{"jungle.jpg", 22, jungle},
	{"balloons.jpg", 23, balloons},
	{"rose-window.jpg", 24, roseWindow},
	{"rings.jpg", 25, rings},
	{"lily-pond.jpg", 26, lilyPond},
}

// encode paints p and returns its file's bytes.
func (p painting) encode() ([]byte, error) {
	var file bytes.Buffer
	err := jpeg.Encode(&file, p.paint(rand.New(rand.NewPCG(p.seed, 0))), &jpeg.Options{Quality: quality})
	return file.Bytes(), err
}

func main() {
	folder := flag.String("o", ".", "`folder` to write the paintings to; it must exist")
	only := flag.String("only", "", "`file` name of the one painting to paint, such as sunset.jpg")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "strokes: unexpected argument %q; say where to paint with -o\n", flag.Arg(0))
		os.Exit(2)
	}
	if err := run(*folder, *only); err != nil {
		fmt.Fprintln(os.Stderr, "strokes:", err)
		os.Exit(1)
	}
}

// run paints all paintings into folder, or just the one whose file is called
// only, where that is not "".
func run(folder, only string) error {
	chosen := paintings
	if only != "" {
		k := slices.IndexFunc(paintings, func(p painting) bool { return p.name == only })
		if k < 0 {
			return fmt.Errorf("no painting is called %q", only)
		}
		chosen = paintings[k : k+1]
	}
	for _, p := range chosen {
		file, err := p.encode()
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if err := os.WriteFile(filepath.Join(folder, p.name), file, 0o644); err != nil {
			return err
		}
	}
	return nil
}

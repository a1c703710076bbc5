// Shrink makes small copies of pictures: the thumbnails of the examples, and the
// pictures of the page's settings.
//
//	go run ./examples/shrink -long 160 -quality 66 -o examples/thumbnails/photos examples/photos/*.jpg
//
// Each copy is a JPEG with the name of its picture in the folder -o. A picture
// that is small enough keeps its size.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pastiche-art/pastiche/picture"
)

// A shrinker holds the options of the copies.
type shrinker struct {
	folder  string // of the copies
	long    int    // largest long side in pixels
	quality int    // of the JPEG
}

func main() {
	var s shrinker
	flag.StringVar(&s.folder, "o", ".", "`folder` to write the copies to; it must exist")
	flag.IntVar(&s.long, "long", 192, "longer side of a copy in `pixels`, at most")
	flag.IntVar(&s.quality, "quality", 72, "quality of the JPEG, 1 to 100")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "shrink: no pictures; name the files to copy")
		os.Exit(2)
	}
	for _, path := range flag.Args() {
		if err := s.copy(path); err != nil {
			fmt.Fprintln(os.Stderr, "shrink:", err)
			os.Exit(1)
		}
	}
}

// copy writes the small copy of the picture at path.
func (s shrinker) copy(path string) error {
	file, err := picture.Open(context.Background(), path, picture.Limits{})
	if err != nil {
		return err
	}
	p := file.Picture
	if max(p.W, p.H) > s.long {
		p = p.Resize(picture.FitLong(p.W, p.H, s.long))
	}
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)) + ".jpg"
	return picture.Save(filepath.Join(s.folder, name), p, picture.SaveOptions{Quality: s.quality})
}

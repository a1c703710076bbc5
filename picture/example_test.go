package picture_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"os"
	"path/filepath"
	"strings"

	"github.com/pastiche-art/pastiche/picture"
)

// A picture goes from file to file, half as large.
func Example() {
	f, err := picture.Open(context.Background(), "testdata/jpeg-orientation-6.jpg", picture.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	p := f.SRGB()
	w, h := picture.FitLong(p.W, p.H, max(p.W, p.H)/2)
	small := p.Resize(w, h)

	dir, err := os.MkdirTemp("", "pastiche")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := picture.Save(filepath.Join(dir, "small.png"), small, picture.SaveOptions{}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%dx%d became %dx%d\n", p.W, p.H, small.W, small.H)
	// Output: 13x19 became 6x9
}

// A file that is no readable picture says what it is and what to do.
func ExampleDecode() {
	page := strings.NewReader("<!DOCTYPE html><title>Not found</title>")
	_, err := picture.Decode(context.Background(), page, "photo.jpg", picture.Limits{})
	fmt.Println(err)
	fmt.Println(errors.Is(err, picture.ErrFormat))
	// Output:
	// photo.jpg: not a picture pastiche can read (found HTML: a web page, not the picture on it; expected JPEG, PNG, WebP, GIF, TIFF, BMP, HEIC or AVIF): save the picture itself
	// true
}

// A timelapse shows pictures one after another, here a square that grows.
func ExampleTimelapse() {
	timelapse, err := picture.NewTimelapse("growing.webp", 24)
	if err != nil {
		fmt.Println(err)
		return
	}
	for side := 1; side <= 8; side++ {
		m := image.NewGray(image.Rect(0, 0, 24, 16))
		draw.Draw(m, image.Rect(0, 0, side, side), image.White, image.Point{}, draw.Src)
		if err := timelapse.Add(picture.FromImage(m)); err != nil {
			fmt.Println(err)
			return
		}
	}
	var file bytes.Buffer
	if err := timelapse.Encode(&file); err != nil {
		fmt.Println(err)
		return
	}
	format, err := picture.Sniff(&file)
	fmt.Println(format, err)
	// Output: WebP <nil>
}

// A contact sheet shows pictures side by side, each with a label below.
func ExampleContactSheet() {
	var pictures []picture.SheetPicture
	for i := range 6 {
		pictures = append(pictures, picture.SheetPicture{Picture: picture.New(90, 60), Label: fmt.Sprint("study ", i+1)})
	}
	sheet := picture.ContactSheet(pictures, 3, 90, 60)
	fmt.Println(sheet.Bounds().Size())
	// Output: (318,204)
}

package paint

import (
	"image"

	"github.com/pastiche-art/pastiche/picture"
)

// cropped returns the content, the regions and the options, with the content, the masks
// and the start picture cropped around the middle to the Shape of the options.
func cropped(content image.Image, regions []Region, opts Options) (image.Image, []Region, Options, error) {
	shape := opts.Shape
	if shape == (image.Point{}) {
		return content, regions, opts, nil
	}
	if err := checkShape("Shape", shape); err != nil {
		return nil, nil, opts, err
	}
	if isEmpty(content) {
		return content, regions, opts, nil // which has an error of its own
	}
	size := content.Bounds().Size()
	placed := make([]Region, len(regions))
	for i, r := range regions {
		if r.Mask != nil && !isEmpty(r.Mask) {
			if !sameShape(r.Mask.Bounds().Size(), size) {
				return content, regions, opts, nil // which has an error of its own
			}
			r.Mask = crop(r.Mask, shape)
		}
		placed[i] = r
	}
	if opts.Init != nil && !isEmpty(opts.Init) {
		opts.Init = crop(opts.Init, shape)
	}
	return crop(content, shape), placed, opts, nil
}

func isEmpty(m image.Image) bool { return m == nil || m.Bounds().Empty() }

// crop returns the largest part of a picture, in the middle, that has the given shape.
func crop(m image.Image, shape image.Point) image.Image {
	if painting, ok := m.(*Painting); ok {
		m = painting.Picture
	}
	p := picture.FromImage(m)
	return p.Crop(picture.Inscribed(p.W, p.H, shape))
}

// checkShape checks the shape of a painting.
func checkShape(option string, shape image.Point) error {
	if shape.X < 1 || shape.Y < 1 || shape.X > MaxSize || shape.Y > MaxSize {
		return invalid(option, "%d x %d pixels: expected sides of 1 to %d", shape.X, shape.Y, MaxSize)
	}
	return nil
}

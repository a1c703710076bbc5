package picture

import "github.com/pastiche-art/pastiche/internal/tiff"

// orientation is TIFF tag 274, which EXIF shares, with values 1 to 8: how the stored
// rows and columns relate to the upright picture.
type orientation int

// upright is the orientation of a picture that is stored upright.
const upright orientation = 1

// place maps a stored pixel (x, y) of a w by h raster to its index
// origin + x*stepX + y*stepY in the upright picture.
type place struct{ origin, stepX, stepY int }

// upend returns the size of the upright picture and the places of the stored pixels.
func (o orientation) upend(w, h int) (upW, upH int, at place) {
	switch o {
	case 2: // mirrored left to right
		return w, h, place{w - 1, -1, w}
	case 3: // upside down
		return w, h, place{w*h - 1, -1, -w}
	case 4: // mirrored top to bottom
		return w, h, place{w * (h - 1), 1, -w}
	case 5: // mirrored about the main diagonal
		return h, w, place{0, h, 1}
	case 6: // to be rotated by 90 degrees clockwise
		return h, w, place{h - 1, h, -1}
	case 7: // mirrored about the other diagonal
		return h, w, place{w*h - 1, -h, -1}
	case 8: // to be rotated by 90 degrees counterclockwise
		return h, w, place{h * (w - 1), -h, 1}
	default:
		return w, h, place{0, 1, w}
	}
}

// exifOrientation returns the orientation in EXIF data, or upright where they are
// damaged.
func exifOrientation(exif []byte) orientation {
	d, err := tiff.ReadDirectory(exif)
	if err != nil {
		return upright
	}
	return directoryOrientation(d)
}

// directoryOrientation returns the orientation in a directory of TIFF or EXIF.
func directoryOrientation(d tiff.Directory) orientation {
	return orientation(d.Uint(tiff.TagOrientation, uint64(upright)))
}

package paint

import (
	"errors"
	"fmt"
	"image"

	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/picture"
)

// A Role says what a picture or a mask is for.
type Role string

// The roles.
const (
	ContentRole   Role = "content"
	TextureRole   Role = "texture"    // the canvas of a texture
	StyleRole     Role = "style"      // one of several
	MaskRole      Role = "mask"       // of a region, one of several
	StyleMaskRole Role = "style_mask" // of a style, one of several
	KeepRole      Role = "keep"       // the mask of a region without styles
	InitRole      Role = "init"       // [Options.Init]
	PictureRole   Role = "picture"    // that is scored, or whose features are asked for
)

// A PictureError says which of the pictures and masks of a painting cannot be used, and
// why.
type PictureError struct {
	Role Role
	// Number counts from 1: styles and their masks over all regions, and masks by the
	// region that they belong to. It is 0 for a role of which there is one.
	Number int
	// Err is an [*OptionError], a [*SizeError] or [ErrTransparent].
	Err error
}

func (e *PictureError) Error() string { return e.Name() + ": " + e.Reason() }

// Name returns what the picture is called in messages, such as "style 2".
func (e *PictureError) Name() string {
	switch e.Role {
	case StyleRole, MaskRole:
		return fmt.Sprintf("%s %d", e.Role, e.Number)
	case StyleMaskRole:
		return fmt.Sprintf("the mask of style %d", e.Number)
	case KeepRole:
		return "the mask of what is kept"
	case InitRole:
		return "the picture to begin with"
	}
	return "the " + string(e.Role)
}

// Reason returns what is wrong, without the name of the picture.
func (e *PictureError) Reason() string {
	var option *OptionError
	if errors.As(e.Err, &option) {
		return option.Reason
	}
	return e.Err.Error()
}

func (e *PictureError) Unwrap() error { return e.Err }

// ErrTransparent is the error of a picture of which nothing is visible.
var ErrTransparent = errors.New("transparent everywhere: expected a picture of which something is visible")

// A SizeError says that a picture is too small for a layer of the network.
type SizeError struct {
	Err *vgg.SizeError // the picture in the size that the painting has, or that a style has in it
	// Least is the least long side, in pixels, of a painting of this shape, where a larger
	// painting helps; otherwise 0.
	Least int
	// Help says what else helps.
	Help string
}

func (e *SizeError) Error() string {
	if e.Least == 0 {
		return fmt.Sprintf("%v; %s", e.Err, e.Help)
	}
	return fmt.Sprintf("%v; paint at a size of %d pixels or more, or %s", e.Err, e.Least, e.Help)
}

func (e *SizeError) Unwrap() error { return e.Err }

// visible returns a picture as the painting sees it, with the precision that it has:
// opaque, and how much of each pixel is visible, nil for all of it. Every picture enters
// the painting here, so that the colours that transparent pixels hide play no part in
// it: see [picture.Picture.Opaque]. The errors are an [*OptionError] about an option and
// [ErrTransparent].
func visible(option string, m image.Image) (p *picture.Picture, opacity *picture.Mask, err error) {
	if painting, ok := m.(*Painting); ok {
		m = painting.Picture
	}
	if m == nil || m.Bounds().Empty() {
		return nil, nil, invalid(option, "no picture: expected one")
	}
	p = picture.FromImage(m)
	if !p.Finite() {
		return nil, nil, invalid(option, "a picture with levels that are infinite or not numbers: expected 0 to 255")
	}
	if !p.Visible() {
		return nil, nil, ErrTransparent
	}
	p, opacity = p.Opaque()
	return p, opacity, nil
}

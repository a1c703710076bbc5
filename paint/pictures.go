package paint

import (
	"errors"
	"fmt"
	"image"

	"github.com/pastiche-art/pastiche/internal/masking"
	"github.com/pastiche-art/pastiche/internal/planar"
	"github.com/pastiche-art/pastiche/internal/vgg"
	"github.com/pastiche-art/pastiche/picture"
)

// A Role is the purpose of a picture or a mask.
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
	PictureRole   Role = "picture"    // a picture to score, or whose features are computed
)

// A PictureError reports which picture or mask of a painting cannot be used, and why.
type PictureError struct {
	Role Role
	// Number counts from 1: styles and their masks over all regions, masks by region.
	// It is 0 for a role that only one picture has.
	Number int
	// Err is an [*OptionError], a [*SizeError] or [ErrTransparent].
	Err error
}

func (e *PictureError) Error() string { return e.Name() + ": " + e.Reason() }

// Name returns the name of the picture in messages, such as "style 2".
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

// Reason returns the error without the name of the picture.
func (e *PictureError) Reason() string {
	var option *OptionError
	if errors.As(e.Err, &option) {
		return option.Reason
	}
	return e.Err.Error()
}

func (e *PictureError) Unwrap() error { return e.Err }

// ErrTransparent is the error of a picture without visible pixels.
var ErrTransparent = errors.New("transparent everywhere: expected a picture of which something is visible")

// A SizeError reports that a picture is too small for a layer of the network.
type SizeError struct {
	Err *vgg.SizeError // for the picture as resized for the painting
	// Least is the smallest long side, in pixels, of a painting of this shape that is
	// large enough; 0 where a larger painting does not help.
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

// visible returns a picture opaque and with its full precision, and its opacity, nil
// for an opaque picture. Every picture of a painting passes through here, so that the
// hidden colours of transparent pixels are never used: see [masking.Opaque]. The
// errors are an [*OptionError] about the given option and [ErrTransparent].
func visible(option string, m image.Image) (p *picture.Picture, opacity *masking.Mask, err error) {
	if painting, ok := m.(*Painting); ok {
		m = painting.Picture
	}
	if m == nil || m.Bounds().Empty() {
		return nil, nil, invalid(option, "no picture: expected one")
	}
	p = picture.FromImage(m)
	if !planar.Finite(p.RGB) || !planar.Finite(p.Alpha) {
		return nil, nil, invalid(option, "a picture with levels that are infinite or not numbers: expected 0 to 255")
	}
	if !masking.Visible(p) {
		return nil, nil, ErrTransparent
	}
	p, opacity = masking.Opaque(p)
	return p, opacity, nil
}

package paint

import (
	"image"

	"github.com/pastiche-art/pastiche/picture"
)

// Needs returns how much memory, in bytes, [Paint] takes for an opaque photo and opaque
// styles of the given sizes, in pixels, without masks. Where content is the zero point,
// it returns the memory of a [Texture] of the given shape; otherwise shape is ignored.
// Needs reads no pictures and takes milliseconds. It does not count the start picture
// of [InitPicture]. The errors are those of [Check].
func Needs(content, shape image.Point, styles []image.Point, opts Options) (bytes int64, err error) {
	defer catch(&err)
	if content == (image.Point{}) {
		if opts.Recipe, err = withoutContent(opts.Recipe); err != nil {
			return 0, err
		}
	}
	s, err := newEmptySession(opts)
	if err != nil {
		return 0, err
	}
	defer s.pool.Close()
	if s.recipe.Init == InitPicture {
		s.recipe.Init = InitContent
	}
	s.shape = shape
	if content != (image.Point{}) {
		s.shape, s.content = content, sized(content)
	}
	r := &region{}
	for i, size := range styles {
		r.styles = append(r.styles, &style{number: i + 1, picture: sized(size), relativeSize: 1})
	}
	s.regions = []*region{r}
	if err := s.planScales(); err != nil {
		return 0, err
	}
	contentLayers, err := s.contentLayers()
	if err != nil {
		return 0, err
	}
	styleLayers, err := s.styleLayers()
	if err != nil {
		return 0, err
	}
	return s.checkScales(s.scales, s.memory, contentLayers, styleLayers)
}

// sized returns a picture of the given size without pixels.
func sized(size image.Point) *picture.Picture { return &picture.Picture{W: size.X, H: size.Y} }

package paint

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"image"
	"slices"

	"github.com/pastiche-art/pastiche/internal/vgg"
)

// Check returns the error that [Paint] with the same arguments returns before work
// begins, or nil. Where content is nil, it checks a [Texture] of the given shape.
func Check(content image.Image, shape image.Point, regions []Region, opts Options) (err error) {
	defer catch(&err)
	s, err := newSessionOr(content, shape, regions, opts)
	if err != nil {
		return err
	}
	s.pool.Close()
	return nil
}

// newSessionOr prepares a painting of a content or, where that is nil, a texture of the
// given shape. The caller closes the pool of the session.
func newSessionOr(content image.Image, shape image.Point, regions []Region, opts Options) (*session, error) {
	if content == nil {
		return newTexture(shape, regions, opts)
	}
	return newSession(content, regions, opts)
}

// ParseRecipe reads the fields of a recipe from a JSON object. Those that are
// missing are those of the recipe that "name" names, or of [Fine], with the given
// strength. Its error is an [*OptionError].
func ParseRecipe(data []byte, strength Strength) (Recipe, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return Recipe{}, invalid("Recipe", "%v: expected a JSON object", err)
	}
	name := Fine().Name
	if text, found := fields["name"]; found {
		if err := json.Unmarshal(text, &name); err != nil {
			return Recipe{}, invalid("Recipe", "name %s: expected a text", text)
		}
	}
	r, err := RecipeNamed(cmp.Or(name, Fine().Name))
	if err != nil {
		return Recipe{}, err
	}
	if err := r.Strengthen(strength); err != nil {
		return Recipe{}, err
	}
	var names []string
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names) // so that the error is about the same one always
	for _, name := range names {
		if _, _, err := r.field(name); err != nil && name != "name" {
			return Recipe{}, err
		}
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return Recipe{}, invalid("Recipe", "%v", err)
	}
	return r, r.Validate()
}

// Refused reports whether err says that the recipe, the pictures or the memory limit
// cannot be used, so that [Paint] with the same arguments would fail again. It is false
// for [ErrCheckpoint] and for errors of the machine.
func Refused(err error) bool {
	return errors.As(err, new(*OptionError)) || errors.As(err, new(*vgg.LayerError)) ||
		errors.As(err, new(*vgg.SizeError)) || errors.As(err, new(*MemoryError)) || errors.Is(err, ErrTransparent)
}

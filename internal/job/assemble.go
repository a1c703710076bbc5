package job

import (
	"image"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/paint"
)

// assembled is what a job paints.
type assembled struct {
	content image.Image // nil for a texture
	init    image.Image // or nil
	regions []paint.Region
}

// assemble returns what a job paints, from its pictures. The error is a
// [*paint.OptionError].
func (r *Record) assemble(open func(Input) image.Image) (*assembled, error) {
	by := make(map[api.Role][]image.Image)
	for _, in := range r.Inputs {
		by[in.Role] = append(by[in.Role], open(in))
	}
	first := func(role api.Role) image.Image {
		if len(by[role]) == 0 {
			return nil
		}
		return by[role][0]
	}
	o := &r.Options
	styles := by[api.Style]
	if len(styles) == 0 {
		return nil, optionError("style", "none: expected 1 to %d styles", MaxStyles)
	}
	for _, each := range []struct {
		option string
		n      int
	}{{"style_weights", len(o.StyleWeights)}, {"style_scales", len(o.StyleScales)}, {"mask", len(by[api.Mask])}} {
		if each.n != 0 && each.n != len(styles) {
			return nil, optionError(each.option, "%d of them for %d styles: expected one for each style, or none", each.n, len(styles))
		}
	}
	if n := len(by[api.StyleMask]); n > len(styles) {
		return nil, optionError("style_mask", "%d of them for %d styles: expected at most one for each style", n, len(styles))
	}
	init := first(api.Init)
	if (o.Recipe.Init == paint.InitPicture) != (init != nil) {
		return nil, optionError("init", "expected a picture init with a recipe whose init is picture, and with no other")
	}
	all := make([]paint.Style, len(styles))
	for i, m := range styles {
		all[i].Picture = m
		if len(o.StyleWeights) > 0 {
			all[i].Weight = o.StyleWeights[i]
		}
		if len(o.StyleScales) > 0 {
			all[i].Scale = o.StyleScales[i]
		}
	}
	regions, err := paint.Regions(all, by[api.Mask], by[api.StyleMask], first(api.Keep))
	return &assembled{content: first(api.Content), init: init, regions: regions}, err
}

// paintRole returns what package paint calls a role.
func paintRole(role api.Role) paint.Role {
	switch role {
	case api.Content:
		return paint.ContentRole
	case api.Init:
		return paint.InitRole
	}
	return paint.StyleRole
}

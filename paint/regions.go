package paint

import (
	"fmt"
	"image"
	"slices"

	"github.com/pastiche-art/pastiche/picture"
)

// Regions pairs styles with masks. Without masks of the content the whole canvas is
// one region with all styles. With them, each is a region in one style: the one of the
// same number, or the only one. The masks of styles belong to the first styles, or
// where a single style has several regions, to the first regions. keep, where not nil,
// shows what stays as it is. The error is an [*OptionError] about Mask or StyleMask.
func Regions(styles []Style, masks, styleMasks []image.Image, keep image.Image) ([]Region, error) {
	styles = slices.Clone(styles)
	var regions []Region
	switch {
	case len(masks) == 0 && len(styleMasks) > len(styles):
		return nil, invalid("StyleMask", "%d masks for %d styles: expected at most one for each", len(styleMasks), len(styles))
	case len(masks) > 0 && len(styles) != 1 && len(styles) != len(masks):
		return nil, invalid("Mask", "%d masks for %d styles: expected one for each, or a single style", len(masks), len(styles))
	case len(masks) > 0 && len(styleMasks) > len(masks):
		return nil, invalid("StyleMask", "%d masks for %d regions: expected at most one for each", len(styleMasks), len(masks))
	case len(masks) == 0:
		for i, m := range styleMasks {
			styles[i].Mask = m
		}
		regions = []Region{{Styles: styles}}
	}
	for i, m := range masks {
		style := styles[i%len(styles)]
		if i < len(styleMasks) {
			style.Mask = styleMasks[i]
		}
		regions = append(regions, Region{Mask: m, Styles: []Style{style}})
	}
	if keep != nil {
		regions = append(regions, Region{Mask: keep})
	}
	return regions, nil
}

// LabelRegions pairs the regions of two label pictures, in which each region has a
// colour, by their colours: each region of the content is painted like the part of the style
// that has the same colour. content and styleLabels are the label pictures of the
// content and of the style. Colours that are in styleLabels alone are left out. A label
// picture has at most 32 colours, apart from what compression adds. The error is an
// [*OptionError]. Its Option is Mask where content is no label picture or has a colour
// that styleLabels lacks, and StyleMask where styleLabels is no label picture.
func LabelRegions(style Style, content, styleLabels image.Image) ([]Region, error) {
	labels, err := labelsOf(picture.FromImage(content))
	if err != nil {
		return nil, &OptionError{"Mask", err.Error()}
	}
	labelsOfStyle, err := labelsOf(picture.FromImage(styleLabels))
	if err != nil {
		return nil, &OptionError{"StyleMask", err.Error()}
	}
	var regions []Region
	for _, l := range labels {
		i := slices.IndexFunc(labelsOfStyle, func(o label) bool { return o.color == l.color })
		if i < 0 {
			return nil, &OptionError{"Mask", fmt.Sprintf("a region of %s, which the mask of the style has not: expected the same colours in both", l)}
		}
		style.Mask = labelsOfStyle[i].mask.Image()
		regions = append(regions, Region{Mask: l.mask.Image(), Styles: []Style{style}})
	}
	return regions, nil
}

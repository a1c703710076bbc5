package main

import (
	"context"
	"fmt"
	"image"
	"slices"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// openRegions opens the styles and masks and says which belongs where.
func (o *paintOptions) openRegions(ctx context.Context, names []string) ([]paint.Region, error) {
	styles, err := o.openStyles(ctx, names)
	if err != nil {
		return nil, err
	}
	masks, err := o.openMasks(ctx, o.masks)
	if err != nil {
		return nil, err
	}
	styleMasks, err := o.openMasks(ctx, o.styleMasks)
	if err != nil {
		return nil, err
	}
	regions, err := o.divide(styles, masks, styleMasks)
	if err != nil {
		return nil, err
	}
	if o.keep != "" {
		keep, err := o.openMasks(ctx, []string{o.keep})
		if err != nil {
			return nil, err
		}
		regions = append(regions, paint.Region{Mask: keep[0]})
	}
	return regions, nil
}

// openMasks opens masks, whose levels are shares whatever their profiles say.
func (o *paintOptions) openMasks(ctx context.Context, paths []string) ([]image.Image, error) {
	var masks []image.Image
	for _, path := range paths {
		f, err := o.read(ctx, path)
		if err != nil {
			return nil, err
		}
		masks = append(masks, f.Picture)
	}
	return masks, nil
}

// openStyles opens the styles and gives them their shares and sizes.
func (o *paintOptions) openStyles(ctx context.Context, names []string) ([]paint.Style, error) {
	pictures, err := o.openPictures(ctx, names)
	if err != nil {
		return nil, err
	}
	styles := paint.InMannerOf(pictures...)[0].Styles
	if o.styleScales != nil && len(o.styleScales) != len(styles) {
		return nil, misused("--style-scales: %d numbers for %d styles: expected one for each", len(o.styleScales), len(styles))
	}
	for i, scale := range o.styleScales {
		styles[i].Scale = scale
	}
	if o.blend == nil {
		return styles, nil
	}
	if len(o.blend) != len(styles) {
		return nil, misused("--style-blend: %d numbers for %d styles: expected one for each", len(o.blend), len(styles))
	}
	var total float64
	for i, share := range o.blend {
		styles[i].Weight = share
		total += share
	}
	if total == 0 {
		return nil, misused("--style-blend: the shares add up to 0: expected one above 0")
	}
	return styles, nil
}

// divide gives each mask its style, or its styles.
func (o *paintOptions) divide(styles []paint.Style, masks, styleMasks []image.Image) ([]paint.Region, error) {
	if len(masks) == 1 && len(styleMasks) == 1 && len(styles) == 1 && !grey(masks[0]) && !grey(styleMasks[0]) {
		return o.pairLabels(styles[0], masks[0], styleMasks[0])
	}
	if len(masks) == 0 {
		if len(styleMasks) > len(styles) {
			return nil, misused("--style-mask: %d masks for %d styles: expected at most one for each", len(styleMasks), len(styles))
		}
		for i, m := range styleMasks {
			styles[i].Mask = m
		}
		return []paint.Region{{Styles: styles}}, nil
	}
	if len(styles) > 1 && len(styles) != len(masks) {
		return nil, misused("--mask: %d masks for %d styles: expected one for each, or a single style", len(masks), len(styles))
	}
	if len(styleMasks) > len(masks) {
		return nil, misused("--style-mask: %d for %d of --mask: expected at most as many", len(styleMasks), len(masks))
	}
	var regions []paint.Region
	for i, m := range masks {
		if !grey(m) {
			return nil, misused("--mask %s: a label picture, with colours: expected one of the style, too, as the one --style-mask", o.masks[i])
		}
		style := styles[i%len(styles)]
		style.Weight = 0
		if i < len(styleMasks) {
			style.Mask = styleMasks[i]
		}
		regions = append(regions, paint.Region{Mask: m, Styles: []paint.Style{style}})
	}
	return regions, nil
}

func grey(m image.Image) bool { return picture.FromImage(m).Grey() }

// pairLabels pairs the regions of two label pictures by their colours.
func (o *paintOptions) pairLabels(style paint.Style, content, of image.Image) ([]paint.Region, error) {
	labels, err := labelsOf(o.masks[0], content)
	if err != nil {
		return nil, err
	}
	styleLabels, err := labelsOf(o.styleMasks[0], of)
	if err != nil {
		return nil, err
	}
	var regions []paint.Region
	for _, label := range labels {
		i := slices.IndexFunc(styleLabels, func(l picture.Label) bool { return l.Color == label.Color })
		if i < 0 {
			return nil, &inputError{fmt.Errorf("%s has a region of %s, and %s has not: expected the same colours in both",
				o.masks[0], label, o.styleMasks[0])}
		}
		paired := style
		paired.Mask = styleLabels[i].Mask.Image()
		regions = append(regions, paint.Region{Mask: label.Mask.Image(), Styles: []paint.Style{paired}})
	}
	return regions, nil
}

func labelsOf(path string, m image.Image) ([]picture.Label, error) {
	labels, err := picture.FromImage(m).Labels()
	if err != nil {
		return nil, &inputError{fmt.Errorf("%s: %w", path, err)}
	}
	return labels, nil
}

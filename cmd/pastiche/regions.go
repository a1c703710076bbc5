package main

import (
	"context"
	"errors"
	"image"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// openRegions opens the styles and masks and pairs them.
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
	var keep image.Image
	if o.keep != "" {
		kept, err := o.openMasks(ctx, []string{o.keep})
		if err != nil {
			return nil, err
		}
		keep = kept[0]
	}
	return o.divide(styles, masks, styleMasks, keep)
}

// openMasks opens masks. Their levels are shares, so colour profiles do not apply.
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
		return nil, cli.Misused("--style-scales: %d numbers for %d styles: expected one for each", len(o.styleScales), len(styles))
	}
	for i, scale := range o.styleScales {
		styles[i].Scale = scale
	}
	if o.blend == nil {
		return styles, nil
	}
	if len(o.blend) != len(styles) {
		return nil, cli.Misused("--style-blend: %d numbers for %d styles: expected one for each", len(o.blend), len(styles))
	}
	var total float64
	for i, share := range o.blend {
		styles[i].Weight = share
		total += share
	}
	if total == 0 {
		return nil, cli.Misused("--style-blend: the shares add up to 0: expected one above 0")
	}
	return styles, nil
}

// divide gives each mask its style, or its styles.
func (o *paintOptions) divide(styles []paint.Style, masks, styleMasks []image.Image, keep image.Image) ([]paint.Region, error) {
	if len(masks) == 1 && len(styleMasks) == 1 && len(styles) == 1 && !grey(masks[0]) && !grey(styleMasks[0]) {
		regions, err := paint.LabelRegions(styles[0], masks[0], styleMasks[0])
		var option *paint.OptionError
		if errors.As(err, &option) {
			file := o.masks[0]
			if option.Option == "StyleMask" {
				file = o.styleMasks[0]
			}
			return nil, cli.Unreadable("%s: %s", file, option.Reason)
		}
		if keep != nil {
			regions = append(regions, paint.Region{Mask: keep})
		}
		return regions, nil
	}
	for i, m := range masks {
		if !grey(m) {
			return nil, cli.Misused("--mask %s: a label picture, with colours: expected one of the style, too, as the one --style-mask", o.masks[i])
		}
	}
	regions, err := paint.Regions(styles, masks, styleMasks, keep)
	return regions, inFlags(err)
}

func grey(m image.Image) bool { return picture.FromImage(m).Grey() }

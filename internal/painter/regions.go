package painter

import (
	"context"
	"errors"
	"image"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// OpenRegions opens styles, the masks and what is kept, and pairs them.
func (p *Painter) OpenRegions(ctx context.Context, styles []string) ([]paint.Region, error) {
	all, err := p.openStyles(ctx, styles)
	if err != nil {
		return nil, err
	}
	return p.place(ctx, all)
}

// place opens the masks, and gives each its style.
func (p *Painter) place(ctx context.Context, styles []paint.Style) ([]paint.Region, error) {
	// The levels of masks are shares, so colour profiles do not apply.
	asTheyAre := func(f *picture.File) *picture.Picture { return f.Picture }
	masks, err := p.Inputs.openAll(ctx, p.Masks, asTheyAre)
	if err != nil {
		return nil, err
	}
	styleMasks, err := p.Inputs.openAll(ctx, p.StyleMasks, asTheyAre)
	if err != nil {
		return nil, err
	}
	var keep image.Image
	if p.Keep != "" {
		if keep, err = p.Inputs.openAs(ctx, p.Keep, asTheyAre); err != nil {
			return nil, err
		}
	}
	return p.divide(styles, masks, styleMasks, keep)
}

// openStyles opens styles and gives them their shares and sizes.
func (p *Painter) openStyles(ctx context.Context, names []string) ([]paint.Style, error) {
	pictures, err := p.Inputs.OpenAll(ctx, names)
	if err != nil {
		return nil, err
	}
	styles := paint.InMannerOf(pictures...)[0].Styles
	for _, given := range []struct {
		flag    string
		numbers []float64
	}{{"style-scales", p.StyleScales}, {"style-blend", p.StyleBlend}} {
		if given.numbers != nil && len(given.numbers) != len(styles) {
			return nil, cli.Misused("--%s: %d numbers for %d styles: expected one for each", given.flag, len(given.numbers), len(styles))
		}
	}
	for i, scale := range p.StyleScales {
		styles[i].Scale = scale
	}
	var total float64
	for i, share := range p.StyleBlend {
		styles[i].Weight = share
		total += share
	}
	if p.StyleBlend != nil && total == 0 {
		return nil, cli.Misused("--style-blend: the shares add up to 0: expected one above 0")
	}
	return styles, nil
}

// divide gives each mask its style, or its styles.
func (p *Painter) divide(styles []paint.Style, masks, styleMasks []image.Image, keep image.Image) ([]paint.Region, error) {
	if len(masks) == 1 && len(styleMasks) == 1 && len(styles) == 1 && !grey(masks[0]) && !grey(styleMasks[0]) {
		regions, err := paint.LabelRegions(styles[0], masks[0], styleMasks[0])
		var option *paint.OptionError
		if errors.As(err, &option) {
			file := p.Masks[0]
			if option.Option == "StyleMask" {
				file = p.StyleMasks[0]
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
			return nil, cli.Misused("--mask %s: a label picture, with colours: expected one of the style, too, as the one --style-mask", p.Masks[i])
		}
	}
	regions, err := paint.Regions(styles, masks, styleMasks, keep)
	return regions, InFlags(err)
}

func grey(m image.Image) bool { return picture.FromImage(m).Grey() }

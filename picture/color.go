package picture

import (
	"context"
	"errors"
	"image"
)

// The descriptions of colours in a file have an order of precedence: video code points
// (cICP), an ICC profile, numbers in a header (PNG's gAMA and cHRM). Without any,
// levels are sRGB, and inks are converted without a profile.

// takenForSRGB ends the warning about an unsupported description.
const takenForSRGB = "its colours are taken for sRGB; convert it to sRGB first where they matter"

// setPicture sets the picture of a file, its profile and warnings about its colors. It
// returns an error only if ctx ends.
func (f *File) setPicture(ctx context.Context, r *raster) error {
	f.Deep = deep(r.image)
	f.Warnings = r.warnings
	var profile *iccProfile
	if r.icc != nil {
		profile = readICC(r.icc)
	}
	if inks, ok := r.image.(*image.CMYK); ok {
		if profile != nil {
			r.image = f.convertInks(ctx, inks, profile)
		}
		f.Picture = r.picture()
		return ctx.Err()
	}
	f.Picture = r.picture()
	switch {
	case r.cicp != nil && r.cicp.problem() == "":
		f.Warnings = append(f.Warnings, r.cicp.toSRGB(f.Picture)...)
		f.NotKept = r.cicp.title()
	case profile != nil:
		f.applyProfile(ctx, profile)
	case r.cicp != nil:
		f.Warnings = append(f.Warnings, r.cicp.problem()+": "+takenForSRGB)
		f.NotKept = r.cicp.problem()
	case r.calibrated != nil:
		r.calibrated.toSRGB(f.Picture)
		f.NotKept = "its colours are described by the gamma of its header"
	}
	return ctx.Err()
}

// convertInks converts an image of inks to sRGB, or returns it unchanged if the profile
// does not apply.
func (f *File) convertInks(ctx context.Context, m *image.CMYK, profile *iccProfile) image.Image {
	if profile.problem == "" && profile.kind != iccCMYK {
		profile.problem = "is for " + profile.kind + ", and the picture is CMYK"
	}
	if profile.problem == "" {
		converted, err := profile.table.fromCMYK(ctx, m)
		if err == nil {
			f.NotKept = profile.title() + " is for CMYK"
			return converted
		}
		profile.problem = damaged
	}
	f.NotKept = profile.title() + " " + profile.problem
	f.Warnings = append(f.Warnings, f.NotKept+": its inks are converted as without a profile; convert it to sRGB first where its colours matter")
	return m
}

// applyProfile stores the profile of the file, or converts the picture to sRGB where a
// painting cannot keep the profile.
func (f *File) applyProfile(ctx context.Context, profile *iccProfile) {
	if profile.problem == "" {
		switch {
		case profile.kind == iccCMYK:
			profile.problem = "is for CMYK, which the picture is not"
		case profile.kind == iccGrey && !f.Picture.Grey():
			profile.problem = "is for greys, which the picture is not"
		}
	}
	if profile.problem == "" && profile.table != nil {
		stored := f.Picture.clone()
		err := profile.table.toSRGB(ctx, f.Picture)
		if errors.Is(err, errTable) {
			f.Picture = stored
			profile.problem = damaged
		}
	}
	switch {
	case profile.problem != "":
		f.NotKept = profile.title() + " " + profile.problem
		f.Warnings = append(f.Warnings, f.NotKept+": "+takenForSRGB)
	case profile.table != nil:
		f.NotKept = profile.title() + " has a table of colours"
	case profile.kind == iccGrey:
		profile.space.toSRGB(f.Picture)
		f.NotKept = profile.title() + " is for greys"
	default:
		f.Profile = &Profile{profile.data, profile.space}
	}
}

package picture

import (
	"context"
	"errors"
	"image"
)

// A description of colours comes before the ones after it: the code points of video
// (cICP), an ICC profile, numbers of a header (PNG's gAMA and cHRM). Without any,
// levels are those of sRGB, and inks are converted without a profile.

// takenForSRGB ends the warning of a description that is not understood.
const takenForSRGB = "its colours are taken for sRGB; convert it to sRGB first where they matter"

// setPicture sets the picture of a file, and what there is to say of its colours. It
// returns an error only where the context ends.
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

// convertInks returns an image of inks in the levels of sRGB, or as it is where the
// profile does not serve for it.
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

// applyProfile keeps the profile of the file's picture, or converts the levels of
// the picture to those of sRGB where a painting cannot keep the profile.
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

package picture

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/pastiche-art/pastiche/internal/tiff"
)

func decodeTIFF(ctx context.Context, data []byte, lim Limits) (*raster, error) {
	f, err := tiff.Open(data)
	if err != nil {
		return nil, err
	}
	if err := lim.admit(f.Width, f.Height); err != nil {
		return nil, err
	}
	m, err := f.Decode(ctx)
	if err != nil {
		return nil, err
	}
	return &raster{image: m, orientation: directoryOrientation(f.Directory), icc: f.ICCProfile()}, nil
}

// encodeTIFF writes a TIFF with the profile, the record and the metadata of the
// options.
func encodeTIFF(w io.Writer, p *Picture, opt SaveOptions) error {
	meta := opt.Metadata.tags()
	if opt.Record != "" {
		meta.Description = recordPrefix + opt.Record
	}
	if opt.Profile != nil {
		meta.ICCProfile = opt.Profile.data
	}
	err := tiff.Encode(w, p.deep(opt), meta)
	if errors.Is(err, tiff.ErrTooLarge) {
		return fail(ErrTooLarge, err, "the picture of %dx%d pixels is not saved (%v): shrink it or choose PNG", p.W, p.H, err)
	}
	return err
}

// tiffRecord returns the record in a TIFF.
func tiffRecord(data []byte) (record string, ok bool) {
	d, err := tiff.ReadDirectory(data)
	if err != nil {
		return "", false
	}
	text, ok := bytes.CutPrefix(d.Bytes(tiff.TagImageDescription), []byte(recordPrefix))
	return string(bytes.TrimRight(text, "\x00")), ok
}

package painter

import (
	"context"
	"fmt"
	"image"
	"slices"
	"strings"

	"github.com/pastiche-art/pastiche/picture"
)

// AllMetadata are the fields of --keep-metadata: metadata of the content's file that are
// saved with the painting.
var AllMetadata = []string{"artist", "copyright", "date", "resolution", "place"}

// SharedMetadata are the fields that --keep-metadata without a value keeps. The place is
// private, and kept only by its name.
var SharedMetadata = AllMetadata[:4]

// ParseMetadata reads names of fields with commas between them.
func ParseMetadata(list string) (fields []string, err error) {
	for item := range strings.SplitSeq(list, ",") {
		field := strings.ToLower(strings.TrimSpace(item))
		if !slices.Contains(AllMetadata, field) {
			return nil, fmt.Errorf("%q: expected some of %s", item, strings.Join(AllMetadata, ", "))
		}
		fields = append(fields, field)
	}
	return fields, nil
}

// metadataOf returns metadata with some fields alone.
func metadataOf(m picture.Metadata, fields []string) (kept picture.Metadata) {
	for _, field := range fields {
		switch field {
		case "artist":
			kept.Artist = m.Artist
		case "copyright":
			kept.Copyright = m.Copyright
		case "date":
			kept.Date = m.Date
		case "resolution":
			kept.Resolution = m.Resolution
		case "place":
			kept.Place = m.Place
		}
	}
	return kept
}

// openContent reads the content. Where its profile is kept, all that is opened after it
// has the profile; its metadata are kept as far as fields say.
func (in *Inputs) openContent(ctx context.Context, path string, keepProfile bool, fields []string) (image.Image, error) {
	in.kept, in.metadata = nil, picture.Metadata{}
	f, err := in.read(ctx, path)
	if err != nil {
		return nil, err
	}
	if keepProfile {
		if err := in.keep(path, f); err != nil {
			return nil, err
		}
	}
	if fields != nil {
		in.metadata = metadataOf(f.Metadata, fields)
		if in.metadata == (picture.Metadata{}) {
			in.warn("%s carries no metadata for --keep-metadata to keep.", path)
		}
	}
	return in.Open(ctx, path)
}

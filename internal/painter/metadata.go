package painter

import (
	"context"
	"fmt"
	"image"
	"slices"
	"strings"

	"github.com/pastiche-art/pastiche/picture"
)

// MetadataFields is the value of --keep-metadata: the metadata of the content's file that
// are saved with the painting. The zero value is none.
type MetadataFields []string

// AllMetadata are the fields that there are.
var AllMetadata = append(slices.Clone(SharedMetadata), "place")

// SharedMetadata are the fields that --keep-metadata without a value keeps. The place is
// private, and kept only by its name.
var SharedMetadata = MetadataFields{"artist", "copyright", "date", "resolution"}

// Set reads names of fields with commas between them.
func (f *MetadataFields) Set(list string) error {
	var fields MetadataFields
	for item := range strings.SplitSeq(list, ",") {
		field := strings.ToLower(strings.TrimSpace(item))
		if !slices.Contains(AllMetadata, field) {
			return fmt.Errorf("%q: expected some of %s", item, strings.Join(AllMetadata, ", "))
		}
		fields = append(fields, field)
	}
	*f = fields
	return nil
}

func (f *MetadataFields) String() string { return strings.Join(*f, ",") }

// Type is what help texts call the value.
func (*MetadataFields) Type() string { return "fields" }

// of returns metadata with these fields alone.
func (f MetadataFields) of(m picture.Metadata) (kept picture.Metadata) {
	for _, field := range f {
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
func (in *Inputs) openContent(ctx context.Context, path string, keepProfile bool, fields MetadataFields) (image.Image, error) {
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
		in.metadata = fields.of(f.Metadata)
		if in.metadata == (picture.Metadata{}) {
			in.warn("%s carries no metadata for --keep-metadata to keep.", path)
		}
	}
	return in.Open(ctx, path)
}

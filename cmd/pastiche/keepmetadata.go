package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/picture"
)

// The fields of --keep-metadata.
const (
	fieldArtist     = "artist"
	fieldCopyright  = "copyright"
	fieldDate       = "date"
	fieldResolution = "resolution"
	fieldPlace      = "place"
)

// sharedFields are the fields that --keep-metadata without a value keeps. The place is
// private, and kept only by its name.
var sharedFields = []string{fieldArtist, fieldCopyright, fieldDate, fieldResolution}

var allFields = append(slices.Clone(sharedFields), fieldPlace)

// metadataFields is the value of --keep-metadata. The zero value keeps nothing.
type metadataFields []string

func (f *metadataFields) Set(list string) error {
	var fields metadataFields
	for item := range strings.SplitSeq(list, ",") {
		field := strings.ToLower(strings.TrimSpace(item))
		if !slices.Contains(allFields, field) {
			return fmt.Errorf("%q: expected some of %s", item, strings.Join(allFields, ", "))
		}
		fields = append(fields, field)
	}
	*f = fields
	return nil
}

func (f *metadataFields) String() string { return strings.Join(*f, ",") }

// Type is what pflag calls the value in help texts.
func (*metadataFields) Type() string { return "fields" }

// addKeepMetadata adds the flag that copies metadata of the content's file.
func (o *paintOptions) addKeepMetadata(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Var(&o.keepMetadata, "keep-metadata", "save with the painting what the content's file says; of `FIELDS`, place is kept only if named, as in --keep-metadata=artist,place")
	flags.Lookup("keep-metadata").NoOptDefVal = strings.Join(sharedFields, ",")
	cli.Complete(cmd, "keep-metadata", allFields, cobra.ShellCompDirectiveNoFileComp)
}

// of returns metadata with these fields alone.
func (f metadataFields) of(m picture.Metadata) picture.Metadata {
	keep := func(field string) bool { return slices.Contains(f, field) }
	if !keep(fieldArtist) {
		m.Artist = ""
	}
	if !keep(fieldCopyright) {
		m.Copyright = ""
	}
	if !keep(fieldDate) {
		m.Date = time.Time{}
	}
	if !keep(fieldResolution) {
		m.Resolution = 0
	}
	if !keep(fieldPlace) {
		m.Place = nil
	}
	return m
}

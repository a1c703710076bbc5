package picture

import (
	"bytes"

	"github.com/pastiche-art/pastiche/internal/tiff"
)

// A Place is the GPS directory of an EXIF structure: where a picture was taken, with
// direction, speed and satellites. It is copied unchanged from one file to another.
type Place struct{ fields []tiff.Field }

// Tags of the GPS directory (CIPA DC-008, 4.6.6).
const (
	gpsVersion      = 0
	gpsLatitudeRef  = 1
	gpsLatitude     = 2
	gpsLongitudeRef = 3
	gpsLongitude    = 4
	gpsLast         = 31
)

// maxPlaceValue is the largest size of a value in bytes. The longest that cameras write
// is the name of the positioning method.
const maxPlaceValue = 512

// newPlace returns the place in a GPS directory, or nil where it is empty.
func newPlace(d tiff.Directory) *Place {
	var p Place
	said := false
	for tag := uint16(gpsVersion); tag <= gpsLast; tag++ {
		if f, ok := d.Field(tag, maxPlaceValue); ok {
			p.fields = append(p.fields, f)
			said = said || tag != gpsVersion
		}
	}
	if !said {
		return nil
	}
	return &p
}

// degrees returns the latitude, north positive, and the longitude, east positive. ok is
// false where the directory lacks either.
func (p *Place) degrees() (latitude, longitude float64, ok bool) {
	latitude, north := p.angle(gpsLatitude, gpsLatitudeRef, 'S', 90)
	longitude, east := p.angle(gpsLongitude, gpsLongitudeRef, 'W', 180)
	if !north || !east {
		return 0, 0, false
	}
	return latitude, longitude, true
}

// angle returns the degrees of a tag, at most limit. The tag ref makes them negative.
func (p *Place) angle(tag, ref uint16, negative byte, limit float64) (degrees float64, ok bool) {
	sign := 1.0
	for _, f := range p.fields {
		switch f.Tag {
		case ref:
			if bytes.IndexByte(f.Value, negative) == 0 {
				sign = -1
			}
		case tag:
			parts := f.Floats(3) // degrees, minutes, seconds
			unit := 1.0
			for _, v := range parts {
				degrees += v / unit
				unit *= 60
			}
			ok = len(parts) > 0 && degrees >= 0 && degrees <= limit
		}
	}
	return sign * degrees, ok
}

package picture

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/jpeg"
)

// The segments of a JPEG that hold metadata.
const (
	jpegProfile     = "ICC_PROFILE\x00"                 // begins an APP2 segment that holds a part of a profile
	maxJPEGProfile  = 0xffff - 2 - len(jpegProfile) - 2 // bytes of a profile in one segment
	mostProfileMark = 255                               // segments

	// exifPrefix begins the segment that holds EXIF.
	exifPrefix = "Exif\x00\x00"
)

// decodeJPEG reads a JPEG as libjpeg does where a file violates the standard, but
// refuses an incomplete picture. image/jpeg decodes the pixels from a corrected file
// ([jpegFile.plain]) or, for kinds that it does not support, from grey JPEGs of the
// components ([jpegFile.split]). CMYK levels are amounts of ink; only files with
// Adobe's segment store them inverted.
func decodeJPEG(ctx context.Context, data []byte, lim Limits) (*raster, error) {
	f, err := readJPEG(data)
	if err != nil {
		return nil, err
	}
	if err := lim.admit(f.width, f.height); err != nil {
		return nil, err
	}
	r := &raster{orientation: jpegOrientation(data), icc: joinedProfile(data)}
	if !f.standard() {
		r.image, err = f.joined(ctx)
		return r, err
	}
	if r.image, err = jpeg.Decode(contextReader{ctx, f.plain()}); err != nil {
		return nil, cutShort(err)
	}
	if f.adobe == nil {
		invertCMYK(r.image)
	}
	return r, nil
}

// invertCMYK reverses the inversion of image/jpeg, which treats every CMYK as Adobe's.
func invertCMYK(m image.Image) {
	if m, ok := m.(*image.CMYK); ok {
		for i, v := range m.Pix {
			m.Pix[i] = 255 - v
		}
	}
}

// jpegOrientation finds the EXIF segment before the first scan. A damaged one means
// upright.
func jpegOrientation(data []byte) orientation {
	for marker, body := range jpegSegments(data) {
		if exif, ok := bytes.CutPrefix(body, []byte(exifPrefix)); ok && marker == markerAPP1 {
			return exifOrientation(exif)
		}
	}
	return upright
}

// joinedProfile joins the segments of a profile in the order of their numbers, from 1
// on.
func joinedProfile(data []byte) []byte {
	var parts [mostProfileMark + 1][]byte
	found := false
	for marker, body := range jpegSegments(data) {
		part, ours := bytes.CutPrefix(body, []byte(jpegProfile))
		if marker != markerAPP2 || !ours || len(part) < 2 {
			continue
		}
		parts[part[0]] = part[2:]
		found = true
	}
	if !found {
		return nil
	}
	return join(parts[1:]...)
}

// jpegSegments yields the segments of a JPEG before its first scan, with their markers,
// until the data ends.
func jpegSegments(data []byte) func(yield func(marker byte, body []byte) bool) {
	return func(yield func(byte, []byte) bool) {
		jpegMarkers(data, func(s jpegSegment, _ []byte) bool {
			return s.marker != markerSOS && yield(s.marker, s.body)
		})
	}
}

func jpegProfileSegments(f *Profile) []byte {
	if f == nil {
		return nil
	}
	var segments []byte
	parts := (len(f.data) + maxJPEGProfile - 1) / maxJPEGProfile
	for i := range parts {
		part := f.data[i*maxJPEGProfile : min((i+1)*maxJPEGProfile, len(f.data))]
		segments = append(segments, 0xff, markerAPP2)
		segments = binary.BigEndian.AppendUint16(segments, uint16(2+len(jpegProfile)+2+len(part)))
		segments = append(segments, jpegProfile...)
		segments = append(segments, byte(i+1), byte(parts))
		segments = append(segments, part...)
	}
	return segments
}

// jpegRecord returns the segment of a record, or nothing for an empty record.
func jpegRecord(record string) []byte {
	if record == "" {
		return nil
	}
	comment := recordPrefix + record
	segment := binary.BigEndian.AppendUint16([]byte{0xff, markerCOM}, uint16(2+len(comment)))
	return append(segment, comment...)
}

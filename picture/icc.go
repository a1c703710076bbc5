package picture

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf16"
)

// maxProfile is the largest profile that is read, in bytes: those of printing presses
// have up to some 3 MB.
const maxProfile = 4 << 20

// srgbToXYZ are the primaries of sRGB (IEC 61966-2-1), adapted to the D50 of
// profiles by Bradford's matrix: the columns rXYZ, gXYZ and bXYZ of its profiles.
var srgbToXYZ = matrix3{
	0.4360747, 0.3850649, 0.1430804,
	0.2225045, 0.7168786, 0.0606169,
	0.0139322, 0.0971045, 0.7141733,
}

// The layout of a profile (section 7 of ICC.1:2022): a header, the number of
// tags, and for each its signature, offset and size.
const (
	iccHeaderLen = 128
	iccTagLen    = 12
	// iccMaxTags is more than any profile has.
	iccMaxTags = 256
)

const damaged = "is damaged"

// An iccProfile is a parsed ICC profile. If problem is "", it is supported and has
// either a space or a table.
type iccProfile struct {
	data    []byte
	name    string    // the description in the profile
	kind    string    // the colour space of its pictures: "RGB", "CMYK", "greys" or another
	space   *rgbSpace // of a profile of curves: RGB with a matrix, or grey
	table   *iccTable // of a profile with a table of colours
	problem string    // why it is not supported, as the end of a sentence
}

// The supported kinds of profiles.
const (
	iccRGB  = "RGB"
	iccCMYK = "CMYK"
	iccGrey = "greys"
)

// readICC parses a profile, which may be damaged or hostile.
func readICC(data []byte) *iccProfile {
	f := &iccProfile{data: data}
	f.problem = f.read()
	return f
}

// title returns a phrase for the profile, for the beginning of a sentence.
func (f *iccProfile) title() string {
	if f.name == "" {
		return "its colour profile"
	}
	return fmt.Sprintf("its colour profile %q", f.name)
}

// read parses the data. It returns why the profile is not supported. If a profile has
// both a table and a matrix, it uses the table, which is more precise.
func (f *iccProfile) read() (problem string) {
	d := f.data
	switch {
	case len(d) > maxProfile:
		return fmt.Sprintf("has more than %d bytes", maxProfile)
	case len(d) < iccHeaderLen+4 || string(d[36:40]) != "acsp":
		return damaged
	}
	if t := f.tag("desc"); t != nil {
		f.name = description(t)
	}
	f.kind = spaceName(string(d[16:20]))
	channels := map[string]int{iccGrey: 1, iccRGB: 3, iccCMYK: 4}[f.kind]
	connection := string(d[20:24])
	switch {
	case channels == 0:
		return "is for " + f.kind
	case connection != "XYZ " && connection != "Lab ":
		return "leads to " + spaceName(connection) + " in place of XYZ or Lab"
	}
	// Browsers use the table of the perceptual intent; the alternative is that of the
	// relative colorimetric intent.
	for _, signature := range []string{"A2B0", "A2B1"} {
		if tag := f.tag(signature); tag != nil {
			f.table, problem = newTable(d[:iccHeaderLen], signature, tag, channels)
			return problem
		}
	}
	switch {
	case f.kind == iccGrey:
		return f.readGrey(connection == "Lab ")
	case f.kind == iccRGB && connection == "XYZ ":
		return f.readMatrix()
	}
	return damaged
}

// readMatrix reads the curves and the matrix of an RGB profile.
func (f *iccProfile) readMatrix() (problem string) {
	var (
		toXYZ  matrix3
		curves [colors]*curve
	)
	for c, color := range []string{"r", "g", "b"} {
		column, ok := xyz(f.tag(color + "XYZ"))
		if !ok {
			return damaged
		}
		for r, v := range column {
			toXYZ[3*r+c] = v
		}
		if curves[c] = toneCurve(f.tag(color + "TRC")); curves[c] == nil {
			return damaged
		}
	}
	if f.space = newRGBSpace(curves, toXYZ); f.space == nil {
		return damaged
	}
	return ""
}

// readGrey reads the curve of a grey profile, which maps to light or to the lightness
// of Lab. Its white is ignored.
func (f *iccProfile) readGrey(lab bool) (problem string) {
	of := toneCurve(f.tag("kTRC"))
	if of != nil && lab {
		for i, v := range of {
			of[i] = float32(lightness(float64(v)))
		}
	}
	if of == nil {
		return damaged
	}
	f.space = newRGBSpace([colors]*curve{of, of, of}, srgbToXYZ)
	return ""
}

// lightness returns the light of a CIELAB lightness, both 0 to 1.
func lightness(l float64) float64 {
	const knee = 0.08 // below it the light is in proportion
	if l <= knee {
		return l * 2700 / 24389
	}
	v := (l + 0.16) / 1.16
	return v * v * v
}

// spaceName returns the name of a colour space signature.
func spaceName(signature string) string {
	name := strings.TrimSpace(signature)
	if name == "GRAY" {
		return iccGrey
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "an unknown space of colours"
	}
	return name
}

// tag returns the data of a tag, or nil.
func (f *iccProfile) tag(signature string) []byte {
	d := f.data
	table := d[iccHeaderLen+4:]
	for range min(binary.BigEndian.Uint32(d[iccHeaderLen:]), iccMaxTags) {
		if len(table) < iccTagLen {
			return nil
		}
		at, n := uint64(binary.BigEndian.Uint32(table[4:])), uint64(binary.BigEndian.Uint32(table[8:]))
		if string(table[:4]) == signature {
			if at+n > uint64(len(d)) {
				return nil
			}
			return d[at : at+n]
		}
		table = table[iccTagLen:]
	}
	return nil
}

// isType reports whether the data of a tag have a type and a minimum length.
func isType(tag []byte, signature string, least int) bool {
	return len(tag) >= least && string(tag[:4]) == signature
}

// s15Fixed16 returns the s15Fixed16Number that begins the data.
func s15Fixed16(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / (1 << 16) }

// xyz reads an XYZType (section 10.31).
func xyz(tag []byte) (v [3]float64, ok bool) {
	if !isType(tag, "XYZ ", 20) {
		return v, false
	}
	for i := range v {
		v[i] = s15Fixed16(tag[8+4*i:])
	}
	return v, true
}

// toneCurve reads a curveType or a parametricCurveType (sections 10.6 and 10.18). It
// returns nil for other types and for a curve that falls.
func toneCurve(tag []byte) *curve {
	switch {
	case isType(tag, "curv", 12):
		return sampledCurve(tag[8:])
	case isType(tag, "para", 12):
		return parametricCurve(int(binary.BigEndian.Uint16(tag[8:])), tag[12:])
	}
	return nil
}

// sampledCurve reads a number of samples, and the samples: none is the identity, one is
// an exponent, several are interpolated linearly.
func sampledCurve(b []byte) *curve {
	be := binary.BigEndian
	n, samples := uint64(be.Uint32(b)), b[4:]
	if 2*n > uint64(len(samples)) {
		return nil
	}
	switch n {
	case 0:
		return newCurve(func(v float64) float64 { return v })
	case 1:
		const one = 1 << 8
		exponent := float64(be.Uint16(samples)) / one
		return newCurve(func(v float64) float64 { return math.Pow(v, exponent) })
	}
	return newCurve(func(v float64) float64 {
		at := v * float64(n-1)
		i := min(uint64(at), n-2)
		a, b := float64(be.Uint16(samples[2*i:])), float64(be.Uint16(samples[2*i+2:]))
		return (a + (at-float64(i))*(b-a)) / math.MaxUint16
	})
}

// parametersOf are the numbers of parameters of the kinds of parametric curves.
var parametersOf = [...]int{1, 3, 4, 5, 7}

// parametricCurve reads the parameters g, a, b, c, d, e and f, of which each kind has
// the first ones. The curve is (a x + b)^g + e from d on, and c x + f before.
func parametricCurve(kind int, b []byte) *curve {
	if kind >= len(parametersOf) || len(b) < 4*parametersOf[kind] {
		return nil
	}
	p := [7]float64{1, 1}
	for i := range parametersOf[kind] {
		p[i] = s15Fixed16(b[4*i:])
	}
	g, a, offset, c, d, e, f := p[0], p[1], p[2], p[3], p[4], p[5], p[6]
	switch kind {
	case 1, 2: // c is e, and f too, where there is one; the other side begins where the base is 0
		e, f, c, d = c, c, 0, -offset/a
	}
	return newCurve(func(v float64) float64 {
		if v >= d {
			return math.Pow(max(a*v+offset, 0), g) + e
		}
		return c*v + f
	})
}

// description reads the first text of a textDescriptionType of version 2 or of a
// multiLocalizedUnicodeType (section 10.15), without unprintable characters.
func description(tag []byte) string {
	const most = 60
	var text string
	switch be := binary.BigEndian; {
	case isType(tag, "desc", 12):
		n := min(uint64(be.Uint32(tag[8:])), uint64(len(tag)-12), most)
		text = string(tag[12 : 12+n])
	case isType(tag, "mluc", 28):
		n, at := uint64(be.Uint32(tag[20:])), uint64(be.Uint32(tag[24:]))
		var units []uint16
		for ; n >= 2 && at+2 <= uint64(len(tag)) && len(units) < most; n, at = n-2, at+2 {
			units = append(units, be.Uint16(tag[at:]))
		}
		text = string(utf16.Decode(units))
	}
	text, _, _ = strings.Cut(text, "\x00")
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
}

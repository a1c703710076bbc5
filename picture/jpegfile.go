package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
)

// The markers of a JPEG (ITU-T T.81, table B.1).
const (
	markerSOF0  = 0xc0 // baseline
	markerSOF1  = 0xc1 // extended sequential
	markerSOF2  = 0xc2 // progressive
	markerDHT   = 0xc4
	markerJPG   = 0xc8
	markerDAC   = 0xcc
	markerRST0  = 0xd0
	markerRST7  = 0xd7
	markerSOI   = 0xd8
	markerEOI   = 0xd9
	markerSOS   = 0xda
	markerDQT   = 0xdb
	markerDNL   = 0xdc
	markerDRI   = 0xdd
	markerAPP0  = 0xe0
	markerAPP1  = 0xe1
	markerAPP2  = 0xe2
	markerAPP14 = 0xee
	markerLS    = 0xf7 // JPEG-LS (ITU-T T.87)
	markerCOM   = 0xfe
	markerTEM   = 0x01
)

// Each scan makes a decoder process the blocks of its components again, however few
// bytes it has. Encoders write about ten scans; the longest useful script has a pass
// for each of 64 coefficients.
const (
	maxScans     = 100
	maxScanWalks = 64 // all scans together, in blocks of the whole picture
)

// maxTables is the largest number of table segments before a scan. A file has 4
// quantization tables and 8 Huffman tables.
const maxTables = 64

// Adobe's segment ends with the colour transform (T.872, 6.5.3).
const (
	adobeLen     = 12
	adobeWithout = 0 // no transform: RGB or CMYK
)

// jpegComponent is a component of a frame.
type jpegComponent struct {
	id, quant byte
	h, v      int // sampling factors
	w, rows   int // its blocks across and down that contain pixels
}

// jpegScan is a scan with the segments before it.
type jpegScan struct {
	tables   []jpegSegment // DQT and DHT segments since the previous scan
	interval int           // MCUs between restart markers; 0 for none
	header   []byte        // the body of its SOS segment
	parts    []scanPart
	first    byte // coefficients first to last, from bit low on
	last     byte
	high     byte // 0 where the coefficients were not sent before
	low      byte
	data     []byte // entropy-coded, with restart markers
	restarts int    // markers in data
}

// scanPart names a component of a scan and its Huffman tables.
type scanPart struct{ component, dc, ac int }

// jpegSegment is a marker and the bytes after its length.
type jpegSegment struct {
	marker byte
	body   []byte
}

// jpegFile is the parsed structure of a JPEG.
type jpegFile struct {
	sof        byte
	width      int
	height     int
	hMax, vMax int
	components []jpegComponent
	scans      []jpegScan
	jfif       []byte // the body of its JFIF segment; nil where there is none
	adobe      []byte // the body of Adobe's segment, which defines the colour space; nil where there is none
	ended      bool   // with an end-of-image marker
}

// errCutJPEG reports a JPEG that ends before its last block.
var errCutJPEG = fmt.Errorf("the data of a scan: %w", io.ErrUnexpectedEOF)

// jpegMarkers yields the segments of a JPEG in order, with the entropy-coded data after
// each SOS, up to the end-of-image marker or the end of the data. Like libjpeg it skips
// bytes between segments that are not markers. It does not yield an incomplete segment.
// It reports whether it found the end-of-image marker.
func jpegMarkers(data []byte, yield func(s jpegSegment, coded []byte) bool) (ended bool) {
	for {
		at := bytes.IndexByte(data, 0xff)
		if at < 0 {
			return false
		}
		data = withoutFill(data[at:])
		if len(data) == 0 {
			return false
		}
		marker := data[0]
		data = data[1:]
		switch {
		case marker == markerEOI:
			return true
		case marker == 0, marker == markerTEM, marker == markerSOI, isRST(marker):
			continue // these have no body
		}
		if len(data) < 2 {
			return false
		}
		n := int(binary.BigEndian.Uint16(data))
		if n < 2 || n > len(data) {
			return false
		}
		s := jpegSegment{marker, data[2:n]}
		data = data[n:]
		var coded []byte
		if marker == markerSOS {
			end := codedLen(data)
			coded, data = data[:end], data[end:]
		}
		if !yield(s, coded) {
			return false
		}
	}
}

// withoutFill returns data without its leading ff bytes.
func withoutFill(data []byte) []byte {
	for len(data) > 0 && data[0] == 0xff {
		data = data[1:]
	}
	return data
}

// codedLen returns the length of the entropy-coded data at the beginning of data: up to
// the first marker that is not a restart marker.
func codedLen(data []byte) int {
	for i := 0; ; {
		at := bytes.IndexByte(data[i:], 0xff)
		if at < 0 || i+at+1 == len(data) {
			return len(data)
		}
		i += at
		next := data[i+1]
		switch {
		case next == 0xff: // a fill byte
			i++
		case next == 0, isRST(next):
			i += 2
		default:
			return i
		}
	}
}

func isRST(marker byte) bool { return marker >= markerRST0 && marker <= markerRST7 }

// readJPEG parses the structure of a JPEG. It refuses unsupported kinds, and scans
// beyond the limits.
func readJPEG(data []byte) (*jpegFile, error) {
	f := new(jpegFile)
	var (
		tables   []jpegSegment
		interval int
		scans    int // including scans before the height is known
		problem  error
	)
	f.ended = jpegMarkers(data, func(s jpegSegment, coded []byte) bool {
		switch s.marker {
		case markerDQT, markerDHT:
			tables = append(tables, s)
			if len(tables) > maxTables {
				problem = errors.New("a scan has too many tables")
			}
		case markerDRI:
			if len(s.body) != 2 {
				problem = errors.New("the restart interval has the wrong length")
				break
			}
			interval = int(binary.BigEndian.Uint16(s.body))
		case markerDNL:
			if f.height == 0 && len(s.body) == 2 {
				f.height = int(binary.BigEndian.Uint16(s.body))
			}
		case markerAPP0:
			if bytes.HasPrefix(s.body, []byte("JFIF\x00")) {
				f.jfif = s.body
			}
		case markerAPP14:
			if bytes.HasPrefix(s.body, []byte("Adobe")) && len(s.body) >= adobeLen {
				f.adobe = s.body[:adobeLen]
			}
		case markerSOS:
			if scans++; scans > maxScans {
				problem = fmt.Errorf("it has more than %d scans", maxScans)
				break
			}
			var scan jpegScan
			scan, problem = f.readScan(s.body)
			scan.tables, scan.interval, scan.data = tables, interval, coded
			f.scans = append(f.scans, scan)
			tables = nil
		default:
			switch {
			case isSOF(s.marker):
				problem = f.readFrame(s)
			case s.marker < markerSOF0:
				problem = fmt.Errorf("the marker ff%02x has no meaning", s.marker)
			}
		}
		return problem == nil
	})
	switch {
	case problem != nil:
		return nil, problem
	case f.components == nil, f.scans == nil && !f.ended:
		return nil, io.ErrUnexpectedEOF
	case f.scans == nil:
		return nil, errors.New("it has no scan")
	case f.height == 0:
		return nil, errors.New("it does not say how high it is")
	}
	if err := f.measure(); err != nil {
		return nil, err
	}
	if !f.ended && !f.complete() {
		return nil, errCutJPEG
	}
	return f, nil
}

// isSOF reports whether a marker begins a frame of any kind.
func isSOF(marker byte) bool {
	return marker == markerLS ||
		marker >= markerSOF0 && marker < markerRST0 && marker != markerDHT && marker != markerJPG && marker != markerDAC
}

// readFrame reads a frame header (T.81, B.2.2).
func (f *jpegFile) readFrame(s jpegSegment) error {
	if f.components != nil {
		return errors.New("it has two frames")
	}
	switch f.sof = s.marker; s.marker {
	case markerSOF0, markerSOF1, markerSOF2:
	case markerLS:
		return unsupported("JPEG-LS, a lossless coding")
	case 0xc3:
		return unsupported("lossless coding")
	case 0xc9, 0xca:
		return unsupported("arithmetic coding")
	case 0xcb:
		return unsupported("lossless coding, arithmetic coding")
	default:
		return unsupported("hierarchical coding")
	}
	b := s.body
	if len(b) < 6 || len(b) != 6+3*int(b[5]) {
		return errors.New("the header of the frame has the wrong length")
	}
	if b[0] != 8 {
		return unsupported(fmt.Sprintf("%d bits a sample", b[0]))
	}
	f.height, f.width = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	if f.width == 0 {
		return errors.New("it is 0 pixels wide")
	}
	if n := b[5]; n != 1 && n != 3 && n != 4 {
		return unsupported(fmt.Sprintf("%d components", n))
	}
	for b = b[6:]; len(b) > 0; b = b[3:] {
		c := jpegComponent{id: b[0], h: int(b[1] >> 4), v: int(b[1] & 15), quant: b[2]}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 {
			return fmt.Errorf("a sampling factor of %dx%d", c.h, c.v)
		}
		if c.quant > 3 {
			return fmt.Errorf("the quantization table %d", c.quant)
		}
		for _, other := range f.components {
			if other.id == c.id {
				return errors.New("two components have one name")
			}
		}
		f.components = append(f.components, c)
	}
	if len(f.components) == 1 { // a single component ignores its sampling factors
		f.components[0].h, f.components[0].v = 1, 1
	}
	return nil
}

// readScan reads a scan header (T.81, B.2.3).
func (f *jpegFile) readScan(b []byte) (jpegScan, error) {
	s := jpegScan{header: b}
	if f.components == nil {
		return s, errors.New("a scan before the frame")
	}
	if len(b) < 4 || len(b) != 4+2*int(b[0]) || b[0] < 1 || int(b[0]) > len(f.components) {
		return s, errors.New("the header of a scan has the wrong length")
	}
	blocks := 0
	for b = b[1:]; len(b) > 3; b = b[2:] {
		part := scanPart{-1, int(b[1] >> 4), int(b[1] & 15)}
		for i, c := range f.components {
			if c.id == b[0] {
				part.component = i
				blocks += c.h * c.v
			}
		}
		for _, other := range s.parts {
			if other.component == part.component {
				return s, errors.New("a scan has one component twice")
			}
		}
		if part.component < 0 || part.dc > 3 || part.ac > 3 {
			return s, errors.New("a scan of what is not in the frame")
		}
		s.parts = append(s.parts, part)
	}
	const mostBlocks = 10 // of an MCU
	if len(s.parts) > 1 && blocks > mostBlocks {
		return s, errors.New("a scan has too many blocks at once")
	}
	s.last = 63
	if f.sof == markerSOF2 {
		s.first, s.last, s.high, s.low = b[0], b[1], b[2]>>4, b[2]&15
		if s.first > s.last || s.last > 63 || s.first == 0 && s.last > 0 || s.first > 0 && len(s.parts) > 1 ||
			s.low > 13 || s.high != 0 && s.high != s.low+1 {
			return s, errors.New("a scan of impossible coefficients")
		}
	}
	return s, nil
}

// measure computes the sizes of the components once the height is known, and
// checks the scans against them.
func (f *jpegFile) measure() error {
	for _, c := range f.components {
		f.hMax, f.vMax = max(f.hMax, c.h), max(f.vMax, c.v)
	}
	picture := 0
	for i := range f.components {
		c := &f.components[i]
		c.w = divUp(divUp(f.width*c.h, f.hMax), 8)
		c.rows = divUp(divUp(f.height*c.v, f.vMax), 8)
		picture += c.w * c.rows
	}
	walked := 0
	for i := range f.scans {
		s := &f.scans[i]
		for _, p := range s.parts {
			walked += f.components[p.component].w * f.components[p.component].rows
		}
		if walked > maxScanWalks*picture {
			return fmt.Errorf("its %d scans go over the picture more than %d times", len(f.scans), maxScanWalks)
		}
		if err := f.countRestarts(s); err != nil {
			return err
		}
	}
	return nil
}

func divUp(a, b int) int { return (a + b - 1) / b }

// mcus returns the number of MCUs across and down of a scan. With one component these
// are its blocks (T.81, A.2).
func (f *jpegFile) mcus(s *jpegScan) (across, down int) {
	if len(s.parts) == 1 {
		c := f.components[s.parts[0].component]
		return c.w, c.rows
	}
	return divUp(f.width, 8*f.hMax), divUp(f.height, 8*f.vMax)
}

// wantedRestarts returns the number of restart markers that a scan should have.
func (f *jpegFile) wantedRestarts(s *jpegScan) int {
	if s.interval == 0 {
		return 0
	}
	across, down := f.mcus(s)
	return (across*down - 1) / s.interval
}

// countRestarts counts the restart markers of a scan. It removes a last marker without
// data after it. If there are none at all, it ignores the interval.
func (f *jpegFile) countRestarts(s *jpegScan) error {
	wanted := f.wantedRestarts(s)
	end := 0
	for piece, marker := range restartPieces(s.data) {
		if marker == 0 {
			break
		}
		end += len(piece)
		if s.restarts++; s.restarts > wanted && end+2 < len(s.data) {
			return errors.New("it has more restart markers than intervals")
		}
		if s.restarts > wanted {
			s.data = s.data[:end]
			s.restarts--
			break
		}
		end += 2
	}
	if s.restarts == 0 {
		s.interval = 0
	}
	return nil
}

// restartPieces yields the pieces of entropy-coded data between restart markers, each
// with the marker after it; the last with 0.
func restartPieces(data []byte) func(yield func(piece []byte, marker byte) bool) {
	return func(yield func([]byte, byte) bool) {
		for i := 0; ; {
			at := bytes.IndexByte(data[i:], 0xff)
			if at < 0 || i+at+1 >= len(data) {
				yield(data, 0)
				return
			}
			i += at
			if next := data[i+1]; !isRST(next) {
				i++
				continue
			}
			if !yield(data[:i], data[i+1]) {
				return
			}
			data, i = data[i+2:], 0
		}
	}
}

// numberedRight returns the data of a scan with correctly numbered restart markers.
func (s *jpegScan) numberedRight() []byte {
	data, copied := s.data, false
	end, n := 0, 0
	for piece, marker := range restartPieces(s.data) {
		if marker == 0 {
			break
		}
		end += len(piece) + 2
		if right := markerRST0 + byte(n%8); marker != right {
			if !copied {
				data, copied = bytes.Clone(data), true
			}
			data[end-1] = right
		}
		n++
	}
	return data
}

// complete reports whether the scans contain every bit of every coefficient.
func (f *jpegFile) complete() bool {
	sent := make([][64]bool, len(f.components))
	for _, s := range f.scans {
		for _, p := range s.parts {
			for k := s.first; k <= s.last; k++ {
				sent[p.component][k] = s.low == 0
			}
		}
	}
	for _, component := range sent {
		for _, all := range component {
			if !all {
				return false
			}
		}
	}
	return true
}

// rgb reports whether the three components are red, green and blue, by the rules of
// libjpeg.
func (f *jpegFile) rgb() bool {
	switch c := f.components; {
	case f.jfif != nil:
		return false
	case f.adobe != nil:
		return f.adobe[adobeLen-1] == adobeWithout
	default:
		return c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B'
	}
}

// standard reports whether image/jpeg reads the file in the same way as libjpeg.
// image/jpeg supports few sampling factors, requires all restart markers, repeats the
// samples of RGB and CMYK where others interpolate, and miscounts the blocks of scans
// of one component that is not sampled 1x1.
func (f *jpegFile) standard() bool {
	c := f.components
	for i := range f.scans {
		s := &f.scans[i]
		if s.restarts != f.wantedRestarts(s) {
			return false
		}
		if len(s.parts) > 1 {
			continue
		}
		only := c[s.parts[0].component]
		if s.interval > 0 && only.h*only.v > 1 || only.h != 1 && only.h != f.hMax || only.v != 1 && only.v != f.vMax {
			return false
		}
	}
	switch {
	case len(c) == 1:
		return true
	case f.hMax == 3 || f.vMax >= 3:
		return false
	case len(c) == 4 || f.rgb():
		return f.hMax == 1 && f.vMax == 1
	default:
		return c[0].h%c[1].h == 0 && c[0].v%c[1].v == 0 && c[1].h == c[2].h && c[1].v == c[2].v
	}
}

// plain returns the file in a form that image/jpeg reads: complete, without damaged
// segments, and with the standard tables where it has none.
func (f *jpegFile) plain() io.Reader {
	parts := []io.Reader{bytes.NewReader([]byte{0xff, markerSOI})}
	add := func(s jpegSegment) {
		header := binary.BigEndian.AppendUint16([]byte{0xff, s.marker}, uint16(2+len(s.body)))
		parts = append(parts, bytes.NewReader(header), bytes.NewReader(s.body))
	}
	if f.jfif != nil {
		add(jpegSegment{markerAPP0, f.jfif})
	}
	if f.adobe != nil {
		add(jpegSegment{markerAPP14, f.adobe})
	} else if len(f.components) == 4 {
		add(jpegSegment{markerAPP14, []byte("Adobe\x00\x64\x00\x00\x00\x00\x00")})
	}
	add(f.frame(f.width, f.height, f.components))
	if f.sof != markerSOF2 {
		add(jpegSegment{markerDHT, standardTables})
	}
	for i := range f.scans {
		s := &f.scans[i]
		for _, t := range s.tables {
			add(t)
		}
		add(restartInterval(s.interval))
		add(jpegSegment{markerSOS, s.header})
		parts = append(parts, bytes.NewReader(s.numberedRight()))
	}
	return io.MultiReader(append(parts, bytes.NewReader([]byte{0xff, markerEOI}))...)
}

// frame returns the frame header.
func (f *jpegFile) frame(w, h int, components []jpegComponent) jpegSegment {
	body := binary.BigEndian.AppendUint16([]byte{8}, uint16(h))
	body = append(binary.BigEndian.AppendUint16(body, uint16(w)), byte(len(components)))
	for _, c := range components {
		body = append(body, c.id, byte(c.h<<4|c.v), c.quant)
	}
	return jpegSegment{f.sof, body}
}

func restartInterval(n int) jpegSegment {
	return jpegSegment{markerDRI, binary.BigEndian.AppendUint16(nil, uint16(n))}
}

// cutShort returns errCutJPEG for those errors of image/jpeg that mean incomplete data
// in a scan, because plain ends each scan at the next marker.
func cutShort(err error) error {
	if errors.Is(err, jpeg.FormatError("short Huffman data")) || errors.Is(err, jpeg.FormatError("missing 0xff00 sequence")) {
		return errCutJPEG
	}
	return err
}

// standardTables are the Huffman tables K.3 to K.6 of T.81 as a DHT segment. Webcams
// omit them.
var standardTables = []byte("" +
	"\x00\x00\x01\x05\x01\x01\x01\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b" +
	"\x10\x00\x02\x01\x03\x03\x02\x04\x03\x05\x05\x04\x04\x00\x00\x01\x7d" +
	"\x01\x02\x03\x00\x04\x11\x05\x12\x21\x31\x41\x06\x13\x51\x61\x07\x22\x71\x14\x32\x81\x91\xa1\x08\x23\x42\xb1\xc1\x15\x52\xd1\xf0" +
	"\x24\x33\x62\x72\x82\x09\x0a\x16\x17\x18\x19\x1a\x25\x26\x27\x28\x29\x2a\x34\x35\x36\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48\x49" +
	"\x4a\x53\x54\x55\x56\x57\x58\x59\x5a\x63\x64\x65\x66\x67\x68\x69\x6a\x73\x74\x75\x76\x77\x78\x79\x7a\x83\x84\x85\x86\x87\x88\x89" +
	"\x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3\xc4\xc5" +
	"\xc6\xc7\xc8\xc9\xca\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda\xe1\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8" +
	"\xf9\xfa" +
	"\x01\x00\x03\x01\x01\x01\x01\x01\x01\x01\x01\x01\x00\x00\x00\x00\x00" +
	"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b" +
	"\x11\x00\x02\x01\x02\x04\x04\x03\x04\x07\x05\x04\x04\x00\x01\x02\x77" +
	"\x00\x01\x02\x03\x11\x04\x05\x21\x31\x06\x12\x41\x51\x07\x61\x71\x13\x22\x32\x81\x08\x14\x42\x91\xa1\xb1\xc1\x09\x23\x33\x52\xf0" +
	"\x15\x62\x72\xd1\x0a\x16\x24\x34\xe1\x25\xf1\x17\x18\x19\x1a\x26\x27\x28\x29\x2a\x35\x36\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48" +
	"\x49\x4a\x53\x54\x55\x56\x57\x58\x59\x5a\x63\x64\x65\x66\x67\x68\x69\x6a\x73\x74\x75\x76\x77\x78\x79\x7a\x82\x83\x84\x85\x86\x87" +
	"\x88\x89\x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3" +
	"\xc4\xc5\xc6\xc7\xc8\xc9\xca\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf2\xf3\xf4\xf5\xf6\xf7\xf8" +
	"\xf9\xfa")

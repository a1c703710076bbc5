package heif

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
)

// UnsupportedError describes, in words, a feature of a valid file that this package
// does not support.
type UnsupportedError string

func (e UnsupportedError) Error() string { return string(e) }

// A Picture is the primary picture of a file.
type Picture struct {
	// W and H are the size in pixels before rotation.
	W, H int

	// Color describes the colour space of the pixels; nil where the file does not.
	Color *Color

	// ICC is the colour profile; nil where there is none.
	ICC []byte

	// EXIF begins with a TIFF header; nil where there is none. Ignore its orientation:
	// the container has its own.
	EXIF []byte

	// Alpha reports whether the picture has an opacity.
	Alpha bool

	data     []byte
	codec    string // the type of the item that holds the pixels
	rotation int    // counterclockwise, in quarter turns
	mirror   mirror // after the rotation
	crop     []byte // the clean aperture
}

// Color is a set of code points of ITU-T H.273.
type Color struct {
	Primaries, Transfer, Matrix uint16
	FullRange                   bool
}

type mirror int

const (
	unmirrored mirror = iota
	topToBottom
	leftToRight
)

// Turn returns the EXIF orientation, 1 to 8, of the pixels that Decode returns.
func (p *Picture) Turn() int {
	if p.codec == hevc {
		return 1 // its decoder applies the orientation
	}
	return [...][4]int{
		unmirrored:  {1, 8, 3, 6},
		topToBottom: {4, 5, 2, 7},
		leftToRight: {2, 7, 4, 5},
	}[p.mirror][p.rotation]
}

// Codecs, by the types of their items.
const (
	hevc = "hvc1"
	av1  = "av01"
)

// codecNames are the codecs of HEIF by name.
var codecNames = map[string]string{
	hevc: "HEVC", "hev1": "HEVC", av1: "AV1",
	"avc1": "H.264", "vvc1": "VVC", "evc1": "EVC", "jpeg": "JPEG", "j2k1": "JPEG 2000", "unci": "uncompressed samples",
}

// item is an entry of a file's meta box.
type item struct {
	kind       string
	properties []int // indices of the container's properties
}

// container holds the contents of the meta box.
type container struct {
	file, idat []byte
	primary    uint32
	items      map[uint32]*item
	properties []property
	places     map[uint32]place
	references []reference
}

type property struct {
	kind string
	body []byte
}

// reference links an item to others.
type reference struct {
	kind string
	from uint32
	to   []uint32
}

// place is the location of the bytes of an item.
type place struct {
	inIdat  bool
	extents [][2]uint64 // offset and length; a length of 0 reaches the end
}

// Parse reads the container of a file. It returns an [UnsupportedError] where a feature
// is missing; other errors mean damage.
func Parse(data []byte) (*Picture, error) {
	c := &container{file: data, items: make(map[uint32]*item), places: make(map[uint32]place)}
	sequence := false
	for kind, body := range boxes(data) {
		switch kind {
		case "meta":
			if err := c.meta(body); err != nil {
				return nil, err
			}
			return c.picture()
		case "moov":
			sequence = true
		}
	}
	if sequence {
		return nil, UnsupportedError("it holds a sequence of pictures without a still one")
	}
	return nil, io.ErrUnexpectedEOF
}

// boxes yields the boxes of data. The last one may be cut off.
func boxes(data []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for len(data) >= 8 {
			size, header := uint64(binary.BigEndian.Uint32(data)), uint64(8)
			kind := string(data[4:8])
			switch size {
			case 0: // until the end
				size = uint64(len(data))
			case 1:
				if len(data) < 16 {
					return
				}
				size, header = binary.BigEndian.Uint64(data[8:]), 16
			}
			if size < header {
				return
			}
			size = min(size, uint64(len(data)))
			if !yield(kind, data[header:size]) {
				return
			}
			data = data[size:]
		}
	}
}

// fields reads the numbers of a box. Beyond its end, all are 0.
type fields struct {
	data  []byte
	short bool // a read went beyond the end
}

// uint reads a number of 0 to 8 bytes.
func (f *fields) uint(size int) (v uint64) {
	if len(f.data) < size {
		f.data, f.short = nil, true
		return 0
	}
	for _, b := range f.data[:size] {
		v = v<<8 | uint64(b)
	}
	f.data = f.data[size:]
	return v
}

// full reads the version and the flags of a full box.
func (f *fields) full() (version int, flags uint64) {
	v := f.uint(4)
	return int(v >> 24), v & 0xffffff
}

// wide returns the size in bytes of a number that a later version enlarged.
func wide(grown bool) int {
	if grown {
		return 4
	}
	return 2
}

// maxMeta is the largest size of a meta box, in bytes; those of real pictures are
// smaller.
const maxMeta = 16 << 20

func (c *container) meta(body []byte) error {
	if len(body) < 4 {
		return io.ErrUnexpectedEOF
	}
	if len(body) > maxMeta {
		return fmt.Errorf("its description has %d bytes, more than %d", len(body), maxMeta)
	}
	for kind, body := range boxes(body[4:]) {
		f := &fields{data: body}
		switch kind {
		case "pitm":
			version, _ := f.full()
			c.primary = uint32(f.uint(wide(version > 0)))
		case "iinf":
			c.itemInfo(f)
		case "iloc":
			c.itemPlaces(f)
		case "iref":
			c.itemReferences(f)
		case "iprp":
			c.itemProperties(body)
		case "idat":
			c.idat = body
		}
		if f.short {
			return fmt.Errorf("its %s box is cut short", kind)
		}
	}
	return nil
}

func (c *container) itemInfo(f *fields) {
	version, _ := f.full()
	f.uint(wide(version > 0)) // their number
	for kind, body := range boxes(f.data) {
		e := &fields{data: body}
		version, _ := e.full()
		if kind != "infe" || version < 2 {
			continue
		}
		id := uint32(e.uint(wide(version > 2)))
		e.uint(2) // protection
		name := binary.BigEndian.AppendUint32(nil, uint32(e.uint(4)))
		if !e.short {
			c.items[id] = &item{kind: string(name)}
		}
	}
}

func (c *container) itemPlaces(f *fields) {
	version, _ := f.full()
	sizes := f.uint(2)
	offset, length, base, index := int(sizes>>12), int(sizes>>8&15), int(sizes>>4&15), int(sizes&15)
	if version == 0 {
		index = 0
	}
	if max(offset, length, base, index) > 8 {
		f.short = true
		return
	}
	for n := f.uint(wide(version > 1)); n > 0 && !f.short; n-- {
		id := uint32(f.uint(wide(version > 1)))
		var p place
		if version > 0 {
			p.inIdat = f.uint(2)&15 == 1
		}
		elsewhere := f.uint(2) != 0 // in another file
		begin := f.uint(base)
		for n := f.uint(2); n > 0 && !f.short; n-- {
			f.uint(index)
			at := begin + f.uint(offset)
			p.extents = append(p.extents, [2]uint64{at, f.uint(length)})
			if offset+length+index == 0 {
				break // empty data could hold any number of them
			}
		}
		if !elsewhere {
			c.places[id] = p
		}
	}
}

func (c *container) itemReferences(f *fields) {
	version, _ := f.full()
	size := wide(version > 0)
	for kind, body := range boxes(f.data) {
		e := &fields{data: body}
		r := reference{kind: kind, from: uint32(e.uint(size))}
		for n := e.uint(2); n > 0 && !e.short; n-- {
			r.to = append(r.to, uint32(e.uint(size)))
		}
		c.references = append(c.references, r)
	}
}

func (c *container) itemProperties(body []byte) {
	for kind, body := range boxes(body) {
		switch kind {
		case "ipco":
			for kind, body := range boxes(body) {
				c.properties = append(c.properties, property{kind, body})
			}
		case "ipma":
			c.associations(&fields{data: body})
		}
	}
}

func (c *container) associations(f *fields) {
	version, flags := f.full()
	size := 1 + int(flags&1)
	for n := f.uint(4); n > 0 && !f.short; n-- {
		id := uint32(f.uint(wide(version > 0)))
		for n := f.uint(1); n > 0 && !f.short; n-- {
			index := int(f.uint(size)) & (1<<(8*size-1) - 1) // without the bit for "essential"
			if i := c.items[id]; i != nil && index > 0 {
				i.properties = append(i.properties, index-1)
			}
		}
	}
}

// picture returns the primary picture.
func (c *container) picture() (*Picture, error) {
	primary := c.items[c.primary]
	if primary == nil {
		return nil, errors.New("its primary picture is missing")
	}
	p := &Picture{data: c.file, codec: primary.kind}
	tile := primary
	if primary.kind == "grid" || primary.kind == "iden" || primary.kind == "iovl" {
		if tile = c.part(c.primary); tile == nil {
			return nil, errors.New("the parts of its primary picture are missing")
		}
		p.codec = tile.kind
	}
	name, known := codecNames[p.codec]
	switch {
	case name == codecNames[hevc]:
		p.codec = hevc
	case p.codec == av1:
	case known:
		return nil, UnsupportedError("its data are compressed as " + name)
	default:
		return nil, UnsupportedError(fmt.Sprintf("its primary picture is an item of type %q", p.codec))
	}
	c.describe(p, primary)
	if p.W < 1 || p.H < 1 {
		return nil, errors.New("its primary picture has no size")
	}
	if p.Color == nil && p.ICC == nil && tile != primary {
		c.colors(p, tile)
	}
	if !c.whole() {
		return nil, io.ErrUnexpectedEOF
	}
	for _, r := range c.references {
		from := c.items[r.from]
		if from == nil || !slices.Contains(r.to, c.primary) {
			continue
		}
		switch {
		case r.kind == "auxl" && c.isAlpha(from):
			p.Alpha = true
		case r.kind == "cdsc" && from.kind == "Exif" && p.EXIF == nil:
			p.EXIF = exif(c.bytes(r.from))
		}
	}
	return p, nil
}

// part returns the first item of a derived item.
func (c *container) part(of uint32) *item {
	for _, r := range c.references {
		if r.kind == "dimg" && r.from == of && len(r.to) > 0 {
			return c.items[r.to[0]]
		}
	}
	return nil
}

// of yields the properties of an item in order.
func (c *container) of(i *item) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, k := range i.properties {
			if k < len(c.properties) && !yield(c.properties[k].kind, c.properties[k].body) {
				return
			}
		}
	}
}

// describe reads size, orientation and colours from the properties of an item.
func (c *container) describe(p *Picture, i *item) {
	for kind, body := range c.of(i) {
		f := &fields{data: body}
		switch kind {
		case "ispe":
			f.full()
			w, h := f.uint(4), f.uint(4)
			p.W, p.H = int(w), int(h)
		case "irot":
			p.rotation = int(f.uint(1) & 3)
		case "imir":
			p.mirror = topToBottom
			if f.uint(1)&1 == 1 {
				p.mirror = leftToRight
			}
		case "clap":
			p.crop = body
		}
	}
	c.colors(p, i)
}

func (c *container) colors(p *Picture, i *item) {
	for kind, body := range c.of(i) {
		if kind != "colr" || len(body) < 4 {
			continue
		}
		switch f := (&fields{data: body[4:]}); string(body[:4]) {
		case "prof", "rICC":
			p.ICC = f.data
		case "nclx":
			p.Color = &Color{uint16(f.uint(2)), uint16(f.uint(2)), uint16(f.uint(2)), f.uint(1)>>7 == 1}
		}
	}
}

// isAlpha reports whether an item is an opacity.
func (c *container) isAlpha(i *item) bool {
	for kind, body := range c.of(i) {
		if kind == "auxC" && len(body) > 4 {
			name, _, _ := bytes.Cut(body[4:], []byte{0})
			return bytes.HasSuffix(name, []byte(":alpha")) || string(name) == "urn:mpeg:hevc:2015:auxid:1"
		}
	}
	return false
}

// whole reports whether the file contains all the data of its items.
func (c *container) whole() bool {
	for _, p := range c.places {
		from := uint64(len(c.file))
		if p.inIdat {
			from = uint64(len(c.idat))
		}
		for _, e := range p.extents {
			if e[0] > from || e[1] > from-e[0] {
				return false
			}
		}
	}
	return true
}

// bytes returns the data of an item, or nil if its extents overlap.
func (c *container) bytes(id uint32) []byte {
	p := c.places[id]
	from := c.file
	if p.inIdat {
		from = c.idat
	}
	var all []byte
	for _, e := range p.extents {
		rest := from[e[0]:] // checked by whole
		n := e[1]
		if n == 0 {
			n = uint64(len(rest))
		}
		if uint64(len(all))+n > uint64(len(from)) {
			return nil
		}
		all = append(all, rest[:n]...)
	}
	return all
}

// exif returns the TIFF structure of an Exif item. The item begins with the offset of
// the structure.
func exif(data []byte) []byte {
	f := &fields{data: data}
	if at := f.uint(4); !f.short && at < uint64(len(f.data)) {
		return f.data[at:]
	}
	return nil
}

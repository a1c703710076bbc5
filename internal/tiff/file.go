package tiff

import (
	"io"
	"math"
	"slices"
)

// File is a TIFF whose tags have been read and are all supported.
type File struct {
	// Directory holds the tags of the picture that Decode reads.
	Directory

	// Width and Height are the stored columns and rows, at least 1. They ignore the
	// Orientation tag.
	Width, Height int

	data        []byte
	compression uint64
	photometric uint64
	format      uint64 // of the samples
	bits        int    // of a sample
	samples     int    // of a pixel, colours first
	colours     int    // the samples of a pixel that are its colour
	alpha       int    // the index of the opacity sample; 0 for none
	associated  bool   // colours are multiplied by the opacity
	planar      bool   // each sample has strips or tiles of its own
	predictor   uint64
	reversed    bool // the bits of every byte are stored from right to left
	subX, subY  int  // columns and rows that share a chroma sample

	stream []byte // of an old JPEG that is one whole stream

	ownPixels int64 // pixels decoded from strips and tiles with a size of their own

	work int64 // bytes of compressed data read plus bytes of samples produced
}

const (
	// maxPixelBytes limits the stored bytes of a pixel, and thereby the work for a
	// pixel. Four samples of 64 bits have 32 bytes.
	maxPixelBytes = 32

	// maxDirectories and maxSubIFDs limit the directories among which to look for the
	// picture, and those within a directory.
	maxDirectories = 256
	maxSubIFDs     = 16
)

// Open reads the tags of the first full-size picture in a file. It allocates nothing in
// proportion to the size of the picture.
//
// The errors are a FormatError, an UnsupportedError and io.ErrUnexpectedEOF.
func Open(data []byte) (*File, error) {
	d, err := findPicture(data)
	if err != nil {
		return nil, err
	}
	f := &File{Directory: d, data: data}
	if err := f.readTags(); err != nil {
		return nil, err
	}
	return f, nil
}

// findPicture returns the first directory, of the main chain and the SubIFDs,
// that is neither a thumbnail nor a mask.
func findPicture(data []byte) (Directory, error) {
	s, next, err := readHeader(data)
	if err != nil {
		return Directory{}, err
	}
	queue := []uint64{next}
	seen := map[uint64]bool{0: true}
	for n := 0; len(queue) > 0 && n < maxDirectories; n++ {
		at := queue[0]
		queue = queue[1:]
		if at == 0 && n == 0 {
			return Directory{}, damaged("no directory")
		}
		if seen[at] {
			continue
		}
		seen[at] = true
		d, next, err := s.directory(at)
		if err != nil {
			if n == 0 {
				return Directory{}, err
			}
			continue
		}
		if d.isPicture() {
			return d, nil
		}
		// SubIFDs come before the rest of the chain: they belong to this directory.
		queue = slices.Concat(d.uints(tagSubIFDs, maxSubIFDs), queue, []uint64{next})
	}
	return Directory{}, unsupported("all its pictures are thumbnails, as in a camera's raw photograph")
}

// isPicture reports whether the directory is that of a full-size picture.
func (d Directory) isPicture() bool {
	const (
		reduced, mask = 1, 4 // bits of NewSubfileType
		oldReduced    = 2    // a value of SubfileType
	)
	return d.Uint(tagNewSubfileType, 0)&(reduced|mask) == 0 && d.Uint(tagSubfileType, 0) != oldReduced
}

// readTags reads and checks the tags that describe the layout of the picture.
func (f *File) readTags() error {
	for _, tag := range []uint16{tagBitsPerSample, tagStripOffsets, tagTileOffsets, tagColorMap, tagExtraSamples, tagSampleFormat, tagJPEGTables, tagReferenceBW, tagYCbCrWeights} {
		if f.fields[tag].cut {
			return io.ErrUnexpectedEOF
		}
	}
	w, h := f.Uint(tagImageWidth, 0), f.Uint(tagImageLength, 0)
	if w == 0 || h == 0 {
		return damaged("impossible size %dx%d", w, h)
	}
	f.Width, f.Height = int(min(w, math.MaxInt32)), int(min(h, math.MaxInt32))
	f.compression = f.Uint(tagCompression, compressionNone)
	f.reversed = f.Uint(tagFillOrder, 1) == 2
	if err := f.readSamples(); err != nil {
		return err
	}
	if err := f.readColours(); err != nil {
		return err
	}
	return f.readCompression()
}

// readSamples reads how many samples a pixel has and what each is.
func (f *File) readSamples() error {
	const mostListed = 1 << 16
	bits := f.uints(tagBitsPerSample, mostListed)
	if len(bits) == 0 {
		bits = []uint64{1}
	}
	n := f.Uint(tagSamplesPerPixel, uint64(len(bits)))
	if n == 0 || n > math.MaxUint16 {
		return damaged("%d samples in a pixel", n)
	}
	f.samples = int(n)
	f.planar = f.Uint(tagPlanarConfig, 1) == 2 && f.samples > 1

	// Many writers give one value for all samples.
	same := func(values []uint64) bool {
		return !slices.ContainsFunc(values[:min(len(values), f.samples)], func(v uint64) bool { return v != values[0] })
	}
	if !same(bits) {
		return unsupported("its samples have different numbers of bits")
	}
	formats := f.uints(tagSampleFormat, mostListed)
	if len(formats) == 0 || formats[0] == formatVoid {
		formats = []uint64{formatUint}
	}
	f.format = formats[0]
	lab := f.Uint(tagPhotometric, 0) == photometricLab // whose a and b may be declared as signed
	if !same(formats) && !lab {
		return unsupported("its samples have different formats")
	}
	switch b := bits[0]; {
	case f.format == formatUint && (b >= 1 && b <= 16 || b == 32),
		f.format == formatInt && lab && (b == 8 || b == 16),
		f.format == formatFloat && (b == 16 || b == 32 || b == 64):
		f.bits = int(b)
	case f.format == formatUint:
		return unsupported("its samples have %d bits", b)
	case f.format == formatInt:
		return unsupported("its samples are signed numbers")
	case f.format == formatFloat:
		return unsupported("its samples are floating-point numbers of %d bits", b)
	default:
		return unsupported("its samples are complex numbers or of an unknown format")
	}
	if f.samples*f.bits > 8*maxPixelBytes {
		return unsupported("its pixels have %d samples of %d bits", f.samples, f.bits)
	}
	return nil
}

// readColours reads the tags that define the meaning of the samples.
func (f *File) readColours() error {
	otherwise := uint64(blackIsZero)
	switch {
	case isFax(f.compression):
		otherwise = whiteIsZero
	case f.samples >= 3:
		otherwise = photometricRGB
	}
	f.photometric = f.Uint(tagPhotometric, otherwise)
	switch f.photometric {
	case whiteIsZero, blackIsZero:
		f.colours = 1
	case photometricRGB:
		f.colours = 3
	case photometricIndex:
		f.colours = 1
		if f.format != formatUint || f.bits > 16 {
			return damaged("a palette with samples that are no indices")
		}
		if n := len(f.uints(tagColorMap, 3<<f.bits)); n < 3<<f.bits {
			return damaged("a palette of %d numbers; expected %d", n, 3<<f.bits)
		}
	case photometricInks:
		f.colours = 4
		if f.Uint(tagInkSet, 1) != 1 {
			return unsupported("its inks are not cyan, magenta, yellow and black")
		}
	case photometricYCbCr:
		f.colours = 3
		if err := f.readSubsampling(); err != nil {
			return err
		}
	case photometricLab, photometricICC:
		f.colours = 3
		if f.bits != 8 && f.bits != 16 || f.format == formatFloat {
			return unsupported("its colours are Lab of %d bits", f.bits)
		}
	default:
		if reason := otherPhotometrics[f.photometric]; reason != "" {
			return UnsupportedError(reason)
		}
		return unsupported("its colours are of an unknown kind (photometric interpretation %d)", f.photometric)
	}
	if f.samples < f.colours {
		return damaged("%d samples in a pixel; expected at least %d", f.samples, f.colours)
	}
	for i, kind := range f.uints(tagExtraSamples, f.samples-f.colours) {
		if kind == extraAssociated || kind == extraUnassociated || kind == extraCorel {
			f.alpha, f.associated = f.colours+i, kind == extraAssociated
			break
		}
	}
	return nil
}

// readSubsampling reads how many columns and rows share a chroma sample. JPEG data has
// its own values, which take precedence.
func (f *File) readSubsampling() error {
	f.subX, f.subY = 2, 2 // the default
	if sub := f.uints(tagYCbCrSubsampling, 2); len(sub) == 2 {
		if valid := []uint64{1, 2, 4}; !slices.Contains(valid, sub[0]) || !slices.Contains(valid, sub[1]) {
			return damaged("chroma subsampling %dx%d", sub[0], sub[1])
		}
		f.subX, f.subY = int(sub[0]), int(sub[1])
	}
	switch subsampled := f.subX*f.subY > 1; {
	case subsampled && f.planar:
		return unsupported("its subsampled colours are stored in separate planes")
	case subsampled && !f.isJPEG() && (f.samples != 3 || f.bits != 8 || f.format != formatUint):
		return unsupported("its colours are subsampled YCbCr of %d samples of %d bits", f.samples, f.bits)
	}
	return nil
}

// readCompression checks that the compression is possible for the samples.
func (f *File) readCompression() error {
	f.predictor = 1
	switch f.compression {
	case compressionNone, compressionPackBits:
	case compressionLZW, compressionDeflate, compressionOldDeflate, compressionZSTD:
		return f.readPredictor()
	case compressionHuffman, compressionHuffman16, compressionGroup3, compressionGroup4:
		if f.bits != 1 || f.samples > 1 && !f.planar {
			return damaged("a fax of %d samples of %d bits", f.samples, f.bits)
		}
	case compressionJPEG, compressionOldJPEG:
		if f.bits != 8 || f.format != formatUint {
			return unsupported("its data is compressed as JPEG with samples of %d bits", f.bits)
		}
		return f.findOldJPEG()
	case compressionWebP:
		if f.bits != 8 || f.format != formatUint || f.planar || f.samples != 3 && f.samples != 4 || f.subX*f.subY > 1 {
			return unsupported("its data is compressed as WebP without three or four samples of 8 bits together")
		}
	default:
		if name := otherCompressions[f.compression]; name != "" {
			return unsupported("its data is compressed as %s", name)
		}
		return unsupported("its data is compressed in an unknown way (compression %d)", f.compression)
	}
	return nil
}

func (f *File) readPredictor() error {
	f.predictor = f.Uint(tagPredictor, 1)
	switch f.predictor {
	case 1:
	case 2:
		if f.bits != 8 && f.bits != 16 && f.bits != 32 && f.bits != 64 {
			return unsupported("its data has differences of samples of %d bits", f.bits)
		}
		if f.subX*f.subY > 1 {
			return unsupported("its data has differences of subsampled colours")
		}
	case 3:
		if f.format != formatFloat {
			return damaged("a floating-point predictor without floating-point samples")
		}
	default:
		return unsupported("its data is predicted in an unknown way (predictor %d)", f.predictor)
	}
	return nil
}

// ICCProfile returns the profile of the levels that Decode returns. It is nil where the
// file has none or has Lab, which Decode converts. It is empty where the profile is
// damaged.
func (f *File) ICCProfile() []byte {
	if !f.Has(TagICCProfile) || f.photometric == photometricLab || f.photometric == photometricICC {
		return nil
	}
	return append([]byte{}, f.Bytes(TagICCProfile)...)
}

func (f *File) isJPEG() bool {
	return f.compression == compressionJPEG || f.compression == compressionOldJPEG
}

func isFax(compression uint64) bool {
	switch compression {
	case compressionHuffman, compressionHuffman16, compressionGroup3, compressionGroup4:
		return true
	}
	return false
}

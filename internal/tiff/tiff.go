// Package tiff reads and writes TIFF pictures.
//
// It follows TIFF 6.0 (Adobe, 1992), the Adobe Photoshop TIFF technical notes
// (floating-point samples, predictor 3, new JPEG, ICC Lab), the tags of
// libtiff that have no other standard (ZSTD, WebP, fax kinds) and BigTIFF.
//
// What is read:
//
//   - grey (white or black is zero), RGB, palette, CMYK, YCbCr with any
//     subsampling, CIE Lab and ICC Lab;
//   - unsigned samples of 1 to 16 and of 32 bits, floating-point samples of 16,
//     32 and 64 bits, whose levels are 0 to 1;
//   - associated and unassociated alpha; other extra samples are dropped;
//   - strips and tiles, samples together or in separate planes, both byte
//     orders, both fill orders, predictors 2 and 3;
//   - no compression, PackBits, LZW (also that of libtiff before 1990),
//     Deflate, ZSTD, JPEG, old JPEG that is a whole stream, WebP, CCITT group 3
//     (1-D and 2-D), group 4 and modified Huffman.
//
// A file has several directories. The first that is neither a thumbnail nor a
// mask is read, be it in the main chain or a SubIFD.
//
// Every file is treated as hostile. [Open] reads only tags; the caller compares
// the size with its limits before [File.Decode] allocates pixels. The work of
// Decode is at most proportional to the length of the file plus the size of the
// picture, whatever the tags say.
package tiff

import "fmt"

// FormatError reports damage in a file.
type FormatError string

func (e FormatError) Error() string { return string(e) }

// UnsupportedError names a feature that this package does not support, as half a
// sentence: "its data is compressed as JPEG 2000".
type UnsupportedError string

func (e UnsupportedError) Error() string { return string(e) }

func damaged(format string, args ...any) error { return FormatError(fmt.Sprintf(format, args...)) }

func unsupported(format string, args ...any) error {
	return UnsupportedError(fmt.Sprintf(format, args...))
}

// Tags of TIFF 6.0 and of its technical notes that are read or written.
const (
	tagNewSubfileType   = 254
	tagSubfileType      = 255
	tagImageWidth       = 256
	tagImageLength      = 257
	tagBitsPerSample    = 258
	tagCompression      = 259
	tagPhotometric      = 262
	tagFillOrder        = 266
	TagImageDescription = 270
	tagStripOffsets     = 273
	TagOrientation      = 274
	tagSamplesPerPixel  = 277
	tagRowsPerStrip     = 278
	tagStripByteCounts  = 279
	TagXResolution      = 282
	TagYResolution      = 283
	tagPlanarConfig     = 284
	tagT4Options        = 292
	TagResolutionUnit   = 296
	TagDateTime         = 306
	TagArtist           = 315
	tagPredictor        = 317
	tagColorMap         = 320
	tagTileWidth        = 322
	tagTileLength       = 323
	tagTileOffsets      = 324
	tagTileByteCounts   = 325
	tagSubIFDs          = 330
	tagInkSet           = 332
	tagExtraSamples     = 338
	tagSampleFormat     = 339
	tagJPEGTables       = 347
	tagOldJPEGOffset    = 513
	tagOldJPEGLength    = 514
	tagYCbCrWeights     = 529
	tagYCbCrSubsampling = 530
	tagReferenceBW      = 532
	TagCopyright        = 33432
	TagICCProfile       = 34675
)

// Compressions.
const (
	compressionNone       = 1
	compressionHuffman    = 2
	compressionGroup3     = 3
	compressionGroup4     = 4
	compressionLZW        = 5
	compressionOldJPEG    = 6
	compressionJPEG       = 7
	compressionDeflate    = 8
	compressionHuffman16  = 32771
	compressionPackBits   = 32773
	compressionOldDeflate = 32946
	compressionZSTD       = 50000
	compressionWebP       = 50001
)

// otherCompressions names the unsupported compressions.
var otherCompressions = map[uint64]string{
	9:     "JBIG",
	10:    "JBIG",
	262:   "Kodak's raw data",
	32766: "NeXT's RLE",
	32767: "Sony's raw data",
	32769: "Epson's raw data",
	32770: "Samsung's raw data",
	32809: "ThunderScan",
	32867: "Kodak's raw data",
	32895: "IT8 CT with padding",
	32896: "IT8 line work",
	32897: "IT8 monochrome",
	32898: "IT8 binary line art",
	32908: "Pixar's film compression",
	32909: "Pixar's logarithmic compression",
	32947: "Kodak DCS",
	33003: "JPEG 2000",
	33004: "JPEG 2000",
	33005: "JPEG 2000",
	34661: "JBIG",
	34676: "SGI's logarithmic RLE",
	34677: "SGI's logarithmic 24-bit data",
	34712: "JPEG 2000",
	34713: "Nikon's raw data",
	34715: "JBIG2",
	34887: "LERC",
	34892: "JPEG with loss, as in a DNG",
	34925: "LZMA",
	34926: "an early kind of ZSTD",
	34927: "an early kind of WebP",
	34933: "PNG",
	34934: "JPEG XR",
	50002: "JPEG XL",
	52546: "JPEG XL",
	65535: "Pentax's raw data",
}

// Photometric interpretations.
const (
	whiteIsZero      = 0
	blackIsZero      = 1
	photometricRGB   = 2
	photometricIndex = 3 // into a palette
	transparencyMask = 4
	photometricInks  = 5
	photometricYCbCr = 6
	photometricLab   = 8
	photometricICC   = 9
)

// otherPhotometrics describes the unsupported photometric interpretations.
var otherPhotometrics = map[uint64]string{
	transparencyMask: "it is a transparency mask and has no colours",
	10:               "its colours are ITU Lab",
	32803:            "it is a camera's raw photograph",
	32844:            "its levels are LogL, logarithms of light",
	32845:            "its colours are LogLuv, logarithms of light",
	34892:            "it is a camera's raw photograph",
	51177:            "it is a depth map and has no colours",
	52527:            "it is a map of meanings and has no colours",
}

// Sample formats.
const (
	formatUint  = 1
	formatInt   = 2
	formatFloat = 3
	formatVoid  = 4 // undefined; read as unsigned
)

// The pixels' extra samples.
const (
	extraAssociated   = 1
	extraUnassociated = 2
	extraCorel        = 999 // CorelDRAW 10 for unassociated
)

package tiff

import (
	"bytes"
	stdlzw "compress/lzw"
	"compress/zlib"
	"errors"
	"io"
	"math/bits"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/image/tiff/lzw"
)

// input is the compressed data of a part. It counts the bytes that are read.
type input struct {
	data     []byte
	reversed bool   // the bits of every byte come from right to left
	work     *int64 // grows by the bytes read
}

func (in *input) ReadByte() (byte, error) {
	if len(in.data) == 0 {
		return 0, io.EOF
	}
	b := in.data[0]
	if in.reversed {
		b = bits.Reverse8(b)
	}
	in.data = in.data[1:]
	*in.work++
	return b, nil
}

func (in *input) Read(p []byte) (int, error) {
	if len(in.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p, in.data)
	if in.reversed {
		for i, b := range p[:n] {
			p[i] = bits.Reverse8(b)
		}
	}
	in.data = in.data[n:]
	*in.work += int64(n)
	return n, nil
}

// codec decompresses the parts of one plane. It keeps buffers and decoders between
// parts.
type codec struct {
	f    *File
	l    layout
	zlib io.Reader
	zstd *zstd.Decoder
}

// open returns the decompressed samples of a part, row after row. The caller reads only
// the rows within the picture.
func (c *codec) open(p part) (io.Reader, error) {
	f := c.f
	if p.length == 0 && f.stream == nil {
		return nil, damaged("an empty strip or tile")
	}
	in := &input{f.data[p.offset : p.offset+p.length], f.reversed, &f.work}
	switch f.compression {
	case compressionPackBits:
		return &packBits{in: in}, nil
	case compressionLZW:
		return newLZW(in), nil
	case compressionDeflate, compressionOldDeflate:
		return c.openZlib(in)
	case compressionZSTD:
		return c.openZSTD(in)
	case compressionJPEG, compressionOldJPEG:
		return f.openJPEG(in, c.l)
	case compressionWebP:
		return f.openWebP(in, c.l)
	case compressionHuffman, compressionHuffman16, compressionGroup3, compressionGroup4:
		return newFax(in, f.compression, f.Uint(tagT4Options, 0), c.l.width), nil
	default:
		return in, nil
	}
}

// close frees the decoders that the codec keeps.
func (c *codec) close() {
	if c.zstd != nil {
		c.zstd.Close()
	}
}

func (c *codec) openZlib(in *input) (io.Reader, error) {
	if r, ok := c.zlib.(zlib.Resetter); ok {
		return c.zlib, r.Reset(in, nil)
	}
	r, err := zlib.NewReader(in)
	if err != nil {
		return nil, err
	}
	c.zlib = r
	return r, nil
}

// maxWindow limits the memory of the ZSTD decoders, one for each plane. Compression
// levels up to 20 stay within it.
const maxWindow = 32 << 20

func (c *codec) openZSTD(in *input) (io.Reader, error) {
	if c.zstd == nil {
		window := uint64(maxWindow)
		if c.f.planar {
			window /= 4
		}
		var err error
		c.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(window))
		if err != nil {
			return nil, err
		}
	}
	return zstdReader{c.zstd}, c.zstd.Reset(in)
}

// zstdReader identifies the one ZSTD error that does not mean damage.
type zstdReader struct{ r *zstd.Decoder }

func (z zstdReader) Read(p []byte) (int, error) {
	n, err := z.r.Read(p)
	if errors.Is(err, zstd.ErrWindowSizeExceeded) {
		err = unsupported("its data is compressed as ZSTD with a window above %d MiB", maxWindow>>20)
	}
	return n, err
}

// newLZW returns a reader of LZW data. Before 1990 libtiff wrote the bits of codes in
// reverse order. The first code, a clear code, shows the order: 100000000 from the left
// in current files, from the right in old ones.
func newLZW(in *input) io.Reader {
	first := in.data[:min(len(in.data), 2)]
	if in.reversed {
		first = []byte{bits.Reverse8(first[0]), bits.Reverse8(first[len(first)-1])}
	}
	if len(first) == 2 && first[0] == 0 && first[1]&1 == 1 {
		return stdlzw.NewReader(in, stdlzw.LSB, 8)
	}
	return lzw.NewReader(in, lzw.MSB, 8)
}

// packBits reads the run-length code of TIFF 6.0, section 9.
type packBits struct {
	in      *input
	literal int // bytes to copy
	run     int // times to repeat value
	value   byte
}

func (r *packBits) Read(p []byte) (int, error) {
	const noOperation = -128
	for n := 0; n < len(p); {
		switch {
		case r.run > 0:
			k := min(r.run, len(p)-n)
			for i := range k {
				p[n+i] = r.value
			}
			n, r.run = n+k, r.run-k
		case r.literal > 0:
			k, err := r.in.Read(p[n:min(n+r.literal, len(p))])
			n, r.literal = n+k, r.literal-k
			if err != nil {
				return n, err
			}
		default:
			b, err := r.in.ReadByte()
			switch header := int(int8(b)); {
			case err != nil:
				return n, err
			case header >= 0:
				r.literal = header + 1
			case header != noOperation:
				r.run = 1 - header
				if r.value, err = r.in.ReadByte(); err != nil {
					return n, err
				}
			}
		}
	}
	return len(p), nil
}

// rest returns the unread data.
func (in *input) rest() []byte {
	*in.work += int64(len(in.data))
	data := in.data
	if in.reversed {
		data = bytes.Clone(data)
		for i, b := range data {
			data[i] = bits.Reverse8(b)
		}
	}
	in.data = nil
	return data
}

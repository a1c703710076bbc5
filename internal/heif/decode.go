package heif

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed" // the decoders
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

var (
	//go:embed hevc.wasm.gz
	hevcModule []byte
	//go:embed av1.wasm.gz
	av1Module []byte
)

// Limits of decoding: memory for the decoder and for each pixel, and time for each
// picture and for each pixel. The times are several times those of the slowest machine
// tested.
const (
	memoryOfDecoder = 64 << 20
	memoryOfPixel   = 64
	timeOfPicture   = 20 * time.Second
	timeOfPixel     = time.Microsecond

	pageSize = 64 << 10
	maxPages = 1 << 16
)

var errDecoder = errors.New("its data cannot be decoded")

// Decode decodes the pixels: AVIF to an image.RGBA or image.RGBA64, HEIC to an
// image.YCbCr, image.Gray or image.NRGBA, for which the caller needs the [Color]. The
// orientation is not applied. HEIC of more than 8 bits is reduced to 8, and loses its
// opacity unless it holds RGB.
//
// Decode returns the cause of ctx when ctx ends, and an error where decoding takes
// longer than any valid picture needs. With untrusted, the decoder stops then; checking
// for this in its loops takes three times as long. Otherwise the decoder may continue
// for a while.
func (p *Picture) Decode(ctx context.Context, untrusted bool) (image.Image, error) {
	pixels := int64(p.W) * int64(p.H)
	ctx, stop := context.WithTimeoutCause(ctx, timeOfPicture+time.Duration(pixels)*timeOfPixel,
		errors.New("decoding takes longer than any valid picture of its size does"))
	defer stop()
	if untrusted {
		m, err := p.decode(ctx, pixels, true)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return m, err
	}
	type result struct {
		m   image.Image
		err error
	}
	done := make(chan result, 1)
	go func() {
		m, err := p.decode(context.WithoutCancel(ctx), pixels, false)
		done <- result{m, err}
	}()
	select {
	case r := <-done:
		return r.m, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (p *Picture) decode(ctx context.Context, pixels int64, stoppable bool) (image.Image, error) {
	d, err := newDecoder(ctx, p, memoryOfDecoder+pixels*memoryOfPixel, stoppable)
	if err != nil {
		return nil, err
	}
	defer d.close()
	if p.codec == hevc {
		return d.hevc()
	}
	m, err := d.av1()
	if err != nil || p.crop == nil {
		return m, err
	}
	return cropped(m, p.crop), nil
}

// compiled caches the machine code of the decoders.
var compiled = sync.OnceValue(wazero.NewCompilationCache)

// decoder is an instance of a WebAssembly module with the file in its memory.
type decoder struct {
	ctx     context.Context
	runtime wazero.Runtime
	module  api.Module
	data    uint32 // address of the file
	size    int
}

func newDecoder(ctx context.Context, p *Picture, memory int64, stoppable bool) (*decoder, error) {
	packed := av1Module
	if p.codec == hevc {
		packed = hevcModule
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	code, err := io.ReadAll(unpacked)
	if err != nil {
		return nil, err
	}
	d := &decoder{ctx: ctx, size: len(p.data)}
	pages := min((memory+int64(len(p.data)))/pageSize+1, maxPages)
	d.runtime = wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCompilationCache(compiled()).
		WithMemoryLimitPages(uint32(pages)).WithCloseOnContextDone(stoppable))
	if err := d.instantiate(code); err != nil {
		d.close()
		return nil, err
	}
	if d.data, err = d.allocate(len(p.data)); err != nil || !d.module.Memory().Write(d.data, p.data) {
		d.close()
		return nil, errDecoder
	}
	return d, nil
}

func (d *decoder) instantiate(code []byte) error {
	if _, err := wasi_snapshot_preview1.Instantiate(d.ctx, d.runtime); err != nil {
		return err
	}
	module, err := d.runtime.CompileModule(d.ctx, code)
	if err != nil {
		return err
	}
	d.module, err = d.runtime.InstantiateModule(d.ctx, module, wazero.NewModuleConfig().WithStartFunctions("_initialize", "_start"))
	return err
}

func (d *decoder) close() { _ = d.runtime.Close(context.WithoutCancel(d.ctx)) }

// allocate reserves memory in the module.
func (d *decoder) allocate(size int) (uint32, error) {
	if size < 0 || size > math.MaxInt32 {
		return 0, errDecoder
	}
	at, err := d.call("malloc", uint64(size))
	if err == nil && at == 0 {
		err = errDecoder
	}
	return at, err
}

// call calls a function of the module.
func (d *decoder) call(name string, args ...uint64) (uint32, error) {
	results, err := d.module.ExportedFunction(name).Call(d.ctx, args...)
	if err != nil || len(results) != 1 {
		return 0, errDecoder // a trap, or the end of ctx, which Decode checks
	}
	return uint32(results[0]), nil
}

// numbers reads 32-bit numbers from the module's memory.
func (d *decoder) numbers(at uint32, n int) []int {
	v := make([]int, n)
	for i := range v {
		b, _ := d.module.Memory().ReadUint32Le(at + 4*uint32(i))
		v[i] = int(b)
	}
	return v
}

// read returns a copy of a range of the module's memory.
func (d *decoder) read(at uint32, size int) ([]byte, error) {
	b, ok := d.module.Memory().Read(at, uint32(size))
	if !ok {
		return nil, errDecoder
	}
	return bytes.Clone(b), nil
}

// decode calls the module's decode function twice: first for numbers that describe the
// picture, from which size computes its size in bytes, then for the pixels. arguments
// returns the arguments between the file and the address of the pixels.
func (d *decoder) decode(numbers int, arguments func(configOnly uint64, numbers uint32) []uint64, size func(v []int) (int, error)) (v []int, pix []byte, err error) {
	at, err := d.allocate(4*numbers + 8)
	if err != nil {
		return nil, nil, err
	}
	decode := func(configOnly uint64, out uint32) error {
		args := append([]uint64{uint64(d.data), uint64(d.size)}, arguments(configOnly, at)...)
		ok, err := d.call("decode", append(args, uint64(out))...)
		if err == nil && ok == 0 {
			err = errDecoder
		}
		return err
	}
	if err := decode(1, 0); err != nil {
		return nil, nil, err
	}
	v = d.numbers(at, numbers)
	n, err := size(v)
	if err != nil {
		return nil, nil, err
	}
	out, err := d.allocate(n)
	if err != nil {
		return nil, nil, err
	}
	if err := decode(0, out); err != nil {
		return nil, nil, err
	}
	pix, err = d.read(out, n)
	return v, pix, err
}

// av1 decodes the first picture of a file. The module's
//
//	decode(in, size, config_only, all, *width, *height, *depth, *count, *delays, out) ok
//
// writes R, G, B and A, multiplied by A, each of 8 bits or, where the file has
// more, of 16.
func (d *decoder) av1() (image.Image, error) {
	const numbers = 4 // before the delays
	bytesPer := func(depth int) int {
		if depth > 8 {
			return 8
		}
		return 4
	}
	v, pix, err := d.decode(numbers, func(configOnly uint64, at uint32) []uint64 {
		args := []uint64{configOnly, 0}
		for i := range uint32(numbers + 1) {
			args = append(args, uint64(at+4*i))
		}
		return args
	}, func(v []int) (int, error) { return area(v[0], v[1], bytesPer(v[2])) })
	if err != nil {
		return nil, err
	}
	w, bounds := v[0], image.Rect(0, 0, v[0], v[1])
	if bytesPer(v[2]) == 4 {
		return &image.RGBA{Pix: pix, Stride: 4 * w, Rect: bounds}, nil
	}
	for i := 0; i < len(pix); i += 2 { // Go's is big-endian
		binary.BigEndian.PutUint16(pix[i:], binary.LittleEndian.Uint16(pix[i:]))
	}
	return &image.RGBA64{Pix: pix, Stride: 8 * w, Rect: bounds}, nil
}

// area returns the size of a picture in bytes.
func area(w, h, bytesPer int) (int, error) {
	if w < 1 || h < 1 || w > 1<<16 || h > 1<<16 || w*h > math.MaxInt32/bytesPer {
		return 0, errDecoder
	}
	return w * h * bytesPer, nil
}

// Colour spaces and subsamplings in the HEVC module, numbered as in libheif.
const (
	spaceYCbCr = 0
	spaceRGB   = 1
	spaceGrey  = 2

	chroma420 = 1
	chroma422 = 2
	chroma444 = 3

	alignment = 16 // of rows, in bytes
	leastRow  = 64
)

// hevc decodes the primary picture of a file. The module's
//
//	decode(in, size, config_only, *width, *height, *colorspace, *chroma, *premultiplied, out) ok
//
// writes planes of 8 bits.
func (d *decoder) hevc() (image.Image, error) {
	const numbers = 5
	v, pix, err := d.decode(numbers, func(configOnly uint64, at uint32) []uint64 {
		args := []uint64{configOnly}
		for i := range uint32(numbers) {
			args = append(args, uint64(at+4*i))
		}
		return args
	}, func(v []int) (int, error) {
		// The module writes rows with padding at their end.
		return area(aligned(v[0]), v[1]+1, 4)
	})
	if err != nil {
		return nil, err
	}
	w, h, space, chroma, premultiplied := v[0], v[1], v[2], v[3], v[4] == 1
	bounds := image.Rect(0, 0, w, h)
	switch {
	case space == spaceGrey:
		return &image.Gray{Pix: pix, Stride: aligned(w), Rect: bounds}, nil
	case space == spaceRGB && premultiplied:
		return &image.RGBA{Pix: pix, Stride: aligned(w) * 4, Rect: bounds}, nil
	case space == spaceRGB:
		return &image.NRGBA{Pix: pix, Stride: aligned(w) * 4, Rect: bounds}, nil
	}
	m := &image.YCbCr{Rect: bounds, YStride: aligned(w)}
	cw, ch := (w+1)/2, (h+1)/2
	switch chroma {
	case chroma420:
		m.SubsampleRatio = image.YCbCrSubsampleRatio420
	case chroma422:
		m.SubsampleRatio, ch = image.YCbCrSubsampleRatio422, h
	case chroma444:
		m.SubsampleRatio, cw, ch = image.YCbCrSubsampleRatio444, w, h
	default:
		return nil, UnsupportedError(fmt.Sprintf("its colours are sampled in a way that is not known (%d)", chroma))
	}
	m.CStride = aligned(cw)
	luma, plane := m.YStride*h, m.CStride*ch
	m.Y, m.Cb, m.Cr = pix[:luma], pix[luma:luma+plane], pix[luma+plane:luma+2*plane]
	return m, nil
}

// aligned returns the length in libheif's memory of a row of n bytes. Its rows have an
// even number of pixels.
func aligned(n int) int {
	return (max(n+n%2, leastRow) + alignment - 1) / alignment * alignment
}

// cropped returns the clean aperture of a picture (ISO/IEC 14496-12, clap): its size
// and the offset of its center, as fractions. It returns the picture unchanged if the
// aperture does not consist of whole pixels within the picture.
func cropped(m image.Image, aperture []byte) image.Image {
	f := &fields{data: aperture}
	var v [8]int64
	for i := range v {
		v[i] = int64(int32(f.uint(4)))
	}
	for i := 1; i < len(v); i += 2 {
		if v[i] <= 0 || f.short {
			return m
		}
	}
	w, h := v[0]/v[1], v[2]/v[3]
	size := m.Bounds().Size()
	left := (int64(size.X)-w)*v[5] + 2*v[4]
	top := (int64(size.Y)-h)*v[7] + 2*v[6]
	if v[0]%v[1] != 0 || v[2]%v[3] != 0 || w < 1 || h < 1 || left < 0 || top < 0 || left%(2*v[5]) != 0 || top%(2*v[7]) != 0 {
		return m
	}
	at := image.Pt(int(left/(2*v[5])), int(top/(2*v[7])))
	part := image.Rectangle{at, at.Add(image.Pt(int(w), int(h)))}
	if sub, ok := m.(interface {
		SubImage(r image.Rectangle) image.Image
	}); ok && part.In(m.Bounds()) {
		return sub.SubImage(part)
	}
	return m
}

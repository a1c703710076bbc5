package job

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// A Request is a painting to be made.
type Request struct {
	Options
	Content    *picture.Picture // nil for a texture
	Styles     []*picture.Picture
	Masks      []*picture.Picture // none, or for each style where on the content it paints
	StyleMasks []*picture.Picture // where the first styles are looked at
	Keep       *picture.Picture   // where the content stays as it is, or nil
	Init       *picture.Picture   // where a recipe with InitPicture begins, or nil
	Key        string             // the same key of an owner is the same job; "" is none
	Owner      string             // who asks; "" is anybody
}

// regions returns what is painted where.
func (r *Request) regions() ([]paint.Region, error) {
	if n := len(r.Weights); n != 0 && n != len(r.Styles) {
		return nil, &paint.OptionError{Option: "weights", Reason: fmt.Sprintf("%d of them for %d styles: expected one for each, or none", n, len(r.Styles))}
	}
	if n := len(r.StyleScales); n != 0 && n != len(r.Styles) {
		return nil, &paint.OptionError{Option: "style_scales", Reason: fmt.Sprintf("%d of them for %d styles: expected one for each, or none", n, len(r.Styles))}
	}
	if n := len(r.Masks); n != 0 && n != len(r.Styles) {
		return nil, &paint.OptionError{Option: "mask", Reason: fmt.Sprintf("%d of them for %d styles: expected one for each, or none", n, len(r.Styles))}
	}
	if n := len(r.StyleMasks); n > len(r.Styles) {
		return nil, &paint.OptionError{Option: "style_mask", Reason: fmt.Sprintf("%d of them for %d styles: expected at most one for each", n, len(r.Styles))}
	}
	styles := make([]paint.Style, len(r.Styles))
	for i, p := range r.Styles {
		styles[i].Picture = p
		if len(r.Weights) > 0 {
			styles[i].Weight = r.Weights[i]
		}
		if len(r.StyleScales) > 0 {
			styles[i].Scale = r.StyleScales[i]
		}
		if i < len(r.StyleMasks) {
			styles[i].Mask = r.StyleMasks[i]
		}
	}
	if len(r.Masks) == 0 {
		regions := []paint.Region{{Styles: styles}}
		return r.kept(regions), nil
	}
	// Each mask, of the content, is a region of its own.
	var regions []paint.Region
	for i, m := range r.Masks {
		regions = append(regions, paint.Region{Mask: m, Styles: styles[i : i+1]})
	}
	return r.kept(regions), nil
}

// kept adds the region that stays as it is: one without styles.
func (r *Request) kept(regions []paint.Region) []paint.Region {
	if r.Keep != nil {
		regions = append(regions, paint.Region{Mask: r.Keep})
	}
	return regions
}

// imageOf returns a picture, or where there is none nil.
func imageOf(p *picture.Picture) image.Image {
	if p == nil {
		return nil
	}
	return p
}

// file is an input as it is stored.
type file struct {
	input
	data []byte
}

// encode returns the files of a request and a digest of all of it.
func (r *Request) encode() ([]file, string, error) {
	var files []file
	h := sha256.New()
	options, err := json.Marshal(r.Options)
	if err != nil {
		return nil, "", err
	}
	h.Write(options)
	var failed error
	add := func(name string, p *picture.Picture) {
		data, err := encodeInput(p)
		sum := sha256.Sum256(data)
		f := file{input{name, hex.EncodeToString(sum[:])}, data}
		fmt.Fprintf(h, "%s %s\n", f.Name, f.SHA256)
		files = append(files, f)
		failed = errors.Join(failed, err)
	}
	if r.Content != nil {
		add("content", r.Content)
	}
	for i, p := range r.Styles {
		add(styleName(i), p)
	}
	for i, p := range r.Masks {
		add(maskName(i), p)
	}
	for i, p := range r.StyleMasks {
		add(styleMaskName(i), p)
	}
	if r.Keep != nil {
		add("keep", r.Keep)
	}
	if r.Init != nil {
		add("init", r.Init)
	}
	return files, hex.EncodeToString(h.Sum(nil)), failed
}

// encodeInput returns a picture as a PNG with all its levels, which is written
// fast rather than small: whoever accepts jobs may be painting.
func encodeInput(p *picture.Picture) ([]byte, error) {
	var m image.Image = p.Image()
	for _, level := range p.RGB {
		if level != float32(uint8(level)) {
			m = p.Image16()
			break
		}
	}
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.NoCompression}
	err := encoder.Encode(&b, m)
	return b.Bytes(), err
}

func styleName(i int) string     { return fmt.Sprintf("style-%d", i) }
func maskName(i int) string      { return fmt.Sprintf("mask-%d", i) }
func styleMaskName(i int) string { return fmt.Sprintf("style-mask-%d", i) }

// request reads the request of a record back.
func (s *Store) request(ctx context.Context, r *record) (*Request, error) {
	req := &Request{Options: r.Options}
	var failed error
	open := func(name string) *picture.Picture {
		data, err := s.get(ctx, r.object(name))
		if err == nil {
			var p *picture.Picture
			if p, err = picture.Decode(bytes.NewReader(data), name, picture.Limits{}); err == nil {
				return p
			}
		}
		failed = errors.Join(failed, fmt.Errorf("%s of job %s: %w", name, r.ID, err))
		return nil
	}
	if r.Content {
		req.Content = open("content")
	}
	for i := range r.Styles {
		req.Styles = append(req.Styles, open(styleName(i)))
	}
	for i := range r.Masks {
		req.Masks = append(req.Masks, open(maskName(i)))
	}
	for i := range r.StyleMasks {
		req.StyleMasks = append(req.StyleMasks, open(styleMaskName(i)))
	}
	if r.Keep {
		req.Keep = open("keep")
	}
	if r.Init {
		req.Init = open("init")
	}
	return req, failed
}

package studio

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/pastiche-art/pastiche/picture"
)

const (
	mimePNG  = "image/png"
	mimeJPEG = "image/jpeg"
)

type resultPath struct {
	JobPath
	Download bool `query:"download" doc:"as a file to keep"`
}

// InputPath is the path of a picture that a job was given.
type InputPath struct {
	JobPath
	Size int `query:"size" minimum:"16" maximum:"2048" default:"512" doc:"the longest long side, in pixels"`
}

type stylePath struct {
	InputPath
	N int `path:"n" minimum:"0" maximum:"7" doc:"which of them, from 0"`
}

func (s *server) pictureOperations(api huma.API) {
	op := pictureOperation("/jobs/{id}/result", "result", "The painting, with a note in it of how it was painted", mimePNG)
	op.Errors = append(op.Errors, http.StatusConflict)
	huma.Register(api, op, func(ctx context.Context, in *resultPath) (*huma.StreamResponse, error) {
		data, err := s.pictureOf(ctx, in.ID, func() ([]byte, error) { return s.Store.Result(ctx, in.ID) })
		name := ""
		if in.Download {
			name = "pastiche-" + in.ID[:min(len(in.ID), 8)] + ".png"
		}
		return s.send(mimePNG, name, data, err)
	})

	op = pictureOperation("/jobs/{id}/preview", "preview", "The painting as it is, small", mimeJPEG)
	huma.Register(api, op, func(ctx context.Context, in *struct {
		JobPath
		Step int `query:"step" doc:"of the preview; another one asks browsers to look again"`
	}) (*huma.StreamResponse, error) {
		data, err := s.pictureOf(ctx, in.ID, func() ([]byte, error) { return s.Store.Preview(ctx, in.ID) })
		return s.send(mimeJPEG, "", data, err)
	})

	op = pictureOperation("/jobs/{id}/content", "content", "The photo", mimeJPEG)
	huma.Register(api, op, func(ctx context.Context, in *InputPath) (*huma.StreamResponse, error) {
		return s.view(ctx, in, "content", func() ([]byte, error) { return s.Store.Content(ctx, in.ID) })
	})

	op = pictureOperation("/jobs/{id}/styles/{n}", "style", "One of the paintings", mimeJPEG)
	huma.Register(api, op, func(ctx context.Context, in *stylePath) (*huma.StreamResponse, error) {
		return s.view(ctx, &in.InputPath, strconv.Itoa(in.N), func() ([]byte, error) { return s.Store.Style(ctx, in.ID, in.N) })
	})
}

func pictureOperation(path, id, summary, kind string) huma.Operation {
	op := operation(tagPictures, http.MethodGet, path, id, summary, http.StatusNotFound)
	op.Description = "With an ETag, by ranges where asked for."
	op.Responses = map[string]*huma.Response{"200": {
		Description: "the picture",
		Content:     map[string]*huma.MediaType{kind: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
	}}
	return op
}

// pictureOf reads a picture of a job of whoever asks.
func (s *server) pictureOf(ctx context.Context, id string, read func() ([]byte, error)) ([]byte, error) {
	if _, err := s.own(ctx, id); err != nil {
		return nil, err
	}
	return read()
}

// view sends an input no larger than a size.
func (s *server) view(ctx context.Context, in *InputPath, which string, read func() ([]byte, error)) (*huma.StreamResponse, error) {
	if _, err := s.own(ctx, in.ID); err != nil {
		return nil, s.fail(err)
	}
	if err := s.viewing.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer s.viewing.Release(1)
	name := fmt.Sprintf("%s/%s/%d", in.ID, which, in.Size)
	if data := s.views.get(name); data != nil {
		return s.send(mimeJPEG, "", data, nil)
	}
	data, err := read()
	if err != nil {
		return nil, s.fail(err)
	}
	p, err := picture.Decode(bytes.NewReader(data), "the picture", picture.Limits{})
	if err != nil {
		return nil, s.fail(err)
	}
	if max(p.W, p.H) > in.Size {
		p = p.Resize(picture.FitLong(p.W, p.H, in.Size))
	}
	var b bytes.Buffer
	err = picture.Encode(&b, p, picture.JPEG, picture.SaveOptions{Quality: 90})
	if err == nil {
		s.views.put(name, b.Bytes())
	}
	return s.send(mimeJPEG, "", b.Bytes(), err)
}

// send answers with a picture; with a name, it is one to keep.
func (s *server) send(kind, name string, data []byte, err error) (*huma.StreamResponse, error) {
	if err != nil {
		return nil, s.fail(err)
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		r, w := humago.Unwrap(ctx)
		h := w.Header()
		h.Set("Content-Type", kind)
		h.Set("Cache-Control", "private, no-cache") // ask again, and be told that it is the same
		h.Set("ETag", fmt.Sprintf("\"%x\"", sha256.Sum256(data)))
		if name != "" {
			h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}}, nil
}

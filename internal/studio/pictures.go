package studio

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/picture"
)

const (
	mimePNG  = "image/png"
	mimeJPEG = "image/jpeg"
	mimeWebP = "image/webp"
	mimeJSON = "application/json"

	// immutable is the Cache-Control of what never changes. Shared caches must
	// not keep it, as others must not see it.
	immutable = "private, max-age=31536000, immutable"
)

// formats are those that results are sent in.
var formats = map[string]struct {
	format       picture.Format
	mime, suffix string
}{
	"png":  {picture.PNG, mimePNG, ".png"},
	"jpeg": {picture.JPEG, mimeJPEG, ".jpg"},
	"webp": {picture.WebP, mimeWebP, ".webp"},
}

// Conditions are the headers of a request for a file that http.ServeContent obeys.
type Conditions struct {
	IfNoneMatch string `header:"If-None-Match" doc:"ETags of cached copies; 304 says that one of them is current"`
	Range       string `header:"Range" doc:"a range of the file, such as bytes=0-1023"`
}

type resultQuery struct {
	JobPath
	Conditions
	Format   string `query:"format" enum:"png,jpeg,webp" default:"png" doc:"png without width is the stored file, which holds the provenance; webp is lossless"`
	Width    int    `query:"width" minimum:"1" maximum:"16384" doc:"in pixels; a painting is never enlarged" example:"1024"`
	Download string `query:"download" maxLength:"200" doc:"file name: the response is sent as an attachment" example:"castle.png"`
}

// FilePath is the path of a file of a job.
type FilePath struct {
	JobPath
	Conditions
}

// InputPath is the path of a picture that a job was given.
type InputPath struct {
	JobPath
	Conditions
	Role   api.Role `path:"role" enum:"content,style,mask,style_mask,keep,init" doc:"the picture's role"`
	Number int      `path:"number" minimum:"0" maximum:"7" doc:"which picture of the role, from 0"`
}

func (s *server) pictureOperations(humaAPI huma.API) {
	op := fileOperation("/jobs/{id}/result", "getResult", "Get the painting", mimePNG, mimeJPEG, mimeWebP)
	op.Description = "The stored PNG file, or a converted copy. The status is 409 until the job is done."
	op.Errors = append(op.Errors, http.StatusConflict)
	huma.Register(humaAPI, op, func(ctx context.Context, in *resultQuery) (*huma.StreamResponse, error) {
		r, err := s.done(ctx, in.ID)
		if err != nil {
			return nil, s.fail(err)
		}
		f := s.painting(r, in.Format, in.Width)
		if in.Download != "" {
			f.name = fileName(in.Download, formats[in.Format].suffix)
		}
		return s.send(f), nil
	})

	op = fileOperation("/jobs/{id}/result/thumbnail", "getResultThumbnail", "Get the painting, at most 512 pixels long", mimeJPEG)
	op.Errors = append(op.Errors, http.StatusConflict)
	huma.Register(humaAPI, op, func(ctx context.Context, in *FilePath) (*huma.StreamResponse, error) {
		r, err := s.done(ctx, in.ID)
		if err == nil && r.Result.Thumb == "" {
			err = job.ErrNotFound
		}
		if err != nil {
			return nil, s.fail(err)
		}
		return s.send(s.storedFile(r, r.Result.Thumb, mimeJPEG, blob.Info{})), nil
	})

	op = fileOperation("/jobs/{id}/curve", "getCurve", "Get the costs over the steps", mimeJSON)
	op.Description = "The curve of a finished job never changes. That of another job ends at its last checkpoint and may be empty."
	op.Responses["200"].Content = jsonOf[api.Curve](humaAPI)
	huma.Register(humaAPI, op, func(ctx context.Context, in *FilePath) (*huma.StreamResponse, error) {
		r, err := s.Jobs.Get(ctx, callerOf(ctx).owner, in.ID)
		if err != nil {
			return nil, s.fail(err)
		}
		if r.Result == nil || r.Result.Curve == "" {
			return s.send(fileAnswer{kind: mimeJSON, cache: "no-store", open: func(context.Context) (fileContent, error) {
				return inMemory(json.Marshal(r.CurveSoFar()))
			}}), nil
		}
		return s.send(s.storedFile(r, r.Result.Curve, mimeJSON, blob.Info{})), nil
	})

	op = fileOperation("/jobs/{id}/preview", "getPreview", "Get the painting as it is now, at most 512 pixels long", mimeJPEG)
	op.Description = "The latest preview, whatever step the query names. It may be cached where it is the preview of that step."
	huma.Register(humaAPI, op, func(ctx context.Context, in *struct {
		FilePath
		Step int `query:"step" minimum:"1" doc:"the step that the client expects"`
	}) (*huma.StreamResponse, error) {
		r, err := s.Jobs.Get(ctx, callerOf(ctx).owner, in.ID)
		if err != nil {
			return nil, s.fail(err)
		}
		data, step, err := s.Jobs.Preview(ctx, r)
		if err != nil {
			return nil, s.fail(err)
		}
		sum := sha256.Sum256(data)
		f := fileAnswer{kind: mimeJPEG, etag: hex.EncodeToString(sum[:]), cache: "private, no-cache", open: func(context.Context) (fileContent, error) {
			return inMemory(data, nil)
		}}
		if step == in.Step {
			f.cache = immutable
		}
		return s.send(f), nil
	})

	for path, of := range map[string]struct{ id, summary, kind string }{
		"/jobs/{id}/inputs/{role}/{number}":           {"getInput", "Get a picture that the job was given", mimePNG},
		"/jobs/{id}/inputs/{role}/{number}/thumbnail": {"getInputThumbnail", "Get a picture that the job was given, at most 512 pixels long", mimeJPEG},
	} {
		huma.Register(humaAPI, fileOperation(path, of.id, of.summary, of.kind), func(ctx context.Context, in *InputPath) (*huma.StreamResponse, error) {
			r, err := s.Jobs.Get(ctx, callerOf(ctx).owner, in.ID)
			if err != nil {
				return nil, s.fail(err)
			}
			input, err := r.Input(in.Role, in.Number)
			if err != nil {
				return nil, s.fail(err)
			}
			f := s.storedFile(r, input.Blob, mimePNG, input.Info)
			if of.kind == mimeJPEG {
				f = s.storedFile(r, input.Thumb, mimeJPEG, blob.Info{})
			}
			return s.send(f), nil
		})
	}
}

// painting returns the painting of a record in one of the formats, at most width pixels
// wide; 0 is as it was painted.
func (s *server) painting(r *job.Record, name string, width int) fileAnswer {
	format := formats[name]
	v := variant{r.Result.SHA256, int64(r.Result.Width) * int64(r.Result.Height), format.format, r.Result.Width}
	if width > 0 {
		v.width = min(width, r.Result.Width)
	}
	if v.format == picture.PNG && v.width == r.Result.Width {
		return s.storedFile(r, r.Result.Blob, mimePNG, r.Result.Info)
	}
	return fileAnswer{kind: format.mime, etag: v.String(), cache: immutable, open: func(ctx context.Context) (fileContent, error) {
		return inMemory(s.converter.get(ctx, r.Owner, v, func(ctx context.Context) (*storedFile, error) {
			return s.open(ctx, r, r.Result.Blob, r.Result.Info)
		}))
	}}
}

// done returns a job that is done.
func (s *server) done(ctx context.Context, id string) (*job.Record, error) {
	r, err := s.Jobs.Get(ctx, callerOf(ctx).owner, id)
	if err == nil && r.Result == nil {
		return nil, fmt.Errorf("%w: the job is %s, expected done", job.ErrState, r.State)
	}
	return r, err
}

package studio

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/job"
)

const (
	tagFiles = "Files"
	// fileRetention is how long an uploaded file is kept.
	fileRetention = 24 * time.Hour
	// fileRole is the role of the only picture of an uploaded file.
	fileRole api.Role = "file"
)

type uploaded struct {
	Location string `header:"Location" doc:"of the file"`
	Body     *api.File
}

func (s *server) fileOperations(humaAPI huma.API) {
	upload := operation(tagFiles, http.MethodPost, "/files", "uploadFile", "Upload a picture or a video for several jobs")
	upload.Description = "The body is a picture or video file, or a form with one in the field file. The file is deleted after a day; jobs have their own copies."
	upload.DefaultStatus = http.StatusCreated
	receiving(s, humaAPI, upload, nil, s.upload)
	schemas := humaAPI.OpenAPI().Components.Schemas
	humaAPI.OpenAPI().Paths[upload.Path].Post.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"image/*": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
		"video/*": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
		mediaForm: {Schema: schemas.Schema(reflect.TypeFor[fileForm](), true, "FileForm")},
	}}

	huma.Register(humaAPI, operation(tagFiles, http.MethodGet, "/files/{id}", "getFile", "Get an uploaded file", http.StatusNotFound),
		func(ctx context.Context, in *JobPath) (*uploaded, error) {
			r, err := s.Jobs.File(ctx, callerOf(ctx).owner, in.ID)
			if err != nil {
				return nil, s.fail(err)
			}
			return viewFile(r), nil
		})

	op := fileOperation("/files/{id}/thumbnail", "getFileThumbnail", "Get an uploaded file, at most 512 pixels long", mimeJPEG)
	op.Tags = []string{tagFiles}
	huma.Register(humaAPI, op, func(ctx context.Context, in *FilePath) (*huma.StreamResponse, error) {
		r, err := s.Jobs.File(ctx, callerOf(ctx).owner, in.ID)
		if err != nil {
			return nil, s.fail(err)
		}
		return s.send(s.storedFile(r, r.Inputs[0].Thumb, mimeJPEG, blob.Info{})), nil
	})

	huma.Register(humaAPI, operation(tagFiles, http.MethodDelete, "/files/{id}", "deleteFile", "Delete an uploaded file", http.StatusNotFound),
		func(ctx context.Context, in *JobPath) (*struct{}, error) {
			if err := s.deleteFile(ctx, in.ID); err != nil {
				return nil, s.fail(err)
			}
			return nil, nil
		})
}

// fileForm is the form of an upload, as the OpenAPI document has it.
type fileForm struct {
	File binary `json:"file" required:"true" doc:"the picture or video file"`
}

func (s *server) upload(ctx context.Context, _ *struct{}, b *body) (*uploaded, error) {
	file, err := b.file()
	if err != nil {
		return nil, err
	}
	r, err := s.storeEither(ctx, b, file)
	if err != nil {
		return nil, err
	}
	return viewFile(r), nil
}

// file returns the picture file of a body that is one, or a form with one.
func (b *body) file() (io.Reader, error) {
	if b.media != mediaForm {
		return b, nil
	}
	if err := b.complete(); err != nil {
		return nil, err
	}
	part, err := multipart.NewReader(b, b.boundary).NextPart()
	if errors.Is(err, io.EOF) {
		return nil, malformed("the form is empty: expected the field file")
	}
	if err != nil {
		return nil, malformed("%v", err)
	}
	if part.FormName() != "file" {
		return nil, malformed("field %q: expected file", part.FormName())
	}
	return part, nil
}

// store makes a picture an uploaded file. name is what errors call it.
func (s *server) store(ctx context.Context, b *body, file io.Reader, name string) (*job.Record, error) {
	f, err := b.decode(ctx, file, name)
	if err != nil {
		return nil, err
	}
	draft, err := s.Jobs.BeginFile(ctx, callerOf(ctx).owner)
	if err != nil {
		return nil, err
	}
	defer draft.Discard()
	if err := draft.Add(ctx, fileRole, f); err != nil {
		return nil, err
	}
	return draft.Store(ctx, fileRetention)
}

func (s *server) deleteFile(ctx context.Context, id string) error {
	owner := callerOf(ctx).owner
	if _, err := s.Jobs.File(ctx, owner, id); err != nil {
		return err
	}
	return s.Jobs.Delete(ctx, owner, id)
}

func viewFile(r *job.Record) *uploaded {
	in := r.Inputs[0]
	path := base + "/files/" + r.ID
	f := &api.File{
		ID: r.ID, Width: in.Width, Height: in.Height, SHA256: in.SHA256, Expires: *r.Expires, Warnings: in.Warnings,
		Thumbnail: path + "/thumbnail",
	}
	if r.Video != nil {
		f.Video = r.Video.View(0)
	}
	return &uploaded{path, f}
}

package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"os"

	"github.com/pastiche-art/pastiche/api"
)

// An Opener opens a picture file for an upload. It is called before each attempt to
// send the file.
type Opener func() (io.ReadCloser, error)

// File returns an opener of the file of a path.
func File(path string) Opener {
	return func() (io.ReadCloser, error) { return os.Open(path) }
}

// Bytes returns an opener of a file in memory.
func Bytes(data []byte) Opener {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

// A Picture is a picture file to upload with a job, or with [api.VideoRole] a video file.
// The file is sent unchanged and streamed from its reader.
type Picture struct {
	Role api.Role
	Open Opener
}

// Submit submits a job and returns it as the server has accepted it. The pictures of
// the job are either uploaded with it, or are the sources in s. Pictures of one
// role, such as styles, are numbered in their order.
//
// key is the idempotency key: a second submission with the same key returns the job of
// the first. Where key is "", Submit makes a random one, so that its own retries create
// one job only.
func (c *Client) Submit(ctx context.Context, key string, s api.Submission, pictures ...Picture) (*api.Job, error) {
	if key == "" {
		key = rand.Text()
	}
	r := &request{method: http.MethodPost, path: basePath + "/jobs", repeatable: true}
	set := func() error { return r.setJSON(s) }
	if len(pictures) > 0 {
		set = func() error { return r.setForm(s, pictures) }
	}
	if err := set(); err != nil {
		return nil, err
	}
	r.setHeader("Idempotency-Key", key)
	return call[api.Job](ctx, c, r)
}

// Batch submits a job for each pair of a content and a group of styles. After an error
// other than an [*Error], the server may have accepted the batch: list the jobs with
// one of b.Labels to see.
func (c *Client) Batch(ctx context.Context, b api.Batch) (*api.BatchAnswer, error) {
	r := &request{method: http.MethodPost, path: basePath + "/batches"}
	if err := r.setJSON(b); err != nil {
		return nil, err
	}
	return call[api.BatchAnswer](ctx, c, r)
}

// UploadFile uploads a picture or video file for several jobs, whose sources name it by its id.
// A retry after a lost answer may store the file twice, until both expire.
func (c *Client) UploadFile(ctx context.Context, open Opener) (*api.File, error) {
	r := &request{method: http.MethodPost, path: basePath + "/files", repeatable: true}
	r.setUpload("application/octet-stream", func() (io.ReadCloser, error) {
		file, err := open()
		if err != nil {
			return nil, err
		}
		return upload{file}, nil
	})
	return call[api.File](ctx, c, r)
}

// setUpload sets a body that is streamed. It is sent after the server has accepted the
// headers, so that a refusal costs no upload.
func (r *request) setUpload(contentType string, open func() (io.ReadCloser, error)) {
	r.setHeader("Content-Type", contentType)
	r.setHeader("Expect", "100-continue")
	r.open, r.length, r.uploads = open, -1, true
}

// setForm sets a body of the type multipart/form-data.
func (r *request) setForm(s api.Submission, pictures []Picture) error {
	if s.Content != nil || s.Video != nil || len(s.Styles)+len(s.Masks)+len(s.StyleMasks) > 0 || s.Keep != nil || s.Init != nil {
		return errors.New("a submission has pictures to upload and sources: expected one or the other; upload the pictures with UploadFile to use both")
	}
	fields := []struct {
		name  string
		value any
		given bool
	}{
		{"options", s.Options, s.Options != nil},
		{"labels", s.Labels, len(s.Labels) > 0},
		{"webhook", s.Webhook, s.Webhook != nil},
		{"look", s.Look, s.Look},
	}
	var text bytes.Buffer
	form := multipart.NewWriter(&text)
	for _, f := range fields {
		if !f.given {
			continue
		}
		data, err := json.Marshal(f.value)
		if err != nil {
			return err
		}
		if err := form.WriteField(f.name, string(data)); err != nil {
			return err
		}
	}
	if s.Retention != "" {
		if err := form.WriteField("retention", s.Retention); err != nil {
			return err
		}
	}
	// heads[i] is the text before the picture i; the last is after all pictures.
	heads := make([][]byte, 0, len(pictures)+1)
	cut := func() {
		heads = append(heads, bytes.Clone(text.Bytes()))
		text.Reset()
	}
	for _, p := range pictures {
		if _, err := form.CreateFormFile(string(p.Role), string(p.Role)); err != nil {
			return err
		}
		cut()
	}
	if err := form.Close(); err != nil {
		return err
	}
	cut()
	r.setUpload(form.FormDataContentType(), func() (io.ReadCloser, error) {
		body := &formBody{}
		var parts []io.Reader
		for i, p := range pictures {
			file, err := p.Open()
			if err != nil {
				body.Close() //nolint:errcheck // the files were not read
				return nil, err
			}
			body.files = append(body.files, file)
			parts = append(parts, bytes.NewReader(heads[i]), upload{file})
		}
		body.Reader = io.MultiReader(append(parts, bytes.NewReader(heads[len(pictures)]))...)
		return body, nil
	})
	return nil
}

// A formBody is the body of a form with its open files.
type formBody struct {
	io.Reader
	files []io.Closer
}

func (f *formBody) Close() error {
	errs := make([]error, 0, len(f.files))
	for _, file := range f.files {
		errs = append(errs, file.Close())
	}
	return errors.Join(errs...)
}

// An upload is a file that is sent.
type upload struct{ io.ReadCloser }

func (u upload) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &uploadError{err}
	}
	return n, err
}

// An uploadError says that a file of the request could not be read. Such a request is
// not sent again.
type uploadError struct{ err error }

func (e *uploadError) Error() string { return "upload: " + e.err.Error() }
func (e *uploadError) Unwrap() error { return e.err }

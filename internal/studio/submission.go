package studio

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
)

// maxField bounds a field of a form that is not a picture.
const maxField = 64 << 10 // bytes

type submissionHeader struct {
	Key    string `header:"Idempotency-Key" maxLength:"200" doc:"idempotency key: requests with the same key create one job, also after a restart of the server" example:"order-7"`
	Prefer string `header:"Prefer" maxLength:"200" doc:"wait=SECONDS, at most 60: respond when the job is finished or the time is over" example:"wait=30"`
}

type submitted struct {
	Status   int
	Location string `header:"Location" doc:"path of the job"`
	Applied  string `header:"Preference-Applied" doc:"the wait that the server applied"`
	Body     *api.Job
}

func (s *server) submitOperation(humaAPI huma.API) {
	op := operation(tagJobs, http.MethodPost, "/jobs", "submitJob", "Submit a job", http.StatusConflict)
	op.Description = "Once the server has responded, the job is durable: it is painted even where processes end meanwhile."
	op.DefaultStatus = http.StatusCreated
	text := &huma.Schema{Type: huma.TypeString}
	headers := map[string]*huma.Header{
		"Location": {Description: "path of the job", Schema: text}, "Preference-Applied": {Description: "with Prefer: wait, the wait", Schema: text},
	}
	op.Responses = map[string]*huma.Response{
		"201": {Description: "a new job; with Prefer: wait it is finished", Headers: headers},
		"200": {Description: "the job of an idempotency key that was used before; with Prefer: wait it is finished", Headers: headers, Content: jsonOf[api.Job](humaAPI)},
		"202": {Description: "with Prefer: wait, a job that is not finished yet", Headers: headers, Content: jsonOf[api.Job](humaAPI)},
	}
	receiving(s, humaAPI, op, []string{mediaForm, mimeJSON}, s.submit)
	// Documented afterwards: huma would read a body that it knows of.
	humaAPI.OpenAPI().Paths[op.Path].Post.RequestBody = submissionBody(humaAPI.OpenAPI().Components.Schemas)
}

func (s *server) submit(ctx context.Context, in *submissionHeader, b *body) (*submitted, error) {
	if b.media == mediaForm {
		if err := b.complete(); err != nil {
			return nil, err
		}
	}
	read, look, err := s.reader(b)
	if err != nil {
		return nil, err
	}
	begin := s.Jobs.Begin
	if look {
		begin = s.Jobs.BeginLook
	}
	draft, err := begin(ctx, callerOf(ctx).owner, in.Key)
	if err != nil {
		return nil, err
	}
	defer draft.Discard()
	sub, err := read(ctx, draft)
	if err != nil {
		return nil, err
	}
	r, created, err := draft.Submit(ctx, sub)
	if err != nil {
		return nil, err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	if created && !look {
		s.metrics.accepted.Inc()
	}
	b.done()
	out := &submitted{Status: status, Location: job.URL(r.ID, "")}
	if wait, waits := preferredWait(in.Prefer); waits {
		r, err = s.await(ctx, r.Owner, r.ID, wait)
		if err != nil {
			return nil, err
		}
		if !r.State.Final() {
			out.Status = http.StatusAccepted
		}
		out.Applied = "wait=" + seconds(wait)
	}
	out.Body = s.Jobs.View(r)
	return out, nil
}

// complete checks that a form ends with its last boundary. The reader of the form
// takes one that breaks off between its parts for whole.
func (b *body) complete() error {
	last := "--" + b.boundary + "--"
	const epilogue = 4 << 10 // bytes after the last boundary, of which there are two in practice
	end := make([]byte, min(b.size, int64(len(last)+epilogue)))
	if _, err := b.ReadAt(end, b.size-int64(len(end))); err != nil {
		return err
	}
	if !bytes.Contains(end, []byte(last)) {
		return malformed("the upload broke off before the last boundary of the form: send it again")
	}
	return nil
}

// reader returns what adds the pictures of a body to a draft and returns its other
// fields, and whether the body is of a quick look.
func (s *server) reader(b *body) (read func(context.Context, *job.Draft) (job.Submission, error), look bool, err error) {
	if b.media == mediaForm {
		look, err = isLook(b)
		return func(ctx context.Context, d *job.Draft) (job.Submission, error) { return s.readForm(ctx, d, b) }, look, err
	}
	var in submissionJSON
	if err := strictJSON(b, &in); err != nil {
		return nil, false, malformed("%v", err)
	}
	return func(ctx context.Context, d *job.Draft) (job.Submission, error) { return s.readJSON(ctx, d, b, &in) }, in.Look, nil
}

// isLook reports whether the field look of a form says that it is of a quick look. The
// field may stand behind the pictures.
func isLook(b *body) (bool, error) {
	for parts := multipart.NewReader(io.NewSectionReader(b, 0, b.size), b.boundary); ; {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, malformed("%v", err)
		}
		if part.FormName() != "look" {
			continue
		}
		text, err := io.ReadAll(io.LimitReader(part, maxField))
		if err != nil {
			return false, malformed("field \"look\": %v", err)
		}
		look, err := strconv.ParseBool(string(text))
		if err != nil {
			return false, malformed("field \"look\": %.20q: expected true or false", text)
		}
		return look, nil
	}
}

// roles are the roles of uploaded pictures, which are the names of their form fields.
var roles = []api.Role{api.Content, api.Style, api.Mask, api.StyleMask, api.Keep, api.Init}

// readForm adds the pictures of a form to a draft and returns its other fields.
func (s *server) readForm(ctx context.Context, draft *job.Draft, b *body) (job.Submission, error) {
	fields := make(map[string][]byte)
	for parts := multipart.NewReader(b, b.boundary); ; {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return job.Submission{}, malformed("%v", err)
		}
		name := part.FormName()
		switch {
		case slices.Contains(roles, api.Role(name)):
			f, err := b.decode(ctx, part, name)
			if err == nil {
				err = draft.Add(ctx, api.Role(name), f)
			}
			if err != nil {
				return job.Submission{}, err
			}
		case name == string(api.VideoRole):
			if err := s.addVideo(ctx, draft, b, part, name); err != nil {
				return job.Submission{}, err
			}
		case name != "options" && name != "labels" && name != "retention" && name != "webhook" && name != "look":
			return job.Submission{}, malformed("field %q: expected content, video, style, mask, style_mask, keep, init, options, labels, retention, look or webhook", name)
		case fields[name] != nil:
			return job.Submission{}, malformed("field %q: found it twice, expected it once", name)
		default:
			text, err := io.ReadAll(io.LimitReader(part, maxField+1))
			if err != nil {
				return job.Submission{}, malformed("field %q: %v", name, err)
			}
			if len(text) > maxField {
				return job.Submission{}, malformed("field %q: more than %d KiB", name, maxField>>10)
			}
			fields[name] = text
		}
	}
	var labels map[string]string
	var webhook *api.Webhook
	for name, to := range map[string]any{"labels": &labels, "webhook": &webhook} {
		if len(fields[name]) == 0 {
			continue
		}
		if err := strictJSON(bytes.NewReader(fields[name]), to); err != nil {
			return job.Submission{}, malformed("field %q: %v", name, err)
		}
	}
	return s.submission(fields["options"], labels, string(fields["retention"]), webhook)
}

// submissionJSON is an api.Submission whose options are read with the presets.
type submissionJSON struct {
	api.Submission
	Options json.RawMessage `json:"options"`
}

// readJSON adds the pictures of a submission to a draft and returns its other fields.
func (s *server) readJSON(ctx context.Context, draft *job.Draft, b *body, in *submissionJSON) (job.Submission, error) {
	one := func(src *api.Source) []api.Source {
		if src == nil {
			return nil
		}
		return []api.Source{*src}
	}
	for _, group := range []struct {
		role    api.Role
		field   string
		sources []api.Source
	}{
		{api.Content, "content", one(in.Content)}, {api.Style, "styles", in.Styles}, {api.Mask, "masks", in.Masks},
		{api.StyleMask, "style_masks", in.StyleMasks}, {api.Keep, "keep", one(in.Keep)}, {api.Init, "init", one(in.Init)},
	} {
		for i, src := range group.sources {
			name := group.field
			if len(group.sources) > 1 {
				name = fmt.Sprintf("%s[%d]", group.field, i)
			}
			if err := s.addSource(ctx, draft, b, group.role, name, src); err != nil {
				return job.Submission{}, err
			}
		}
	}
	if err := s.addVideoSource(ctx, draft, b, in.Video); err != nil {
		return job.Submission{}, err
	}
	return s.submission(in.Options, in.Labels, in.Retention, in.Webhook)
}

// addSource adds a picture to a draft. name is what errors call it.
func (s *server) addSource(ctx context.Context, draft *job.Draft, b *body, role api.Role, name string, src api.Source) error {
	if src.Data != nil && src.File == "" && src.Job == nil {
		f, err := b.decode(ctx, bytes.NewReader(src.Data), name)
		if err != nil {
			return err
		}
		return draft.Add(ctx, role, f)
	}
	in, err := s.stored(ctx, name, src)
	if err != nil {
		return err
	}
	if err := b.admit(in.Width, in.Height); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	b.left -= in.Width * in.Height
	return draft.AddFrom(ctx, role, *in)
}

// stored returns the picture that a source names among those of the caller.
func (s *server) stored(ctx context.Context, name string, src api.Source) (*job.Input, error) {
	r, err := s.storedRecord(ctx, name, src)
	if err != nil {
		return nil, err
	}
	if src.File != "" {
		return &r.Inputs[0], nil
	}
	if src.Job.Role != api.Painting {
		in, err := r.Input(src.Job.Role, src.Job.Number)
		if err != nil {
			return nil, malformed("%s: job %q has no picture %s %d", name, src.Job.ID, src.Job.Role, src.Job.Number)
		}
		return in, nil
	}
	if r.Result == nil {
		return nil, malformed("%s: job %q is %s and has no result: wait until it is done", name, src.Job.ID, r.State)
	}
	return &job.Input{Width: r.Result.Width, Height: r.Result.Height, Blob: r.Result.Blob, Thumb: r.Result.Thumb, Info: r.Result.Info}, nil
}

// storedRecord returns the file or the job that a source names among those of the caller.
func (s *server) storedRecord(ctx context.Context, name string, src api.Source) (*job.Record, error) {
	owner := callerOf(ctx).owner
	if src.Data != nil || (src.File == "") == (src.Job == nil) {
		return nil, malformed("%s: expected exactly one of file, data and job", name)
	}
	if src.File != "" {
		r, err := s.Jobs.File(ctx, owner, src.File)
		if errors.Is(err, job.ErrNotFound) {
			return nil, malformed("%s: there is no file %q: upload it again, as files are kept for a day", name, src.File)
		}
		return r, err
	}
	r, err := s.Jobs.Get(ctx, owner, src.Job.ID)
	if errors.Is(err, job.ErrNotFound) {
		return nil, malformed("%s: there is no job %q: it was deleted, or its retention is over", name, src.Job.ID)
	}
	return r, err
}

// submission checks what a job is submitted with besides its pictures.
func (s *server) submission(options []byte, labels map[string]string, retention string, webhook *api.Webhook) (job.Submission, error) {
	sub := job.Submission{Labels: labels, Webhook: webhook, HasSize: job.HasSize(options)}
	var err error
	if sub.Options, err = job.ParseOptions(options, s.preset); err != nil {
		return sub, err
	}
	if retention != "" {
		if sub.Retention, err = s.retention(retention); err != nil {
			return sub, err
		}
	}
	if webhook == nil {
		return sub, nil
	}
	if s.Webhooks == nil {
		return sub, malformed("webhook: this server calls none: leave it out, or ask whoever runs the server for --webhook-host")
	}
	if err := s.Webhooks.Check(webhook.URL); err != nil {
		return sub, malformed("webhook: %v", err)
	}
	for _, event := range webhook.Events {
		if !slices.Contains(api.States(), event) {
			return sub, malformed("webhook: event %q: expected one of %v", event, api.States())
		}
	}
	return sub, nil
}

// strictJSON decodes one JSON value without unknown fields.
func strictJSON(r io.Reader, to any) error {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return fmt.Errorf("expected JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("expected JSON: found something after its end")
	}
	return nil
}

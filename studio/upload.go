package studio

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/pastiche-art/pastiche/job"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

const (
	maxBody    = 64 << 20
	maxPixels  = 24_000_000
	maxStyles  = 8
	maxOptions = 64 << 10
	// An upload has to bring leastRate bytes a second, but for its first
	// seconds.
	leastRate  = 16 << 10
	firstBytes = 8 * time.Second
)

var (
	errForm = errors.New("the form is not as expected")
	errSlow = errors.New("the upload is too slow")
)

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errForm}, args...)...)
}

// form is what is submitted, as the OpenAPI document has it.
type form struct {
	Content   binary      `json:"content" doc:"the photo; without one, a texture of the shape that the options give"`
	Style     []binary    `json:"style" required:"true" doc:"the paintings, 1 to 8 of them"`
	Mask      []binary    `json:"mask" doc:"none, or for each style where on the photo it paints: where the mask is white"`
	StyleMask []binary    `json:"style_mask" doc:"for the first styles, or for all, where they are looked at: where the mask is white"`
	Keep      binary      `json:"keep" doc:"where this is white the photo stays as it is"`
	Init      binary      `json:"init" doc:"where a recipe begins whose init is picture"`
	Options   job.Options `json:"options" doc:"every field may be left out; those of the recipe are then those of the recipe that its name names"`
}

type binary []byte

// Schema is that of a file in a form.
func (binary) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "binary"}
}

func formBody(schemas huma.Registry) *huma.RequestBody {
	submission := schemas.Schema(reflect.TypeFor[form](), true, "Submission")
	// huma sees a number, and not that a name is read, too.
	least, most := float64(paint.Subtle), float64(paint.Bold)
	schemas.SchemaFromRef(schemas.Schema(reflect.TypeFor[job.Options](), true, "Options").Ref).Properties["strength"] = &huma.Schema{
		Description: "how far to go from the photo, balanced where it is left out; weights of the recipe that are given win over it",
		OneOf: []*huma.Schema{
			{Type: huma.TypeNumber, Minimum: &least, Maximum: &most},
			{Type: huma.TypeString, Enum: []any{paint.Subtle.String(), paint.Balanced.String(), paint.Bold.String()}},
		},
	}
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {
		Schema:   submission,
		Encoding: map[string]*huma.Encoding{"options": {ContentType: "application/json"}},
	}}}
}

type receivedKey struct{}

func receivedOf(ctx context.Context) *job.Request {
	req, _ := ctx.Value(receivedKey{}).(*job.Request)
	return req
}

// receive reads and decodes the form of a submission before its operation, as
// huma would spool it to the temporary folder.
func (s *server) receive(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		body, done, err := s.body(w, r)
		if err == nil {
			defer done()
			var req *job.Request
			if req, err = body.request(); err == nil {
				next(huma.WithValue(ctx, receivedKey{}, req))
				return
			}
		}
		s.metrics.refused.Inc()
		writeError(api, ctx, s.fail(err))
	}
}

// writeError answers with what fail returned.
func writeError(api huma.API, ctx huma.Context, err error) {
	var header huma.HeadersError
	if errors.As(err, &header) {
		for name := range header.GetHeaders() {
			ctx.SetHeader(name, header.GetHeaders().Get(name))
		}
	}
	var status huma.StatusError
	if errors.As(err, &status) {
		huma.WriteErr(api, ctx, status.GetStatus(), status.Error()) //nolint:errcheck // a client that is gone needs no answer
	}
}

// upload is the body of a submission, as it was received.
type upload struct {
	data     []byte
	boundary string
}

// body receives an upload and waits until it may be accepted; done lets the next
// one.
func (s *server) body(w http.ResponseWriter, r *http.Request) (body *upload, done func(), err error) {
	// A key may be that of a job that is accepted already, for which there is
	// room in any queue.
	ready := s.Store.Ready()
	if r.Header.Get("Idempotency-Key") == "" {
		ready = s.Store.Admit(r.Context())
	}
	if ready != nil {
		return nil, nil, ready
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return nil, nil, malformed("Content-Type %q: expected multipart/form-data", r.Header.Get("Content-Type"))
	}
	if r.ContentLength > maxBody {
		return nil, nil, &http.MaxBytesError{Limit: maxBody}
	}
	expected := r.ContentLength
	if expected < 0 {
		expected = maxBody
	}
	if err := s.received.Acquire(r.Context(), expected); err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(&steady{body: http.MaxBytesReader(w, r.Body, maxBody), out: http.NewResponseController(w), begun: time.Now()})
	if err == nil {
		err = s.accepting.Acquire(r.Context(), 1)
	} else {
		err = formError(err)
	}
	if err != nil {
		s.received.Release(expected)
		return nil, nil, err
	}
	begun := time.Now()
	return &upload{data, params["boundary"]}, func() {
		s.received.Release(expected)
		s.rest(time.Since(begun), func() { s.accepting.Release(1) })
	}, nil
}

func (u *upload) request() (*job.Request, error) {
	// To the reader of the form, one that breaks off between its parts is whole.
	if !bytes.Contains(u.data, []byte("--"+u.boundary+"--")) {
		return nil, malformed("it breaks off: expected its last boundary")
	}
	return readForm(multipart.NewReader(bytes.NewReader(u.data), u.boundary))
}

// uploadShare is how much of one processor's time uploads may take while a picture
// is painted in the same process: after each its place rests. Painting waits for
// the slowest of its threads at every layer, so that what one processor does
// besides holds up all.
const (
	uploadShare = 0.06
	maxRest     = 5 * time.Second
)

// rest calls then when a place has rested for an upload that took so long.
func (s *server) rest(took time.Duration, then func()) {
	if !s.Store.Painting() {
		then()
		return
	}
	pause := time.Duration(float64(took) * (places/uploadShare - 1))
	time.AfterFunc(min(max(pause, 0), maxRest), then)
}

// steady reads a body, and fails where it comes too slowly.
type steady struct {
	body  io.Reader
	out   *http.ResponseController
	begun time.Time
	read  int64
}

func (s *steady) Read(p []byte) (int, error) {
	deadline := s.begun.Add(firstBytes + time.Duration(s.read)*time.Second/leastRate)
	if err := s.out.SetReadDeadline(deadline); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	n, err := s.body.Read(p)
	s.read += int64(n)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return n, fmt.Errorf("%w: expected %d KiB a second", errSlow, leastRate>>10)
	}
	return n, err
}

func readForm(parts *multipart.Reader) (*job.Request, error) {
	req := &job.Request{}
	var options []byte
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = readPart(req, part, &options)
		}
		if err != nil {
			return nil, formError(err)
		}
	}
	var err error
	if req.Options, err = job.ParseOptions(options); err != nil {
		return nil, err
	}
	if len(req.Styles) == 0 {
		return nil, malformed("no style: expected 1 to %d", maxStyles)
	}
	return req, nil
}

// formError tells a body that is too large or broken off from a bad picture.
func formError(err error) error {
	for _, known := range []error{errForm, errSlow, picture.ErrFormat, picture.ErrTooLarge, picture.ErrCorrupt} {
		if errors.Is(err, known) {
			return err
		}
	}
	if errors.As(err, new(*http.MaxBytesError)) {
		return err
	}
	return malformed("%v", err)
}

// decodePart reads a picture. What decoding a file of 8 bits adds between the
// levels is rounded away: it would double what is stored, and nobody sees it.
func decodePart(part *multipart.Part) (*picture.Picture, error) {
	file := bufio.NewReader(part)
	head, err := file.Peek(deepHead)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	p, err := picture.Decode(file, part.FormName(), picture.Limits{MaxPixels: maxPixels, MaxBytes: maxBody})
	if err == nil && !deep(head) {
		p.Round()
	}
	return p, err
}

// deepHead is how much of a file says how deep it may be.
const deepHead = 25

// deep says whether a file may have 16 bits: a PNG whose header says so, or any
// TIFF.
func deep(head []byte) bool {
	const depthAt = deepHead - 1 // in IHDR
	return len(head) == deepHead && (bytes.HasPrefix(head, []byte("\x89PNG")) && head[depthAt] == 16 ||
		bytes.HasPrefix(head, []byte("II")) || bytes.HasPrefix(head, []byte("MM")))
}

func readPart(req *job.Request, part *multipart.Part, options *[]byte) error {
	name := part.FormName()
	switch {
	case name == "options" && *options == nil:
		var err error
		if *options, err = io.ReadAll(io.LimitReader(part, maxOptions+1)); len(*options) > maxOptions {
			return malformed("options of more than %d bytes", maxOptions)
		}
		return err
	case name == "options":
		return malformed("options twice")
	}
	one := map[string]**picture.Picture{"content": &req.Content, "keep": &req.Keep, "init": &req.Init}[name]
	several := map[string]*[]*picture.Picture{"style": &req.Styles, "mask": &req.Masks, "style_mask": &req.StyleMasks}[name]
	switch {
	case one == nil && several == nil:
		return malformed("field %q: expected content, style, mask, style_mask, keep, init or options", name)
	case one != nil && *one != nil:
		return malformed("%s twice", name)
	case several != nil && len(*several) == maxStyles:
		return malformed("more than %d of %s", maxStyles, name)
	}
	p, err := decodePart(part)
	if err != nil {
		return err
	}
	if one != nil {
		*one = p
	} else {
		*several = append(*several, p)
	}
	return nil
}

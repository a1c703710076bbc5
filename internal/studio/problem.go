package studio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// retryAfter is the Retry-After of a full queue.
const retryAfter = 15 * time.Second

// statusGone is the status, in the log and the metrics, of a request whose client
// disconnected before it was answered.
const statusGone = 499

// problem is the answer to an error (RFC 9457), with its headers.
type problem struct {
	api.Problem
	header http.Header
}

// newProblem returns a problem that fmt.Sprintf describes.
func newProblem(status int, code api.Code, format string, args ...any) *problem {
	title := http.StatusText(status)
	if status == statusGone {
		title = "Client Closed Request"
	}
	return &problem{
		api.Problem{Title: title, Status: status, Code: code, Detail: fmt.Sprintf(format, args...)},
		make(http.Header),
	}
}

// after sets the header Retry-After.
func (p *problem) after(wait time.Duration) *problem {
	p.header.Set("Retry-After", seconds(wait))
	return p
}

func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }

// GetStatus implements [huma.StatusError].
func (p *problem) GetStatus() int { return p.Status }

// GetHeaders implements [huma.HeadersError].
func (p *problem) GetHeaders() http.Header { return p.header }

// ContentType implements [huma.ContentTypeFilter].
func (p *problem) ContentType(string) string { return "application/problem+json" }

// answerProblem answers with a problem, or with one of an unknown error.
func answerProblem(w http.ResponseWriter, err error) {
	var p *problem
	if !errors.As(err, &p) {
		p = newProblem(http.StatusInternalServerError, api.CodeInternal, "%v", err)
	}
	h := w.Header()
	for name := range p.header {
		h.Set(name, p.header.Get(name))
	}
	h.Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p.Problem) //nolint:errcheck // the client may have disconnected
}

func init() { huma.NewError = humaProblem }

// humaProblem returns the problem of a request that huma rejects with a status, a
// message and errors of parameters and body.
func humaProblem(status int, message string, errs ...error) huma.StatusError {
	details := make([]string, 0, len(errs))
	for _, err := range errs {
		var at huma.ErrorDetailer
		if !errors.As(err, &at) {
			details = append(details, err.Error())
			continue
		}
		detail := at.ErrorDetail()
		if strings.HasPrefix(detail.Location, "path.") {
			return newProblem(http.StatusNotFound, api.CodeNotFound, "no such job, file or picture: check the address (%s: %s)", strings.TrimPrefix(detail.Location, "path."), detail.Message)
		}
		details = append(details, detail.Location+": "+detail.Message)
	}
	if len(details) > 0 {
		message = strings.Join(details, "; ")
	}
	code, known := map[int]api.Code{
		http.StatusNotFound:              api.CodeNotFound,
		http.StatusMethodNotAllowed:      api.CodeMethod,
		http.StatusRequestTimeout:        api.CodeTooSlow,
		http.StatusRequestEntityTooLarge: api.CodeTooLarge,
		http.StatusUnsupportedMediaType:  api.CodeFormat,
	}[status]
	switch {
	case known:
	case status >= http.StatusInternalServerError:
		code = api.CodeInternal
	default:
		status, code = http.StatusUnprocessableEntity, api.CodeInvalid
	}
	return newProblem(status, code, "%s", message)
}

// problems are the answers to errors. The first that fits is given.
var problems = []struct {
	err    error
	status int
	code   api.Code
	retry  time.Duration // Retry-After; 0 is none
}{
	{context.Canceled, statusGone, api.CodeInternal, 0},
	{job.ErrNotFound, http.StatusNotFound, api.CodeNotFound, 0},
	{blob.ErrNotFound, http.StatusGone, api.CodeExpired, 0},
	{job.ErrState, http.StatusConflict, api.CodeState, 0},
	{job.ErrConflict, http.StatusConflict, api.CodeKeyConflict, 0},
	{blob.ErrFull, http.StatusInsufficientStorage, api.CodeNoSpace, 0},
	{job.ErrDown, http.StatusServiceUnavailable, api.CodeUnavailable, retryAfter},
	{job.ErrInProgress, http.StatusServiceUnavailable, api.CodeBusy, retryAfter},
	{errBusy, http.StatusServiceUnavailable, api.CodeBusy, retryAfter},
	{job.ErrQueueFull, http.StatusTooManyRequests, api.CodeQueueFull, retryAfter},
	{job.ErrOwnerQueue, http.StatusTooManyRequests, api.CodeOwnerQueue, retryAfter},
	{errStreams, http.StatusTooManyRequests, api.CodeStreams, retryAfter},
	{picture.ErrTooLarge, http.StatusRequestEntityTooLarge, api.CodeTooLarge, 0},
	{errPixels, http.StatusRequestEntityTooLarge, api.CodeTooLarge, 0},
	{picture.ErrFormat, http.StatusUnsupportedMediaType, api.CodeFormat, 0},
	{errSlow, http.StatusRequestTimeout, api.CodeTooSlow, 0},
	{errForm, http.StatusUnprocessableEntity, api.CodeInvalid, 0},
	{job.ErrCursor, http.StatusUnprocessableEntity, api.CodeInvalid, 0},
	{picture.ErrCorrupt, http.StatusUnprocessableEntity, api.CodeInvalid, 0},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, api.CodeUnavailable, retryAfter},
}

// fail returns the problem of an error. It logs errors that are the server's
// fault. The answer does not contain them.
func (s *server) fail(err error) error {
	for _, p := range problems {
		if errors.Is(err, p.err) {
			answer := newProblem(p.status, p.code, "%v", err)
			if p.retry > 0 {
				return answer.after(p.retry)
			}
			return answer
		}
	}
	var damaged *job.DamagedError
	var known *problem
	var bytes *http.MaxBytesError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &bytes):
		return newProblem(http.StatusRequestEntityTooLarge, api.CodeTooLarge,
			"more than %d MiB, which is the most that can be sent at once: make the pictures smaller, or send fewer", bytes.Limit>>20)
	case paint.Refused(err):
		return newProblem(http.StatusUnprocessableEntity, api.CodeInvalid, "%s", refusal(err))
	case errors.As(err, &damaged):
		s.Log.Error("request failed", "error", err)
		return newProblem(http.StatusInternalServerError, api.CodeDamagedRecord, "this job cannot be read, as its record is damaged: submit it again. The log of the server says more of job %s", damaged.ID)
	}
	s.Log.Error("request failed", "error", err)
	return newProblem(http.StatusInternalServerError, api.CodeInternal, "an internal error of the server: try again. The server logs the cause")
}

// refusal returns the reason for which package paint refuses a painting, in words that
// name neither flags of the command nor layers of the network.
func refusal(err error) string {
	var of *paint.PictureError
	var small *paint.SizeError
	var memory *paint.MemoryError
	switch {
	case errors.As(err, &of) && errors.As(err, &small):
		name := of.Name()
		if of.Role == paint.ContentRole {
			name = "the photo"
		}
		size := ""
		if small.Least > 0 {
			size = fmt.Sprintf("paint at a size of %d pixels or more, or ", small.Least)
		}
		return fmt.Sprintf("%s is too small or too narrow: %s%s", name, size, small.Help)
	case errors.As(err, &memory) && memory.Fits > 0:
		return fmt.Sprintf("%d pixels are too many for the memory of this server: with these settings it paints up to %d pixels", memory.Size, memory.Fits)
	}
	return err.Error()
}

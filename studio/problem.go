package studio

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/pastiche-art/pastiche/job"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// retryAfter is when a client may try again that a full queue has refused.
const retryAfter = 15 * time.Second

func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }

// fail returns the problem that an error is.
func (s *server) fail(err error) error {
	status := http.StatusInternalServerError
	header := http.Header{}
	switch {
	case errors.Is(err, job.ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(err, job.ErrState), errors.Is(err, job.ErrConflict):
		status = http.StatusConflict
	case errors.Is(err, job.ErrFull):
		status = http.StatusInsufficientStorage
	case errors.Is(err, job.ErrDown):
		status = http.StatusServiceUnavailable
		header.Set("Retry-After", seconds(retryAfter))
	case errors.Is(err, job.ErrBusy), errors.Is(err, errStreams):
		status = http.StatusTooManyRequests
		header.Set("Retry-After", seconds(retryAfter))
	case errors.As(err, new(*http.MaxBytesError)), errors.Is(err, picture.ErrTooLarge):
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, picture.ErrFormat):
		status = http.StatusUnsupportedMediaType
	case errors.Is(err, errSlow):
		status = http.StatusRequestTimeout
	case errors.Is(err, errForm), errors.Is(err, job.ErrCursor), errors.Is(err, picture.ErrCorrupt), paint.Refused(err):
		status = http.StatusUnprocessableEntity
	default:
		s.Log.Error("request failed", "error", err)
		return huma.NewError(status, "the server failed: its log says why")
	}
	return huma.ErrorWithHeaders(huma.NewError(status, err.Error()), header)
}

// problem answers with a problem (RFC 9457) where there is no operation yet.
func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(huma.ErrorModel{ //nolint:errcheck // a client that is gone needs no answer
		Title: http.StatusText(status), Status: status, Detail: detail,
	})
}

package studio

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
)

// answered is a writer that records the status and the length of the answer.
type answered struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (a *answered) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answered) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController find the connection.
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// record counts and logs requests by their routes in mux, which contain no text of
// clients. A panic is logged and answered with status
// 500.
func (s *server) record(mux *http.ServeMux, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		a := &answered{ResponseWriter: w}
		_, route := mux.Handler(r)
		defer func() {
			fault := recover()
			aborted, cut := fault == any(http.ErrAbortHandler), fault != nil && a.status != 0
			if fault != nil && !aborted {
				s.Log.Error("request panicked", "route", route, "path", loggedPath(r), "panic", fault, "stack", string(debug.Stack()))
				if !cut {
					answerProblem(a, newProblem(http.StatusInternalServerError, api.CodeInternal, "an internal error of the server: try again. The server logs the cause"))
				}
				a.status = http.StatusInternalServerError
			}
			if a.status == 0 {
				a.status = http.StatusOK
			}
			took := time.Since(begun)
			s.metrics.request(route, a.status, took)
			s.Log.Log(r.Context(), levelOf(r, a.status), "request", "method", r.Method, "route", route, "path", loggedPath(r),
				"status", a.status, "bytes", a.bytes, "seconds", took.Seconds(), "from", s.addressOf(r))
			if cut || aborted {
				panic(http.ErrAbortHandler) // the client sees that the answer is not whole
			}
		}()
		next.ServeHTTP(a, r)
	})
}

// loggedPath returns the path of a request, without the secret of a shared painting.
func loggedPath(r *http.Request) string {
	id, _, secret := strings.Cut(r.URL.Path, ".")
	if secret && strings.HasPrefix(id, job.ShareBase) {
		return id + ".SECRET"
	}
	return r.URL.Path
}

// levelOf returns the level at which a request is logged. The cause of a 500 is
// logged as an error where it is found.
func levelOf(r *http.Request, status int) slog.Level {
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case status >= http.StatusInternalServerError:
		return slog.LevelWarn
	case status == statusGone, status == http.StatusTooManyRequests, reads && status < http.StatusBadRequest:
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

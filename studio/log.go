package studio

import (
	"log/slog"
	"net/http"
	"time"
)

// answered is a writer that remembers what was answered.
type answered struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (a *answered) WriteHeader(status int) {
	if a.status == 0 {
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

// record counts requests and writes them down, by the route that mux has for
// them, which holds nothing that a client could make up.
func (s *server) record(mux *http.ServeMux, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		a := &answered{ResponseWriter: w}
		_, route := mux.Handler(r)
		defer func() {
			if a.status == 0 {
				a.status = http.StatusOK
			}
			took := time.Since(begun)
			s.metrics.request(route, a.status, took)
			level := slog.LevelInfo
			switch {
			case a.status >= http.StatusInternalServerError:
				level = slog.LevelError
			case r.Method == http.MethodGet && a.status < http.StatusBadRequest:
				level = slog.LevelDebug
			}
			s.Log.Log(r.Context(), level, "request", "route", route, "path", r.URL.Path, "status", a.status,
				"bytes", a.bytes, "took", took, "from", r.RemoteAddr)
		}()
		next.ServeHTTP(a, r)
	})
}

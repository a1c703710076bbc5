package studio

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// The deadlines of a connection.
const (
	headerTimeout = 5 * time.Second
	bodyTimeout   = 10 * time.Second // which uploads extend as long as they are steady
	idleTimeout   = time.Minute
	maxHeader     = 16 << 10 // bytes
	// chunkTimeout is the time within which a client has to read chunk bytes of an
	// answer: about 1 KiB per second, besides the buffers of the system.
	chunkTimeout = 30 * time.Second
	chunk        = 32 << 10
)

// DrainTimeout bounds requests that are under way when a server stops.
// It is less than the ten seconds after which container engines end a process.
const DrainTimeout = 9 * time.Second

// NewServer returns an HTTP server with deadlines for its clients. The deadline of an
// answer is extended as the client reads it, see [New].
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, WriteTimeout: chunkTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// Serve serves connections of a listener until ctx ends. Requests that are under way
// are then finished, and those that take longer than drain are cut off, which is no
// error. Event streams end when [Config.Closing] does.
func Serve(ctx context.Context, l net.Listener, h http.Handler, drain time.Duration, log *slog.Logger) error {
	server := NewServer(h, log)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	err := server.Shutdown(draining)
	if errors.Is(err, context.DeadlineExceeded) {
		log.Warn("requests cut off: they took longer than the server waits when it stops", "seconds", drain.Seconds())
		err = server.Close()
	}
	<-failed // http.ErrServerClosed
	return err
}

// paced keeps the deadlines of a connection while requests are answered.
//
// Each part of an answer has a deadline of its own. The deadline for the request ends
// with its body, as a connection whose read deadline passes ends what is under way.
func paced(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := http.NewResponseController(w)
		if r.ContentLength == 0 {
			out.SetReadDeadline(time.Time{}) //nolint:errcheck // not every writer has deadlines
		} else {
			r.Body = &pacedBody{r.Body, out}
		}
		if len(r.TransferEncoding) > 0 {
			// A request with both a length and an encoding may hide a second one in
			// its body. net/http removes the length, so that all requests with an
			// encoding end their connection.
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(&pacedWriter{w, out}, r)
	})
}

type pacedBody struct {
	io.ReadCloser
	out *http.ResponseController
}

func (b *pacedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.out.SetReadDeadline(time.Time{}) //nolint:errcheck // not every writer has deadlines
	}
	return n, err
}

type pacedWriter struct {
	http.ResponseWriter
	out *http.ResponseController
}

func (w *pacedWriter) extend() {
	w.out.SetWriteDeadline(time.Now().Add(chunkTimeout)) //nolint:errcheck // not every writer has deadlines
}

func (w *pacedWriter) WriteHeader(status int) {
	w.extend()
	w.ResponseWriter.WriteHeader(status)
}

func (w *pacedWriter) Write(p []byte) (written int, err error) {
	w.extend()
	for first := true; first || len(p) > 0; first = false {
		n, err := w.ResponseWriter.Write(p[:min(chunk, len(p))])
		w.extend() // for the next part, or the end of the answer
		written += n
		if err != nil {
			return written, err
		}
		p = p[n:]
	}
	return written, nil
}

// Unwrap lets http.ResponseController find the connection.
func (w *pacedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

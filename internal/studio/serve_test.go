package studio_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/internal/studio"
)

// serving is a server that [studio.Serve] runs.
type serving struct {
	addr  string
	stop  context.CancelFunc
	ended chan error
}

// serve serves the handler that makes returns for an address.
func serve(t *testing.T, drain time.Duration, makes func(ctx context.Context, addr string) http.Handler) *serving {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &serving{l.Addr().String(), stop, make(chan error, 1)}
	h := makes(ctx, s.addr)
	go func() { s.ended <- studio.Serve(ctx, l, h, drain, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(stop)
	return s
}

// TestServeFinishesUploads: an upload that is under way when the server stops is
// answered, and event streams end.
func TestServeFinishesUploads(t *testing.T) {
	f := newServer(t, setup{})
	uploading := make(chan bool)
	s := serve(t, time.Hour, func(ctx context.Context, addr string) http.Handler {
		h := studio.New(studio.Config{Jobs: f.jobs, Hosts: []string{addr}, Closing: ctx})
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				close(uploading)
			}
			h.ServeHTTP(w, r)
		})
	})
	f.URL = "http://" + s.addr
	f.token = f.session()
	events := f.do(f.request(http.MethodGet, "/events", nil))
	body, contentType := form(quick()...)
	r := f.request(http.MethodPost, "/jobs", body)
	r.Header.Set("Content-Type", contentType)
	var text bytes.Buffer
	if err := r.Write(&text); err != nil {
		t.Fatal(err)
	}
	connect := func() (net.Conn, error) { return (&net.Dialer{}).DialContext(t.Context(), "tcp", s.addr) }
	c, err := connect()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.CopyN(c, &text, int64(text.Len()/2)); err != nil {
		t.Fatal(err)
	}
	<-uploading
	s.stop()
	if _, err := io.Copy(io.Discard, events.Body); err != nil {
		t.Errorf("the stream broke off: %v", err)
	}
	f.eventually("connections are refused", func() bool {
		c, err := connect()
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	if _, err := io.Copy(c, &text); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), r)
	if err != nil {
		t.Fatal(err)
	}
	f.decode(answer, http.StatusCreated, nil)
	if err := <-s.ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

// TestServeCutsOff: what takes longer than the drain is cut off, which is no error.
func TestServeCutsOff(t *testing.T) {
	begun, cut, broken := make(chan bool), make(chan bool), make(chan error, 1)
	s := serve(t, 50*time.Millisecond, func(context.Context, string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, "the beginning")
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			close(begun)
			<-r.Context().Done()
			close(cut)
		})
	})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	go func() {
		if answer, err := client.Do(r); err == nil {
			_, err = io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
			broken <- err
		}
	}()
	<-begun
	s.stop()
	if err := <-s.ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	<-cut
	if err := <-broken; err == nil {
		t.Error("the client takes what it got for the whole answer")
	}
}

// TestServeFails: a listener that fails is an error.
func TestServeFails(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := studio.Serve(t.Context(), l, http.NotFoundHandler(), time.Hour, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a closed listener is no error")
	}
}

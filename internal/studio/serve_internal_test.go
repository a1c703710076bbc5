package studio

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections are pipes, in fake time.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.IPAddr{} }

// dial returns the client's end of a connection.
func (p *pipes) dial(t *testing.T) net.Conn {
	client, server := net.Pipe()
	p.conns <- server
	t.Cleanup(func() { client.Close() })
	return client
}

// inFakeTime serves a handler with the deadlines of a server, in fake time.
func inFakeTime(t *testing.T, h http.HandlerFunc, test func(t *testing.T, p *pipes)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		server := NewServer(paced(h), slog.New(slog.DiscardHandler))
		var serving sync.WaitGroup
		serving.Go(func() {
			if err := server.Serve(p); !errors.Is(err, http.ErrServerClosed) {
				t.Error(err)
			}
		})
		defer serving.Wait()
		defer server.Close()
		test(t, p)
	})
}

func send(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

// TestAnswersAtAPace: an answer may last as long as the client takes it steadily; a
// client that takes nothing is dropped.
func TestAnswersAtAPace(t *testing.T) {
	picture := bytes.Repeat([]byte("picture "), 128<<10)
	for name, test := range map[string]struct {
		pause time.Duration // before each chunk
		whole bool
	}{
		"fast": {0, true}, "slow": {chunkTimeout * 2 / 3, true}, "too slow": {chunkTimeout * 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			ended := make(chan error, 1)
			inFakeTime(t, func(w http.ResponseWriter, r *http.Request) {
				n, err := w.Write(picture)
				if n == len(picture) && r.Context().Err() != nil {
					err = r.Context().Err()
				}
				ended <- err
			}, func(t *testing.T, p *pipes) {
				c := p.dial(t)
				send(t, c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
				answer, err := http.ReadResponse(bufio.NewReaderSize(c, 16), nil)
				if err != nil {
					t.Fatal(err)
				}
				got := 0
				for part := make([]byte, chunk); err == nil; {
					time.Sleep(test.pause)
					var n int
					n, err = io.ReadFull(answer.Body, part)
					got += n
				}
				whole := errors.Is(err, io.EOF) && got == len(picture)
				if whole != test.whole {
					t.Errorf("the client got %d of %d bytes, and %v", got, len(picture), err)
				}
				if err := <-ended; (err == nil) != test.whole {
					t.Errorf("the server's answer ended with %v", err)
				}
			})
		})
	}
}

// TestLongRequests: a request that waits, with a body or without, outlives the
// deadline for its body, and its answer arrives.
func TestLongRequests(t *testing.T) {
	for name, request := range map[string]string{
		"without a body":  "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"with a body":     "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody",
		"in chunks":       "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
		"with a late end": "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n|0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			inFakeTime(t, func(w http.ResponseWriter, r *http.Request) {
				if _, err := io.ReadAll(r.Body); err != nil {
					t.Error(err)
				}
				select {
				case <-r.Context().Done():
					t.Error("the request ended before its answer")
				case <-time.After(time.Hour):
				}
				io.WriteString(w, "answer")
			}, func(t *testing.T, p *pipes) {
				c := p.dial(t)
				for part := range strings.SplitSeq(request, "|") {
					send(t, c, part)
					time.Sleep(bodyTimeout / 2)
				}
				answer, err := http.ReadResponse(bufio.NewReader(c), nil)
				if err != nil {
					t.Fatal(err)
				}
				if text, err := io.ReadAll(answer.Body); err != nil || string(text) != "answer" {
					t.Errorf("answer %q, %v", text, err)
				}
			})
		})
	}
}

// TestHiddenRequest: what follows a request with both a length and an encoding is
// not taken for another request.
func TestHiddenRequest(t *testing.T) {
	asked := make(chan string, 2)
	inFakeTime(t, func(_ http.ResponseWriter, r *http.Request) { asked <- r.URL.Path }, func(t *testing.T, p *pipes) {
		c := p.dial(t)
		go io.WriteString(c, "POST /first HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: x\r\n\r\n")
		in := bufio.NewReader(c)
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !answer.Close {
			t.Errorf("the connection stays open: %v", answer.Header)
		}
		answer.Body.Close()
		if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
			t.Errorf("after the answer: %v, expected the end", err)
		}
		if first, others := <-asked, len(asked); first != "/first" || others != 0 {
			t.Errorf("asked for %s and %d more", first, others)
		}
	})
}

package studio_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// crowdVariable makes the test binary a process of clients, so that what they
// take is told from what the server takes.
const crowdVariable = "PASTICHE_TEST_CROWD"

// crowd is some clients that do the same.
type crowd struct {
	Kind            string // watch, ask, health, upload or trickle
	N               int
	URL, Token, Job string
}

// playCrowd does what a crowd does, where this process is one, until it is done
// or standard input ends.
func playCrowd() bool {
	text := os.Getenv(crowdVariable)
	if text == "" {
		return false
	}
	var c crowd
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		panic(err) // of what this package wrote
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin) //nolint:errcheck // it ends either way
		stop()
	}()
	fmt.Println(c.play(ctx))
	return true
}

// seen is what a crowd saw.
type seen struct {
	Events, Asked, Dropped int
	Median, P99, Most      time.Duration
	Statuses               map[int]int
}

func (s seen) String() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // of numbers
	}
	return string(text)
}

// crowdProcess is a crowd at work.
type crowdProcess struct {
	t    *testing.T
	cmd  *exec.Cmd
	stop io.Closer
	said bytes.Buffer
}

func (f *fixture) crowd(kind string, n int, id string) *crowdProcess {
	f.t.Helper()
	text, err := json.Marshal(crowd{kind, n, f.URL, f.token, id})
	if err != nil {
		f.t.Fatal(err)
	}
	p := &crowdProcess{t: f.t, cmd: exec.Command(os.Args[0])}
	p.cmd.Env = append(os.Environ(), crowdVariable+"="+string(text))
	p.cmd.Stdout, p.cmd.Stderr = &p.said, os.Stderr
	if p.stop, err = p.cmd.StdinPipe(); err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return p
}

// end waits for the crowd, which those that end by themselves need not be told,
// and returns what it saw and how much processor time it took.
func (p *crowdProcess) end(tell bool) (s seen, took time.Duration) {
	p.t.Helper()
	if tell {
		p.stop.Close()
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Fatal(err)
	}
	if err := json.Unmarshal(p.said.Bytes(), &s); err != nil {
		p.t.Fatalf("%s: %v", p.said.Bytes(), err)
	}
	return s, p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// play does what a crowd does, until it is done or ctx has ended.
func (c crowd) play(ctx context.Context) seen {
	switch c.Kind {
	case "watch":
		return c.watch(ctx)
	case "upload":
		return c.upload(ctx)
	case "trickle":
		return c.trickle()
	case "ask":
		return c.ask(ctx, c.URL+"/api/v1/jobs/"+c.Job, 50*time.Millisecond)
	}
	return c.ask(ctx, c.URL+"/healthz", 50*time.Millisecond)
}

// watch follows the events of all jobs.
func (c crowd) watch(ctx context.Context) seen {
	var all sync.WaitGroup
	var events atomic.Int64
	for range c.N {
		all.Go(func() {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+"/api/v1/events", nil)
			if err != nil {
				return
			}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				return
			}
			defer answer.Body.Close()
			for b := make([]byte, 64<<10); ; {
				n, err := answer.Body.Read(b)
				if err != nil {
					return
				}
				events.Add(int64(bytes.Count(b[:n], []byte("event: "))))
			}
		})
	}
	all.Wait()
	return seen{Events: int(events.Load())}
}

// ask asks again and again, and sees how long the answers take.
func (c crowd) ask(ctx context.Context, url string, pause time.Duration) seen {
	var all sync.WaitGroup
	var mu sync.Mutex
	var took []time.Duration
	for range c.N {
		all.Go(func() {
			for ctx.Err() == nil {
				begun := time.Now()
				answer, err := http.Get(url)
				if err == nil {
					_, err = io.Copy(io.Discard, answer.Body)
					answer.Body.Close()
				}
				mu.Lock()
				took = append(took, time.Since(begun))
				if err != nil {
					took[len(took)-1] = time.Hour
				}
				mu.Unlock()
				time.Sleep(pause)
			}
		})
	}
	all.Wait()
	slices.Sort(took)
	n := len(took)
	return seen{Asked: n, Median: took[n/2], P99: took[n*99/100], Most: took[n-1]}
}

// long is a job that does not end while the test runs.
func long() []part {
	return []part{
		{"content", jpegOf(drawing(1024, 768))}, {"style", jpegOf(drawing(512, 512))},
		{"options", []byte(`{"recipe":{"name":"classic","size":256,"iterations":100000}}`)},
	}
}

// upload submits jobs, all at once.
func (c crowd) upload(ctx context.Context) seen {
	var all sync.WaitGroup
	var mu sync.Mutex
	s := seen{Statuses: make(map[int]int)}
	parts := long()
	for range c.N {
		all.Go(func() {
			body, contentType := form(parts...)
			status := 0
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/api/v1/jobs", body)
			if err == nil {
				r.Header.Set("Content-Type", contentType)
				r.Header.Set("X-Pastiche-Token", c.Token)
				if answer, err := http.DefaultClient.Do(r); err == nil {
					status = answer.StatusCode
					answer.Body.Close()
				}
			}
			mu.Lock()
			s.Statuses[status]++
			mu.Unlock()
		})
	}
	all.Wait()
	return s
}

// trickle opens sockets that send a byte a second, half of them in a header and
// half in a body, and sees when they are dropped.
func (c crowd) trickle() seen {
	host := strings.TrimPrefix(c.URL, "http://")
	begun := time.Now()
	var all sync.WaitGroup
	var dropped, last atomic.Int64
	for i := range c.N {
		all.Go(func() {
			socket, err := net.Dial("tcp", host)
			if err != nil {
				return
			}
			defer socket.Close()
			text := "GET / HTTP/1.1\r\nHost: " + host + "\r\nX-Slow: " + strings.Repeat("x", 1000)
			if i%2 == 1 {
				fmt.Fprintf(socket, "POST /api/v1/jobs HTTP/1.1\r\nHost: %s\r\nX-Pastiche-Token: %s\r\n"+
					"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000\r\n\r\n", host, c.Token)
			}
			closed := make(chan struct{})
			go func() { io.Copy(io.Discard, socket); close(closed) }() //nolint:errcheck // it ends when it is dropped
			for k := 0; time.Since(begun) < 30*time.Second; k++ {
				select {
				case <-closed:
					dropped.Add(1)
					last.Store(int64(time.Since(begun)))
					return
				case <-time.After(time.Second):
					socket.Write([]byte{text[k%len(text)]})
				}
			}
		})
	}
	all.Wait()
	return seen{Dropped: int(dropped.Load()), Most: time.Duration(last.Load())}
}

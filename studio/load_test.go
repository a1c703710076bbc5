package studio_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/job"
	"github.com/pastiche-art/pastiche/studio"
)

// TestUnderLoad measures what docs/OPERATING.md says of load. It asserts nothing
// of the clock, and runs where somebody asks for it:
//
//	PASTICHE_LOAD=1 go test -count 1 -v -run UnderLoad ./studio
func TestUnderLoad(t *testing.T) {
	if os.Getenv("PASTICHE_LOAD") == "" {
		t.Skip("it takes minutes: PASTICHE_LOAD=1 runs it")
	}
	const uploads, watchers, tricklers = 200, 500, 2000
	runtime.GOMAXPROCS(runtime.NumCPU() + 2) // as serve does
	f := start(t, setup{Config: studio.Config{Paints: true}, worker: true, job: job.Config{Queue: 1000}})
	photo := jpegOf(drawing(1024, 768))
	long := []part{
		{"content", photo}, {"style", jpegOf(drawing(512, 512))},
		{"options", []byte(`{"recipe":{"name":"classic","size":256,"iterations":100000}}`)},
	}
	var j job.Job
	f.decode(f.submit("", long...), http.StatusCreated, &j)
	for f.step(j.ID) == 0 {
		time.Sleep(100 * time.Millisecond)
	}
	pace := func(during time.Duration) float64 {
		before, begun := f.step(j.ID), time.Now()
		time.Sleep(during)
		return float64(f.step(j.ID)-before) / time.Since(begun).Seconds()
	}
	alone := pace(15 * time.Second)

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var watching sync.WaitGroup
	var events atomic.Int64
	for range watchers {
		watching.Go(func() {
			answer, err := f.Client().Do(f.request(http.MethodGet, "/events", nil).WithContext(ctx))
			if err != nil {
				return
			}
			defer answer.Body.Close()
			b := make([]byte, 64<<10)
			for {
				n, err := answer.Body.Read(b)
				if err != nil {
					return
				}
				events.Add(int64(strings.Count(string(b[:n]), "event: ")))
			}
		})
	}
	watched := pace(15 * time.Second)

	// Clients ask now and then while all the uploads come at once.
	var mu sync.Mutex
	var took []time.Duration
	asking, enough := context.WithCancel(ctx)
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for asking.Err() == nil {
				begun := time.Now()
				f.decode(f.do(f.request(http.MethodGet, "/jobs/"+j.ID, nil)), http.StatusOK, nil)
				mu.Lock()
				took = append(took, time.Since(begun))
				mu.Unlock()
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	begun := time.Now()
	statuses := make(map[int]int)
	var sending sync.WaitGroup
	for range uploads {
		sending.Go(func() {
			answer := f.submit("", long...)
			if _, err := io.Copy(io.Discard, answer.Body); err != nil {
				t.Error(err)
			}
			mu.Lock()
			statuses[answer.StatusCode]++
			mu.Unlock()
		})
	}
	before := f.step(j.ID)
	sending.Wait()
	burst := time.Since(begun)
	loaded := float64(f.step(j.ID)-before) / burst.Seconds()
	enough()
	clients.Wait()
	slices.Sort(took)
	t.Logf("iterations a second: %.2f alone, %.2f with %d watchers, %.2f while %d uploads came within %v (%v)",
		alone, watched, watchers, loaded, uploads, burst.Round(time.Millisecond), statuses)
	t.Logf("%d events were received; GET /jobs/{id}: p50 %v, p99 %v of %d", events.Load(),
		took[len(took)/2].Round(time.Microsecond), took[len(took)*99/100].Round(time.Microsecond), len(took))
	stop()
	watching.Wait()
	trickle(t, f, tricklers)
}

// step returns the iteration that a job has come to.
func (f *fixture) step(id string) int {
	var j job.Job
	f.decode(f.do(f.request(http.MethodGet, "/jobs/"+id, nil)), http.StatusOK, &j)
	if j.Progress == nil {
		return 0
	}
	return j.Progress.Step
}

// trickle opens sockets that send a byte a second, and says when they are
// dropped, and how fast others are answered meanwhile.
func trickle(t *testing.T, f *fixture, n int) {
	t.Helper()
	begun := time.Now()
	var sockets sync.WaitGroup
	var dropped, last atomic.Int64
	for i := range n {
		sockets.Go(func() {
			c, err := net.Dial("tcp", f.Listener.Addr().String())
			if err != nil {
				return
			}
			defer c.Close()
			text := "GET / HTTP/1.1\r\nHost: " + f.Listener.Addr().String() + "\r\nX-Slow: " + strings.Repeat("x", 1000)
			if i%2 == 1 { // a body that trickles
				head := fmt.Sprintf("POST /api/v1/jobs HTTP/1.1\r\nHost: %s\r\nX-Pastiche-Token: %s\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000\r\n\r\n",
					f.Listener.Addr(), f.token)
				if _, err := io.WriteString(c, head); err != nil {
					return
				}
			}
			closed := make(chan struct{})
			go func() { io.Copy(io.Discard, c); close(closed) }() //nolint:errcheck // it ends when it is dropped
			for k := 0; time.Since(begun) < 30*time.Second; k++ {
				select {
				case <-closed:
					dropped.Add(1)
					last.Store(int64(time.Since(begun)))
					return
				case <-time.After(time.Second):
					c.Write([]byte{text[k%len(text)]})
				}
			}
		})
	}
	var worst time.Duration
	for time.Since(begun) < 12*time.Second {
		asked := time.Now()
		answer, err := f.Client().Get(f.URL + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		worst = max(worst, time.Since(asked))
		time.Sleep(50 * time.Millisecond)
	}
	sockets.Wait()
	t.Logf("%d of %d trickling sockets were dropped, the last after %v; /healthz took %v at most",
		dropped.Load(), n, time.Duration(last.Load()).Round(time.Millisecond), worst.Round(time.Microsecond))
}

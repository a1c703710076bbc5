package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/weights"
)

var sample = published(1)

// A mirror serves the sample in various ways, and counts requests and bytes.
type mirror struct {
	*httptest.Server
	requests atomic.Int64
	bytes    atomic.Int64 // of bodies, as far as they were written
}

func newMirror(t *testing.T, serve http.HandlerFunc) *mirror {
	m := new(mirror)
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.requests.Add(1)
		serve(&counted{w, &m.bytes}, r)
	}))
	t.Cleanup(m.Close)
	return m
}

type counted struct {
	http.ResponseWriter
	bytes *atomic.Int64
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.bytes.Add(int64(n))
	return n, err
}

func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// The ways of serving.

// well serves a file as servers usually do, with ranges.
func well(file []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", strconv.Quote(fileOf(file).SHA256))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file))
	}
}

// plainly serves a file without support for ranges.
func plainly(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", strconv.Itoa(len(sample)))
	_, _ = w.Write(sample)
}

// slowly serves in small pieces.
func slowly(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", strconv.Itoa(len(sample)))
	for piece := range slices.Chunk(sample, 8<<10) {
		_, _ = w.Write(piece)
		_ = http.NewResponseController(w).Flush()
		time.Sleep(time.Millisecond)
	}
}

// unannounced serves a file without its length.
func unannounced(file []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		_, _ = w.Write(file)
	}
}

// announcing claims a wrong length of the file.
func announcing(length int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(length))
		_, _ = w.Write(sample[:min(length, len(sample))])
		panic(http.ErrAbortHandler)
	}
}

// breaking serves like well, but ends each response after 64 to 128 KiB.
func breaking(seed uint64) http.HandlerFunc {
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(seed, 1))
	return func(w http.ResponseWriter, request *http.Request) {
		mu.Lock()
		n := 64<<10 + r.IntN(64<<10)
		mu.Unlock()
		well(sample)(&cut{w, n}, request)
	}
}

// cut ends the connection after a number of bytes.
type cut struct {
	http.ResponseWriter
	left int
}

func (c *cut) Write(b []byte) (int, error) {
	if len(b) < c.left {
		c.left -= len(b)
		return c.ResponseWriter.Write(b)
	}
	_, _ = c.ResponseWriter.Write(b[:c.left])
	_ = http.NewResponseController(c.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

func (c *cut) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// silent accepts requests and sends nothing, or only a beginning.
func silent(begin int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if begin > 0 {
			w.Header().Set("Content-Length", strconv.Itoa(len(sample)))
			_, _ = w.Write(sample[:begin])
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(code) }
}

// first serves the first requests in one way and the others in another.
func first(n int64, one, other http.HandlerFunc) http.HandlerFunc {
	var requests atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) <= n {
			one(w, r)
		} else {
			other(w, r)
		}
	}
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
}

// answering serves with a given status and range.
func answering(code int, contentRange string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Range", contentRange)
		w.WriteHeader(code)
		_, _ = w.Write(body)
	}
}

func wrong() []byte {
	w := bytes.Clone(sample)
	w[len(w)/2] ^= 1
	return w
}

func TestPull(t *testing.T) {
	for _, test := range []struct {
		name    string
		mirrors []http.HandlerFunc
		err     string // part of the error, or
		wrong   bool   // whether it is a checksum error
		kept    bool   // whether received bytes are kept for another call
	}{
		{name: "well", mirrors: []http.HandlerFunc{well(sample)}},
		{name: "without ranges", mirrors: []http.HandlerFunc{plainly}},
		{name: "slowly", mirrors: []http.HandlerFunc{slowly}},
		{name: "breaking off", mirrors: []http.HandlerFunc{breaking(1)}},
		{name: "breaking off elsewhere", mirrors: []http.HandlerFunc{breaking(2)}},
		{name: "breaking off, without ranges", mirrors: []http.HandlerFunc{first(2, announcing(len(sample)), plainly)}},
		{name: "length not announced", mirrors: []http.HandlerFunc{unannounced(sample)}},
		{name: "more than the file", mirrors: []http.HandlerFunc{unannounced(append(bytes.Clone(sample), "more"...))}},
		{name: "redirected", mirrors: []http.HandlerFunc{first(3, redirect("/elsewhere"), well(sample))}},
		{name: "busy", mirrors: []http.HandlerFunc{first(1, status(503), first(1, status(429), well(sample)))}},
		{name: "range refused", mirrors: []http.HandlerFunc{first(1, (breaking(1)), first(1, status(416), well(sample)))}},

		{name: "second mirror: missing", mirrors: []http.HandlerFunc{status(404), well(sample)}},
		{name: "second mirror: failing", mirrors: []http.HandlerFunc{status(500), well(sample)}},
		{name: "second mirror: wrong bytes", mirrors: []http.HandlerFunc{unannounced(wrong()), well(sample)}},
		{name: "second mirror: another file", mirrors: []http.HandlerFunc{announcing(100), well(sample)}},
		{name: "second mirror goes on where the first broke off", mirrors: []http.HandlerFunc{first(1, breaking(1), status(404)), well(sample)}},
		{name: "third mirror: wrong beginning", mirrors: []http.HandlerFunc{
			first(1, func(w http.ResponseWriter, r *http.Request) {
				_, _ = w.Write(wrong()[:len(wrong())*3/4])
				panic(http.ErrAbortHandler)
			}, status(404)),
			status(500), well(sample),
		}},

		{name: "missing", mirrors: []http.HandlerFunc{status(404)}, err: "/sample.safetensors: 404 Not Found"},
		{name: "missing everywhere", mirrors: []http.HandlerFunc{status(404), status(403)}, err: "/sample.safetensors: 403 Forbidden"},
		{name: "failing", mirrors: []http.HandlerFunc{status(500)}, err: "/sample.safetensors: 500 Internal Server Error"},
		{name: "empty", mirrors: []http.HandlerFunc{status(200)}, err: "it has 0 bytes, expected " + strconv.Itoa(len(sample))},
		{name: "announcing less", mirrors: []http.HandlerFunc{announcing(len(sample) / 2)}, err: fmt.Sprintf("it has %d bytes", len(sample)/2)},
		{name: "announcing more", mirrors: []http.HandlerFunc{announcing(1 << 60)}, err: fmt.Sprintf("it has %d bytes", 1<<60)},
		{name: "ending early", mirrors: []http.HandlerFunc{unannounced(sample[:1000])}, err: fmt.Sprintf("it broke off after 1000 of %d bytes", len(sample)), kept: true},
		{name: "wrong bytes", mirrors: []http.HandlerFunc{unannounced(wrong())}, err: "expected " + fileOf(sample).SHA256, wrong: true},
		{name: "wrong bytes everywhere", mirrors: []http.HandlerFunc{unannounced(wrong()), well(wrong())}, err: "expected " + fileOf(sample).SHA256, wrong: true},
		{name: "redirected for ever", mirrors: []http.HandlerFunc{redirect("/sample.safetensors")}, err: "more than 5 redirects"},
		{name: "redirected to a file", mirrors: []http.HandlerFunc{redirect("file:///etc/passwd")}, err: `unsupported protocol scheme "file"`},
		{name: "a part unasked", mirrors: []http.HandlerFunc{answering(206, "bytes 0-9/10", sample[:10])}, err: "206 Partial Content"},
		{
			name: "another part", kept: true,
			mirrors: []http.HandlerFunc{first(1, breaking(1), answering(206, "bytes 7-9/10", sample[7:10]))}, err: `it sent the range "bytes 7-9/10"`,
		},
		{
			name: "a part of another file", kept: true,
			mirrors: []http.HandlerFunc{first(1, breaking(3), func(w http.ResponseWriter, r *http.Request) {
				var from int
				_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
				answering(206, fmt.Sprintf("bytes %d-%d/%d", from, from+9, from+10), sample[:10])(w, r)
			})}, err: fmt.Sprintf("bytes, expected %d", len(sample)),
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var urls []string
			for _, serve := range test.mirrors {
				urls = append(urls, newMirror(t, serve).URL)
			}
			s := newStore(t, urls...)
			e, err := s.Pull(t.Context(), "sample")
			if test.err == "" {
				if err != nil {
					t.Fatal(err)
				}
				if !e.Present() {
					t.Errorf("pulled %+v", e)
				}
				checkHolds(t, s, "sample", 1)
				checkFiles(t, s, 1)
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.err) || !strings.HasPrefix(err.Error(), "sample: "+urls[0]) {
				t.Errorf("error %v, want %q", err, test.err)
			}
			if !errors.Is(err, ErrUndelivered) {
				t.Errorf("error %v", err)
			}
			var sum *ChecksumError
			if errors.As(err, &sum) != test.wrong {
				t.Errorf("error %v, wrong bytes %v", err, test.wrong)
			}
			if test.kept {
				name := "incoming/" + fileOf(sample).SHA256
				rest := []string{name}
				if _, err := os.Stat(s.incoming(fileOf(sample).SHA256 + ".json")); err == nil {
					rest = append(rest, name+".json")
				}
				checkFiles(t, s, 0, rest...)
			} else {
				checkFiles(t, s, 0)
			}
			if _, err := s.Open("sample"); !errors.Is(err, ErrAbsent) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestPullSilence checks that mirrors that send nothing are given up, before and after
// their first byte.
func TestPullSilence(t *testing.T) {
	for name, serve := range map[string]http.HandlerFunc{"no answer": silent(0), "no more": silent(100)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			silent, good := newMirror(t, serve), newMirror(t, well(sample))
			s := newStore(t, silent.URL)
			s.retry.stall = 50 * time.Millisecond
			if _, err := s.Pull(t.Context(), "sample"); err == nil || !strings.HasSuffix(err.Error(), "nothing came for 50ms") {
				t.Errorf("error %v", err)
			}
			if n := silent.requests.Load(); n != int64(s.retry.attempts) {
				t.Errorf("%d attempts", n)
			}
			s.retry = eager
			s.Known = testEntries(good.URL)
			if _, err := s.Pull(t.Context(), "sample"); err != nil {
				t.Error(err)
			}
			checkHolds(t, s, "sample", 1)
		})
	}
}

// TestPullResumes interrupts a pull and resumes it.
func TestPullResumes(t *testing.T) {
	for _, test := range []struct {
		name   string
		serve  http.HandlerFunc
		change func(t *testing.T, s *Store, partial string)
		whole  bool // the whole file is sent again
	}{
		{name: "where it was", serve: well(sample), change: func(*testing.T, *Store, string) {}},
		{name: "from another mirror", serve: well(sample), change: func(t *testing.T, s *Store, _ string) {
			s.Known = testEntries(newMirror(t, well(sample)).URL)
		}},
		{name: "complete", serve: well(sample), change: func(t *testing.T, _ *Store, partial string) {
			overwrite(t, partial, sample)
		}},
		{name: "longer than it may be", serve: well(sample), change: func(t *testing.T, _ *Store, partial string) {
			overwrite(t, partial, append(bytes.Clone(sample), "more"...))
		}},
		{name: "without ranges", serve: plainly, change: func(*testing.T, *Store, string) {}, whole: true},
		{name: "damaged", serve: well(sample), change: func(t *testing.T, _ *Store, partial string) {
			overwrite(t, partial, wrong()[:len(wrong())*3/4])
		}, whole: true},
		{name: "damaged note", serve: well(sample), change: func(t *testing.T, _ *Store, partial string) {
			overwrite(t, partial+".json", []byte(`{"url":`))
		}},
		{name: "of another version", serve: well(sample), change: func(t *testing.T, s *Store, partial string) {
			text := fmt.Sprintf(`{"url":%q,"validator":"\"older\""}`, s.Known[1].URLs[0])
			overwrite(t, partial+".json", []byte(text))
		}, whole: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t, test.serve)
			s := newStore(t, m.URL)
			ctx, cancel := context.WithCancel(t.Context())
			s.Progress = func(e Event) {
				if _, ok := e.(Fetching); ok {
					cancel()
				}
			}
			if _, err := s.Pull(ctx, "sample"); !errors.Is(err, context.Canceled) {
				t.Fatalf("error %v", err)
			}
			partial := s.incoming(fileOf(sample).SHA256)
			info, err := os.Stat(partial)
			if err != nil || info.Size() == 0 {
				t.Fatalf("nothing was kept: %v", err)
			}
			test.change(t, s, partial)
			var begins []int64
			s.Progress = func(e Event) {
				if f, ok := e.(Fetching); ok {
					begins = append(begins, f.Done)
				}
			}
			if _, err := s.Pull(t.Context(), "sample"); err != nil {
				t.Fatal(err)
			}
			checkHolds(t, s, "sample", 1)
			checkFiles(t, s, 1)
			again := slices.ContainsFunc(begins, func(done int64) bool { return done <= info.Size() })
			if again != test.whole {
				t.Errorf("with %d bytes there, progress was %d", info.Size(), begins)
			}
		})
	}
}

// TestPullWithoutRoom requests more than any disk holds, and checks that nothing is
// left.
func TestPullWithoutRoom(t *testing.T) {
	if _, known := freeSpace(t.TempDir()); !known {
		t.Skip("nobody knows how much room there is")
	}
	m := newMirror(t, well(sample))
	s := newStore(t, m.URL)
	s.Known[1].Source.Size = 1 << 62
	if _, err := s.Pull(t.Context(), "sample"); !errors.Is(err, ErrWrite) || !strings.Contains(err.Error(), "MB are free") {
		t.Errorf("error %v", err)
	}
	checkFiles(t, s, 0)
	if n := m.requests.Load(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func overwrite(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestPullEvents(t *testing.T) {
	bad, good := newMirror(t, status(404)), newMirror(t, well(sample))
	s := newStore(t, bad.URL, good.URL)
	var events []Event
	s.Progress = func(e Event) { events = append(events, e) }
	if _, err := s.Pull(t.Context(), "sample"); err != nil {
		t.Fatal(err)
	}
	if f, ok := events[0].(Failed); !ok || !f.Final || f.From != bad.URL+"/sample.safetensors" {
		t.Errorf("the first event is %#v", events[0])
	}
	if c, ok := events[len(events)-1].(Converting); !ok || filepath.Dir(c.Path) != filepath.Join(s.Dir, "incoming") {
		t.Errorf("the last event is %#v", events[len(events)-1])
	}
	done := int64(0)
	for _, e := range events[1 : len(events)-1] {
		f, ok := e.(Fetching)
		if !ok || f.From != good.URL+"/sample.safetensors" || f.Total != int64(len(sample)) || f.Done < done {
			t.Errorf("an event on the way is %#v", e)
		}
		done = f.Done
	}
	if done != int64(len(sample)) {
		t.Errorf("the last progress is %d of %d", done, len(sample))
	}
	events = nil
	if _, err := s.Pull(t.Context(), "sample"); err != nil || events != nil {
		t.Errorf("pulled again: %v, %v", events, err)
	}
}

// TestRedirectToPlain checks that redirects between https URLs are followed, and
// redirects to http are not.
func TestRedirectToPlain(t *testing.T) {
	plain := newMirror(t, well(sample))
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/once":
			http.Redirect(w, r, "/there", http.StatusFound)
		case "/down":
			http.Redirect(w, r, plain.URL, http.StatusFound)
		}
	}))
	defer secure.Close()
	client := secure.Client()
	client.CheckRedirect = checkRedirect
	response, err := client.Get(secure.URL + "/once")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	response, err = client.Get(secure.URL + "/down")
	if err == nil || !strings.Contains(err.Error(), "it redirects from https to "+plain.URL) {
		t.Errorf("error %v", err)
	}
	if response != nil {
		response.Body.Close()
	}
	if n := plain.requests.Load(); n != 0 {
		t.Errorf("the server without encryption got %d requests", n)
	}
}

// TestUntrusted checks that a server with an untrusted certificate is refused at once.
func TestUntrusted(t *testing.T) {
	secure := httptest.NewUnstartedServer(well(sample))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	s := newStore(t, secure.URL)
	failures := 0
	s.Progress = func(e Event) {
		if f, ok := e.(Failed); ok && f.Final {
			failures++
		}
	}
	if _, err := s.Pull(t.Context(), "sample"); err == nil || !strings.Contains(err.Error(), "certificate") || failures != 1 {
		t.Errorf("error %v after %d failures", err, failures)
	}
	checkFiles(t, s, 0)
}

func TestMirror(t *testing.T) {
	folder := t.TempDir()
	overwrite(t, filepath.Join(folder, "sample.safetensors"), sample)
	damaged := t.TempDir()
	overwrite(t, filepath.Join(damaged, "sample.safetensors"), wrong())
	server := newMirror(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if r.URL.Path == "/a/b/sample.safetensors" || user == "me" && password == "secret" {
			well(sample)(w, r)
			return
		}
		w.WriteHeader(http.StatusForbidden)
	})
	withPassword := strings.Replace(server.URL, "//", "//me:secret@", 1)
	withWrong := strings.Replace(server.URL, "//", "//me:guess@", 1)
	slash := filepath.ToSlash(folder)
	if !strings.HasPrefix(slash, "/") {
		slash = "/" + slash // C:/folder
	}
	for _, test := range []struct {
		name, mirror string
		is           error
		err          string
	}{
		{name: "a folder", mirror: folder},
		{name: "a URL of a folder", mirror: "file://" + slash},
		{name: "a URL", mirror: server.URL + "/a/b"},
		{name: "a URL with a slash", mirror: server.URL + "/a/b/"},
		{name: "a URL with a password", mirror: withPassword},
		{name: "a folder after an empty one", mirror: t.TempDir() + "," + folder},
		{name: "a URL after a folder with wrong bytes", mirror: damaged + ", " + server.URL + "/a/b"},
		{name: "a URL after one that lacks it", mirror: server.URL + "/none," + server.URL + "/a/b"},
		{name: "none of several", mirror: damaged + "," + server.URL + "/none", is: ErrUndelivered, err: "403 Forbidden"},
		{name: "nothing between commas", mirror: folder + ",,", is: ErrMirror, err: "an empty name"},
		{name: "a wrong password", mirror: withWrong, err: "me:xxxxx@"},
		{name: "an empty folder", mirror: t.TempDir(), is: ErrUndelivered, err: "sample.safetensors: file does not exist"},
		{name: "a folder with wrong bytes", mirror: damaged, err: damaged},
		{name: "a URL of no kind", mirror: "ftp://me:secret@example.invalid/pub", is: ErrMirror, err: "expected an http, https or file URL, or a folder"},
		{name: "a URL without a host", mirror: "http:///pub", is: ErrMirror, err: "http:///pub"},
		{name: "no URL", mirror: "http://[", is: ErrMirror, err: "missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStore(t, "https://origin.invalid")
			s.Mirror = test.mirror
			_, err := s.Pull(t.Context(), "sample")
			if test.err == "" {
				if err != nil {
					t.Fatal(err)
				}
				checkHolds(t, s, "sample", 1)
				checkFiles(t, s, 1)
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.err) || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("error %v, want %q, %v", err, test.err, test.is)
			}
			if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "guess")) {
				t.Errorf("the error tells the password: %v", err)
			}
			checkFiles(t, s, 0)
		})
	}
	for _, path := range []string{folder, damaged} {
		if _, err := os.Stat(filepath.Join(path, "sample.safetensors")); err != nil {
			t.Errorf("a pull changed the mirror: %v", err)
		}
	}
}

// TestProxy reaches a mirror with an invented name through a proxy. net/http reads the
// environment once in each process, so this needs a process of its own.
func TestProxy(t *testing.T) {
	var asked atomic.Value
	proxy := newMirror(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.URL.String())
		well(sample)(w, r)
	})
	home := t.TempDir()
	cmd := inChild(t, "mirror", "sample", home, "http://mirror.invalid/networks")
	cmd.Env = append(cmd.Env, "HTTP_PROXY="+proxy.URL, "http_proxy="+proxy.URL, "NO_PROXY=", "no_proxy=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := asked.Load(); got != "http://mirror.invalid/networks/sample.safetensors" {
		t.Errorf("the proxy was asked for %v", got)
	}
	checkHolds(t, storeIn(home), "sample", 1)
}

func storeIn(home string) *Store {
	return &Store{Dir: filepath.Join(home, "networks"), Known: testEntries("https://origin.invalid"), retry: eager}
}

// TestProcesses pulls in several processes at once: only one downloads.
func TestProcesses(t *testing.T) {
	m := newMirror(t, slowly)
	home := t.TempDir()
	const processes = 3
	var group sync.WaitGroup
	for range processes {
		group.Go(func() {
			if out, err := inChild(t, "pull", "sample", home, m.URL).CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	group.Wait()
	s := storeIn(home)
	checkHolds(t, s, "sample", 1)
	checkFiles(t, s, 1)
	if n := m.requests.Load(); n != 1 {
		t.Errorf("%d downloads", n)
	}
}

// TestKilledPull kills a process at several points of its download.
func TestKilledPull(t *testing.T) {
	home := t.TempDir()
	s := storeIn(home)
	if _, err := s.Import(t.Context(), networkFile(t, "a.safetensors", network("a", 2)), "", weights.Override{}); err != nil {
		t.Fatal(err)
	}
	half := make(chan struct{})
	release := make(chan struct{})
	m := newMirror(t, first(3, func(w http.ResponseWriter, r *http.Request) {
		well(sample)(&pausing{w, 100 << 10, half, release}, r)
	}, well(sample)))
	for range 3 {
		cmd := inChild(t, "pull", "sample", home, m.URL)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-half
		// The child may not have read all of it yet: any point will do.
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		release <- struct{}{}
		checkHolds(t, s, "a", 2)
		if _, err := s.Open("sample"); !errors.Is(err, ErrAbsent) {
			t.Errorf("error %v after a pull that was killed", err)
		}
	}
	s.Known = testEntries(m.URL)
	if _, err := s.Pull(t.Context(), "sample"); err != nil {
		t.Fatal(err)
	}
	checkHolds(t, s, "sample", 1)
	checkHolds(t, s, "a", 2)
	checkFiles(t, s, 2)
}

// pausing sends some bytes, signals it, and waits.
type pausing struct {
	http.ResponseWriter
	left          int
	half, release chan struct{}
}

func (p *pausing) Write(b []byte) (int, error) {
	if p.left == 0 {
		return p.ResponseWriter.Write(b)
	}
	n, err := p.ResponseWriter.Write(b[:min(len(b), p.left)])
	if p.left -= n; p.left == 0 || err != nil {
		_ = http.NewResponseController(p.ResponseWriter).Flush()
		p.half <- struct{}{}
		<-p.release
		panic(http.ErrAbortHandler)
	}
	return n, err
}

func (p *pausing) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// TestKilledChanges kills a process that imports and removes, at various points.
func TestKilledChanges(t *testing.T) {
	home := t.TempDir()
	s := storeIn(home)
	if _, err := s.Import(t.Context(), networkFile(t, "a.safetensors", network("a", 2)), "", weights.Override{}); err != nil {
		t.Fatal(err)
	}
	path := networkFile(t, "b.safetensors", network("b", 3))
	r := rand.New(rand.NewPCG(1, 2))
	for range 10 {
		cmd := inChild(t, "import", path, home, "")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(r.IntN(100)) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		list, err := s.List()
		if err != nil {
			t.Fatal(err)
		}
		checkHolds(t, s, "a", 2)
		for _, e := range list[len(s.Known):] {
			if e.Name != "a" {
				checkHolds(t, s, e.Name, 3)
			}
		}
	}
	for i := range 3 {
		if err := s.Remove(t.Context(), fmt.Sprintf("import-%d", i)); err != nil && !errors.Is(err, ErrUnknown) {
			t.Error(err)
		}
	}
	checkHolds(t, s, "a", 2)
	checkFiles(t, s, 1)
}

package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/weights/registry"
)

// begun is how much of a published file the servers below send.
const begun = 1 << 20

// stalling begins to send a file of a size, which it announces, and goes on as
// requests ask for more, but never finishes. It notes the ranges asked for.
func stalling(t *testing.T, size int64, ranges chan<- string) *httptest.Server {
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.Header.Get("Range")
		ranges <- asked
		if asked == "" {
			w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
		} else {
			from, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimPrefix(asked, "bytes="), "-"), 10, 64)
			if err != nil {
				t.Error(err)
			}
			w.Header().Set("Content-Range", "bytes "+strconv.FormatInt(from, 10)+"-"+strconv.FormatInt(size-1, 10)+"/"+strconv.FormatInt(size, 10))
			w.Header().Set("Content-Length", strconv.FormatInt(size-from, 10))
			w.WriteHeader(http.StatusPartialContent)
		}
		_, _ = w.Write(make([]byte, begun))
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-done:
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(done) })
	return server
}

// TestPullOnScreen interrupts a download that a terminal shows, and goes on with
// it.
func TestPullOnScreen(t *testing.T) {
	home := t.TempDir()
	ranges := make(chan string, 2)
	server := stalling(t, 534_904_783, ranges)
	env := []string{"TERM=xterm", registry.HomeVariable + "=" + home, registry.MirrorVariable + "=" + server.URL}
	for i, shown := range []string{"1.0 MB of 535 MB", "2.1 MB of 535 MB"} {
		s := onScreen(t, pastiche(home, "networks", "pull", "vgg19"), env...)
		s.await(shown, "─")
		s.press("\x03")
		s.await("The downloaded part is kept; the next pull continues it.", "pastiche: interrupted\r\n")
		if code := exitOf(t, s.cmd.Wait()); code != cli.ExitInterrupted {
			t.Errorf("exit code %d", code)
		}
		if asked, want := <-ranges, []string{"", "bytes=" + strconv.Itoa(begun) + "-"}[i]; asked != want {
			t.Errorf("asked for the range %q, want %q", asked, want)
		}
	}
	cmd := pastiche(home, "networks", "remove", "vgg19")
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if left, err := filepath.Glob(filepath.Join(home, "networks", "incoming", "*")); err != nil || left != nil {
		t.Errorf("what is left: %q, %v", left, err)
	}
}

// TestListOnScreen lists networks in lines that a terminal need not break.
func TestListOnScreen(t *testing.T) {
	home := t.TempDir()
	s := onScreen(t, pastiche(home, "networks", "list"), "TERM=xterm", registry.HomeVariable+"="+home)
	s.await("NAME ", "STATUS\r\n", "builtin ", "built in\r\n    trained for pastiche by a distilled VGG-19\r\n    RGB 0..1, mean 0.485 0.456 0.406, std 0.229 0.224 0.225\r\nvgg19 ")
	if code := exitOf(t, s.cmd.Wait()); code != cli.ExitOK {
		t.Errorf("exit code %d", code)
	}
}

// TestUnread says nothing to whoever stopped reading.
func TestUnread(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	read.Close()
	defer write.Close()
	var said bytes.Buffer
	cmd := pastiche(t.TempDir(), "networks", "list")
	cmd.Stdout, cmd.Stderr = write, &said
	if code := exitOf(t, cmd.Run()); runtime.GOOS != "windows" && (code != cli.ExitOutput || said.Len() > 0) {
		t.Errorf("exit code %d, said %q", code, &said)
	}
}

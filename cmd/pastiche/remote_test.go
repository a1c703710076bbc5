package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/pastiche-art/pastiche/api"
)

// someID is an id of a job.
const someID = "abcdefghijklmnopqrstuvwxyz"

// fakeServer returns a command that uses a server which answers as handle does.
func fakeServer(t *testing.T, handle http.HandlerFunc, args ...string) *exec.Cmd {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	return pastiche(t.TempDir(), append(args, "--server", s.URL)...)
}

// TestServerExitCodes: a script can tell apart what a server refuses.
func TestServerExitCodes(t *testing.T) {
	for status, want := range map[int]int{
		http.StatusUnauthorized:          exitRefused,
		http.StatusForbidden:             exitRefused,
		http.StatusNotFound:              exitFailure,
		http.StatusConflict:              exitFailure,
		http.StatusRequestEntityTooLarge: exitInput,
		http.StatusUnsupportedMediaType:  exitInput,
		http.StatusUnprocessableEntity:   exitUsage,
		http.StatusInternalServerError:   exitFailure,
	} {
		cmd := fakeServer(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, `{"detail":"the reason"}`)
		}, "jobs", "get", someID)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if got := exitOf(t, cmd.Run()); got != want || !strings.Contains(stderr.String(), ": the reason\n") {
			t.Errorf("status %d: exit code %d, want %d: %s", status, got, want, stderr.String())
		}
	}
}

// TestHealthOfAnotherServer: only pastiche answers /readyz with 204.
func TestHealthOfAnotherServer(t *testing.T) {
	for status, want := range map[int]int{
		http.StatusNoContent: exitOK, http.StatusOK: exitFailure, http.StatusServiceUnavailable: exitFailure,
	} {
		asked := 0
		cmd := fakeServer(t, func(w http.ResponseWriter, _ *http.Request) { asked++; w.WriteHeader(status) }, "health")
		if got := exitOf(t, cmd.Run()); got != want || asked != 1 {
			t.Errorf("status %d: exit code %d after %d requests, want %d after one", status, got, asked, want)
		}
	}
}

// TestListIsStreamed reads the first job of a list before its second page exists.
func TestListIsStreamed(t *testing.T) {
	read := make(chan struct{})
	cmd := fakeServer(t, func(w http.ResponseWriter, r *http.Request) {
		page := api.List{Jobs: []api.Job{{ID: "first", State: api.Done}}, Next: "page 2"}
		if r.FormValue("after") != "" {
			<-read
			page = api.List{Jobs: []api.Job{{ID: "last", State: api.Failed, Error: "why\x1b"}}}
		}
		json.NewEncoder(w).Encode(page) //nolint:errcheck // the client finds out
	}, "jobs", "list", "--limit", "0")
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "first  done") {
		t.Errorf("the first line is %q", lines.Text())
	}
	close(read)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "last  failed") || !strings.HasSuffix(lines.Text(), `  why\x1b`) {
		t.Errorf("the last line is %q", lines.Text())
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// TestWaitInterrupted ends the waiting and says that the job goes on.
func TestWaitInterrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be interrupted by another")
	}
	for _, args := range [][]string{{"jobs", "wait", someID}, {"jobs", "list"}} {
		waiting := make(chan struct{})
		cmd := fakeServer(t, func(_ http.ResponseWriter, r *http.Request) {
			close(waiting)
			<-r.Context().Done()
		}, args...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-waiting
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		if code := exitOf(t, cmd.Wait()); code != exitInterrupted {
			t.Errorf("%v ended with %d", args, code)
		}
		want := "pastiche: interrupted\n"
		if args[1] == "wait" {
			want = "pastiche: interrupted; job " + someID + " goes on: "
		}
		if !strings.HasPrefix(stderr.String(), want) {
			t.Errorf("%v says %q", args, stderr.String())
		}
	}
}

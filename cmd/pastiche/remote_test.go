package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/cli"
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
		http.StatusUnauthorized:          cli.ExitRefused,
		http.StatusForbidden:             cli.ExitRefused,
		http.StatusNotFound:              cli.ExitFailure,
		http.StatusConflict:              cli.ExitFailure,
		http.StatusRequestEntityTooLarge: cli.ExitInput,
		http.StatusUnsupportedMediaType:  cli.ExitInput,
		http.StatusUnprocessableEntity:   cli.ExitUsage,
		http.StatusInternalServerError:   cli.ExitFailure,
	} {
		cmd := fakeServer(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, `{"detail":"the reason"}`)
		}, "jobs", "get", someID)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if got := exitOf(t, cmd.Run()); got != want || !strings.Contains(stderr.String(), ": the reason") {
			t.Errorf("status %d: exit code %d, want %d: %s", status, got, want, stderr.String())
		}
	}
}

// TestHealthOfAnotherServer: only pastiche answers /readyz with 204.
func TestHealthOfAnotherServer(t *testing.T) {
	for status, want := range map[int]int{
		http.StatusNoContent: cli.ExitOK, http.StatusOK: cli.ExitFailure, http.StatusServiceUnavailable: cli.ExitFailure,
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
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "ID ") {
		t.Errorf("the header is %q", lines.Text())
	}
	if !lines.Scan() || !regexp.MustCompile(`^first +done `).MatchString(lines.Text()) {
		t.Errorf("the first line is %q", lines.Text())
	}
	close(read)
	if !lines.Scan() || !regexp.MustCompile(`^last +failed .*  why\\x1b$`).MatchString(lines.Text()) {
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
		if code := exitOf(t, cmd.Wait()); code != cli.ExitInterrupted {
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

// TestAPIKey: a key comes from the environment or from a file, and an error says so where
// the server refuses it.
func TestAPIKey(t *testing.T) {
	for name, set := range map[string]func(cmd *exec.Cmd){
		"variable": func(cmd *exec.Cmd) { cmd.Env = append(cmd.Environ(), "PASTICHE_API_KEY=secret") },
		"file": func(cmd *exec.Cmd) {
			if err := os.WriteFile(filepath.Join(cmd.Dir, "key"), []byte("secret\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd.Args = append(cmd.Args, "--api-key-file", "key")
		},
		"none": func(*exec.Cmd) {},
	} {
		cmd := fakeServer(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer secret" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			io.WriteString(w, "{}")
		}, "jobs", "list")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		set(cmd)
		err := cmd.Run()
		if name != "none" {
			if err != nil {
				t.Errorf("%s: %v: %s", name, err, stderr.String())
			}
		} else if exitOf(t, err) != cli.ExitRefused || !strings.Contains(stderr.String(), "PASTICHE_API_KEY") {
			t.Errorf("%s: %v: %s", name, err, stderr.String())
		}
	}
}

// TestCompletedIDs: the shell is offered the ids of jobs, with what they are.
func TestCompletedIDs(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(api.List{Jobs: []api.Job{{ID: someID, State: api.Done, Labels: map[string]string{"name": "photo"}}}}) //nolint:errcheck // the client finds out
	}))
	defer s.Close()
	for _, verb := range []string{"get", "wait", "cancel", "rm"} {
		out, err := pastiche(t.TempDir(), "__complete", "jobs", verb, "--server", s.URL, "").Output()
		if err != nil || !strings.HasPrefix(string(out), someID+"\tdone photo\n") {
			t.Errorf("jobs %s: %q, %v", verb, out, err)
		}
	}
}

// TestWaitShowsProgress: on a terminal, waiting shows how far the job is.
func TestWaitShowsProgress(t *testing.T) {
	seen := make(chan struct{})
	cmd := fakeServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		send := func(name, data string) {
			fmt.Fprintf(w, "event: %s\ndata: %s\n\n", name, data)
			w.(http.Flusher).Flush() //nolint:errcheck,forcetypeassert // it is one
		}
		send("job", `{"id":"`+someID+`","job":{"state":"queued","waiting":{"position":3}}}`)
		send("progress", `{"id":"`+someID+`","progress":{"step":40,"steps":80,"seconds_left":75}}`)
		<-seen
		send("job", `{"id":"`+someID+`","job":{"state":"cancelled"}}`)
	}, "jobs", "wait", someID)
	s := onScreen(t, cmd, "TERM=xterm")
	s.await("queued: number 3 in the queue", "40/80", "about 1m15s left")
	close(seen)
	s.await("was cancelled")
	if code := exitOf(t, cmd.Wait()); code != cli.ExitFailure {
		t.Errorf("exit code %d", code)
	}
}

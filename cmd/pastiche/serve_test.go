package main

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// serving starts a server and returns its URL.
func serving(t *testing.T, folder string, args ...string) (*exec.Cmd, string) {
	t.Helper()
	cmd := pastiche(folder, append([]string{"serve", "--addr", "127.0.0.1:0", "--data", "jobs"}, args...)...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() }) //nolint:errcheck // it may have ended
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if _, url, found := strings.Cut(lines.Text(), "open at "); found {
			go func() { // the log, which nobody reads
				for lines.Scan() {
				}
			}()
			return cmd, url
		}
	}
	t.Fatal("the server does not say where it is")
	return nil, ""
}

func TestServedFromTheCommandLine(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be interrupted by another")
	}
	folder := inputs(t)
	server, url := serving(t, folder)
	say := func(args ...string) string {
		t.Helper()
		cmd := pastiche(folder, append(args, "--server", url)...)
		cmd.Stdout = nil
		said, err := cmd.Output()
		if err != nil {
			t.Fatalf("pastiche %v: %v", args, err)
		}
		return string(said)
	}
	quick := []string{"--options", `{"recipe":{"name":"classic","size":48,"iterations":3}}`}
	id := strings.TrimSuffix(say(append([]string{"submit", "content.png", "style.png", "--key", "order 7"}, quick...)...), "\n")
	if again := say(append([]string{"submit", "content.png", "style.png", "--key", "order 7"}, quick...)...); again != id+"\n" {
		t.Errorf("the same key is job %q, and was %q", again, id)
	}
	say("wait", id, "-o", "p.png")
	said, err := pastiche(folder, "show", "p.png").Output()
	if err != nil || !strings.Contains(string(said), "after 3 iterations") || !strings.Contains(string(said), "input    content") {
		t.Errorf("show says %q, %v", said, err)
	}
	if list := say("jobs"); !strings.HasPrefix(list, id+"  done") {
		t.Errorf("the jobs are %q", list)
	}
	long := strings.TrimSpace(say("submit", "content.png", "style.png", "--options", `{"recipe":{"name":"classic","size":48,"iterations":10000000}}`))
	say("cancel", long)
	if list := say("jobs"); !strings.Contains(list, long+"  cancelled") {
		t.Errorf("the jobs are %q", list)
	}
	if other := pastiche(folder, "serve", "--addr", "127.0.0.1:0", "--data", filepath.Join(folder, "jobs")); exitOf(t, other.Run()) != exitFailure {
		t.Error("two servers share a folder")
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := exitOf(t, server.Wait()); code != exitOK {
		t.Errorf("the server ended with %d", code)
	}
}

package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/client"
	"github.com/pastiche-art/pastiche/internal/cli"
)

// natsServer runs a NATS server and returns its URL.
func natsServer(t *testing.T) string {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(time.Minute) {
		t.Fatal("the NATS server is not ready")
	}
	return s.ClientURL()
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// TestCluster stops a worker while it paints: the worker puts the job back and ends
// without an error, and another one continues it. Workers start before any server, and
// wait for it.
func TestCluster(t *testing.T) {
	if testing.Short() || runtime.GOOS == "windows" {
		t.Skip("it takes several seconds, and processes that can be interrupted")
	}
	t.Parallel() // it waits more than it works
	folder, nats := inputFolder(t), natsServer(t)
	start := func(args ...string) (*exec.Cmd, string) {
		t.Helper()
		cmd := pastiche(folder, append(args, "--nats", nats, "--nats-prefix", "test", "--memory", "512MiB")...)
		url, err := startServer(cmd)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill() }) //nolint:errcheck // it may have ended
		return cmd, url
	}
	healthy := func(url string) bool { return pastiche(folder, "health", "--server", url).Run() == nil }
	worker := []string{"worker", "--metrics-addr", "127.0.0.1:0", "--log-format", "json"}
	first, firstURL := start(worker...)
	if healthy(firstURL) {
		t.Error("a worker without a server is ready")
	}
	serve, url := start("serve", "--addr", "127.0.0.1:0", "--workers", "0")
	eventually(t, "the server is ready", func() bool { return healthy(url) })
	eventually(t, "the worker is ready", func() bool { return healthy(firstURL) })

	said, err := pastiche(folder, "jobs", "submit", "--server", url, "content.png", "style.png", "--recipe", "classic", "--size", "48", "--iterations", "1000000").Output()
	if err != nil {
		t.Fatal(err)
	}
	id := strings.TrimSpace(string(said))
	c, err := client.New(url)
	if err != nil {
		t.Fatal(err)
	}
	job := func() *api.Job {
		t.Helper()
		j, err := c.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	eventually(t, "the job is painted", func() bool { return job().Progress != nil })
	if text := get(t, firstURL+"/metrics"); !strings.Contains(text, "pastiche_worker_busy 1\n") {
		t.Errorf("the metrics of a worker that paints are %s", text)
	}

	interrupt := func(cmd *exec.Cmd) {
		t.Helper()
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if code := exitOf(t, cmd.Wait()); code != cli.ExitOK {
			t.Errorf("%v ended with %d", cmd.Args, code)
		}
	}
	interrupt(first)
	if j := job(); j.State != api.Queued {
		t.Fatalf("the job of a worker that was interrupted is %s", j.State)
	}
	second, _ := start(worker...)
	eventually(t, "another worker continues the job", func() bool {
		j := job()
		return j.Attempts == 2 && j.Progress != nil
	})
	interrupt(second)
	interrupt(serve)
}

// TestStopWithoutNATS stops a worker and a server that wait for NATS.
func TestStopWithoutNATS(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be interrupted by another")
	}
	for _, args := range [][]string{{"worker"}, {"serve", "--addr", "127.0.0.1:0"}} {
		cmd := pastiche(t.TempDir(), append(args, "--nats", "nats://127.0.0.1:1", "--metrics-addr", "127.0.0.1:0")...)
		url, err := startServer(cmd)
		if err != nil {
			t.Fatal(err)
		}
		if args[0] == "worker" { // which is alive, and not ready
			get(t, url+"/healthz")
			if exitOf(t, pastiche(t.TempDir(), "health", "--server", url).Run()) != cli.ExitFailure {
				t.Error("a worker without NATS is ready")
			}
		}
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if code := exitOf(t, cmd.Wait()); code != cli.ExitOK {
			t.Errorf("%v ended with %d", args, code)
		}
	}
}

// TestOwnerQueue: with keys, one owner cannot fill the queue.
func TestOwnerQueue(t *testing.T) {
	folder := inputFolder(t)
	if err := os.WriteFile(filepath.Join(folder, "keys.txt"), []byte("alice 0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[int][]string{5: {}, 10: {"--owner-queue", "10"}} {
		data := fmt.Sprintf("jobs-%d", want)
		_, url := serving(t, folder, append(args, "--queue", "10", "--keys", "keys.txt", "--data", data)...)
		c, err := client.New(url)
		if err != nil {
			t.Fatal(err)
		}
		c.Key = "0123456789abcdef"
		session, err := c.Session(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if session.Limits.OwnerQueue != want {
			t.Errorf("%v: one owner has %d places of 10, want %d", args, session.Limits.OwnerQueue, want)
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= http.StatusBadRequest {
		t.Fatalf("%s: %s %s, %v", url, answer.Status, text, err)
	}
	return string(text)
}

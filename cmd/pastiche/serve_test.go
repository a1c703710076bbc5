package main

import (
	"bufio"
	"bytes"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/pastiche-art/pastiche/picture"
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
	t.Parallel() // it waits more than it works
	folder := inputs(t)
	white, black, red, blue := [3]float32{255, 255, 255}, [3]float32{}, [3]float32{255, 0, 0}, [3]float32{0, 0, 255}
	for name, colors := range map[string][2][3]float32{
		"left.png": {white, black}, "right.png": {black, white}, "labels.png": {red, blue}, "style-labels.png": {blue, red},
	} {
		if err := picture.Save(filepath.Join(folder, name), half(colors[0], colors[1]), picture.SaveOptions{}); err != nil {
			t.Fatal(err)
		}
	}
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
	// Flags and masks mean what they mean to paint: the same bytes come out.
	for name, args := range map[string][]string{
		"a mask for each style": {"content.png", "style.png", "content.png", "--mask", "left.png", "--mask", "right.png", "--style-mask", "left.png"},
		"styles that blend":     {"content.png", "style.png", "content.png", "--style-blend", "3,7", "--style-mask", "left.png"},
		"styles of two sizes":   {"content.png", "style.png", "content.png", "--style-scales", "1,0.5"},
		"one style, two masks":  {"content.png", "style.png", "--mask", "left.png", "--mask", "right.png", "--style-scales", "0.5"},
		"label pictures":        {"content.png", "style.png", "--mask", "labels.png", "--style-mask", "style-labels.png"},
		"an initial picture":    {"content.png", "style.png", "--init", "style.png", "--keep", "right.png"},
		"a strength":            {"content.png", "style.png", "--strength", "bold"},
	} {
		args = append(args, "--recipe", "fine", "--size", "48", "--iterations", "2", "--seed", "7", "--pooling", "avg")
		say("wait", strings.TrimSpace(say(append([]string{"submit"}, args...)...)), "-o", "sent.png")
		if out, err := pastiche(folder, append(append([]string{"paint"}, args...), "-o", "painted.png", "-q")...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
		if !bytes.Equal(opened(t, folder, "sent.png"), opened(t, folder, "painted.png")) {
			t.Errorf("%s: the job's pixels are not those that paint paints", name)
		}
	}
	texture := strings.TrimSpace(say("submit", "style.png", "--shape", "64x32", "--tileable", "--iterations", "2"))
	say("wait", texture, "-o", "texture.png")
	if p, err := picture.Open(filepath.Join(folder, "texture.png"), picture.Limits{}); err != nil || p.W != 64 || p.H != 32 {
		t.Errorf("the texture is %v, %v", p, err)
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

// opened returns the pixels of a picture.
func opened(t *testing.T, folder, name string) []byte {
	t.Helper()
	p, err := picture.Open(filepath.Join(folder, name), picture.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return p.Image().Pix
}

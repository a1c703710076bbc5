package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptrace"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/picture"
)

// serving starts a server and returns it with its URL.
func serving(t *testing.T, folder string, args ...string) (*exec.Cmd, string) {
	t.Helper()
	cmd := pastiche(folder, append([]string{"serve", "--addr", "127.0.0.1:0", "--data", "jobs"}, args...)...)
	url, err := startServer(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() }) //nolint:errcheck // it may have ended
	return cmd, url
}

// servedAt finds the URL of a server in its log.
var servedAt = regexp.MustCompile(`(?:url=|"url":")(http://[0-9.:\[\]]+)`)

// startServer starts a server or worker and returns the URL that its log tells first.
func startServer(cmd *exec.Cmd) (url string, err error) {
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return "", err
	}
	var said strings.Builder
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		fmt.Fprintln(&said, lines.Text())
		if found := servedAt.FindStringSubmatch(lines.Text()); found != nil {
			go io.Copy(io.Discard, stderr) //nolint:errcheck // the rest of the log
			return found[1], nil
		}
	}
	return "", fmt.Errorf("%v does not say where it is: %w: %s", cmd.Args, cmd.Wait(), said.String())
}

// TestSubmitExitCodes: a mistake has the exit code that it has without a server.
func TestSubmitExitCodes(t *testing.T) {
	folder := inputFolder(t)
	_, url := serving(t, folder)
	for _, args := range [][]string{
		{"--size", "0"},
		{"--size", "8"},
		{"--set", "style_layers=conv9_9"},
		{"--style-blend", "1,2"},
		{"--strength", "7"},
		{"--nothing"},
		{"--keep", ""},
		{"--keep", "missing.png"},
		{"missing.png"},
	} {
		args = append([]string{"content.png", "style.png"}, args...)
		paintErr := pastiche(folder, append([]string{"paint", "-o", "p.png"}, args...)...).Run()
		submitErr := pastiche(folder, append([]string{"jobs", "submit", "--server", url}, args...)...).Run()
		if want, got := exitOf(t, paintErr), exitOf(t, submitErr); got != want || want == 0 {
			t.Errorf("%q: submit ends with %d, paint with %d", args, got, want)
		}
	}
}

func TestServedFromTheCommandLine(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be interrupted by another")
	}
	t.Parallel() // it waits more than it works
	folder := inputFolder(t)
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
	job := func(args ...string) string {
		t.Helper()
		return strings.TrimSuffix(say(append([]string{"jobs", "submit"}, args...)...), "\n")
	}
	quick := []string{"--recipe", "classic", "--size", "48", "--iterations", "3"}
	id := job(append([]string{"content.png", "style.png"}, quick...)...)
	say("jobs", "wait", id, "-o", "p.png")
	said, err := pastiche(folder, "show", "p.png").Output()
	if err != nil || !strings.Contains(string(said), "  iterations  3\n") || !strings.Contains(string(said), "pastiche paint content-0 style-0 --recipe classic --size 48 --iterations 3 --network builtin\n") ||
		!strings.Contains(string(said), "  recipe      classic\n") || !strings.Contains(string(said), "  content     content-0  sha256 ") {
		t.Errorf("show says %q, %v", said, err)
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
		args = append(args, "--recipe", "fine", "--size", "48", "--iterations", "2", "--seed", "7", "--set", "pooling=avg")
		say("jobs", "wait", job(args...), "-o", "sent.png")
		if out, err := pastiche(folder, append(append([]string{"paint"}, args...), "-o", "painted.png", "-q")...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
		if !bytes.Equal(pixels(t, folder, "sent.png"), pixels(t, folder, "painted.png")) {
			t.Errorf("%s: the job's pixels are not those that paint paints", name)
		}
	}
	texture := job("style.png", "--shape", "64x32", "--tileable", "--iterations", "2")
	say("jobs", "wait", texture, "-o", "texture.png")
	if f, err := picture.Open(t.Context(), filepath.Join(folder, "texture.png"), picture.Limits{}); err != nil || f.Picture.W != 64 || f.Picture.H != 32 {
		t.Errorf("the texture is %v, %v", f, err)
	}
	if other := pastiche(folder, "serve", "--addr", "127.0.0.1:0", "--data", filepath.Join(folder, "jobs")); exitOf(t, other.Run()) != cli.ExitFailure {
		t.Error("two servers share a folder")
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := exitOf(t, server.Wait()); code != cli.ExitOK {
		t.Errorf("the server ended with %d", code)
	}
}

// TestServerDrains interrupts a server while it receives an upload and sends events:
// the upload is accepted, the events end, and the exit code is that of success.
func TestServerDrains(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be interrupted by another")
	}
	t.Parallel() // it waits more than it works
	folder := inputFolder(t)
	server, url := serving(t, folder)
	eventually(t, "the server is ready", func() bool { return pastiche(folder, "health", "--server", url).Run() == nil })
	events, err := http.Get(url + "/api/v1/events")
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()

	var session api.Session
	if err := json.Unmarshal([]byte(get(t, url+"/api/v1/session")), &session); err != nil {
		t.Fatal(err)
	}
	body, upload := io.Pipe()
	form := multipart.NewWriter(upload)
	receiving := make(chan struct{})
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got100Continue: func() { close(receiving) }})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/v1/jobs", body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("Expect", "100-continue")
	request.Header.Set("X-Pastiche-Token", session.Token)
	go func() {
		<-receiving
		if err := server.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if _, err := io.Copy(io.Discard, events.Body); err != nil { // they end when the server stops
			t.Errorf("the events were cut off: %v", err)
		}
		for _, name := range []string{"content", "style"} {
			data, err := os.ReadFile(filepath.Join(folder, name+".png"))
			if err == nil {
				var part io.Writer
				if part, err = form.CreateFormFile(name, name); err == nil {
					_, err = part.Write(data)
				}
			}
			if err != nil {
				t.Error(err)
			}
		}
		upload.CloseWithError(form.Close())
	}()
	answer, err := (&http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		t.Errorf("the upload under way is answered %s", answer.Status)
	}
	if code := exitOf(t, server.Wait()); code != cli.ExitOK {
		t.Errorf("the server ended with %d", code)
	}
}

// pixels returns the pixels of a picture.
func pixels(t *testing.T, folder, name string) []byte {
	t.Helper()
	f, err := picture.Open(t.Context(), filepath.Join(folder, name), picture.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f.SRGB().Image().Pix
}

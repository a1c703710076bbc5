package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/picture"
	"github.com/pastiche-art/pastiche/provenance"
)

// endless paints for longer than any test lasts.
var endless = []string{"paint", "content.png", "style.png", "--size", "48", "--iterations", "1000000", "--recipe", "classic", "-o", "p.png", "--save-every", "0"}

// exitOf returns the exit code of a command that has ended.
func exitOf(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit == nil {
		return 0
	}
	return exit.ExitCode()
}

func TestInterruptedPaintingIsSaved(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be interrupted by another")
	}
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			if signal.Ignored(sig) {
				t.Skip("these tests were told to outlive their terminal, and so is whatever they start")
			}
			t.Parallel()
			folder := inputFolder(t)
			cmd := pastiche(folder, append(endless, "--json", "--cost-log", "costs.csv", "--chart", "costs.png")...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(stdout)
			lines.Scan() // start
			lines.Scan() // the first iteration
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			var last string
			for lines.Scan() {
				last = lines.Text()
			}
			if code := exitOf(t, cmd.Wait()); code != cli.ExitInterrupted {
				t.Errorf("exit code %d, want %d", code, cli.ExitInterrupted)
			}
			if !strings.HasPrefix(last, `{"event":"error","exit":130,"message":"interrupted after `) {
				t.Errorf("the last event is %s", last)
			}
			r, err := provenance.Read(t.Context(), filepath.Join(folder, "p.png"))
			if err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprintf("interrupted after %d of 1000000 iterations, at 48 x 32 pixels", r.Steps)
			said := "pastiche: " + want + "; the unfinished picture is saved in p.png; use --checkpoint FILE to be able to continue such a painting\n"
			if r.Unfinished() != want || stderr.String() != said {
				t.Errorf("said %q, and the record %q", stderr.String(), r.Unfinished())
			}
			shown, err := pastiche(folder, "show", "p.png").Output()
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(shown), "Unfinished: "+want+".\nThis command paints the finished picture, not this one:\n\npastiche paint content.png style.png ") {
				t.Errorf("shows %s", shown)
			}
			for _, name := range []string{"p.png", "costs.png"} {
				if _, err := picture.Open(t.Context(), filepath.Join(folder, name), picture.Limits{}); err != nil {
					t.Error(err)
				}
			}
			log, err := os.ReadFile(filepath.Join(folder, "costs.csv"))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(log), "step,seconds,") || !strings.HasSuffix(string(log), "\n") {
				t.Errorf("the log is cut: %.200s", log)
			}
			if left, _ := filepath.Glob(filepath.Join(folder, ".*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestPaintingOutlivesItsReader: whoever reads the events may go away.
func TestPaintingOutlivesItsReader(t *testing.T) {
	folder := inputFolder(t)
	cmd := pastiche(folder, "paint", "content.png", "style.png", "--recipe", "classic", "--size", "48", "--iterations", "30", "-o", "p.png", "--json")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(stdout, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	stdout.Close()
	if code := exitOf(t, cmd.Wait()); code != cli.ExitOutput {
		t.Errorf("exit code %d, want %d", code, cli.ExitOutput)
	}
	if _, err := picture.Open(t.Context(), filepath.Join(folder, "p.png"), picture.Limits{}); err != nil {
		t.Error(err)
	}
}

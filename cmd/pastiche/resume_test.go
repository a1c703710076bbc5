package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/provenance"
)

// TestResumedPaintingTells interrupts a painting that has a checkpoint: it tells how to
// go on, and then from where it went on, which the finished picture does not tell.
func TestResumedPaintingTells(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be interrupted by another")
	}
	folder := inputFolder(t)
	const iterations = 400
	args := []string{"paint", "content.png", "style.png", "--recipe", "classic", "--size", "48", "--iterations", fmt.Sprint(iterations), "--save-every", "0", "-o", "p.png"}
	cmd := pastiche(folder, append(args, "--json", "--checkpoint", "c")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for range 2 { // the start and the first iteration
		lines.Scan()
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	if code := exitOf(t, cmd.Wait()); code != cli.ExitInterrupted || !strings.HasSuffix(stderr.String(), "; the same command with --resume c continues it\n") {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	unfinished, err := provenance.Read(t.Context(), filepath.Join(folder, "p.png"))
	if err != nil {
		t.Fatal(err)
	}
	said, err := pastiche(folder, append(args, "--resume", "c")...).CombinedOutput()
	want := fmt.Sprintf("Saved p.png (48 x 32 pixels) after %d iterations, resumed after %d, in ", iterations, unfinished.Steps)
	if err != nil || !strings.Contains(string(said), want) {
		t.Errorf("%v: says %s, expected %s", err, said, want)
	}
	finished, err := provenance.Read(t.Context(), filepath.Join(folder, "p.png"))
	if err != nil || finished.Unfinished() != "" || finished.Steps != iterations {
		t.Errorf("%v: the record has %d steps, %q", err, finished.Steps, finished.Unfinished())
	}
}

// TestResumeAfterKill kills a painting at random moments, again and again, and
// continues it: the file in the end is that of a painting nobody killed.
func TestResumeAfterKill(t *testing.T) {
	kills, iterations := 30, "120"
	if testing.Short() {
		kills, iterations = 5, "30"
	}
	for _, recipe := range []string{"gatys", "classic"} {
		t.Run(recipe, func(t *testing.T) {
			folder := inputFolder(t)
			args := []string{"paint", "content.png", "style.png", "--recipe", recipe, "--size", "64", "--iterations", iterations, "--save-every", "0", "-q"}
			if out, err := pastiche(folder, append(args, "-o", "whole.png")...).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			args = append(args, "-o", "killed.png", "--checkpoint-every", "0", "--checkpoint", "c")
			for n := 0; ; n++ {
				now := args
				if _, err := os.Stat(filepath.Join(folder, "c")); err == nil {
					now = append(now, "--resume", "c")
				}
				cmd := pastiche(folder, now...)
				var said bytes.Buffer
				cmd.Stderr = &said
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				if n < kills/2 {
					// Each a little later than the one before: somewhere between
					// the start of the program and many iterations.
					time.Sleep(time.Duration(10+7*n) * time.Millisecond)
					_ = cmd.Process.Kill() // unless it has ended
				}
				if err := cmd.Wait(); err == nil {
					break
				} else if n >= kills/2 {
					t.Fatalf("%v: %s", err, said.String())
				}
			}
			whole, err := os.ReadFile(filepath.Join(folder, "whole.png"))
			if err != nil {
				t.Fatal(err)
			}
			killed, err := os.ReadFile(filepath.Join(folder, "killed.png"))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(whole, killed) {
				t.Error("other bytes than those of a painting that was not killed")
			}
			if _, err := os.Stat(filepath.Join(folder, "c")); err == nil {
				t.Error("the checkpoint outlives the painting")
			}
		})
	}
}

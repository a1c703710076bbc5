package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

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

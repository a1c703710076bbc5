package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/pastiche-art/pastiche/internal/cli"
)

// screen is a terminal that a command runs on.
type screen struct {
	t   *testing.T
	cmd *exec.Cmd
	pty *os.File

	mu      sync.Mutex
	shown   bytes.Buffer
	changed chan struct{}
	ended   chan struct{}
}

// onScreen starts a command on a terminal of 100 x 40 characters with only the
// environment given.
func onScreen(t *testing.T, cmd *exec.Cmd, env ...string) *screen {
	t.Helper()
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: 100, Rows: 40})
	if err != nil {
		t.Skip("no pseudo-terminal: ", err)
	}
	if err := keepOutput(f); err != nil {
		t.Fatal(err)
	}
	s := &screen{t: t, cmd: cmd, pty: f, changed: make(chan struct{}, 1), ended: make(chan struct{})}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // unless it has ended
		f.Close()
		<-s.ended
	})
	go func() {
		defer close(s.ended)
		_, _ = io.Copy(s, f) // until the command ends
	}()
	return s
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown.Write(b)
	select {
	case s.changed <- struct{}{}:
	default:
	}
	return len(b), nil
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown.String()
}

// last returns the last of what was shown.
func (s *screen) last() string {
	shown := s.String()
	return shown[max(0, len(shown)-1000):]
}

// await waits until the screen has shown all the texts.
func (s *screen) await(texts ...string) {
	s.t.Helper()
	deadline := time.After(time.Minute)
	for _, text := range texts {
		for !strings.Contains(s.String(), text) {
			select {
			case <-s.changed:
			case <-s.ended:
				if !strings.Contains(s.String(), text) {
					s.t.Fatalf("ended without %q: %q", text, s.last())
				}
			case <-deadline:
				s.t.Fatalf("not shown: %q: %q", text, s.last())
			}
		}
	}
}

// press sends keys.
func (s *screen) press(keys string) {
	s.t.Helper()
	if _, err := io.WriteString(s.pty, keys); err != nil {
		s.t.Fatal(err)
	}
}

func TestBar(t *testing.T) {
	folder := inputFolder(t)
	s := onScreen(t, pastiche(folder, endless...), "TERM=xterm")
	s.await("───", "/1000000", "scale 1 of 1, 48 x 32, total ", "content ", "style ", "/s, ", " left", "Iteration 20 :")
	s.press("\x03")
	s.await("Stopping; Ctrl-C again stops at once.", "pastiche: interrupted after ", "saved in p.png")
	// Wherever an echo has left the cursor, what is drawn begins in the first column.
	const erased = "\x1b[J"
	if shown := s.String(); strings.Count(shown, erased) != strings.Count(shown, erased+"\r") {
		t.Errorf("drawn after an echo: %q", s.last())
	}
	if code := exitOf(t, s.cmd.Wait()); code != cli.ExitInterrupted {
		t.Errorf("exit code %d, want %d", code, cli.ExitInterrupted)
	}
}

func TestNoBarOnADumbTerminal(t *testing.T) {
	folder := inputFolder(t)
	s := onScreen(t, pastiche(folder, "paint", "content.png", "style.png", "--size", "48", "--iterations", "1", "--recipe", "gatys", "-o", "p.png"), "TERM=dumb")
	s.await("Saved p.png (48 x 32 pixels) after 1 iterations in ")
	if strings.Contains(s.String(), "─") || strings.Contains(s.String(), "\x1b") {
		t.Errorf("drew %q", s)
	}
}

func TestNoPictureOnATerminal(t *testing.T) {
	s := onScreen(t, pastiche(inputFolder(t), "paint", "content.png", "style.png", "-o", "-"), "TERM=xterm")
	s.await("pastiche: --output -: standard output is a terminal: expected a file or a pipe")
	if code := exitOf(t, s.cmd.Wait()); code != cli.ExitUsage {
		t.Errorf("exit code %d, want %d", code, cli.ExitUsage)
	}
}

func TestPreview(t *testing.T) {
	const question, sixelAnswer, plainAnswer = "\x1b[c", "\x1b[?62;4;22c", "\x1b[?62;22c"
	for _, test := range []struct {
		name   string
		env    []string
		answer string // to the question, if it is asked
		want   string
	}{
		{"kitty", []string{"TERM=xterm-kitty"}, "", "\x1b_Gf=100,q=2"},
		{"kitty, by its window", []string{"TERM=xterm", "KITTY_WINDOW_ID=1"}, "", "\x1b_Gf=100,q=2"},
		{"iTerm2", []string{"TERM=xterm", "TERM_PROGRAM=iTerm.app"}, "", "\x1b]1337;File=size="},
		{"WezTerm", []string{"TERM=xterm", "TERM_PROGRAM=WezTerm"}, "", "\x1b]1337;File=size="},
		{"sixel", []string{"TERM=xterm"}, sixelAnswer, "\x1bP0;1q\"1;1;48;32"},
		{"none", []string{"TERM=xterm"}, plainAnswer, "pastiche: no preview: "},
		{"kitty around tmux", []string{"TERM=screen", "KITTY_WINDOW_ID=1", "TMUX=1"}, plainAnswer, "pastiche: no preview: "},
		{"silent", []string{"TERM=xterm"}, "", "pastiche: no preview: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			folder := inputFolder(t)
			s := onScreen(t, pastiche(folder, "paint", "content.png", "style.png", "--size", "48", "--iterations", "1", "--recipe", "gatys", "-o", "p.png", "--preview"), test.env...)
			if test.answer != "" {
				s.await(question)
				s.press(test.answer)
			}
			s.await("Saved p.png", test.want)
			if code := exitOf(t, s.cmd.Wait()); code != cli.ExitOK {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

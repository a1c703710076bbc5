package main

import (
	"bufio"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/picture"
)

// running is a command that reports by events.
type running struct {
	t      *testing.T
	wait   func() error
	signal func(os.Signal) error
	events *bufio.Scanner
	past   []string
}

// start starts a command that paints with --json.
func start(t *testing.T, folder string, args ...string) *running {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be interrupted by another")
	}
	cmd := pastiche(folder, append(args, "--json")...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() }) //nolint:errcheck // it may have ended
	return &running{t: t, wait: cmd.Wait, signal: cmd.Process.Signal, events: bufio.NewScanner(stdout)}
}

// await reads events until one is of that name.
func (r *running) await(name string) {
	r.t.Helper()
	for r.events.Scan() {
		r.past = append(r.past, r.events.Text())
		if strings.HasPrefix(r.events.Text(), `{"event":"`+name+`"`) {
			return
		}
	}
	r.t.Fatalf("no event %s: %s", name, strings.Join(r.past, "\n"))
}

// interrupt interrupts the command, and returns its last event, all of them and its
// exit code.
func (r *running) interrupt() (last, all string, code int) {
	r.t.Helper()
	if err := r.signal(os.Interrupt); err != nil {
		r.t.Fatal(err)
	}
	for r.events.Scan() {
		r.past = append(r.past, r.events.Text())
	}
	return r.past[len(r.past)-1], strings.Join(r.past, "\n"), exitOf(r.t, r.wait())
}

// unending paints for longer than any test lasts, without a name for the painting.
var unending = []string{"paint", "content.png", "style.png", "--size", "48", "--iterations", "1000000", "--recipe", "gatys"}

// written is the text of a file that another program makes.
const written = "another program's"

func write(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(written), 0o666); err != nil {
		t.Fatal(err)
	}
}

func isWritten(t *testing.T, path string) {
	t.Helper()
	if text, err := os.ReadFile(path); string(text) != written {
		t.Errorf("%s was written over, or removed: %v", path, err)
	}
}

func isThere(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// TestInterruptedBatch: what is not finished is not saved, and is not said to be.
func TestInterruptedBatch(t *testing.T) {
	folder := inputFolder(t)
	if err := os.Mkdir(filepath.Join(folder, "out"), 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "out", "content-style.png"))
	r := start(t, folder, append([]string{"paint", "[cs]*.png"}, append(unending[2:], "--out-dir", "out")...)...)
	r.await("progress")
	last, all, code := r.interrupt()
	if code != cli.ExitInterrupted {
		t.Errorf("exit code %d", code)
	}
	const want = `{"event":"error","exit":130,"message":"interrupted after 1 of 2 paintings; the same command goes on","paintings":2,"painted":0,"skipped":1,"failed":0}`
	if last != want {
		t.Errorf("the last event is %s, want %s", last, want)
	}
	if strings.Contains(all, `"saved"`) || !strings.Contains(all, `{"event":"skipped","content":"content.png","styles":["style.png"],"output":"out/content-style.png"}`) {
		t.Errorf("the events are %s", all)
	}
	left, err := os.ReadDir(filepath.Join(folder, "out"))
	if err != nil || len(left) != 1 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestBatchWithoutInputs has an event for the end, too.
func TestBatchWithoutInputs(t *testing.T) {
	out, err := pastiche(inputFolder(t), "paint", "missing", "style.png", "--out-dir", "out", "--json").Output()
	const want = `{"event":"error","exit":3,"message":"missing: no such file, folder or pattern","paintings":0,"painted":0,"skipped":0,"failed":0}` + "\n"
	if code := exitOf(t, err); code != cli.ExitInput || string(out) != want {
		t.Errorf("exit code %d, said %s", code, out)
	}
}

// TestBatchOfUnreadable names the painting in the event of its error.
func TestBatchOfUnreadable(t *testing.T) {
	folder := inputFolder(t)
	write(t, filepath.Join(folder, "bad.png"))
	out, err := pastiche(folder, "paint", "bad.png", "style.png", "--out-dir", "out", "--json").Output()
	events := strings.Split(string(out), "\n")
	if code := exitOf(t, err); code != cli.ExitInput || len(events) != 3 ||
		!strings.HasPrefix(events[0], `{"event":"error","output":"out/bad-style.png","exit":3,"message":"bad.png: `) ||
		events[1] != `{"event":"error","exit":3,"message":"1 of 1 paintings failed","paintings":1,"painted":0,"skipped":0,"failed":1}` {
		t.Errorf("exit code %d, said %s", code, out)
	}
}

func TestInterruptedBeforeTheFirstIteration(t *testing.T) {
	folder := inputFolder(t)
	r := start(t, folder, "paint", "content.png", "style.png", "--size", "768", "--set", "first_size=0")
	r.await("start")
	last, all, code := r.interrupt()
	if code != cli.ExitInterrupted || !strings.Contains(last, `"message":"interrupted before the first iteration; there is no painting to save"`) {
		t.Errorf("exit code %d, the last event is %s", code, last)
	}
	if strings.Contains(all, `"saved"`) || isThere(filepath.Join(folder, "content-style.png")) {
		t.Errorf("saved: %s", all)
	}
}

// TestNameIsTakenWhenSaving: a file that was made during the painting stays.
func TestNameIsTakenWhenSaving(t *testing.T) {
	folder := inputFolder(t)
	r := start(t, folder, unending...)
	r.await("progress")
	write(t, filepath.Join(folder, "content-style.png"))
	last, all, code := r.interrupt()
	if code != cli.ExitInterrupted || !strings.Contains(last, "saved in content-style-2.png") || !strings.Contains(all, `{"event":"saved","path":"content-style-2.png"}`) {
		t.Errorf("exit code %d, the events are %s", code, all)
	}
	isWritten(t, filepath.Join(folder, "content-style.png"))
	if _, err := picture.Open(t.Context(), filepath.Join(folder, "content-style-2.png"), picture.Limits{}); err != nil {
		t.Error(err)
	}
}

// TestThreeAtATime leaves three files.
func TestThreeAtATime(t *testing.T) {
	folder := inputFolder(t)
	var waits []func() error
	for range 3 {
		cmd := pastiche(folder, "paint", "content.png", "style.png", "--size", "48", "--iterations", "2", "--recipe", "gatys", "--save-every", "1", "-q")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		waits = append(waits, cmd.Wait)
	}
	for _, wait := range waits {
		if err := wait(); err != nil {
			t.Error(err)
		}
	}
	made, err := filepath.Glob(filepath.Join(folder, "content-style*.png"))
	if err != nil || len(made) != 3*3 {
		t.Errorf("made %v, %v: want a painting and two snapshots of each", made, err)
	}
}

// TestCheckpointOfACrash: the same command does not begin anew over a checkpoint.
func TestCheckpointOfACrash(t *testing.T) {
	folder := inputFolder(t)
	args := slices.Concat(unending, []string{"-o", "p.png", "--checkpoint", "c", "--checkpoint-every", "0"})
	r := start(t, folder, args...)
	r.await("progress")
	r.await("progress") // and so the first checkpoint is there
	if err := r.signal(os.Kill); err != nil {
		t.Fatal(err)
	}
	_ = r.wait()
	before, err := os.ReadFile(filepath.Join(folder, "c"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := pastiche(folder, args...).CombinedOutput()
	if code := exitOf(t, err); code != cli.ExitUsage || !strings.HasPrefix(string(out), "pastiche: c is a checkpoint: --resume c continues it; remove it to begin anew\n") {
		t.Errorf("exit code %d, said %s", code, out)
	}
	if after, err := os.ReadFile(filepath.Join(folder, "c")); string(after) != string(before) {
		t.Errorf("the checkpoint has changed: %v", err)
	}
	r = start(t, folder, append(args, "--resume", "c")...)
	r.await("progress")
	if last, _, code := r.interrupt(); code != cli.ExitInterrupted || !strings.Contains(last, "with --resume c continues it") {
		t.Errorf("exit code %d, the last event is %s", code, last)
	}
}

// TestCheckpointOfAnother: a file that another program puts in the checkpoint's place
// is neither written over nor removed.
func TestCheckpointOfAnother(t *testing.T) {
	folder := inputFolder(t)
	c := filepath.Join(folder, "c")
	r := start(t, folder, append(unending, "-o", "p.png", "--checkpoint", "c", "--checkpoint-every", "1h")...)
	r.await("progress")
	write(t, c)
	if last, _, code := r.interrupt(); code != cli.ExitInterrupted || strings.Contains(last, "--resume") {
		t.Errorf("exit code %d, the last event is %s", code, last)
	}
	isWritten(t, c)
}

// TestArgumentsAreKnown: every command refuses an empty name for each of its arguments.
func TestArgumentsAreKnown(t *testing.T) {
	for _, cmd := range newProgram().Root.Commands() {
		for _, cmd := range append(cmd.Commands(), cmd) {
			if words := strings.Fields(cmd.Use)[1:]; len(words) > 0 && exitCode(cmd.Root().PersistentPreRunE(cmd, []string{""})) != cli.ExitUsage {
				t.Errorf("%s: takes an empty name", cmd.Use)
			}
		}
	}
}

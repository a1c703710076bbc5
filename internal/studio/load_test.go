package studio_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/studio"
)

// profiled does something and returns how much processor time this process took
// meanwhile, but for painting.
func profiled(t *testing.T, do func()) (seconds float64) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "profile"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := pprof.StartCPUProfile(f); err != nil {
		t.Fatal(err)
	}
	do()
	pprof.StopCPUProfile()
	const painting = `pastiche/(paint|kernel)\.`
	out, err := exec.Command("go", "tool", "pprof", "-top", "-unit=s", "-nodefraction=0", "-ignore", painting, f.Name()).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	_, text, _ := strings.Cut(string(out), "nodes accounting for ")
	text, _, found := strings.Cut(text, ",")
	if seconds, err = strconv.ParseFloat(strings.TrimSuffix(text, "s"), 64); err != nil || !found {
		t.Fatalf("%v: %s", err, out)
	}
	return seconds
}

// processorTime returns the processor time that this process has taken, in seconds.
func processorTime(t *testing.T) float64 {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

// TestUnderLoad measures what docs/OPERATING.md says of load. It asserts nothing
// of the clock, and runs where somebody asks for it:
//
//	PASTICHE_LOAD=1 go test -count 1 -v -run UnderLoad ./studio
//
// What the server takes besides painting is seen in a profile of this process, in
// which there are no clients: whatever else the machine does meanwhile, that is the
// part of its processors that painting goes without.
func TestUnderLoad(t *testing.T) {
	if os.Getenv("PASTICHE_LOAD") == "" {
		t.Skip("it takes minutes: PASTICHE_LOAD=1 runs it")
	}
	const uploads, watchers, tricklers = 200, 1000, 2000
	runtime.GOMAXPROCS(runtime.NumCPU() + 2) // as serve does
	always := func() bool { return true }
	f := newServer(t, setup{Config: studio.Config{Painting: always}, worker: true, job: job.Config{Queue: 1000}})
	var j api.Job
	f.decode(f.submit("", long()...), http.StatusCreated, &j)
	for f.step(j.ID) == 0 {
		time.Sleep(100 * time.Millisecond)
	}
	phase := func(name string, do func()) {
		step, begun, before := f.step(j.ID), time.Now(), processorTime(t)
		other := profiled(t, do)
		steps, took, all := f.step(j.ID)-step, time.Since(begun).Seconds(), processorTime(t)-before
		t.Logf("%s: %.1f s, %.2f iterations a second, %.2f for each processor second of painting; the server took %.2f s of processor time besides them, %.1f %% of the machine's",
			name, took, float64(steps)/took, float64(steps)/(all-other), other, 100*other/took/float64(runtime.NumCPU()))
	}
	phase("alone", func() { time.Sleep(20 * time.Second) })
	watching := f.crowd("watch", watchers, "")
	time.Sleep(2 * time.Second)
	phase(fmt.Sprint(watchers, " watchers"), func() { time.Sleep(20 * time.Second) })
	asking := f.crowd("ask", 4, j.ID)
	phase(fmt.Sprint(uploads, " uploads, besides"), func() {
		saw, took := f.crowd("upload", uploads, "").end(false)
		t.Logf("clients that upload saw %v and took %v", saw, took)
	})
	for kind, p := range map[string]*crowdProcess{"ask": asking, "watch": watching} {
		saw, took := p.end(true)
		t.Logf("clients that %s saw %v and took %v", kind, saw, took)
	}
	health := f.crowd("health", 1, "")
	phase(fmt.Sprint(tricklers, " trickling sockets"), func() {
		saw, took := f.crowd("trickle", tricklers, "").end(false)
		t.Logf("sockets that trickle saw %v and took %v", saw, took)
	})
	saw, _ := health.end(true)
	t.Logf("who asked for /healthz saw %v", saw)
}

// step returns the iteration that a job has come to.
func (f *fixture) step(id string) int {
	var j api.Job
	f.decode(f.do(f.request(http.MethodGet, "/jobs/"+id, nil)), http.StatusOK, &j)
	if j.Progress == nil {
		return 0
	}
	return j.Progress.Step
}

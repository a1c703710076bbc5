package studio_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"net/http"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/paint"
)

// estimate asks for the estimates of a request.
func (f *fixture) estimate(in api.EstimateRequest) []api.Estimate {
	f.t.Helper()
	var all api.Estimates
	f.decode(f.askEstimate(in), http.StatusOK, &all)
	if len(all.Sizes) != len(in.Sizes) {
		f.t.Fatalf("%d estimates of %d sizes", len(all.Sizes), len(in.Sizes))
	}
	return all.Sizes
}

func (f *fixture) askEstimate(in api.EstimateRequest) *http.Response {
	f.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		f.t.Fatal(err)
	}
	r := f.request(http.MethodPost, "/estimate", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return f.do(r)
}

func recipeOptions(name string) *api.Options {
	return &api.Options{Recipe: api.Recipe{"name": name, "size": 512}}
}

// TestEstimateProblems: what is too large or too narrow is said in plain words, with the
// greatest size that is painted, which is indeed painted while the next is not.
func TestEstimateProblems(t *testing.T) {
	const narrow = "This photo is too narrow (%s) for this "
	for _, c := range []struct {
		name          string
		recipe        string
		width, height int
		size          int
		problem       string
		most          bool
	}{
		{"small", "fine", 3000, 2000, 512, "", false},
		{"a panorama", "fine", 4000, 300, 512, "", false},
		{"a narrow photo", "fine", 4000, 300, 160, fmt.Sprintf(narrow, "13:1") + "size: paint it at 207 pixels or more.", false},
		{"a thread", "fine", 90000, 10, 512, fmt.Sprintf(narrow, "9000:1") + "method.", false},
		{"larger than allowed", "fine", 3000, 2000, 3000, "Too large for this server.", true},
		{"too much memory", "nnst", 3000, 2000, 1900, "Too large for this server.", true},
		{"too much work", "gatys", 3000, 2000, 2000, "Too large for this server.", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newServer(t, setup{job: job.Config{MaxSize: 2048, Memory: 1 << 30, MaxWork: 1e9}})
			ask := func(sizes ...int) []api.Estimate {
				return f.estimate(api.EstimateRequest{Options: recipeOptions(c.recipe), Width: c.width, Height: c.height, Styles: 1, Sizes: sizes})
			}
			got := ask(c.size)[0]
			if got.Problem != c.problem || (got.Memory > 0) != (c.problem == "") || (got.Most > 0) != c.most {
				t.Fatalf("%+v, expected the problem %q", got, c.problem)
			}
			if got.Seconds != nil {
				t.Errorf("%v seconds, of which the server knows nothing", *got.Seconds)
			}
			if !c.most {
				return
			}
			if next := ask(got.Most, got.Most+1); next[0].Problem != "" || next[1].Problem == "" {
				t.Errorf("at most %d pixels are painted: %+v", got.Most, next)
			}
		})
	}
}

// TestEstimatePanoramas: wide and tall photos are painted by every recipe.
func TestEstimatePanoramas(t *testing.T) {
	f := newServer(t, setup{})
	for _, recipe := range paint.RecipeNames() {
		for _, photo := range []image.Point{{X: 6000, Y: 1000}, {X: 4000, Y: 300}, {X: 500, Y: 4500}} {
			in := api.EstimateRequest{Options: recipeOptions(recipe), Width: photo.X, Height: photo.Y, Styles: 1, Sizes: []int{256, 512, 1024}}
			for _, e := range f.estimate(in) {
				if e.Problem != "" {
					t.Errorf("%s of %v at %d pixels: %s", recipe, photo, e.Size, e.Problem)
				}
			}
		}
	}
}

// TestEstimateIsWhatIsAccepted: a size that is estimated without a problem is accepted,
// and one with a problem is refused.
func TestEstimateIsWhatIsAccepted(t *testing.T) {
	f := newServer(t, setup{job: job.Config{Memory: 300 << 20}})
	photo, style := pngOf(drawing(300, 200)), jpegOf(drawing(200, 200))
	for _, e := range f.estimate(api.EstimateRequest{Options: recipeOptions("fine"), Width: 300, Height: 200, Styles: 1, Sizes: []int{512, 4096}}) {
		status := f.submit("", part{"content", photo}, part{"style", style},
			part{"options", fmt.Appendf(nil, `{"recipe":{"name":"fine","size":%d}}`, e.Size)}).StatusCode
		if (status == http.StatusCreated) != (e.Problem == "") {
			t.Errorf("%d pixels: status %d, estimated %+v", e.Size, status, e)
		}
	}
}

// TestEstimateRefuses refuses options that are wrong at any size.
func TestEstimateRefuses(t *testing.T) {
	f := newServer(t, setup{})
	for _, in := range []api.EstimateRequest{
		{Options: recipeOptions("unknown"), Width: 30, Height: 20, Styles: 1, Sizes: []int{512}},
		{Width: 30, Height: 20, Styles: 9, Sizes: []int{512}},
		{Width: 1 << 40, Height: 20, Styles: 1, Sizes: []int{512}},
		{Width: 30, Height: 20, Styles: 1, Sizes: []int{0}},
		{Width: 30, Height: 20, Styles: 1},
	} {
		f.decode(f.askEstimate(in), http.StatusUnprocessableEntity, nil)
	}
}

// TestEstimateSeconds: seconds are learned from jobs that finished, also before the
// server was started, and grow with the size and the iterations.
func TestEstimateSeconds(t *testing.T) {
	dir := t.TempDir()
	f := newServer(t, setup{dir: dir, worker: true, paint: stubPaint})
	j := f.finished(f.accepted())
	r, err := f.jobs.Get(t.Context(), "", j.ID)
	if err != nil {
		t.Fatal(err)
	}
	const took = 40 * time.Second
	finished := r.Started.Add(took)
	r.Finished = &finished
	if err := f.store.Replace(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}

	f = newServer(t, setup{dir: dir})
	in := api.EstimateRequest{
		Options: &api.Options{Recipe: api.Recipe{"name": "classic", "iterations": 4}}, Width: 48, Height: 32, Styles: 1, Sizes: []int{48, 256, 512},
	}
	all := f.estimate(in)
	seconds := func(e api.Estimate) float64 {
		t.Helper()
		if e.Seconds == nil {
			t.Fatalf("no seconds: %+v", e)
		}
		return *e.Seconds
	}
	if got := seconds(all[0]); got < took.Seconds()*0.99 || got > took.Seconds()*1.01 {
		t.Errorf("%v seconds, and the same painting took %v", got, took)
	}
	if seconds(all[1]) <= seconds(all[0]) || seconds(all[2]) <= seconds(all[1]) {
		t.Errorf("larger paintings do not take longer: %+v", all)
	}
	in.Options = recipeOptions("nnst")
	if other := f.estimate(in); seconds(other[2]) <= seconds(all[2]) {
		t.Errorf("%v seconds by a slower recipe that was never used, %v by a quicker one", seconds(other[2]), seconds(all[2]))
	}
}

// TestMeasuredPace: a worker that measures how fast its machine is makes seconds known
// before anything was painted.
func TestMeasuredPace(t *testing.T) {
	f := newServer(t, setup{})
	cfg := f.jobs.Config()
	w := &job.Worker{Store: cfg.Store, Blobs: cfg.Blobs, Bus: cfg.Bus, Threads: 1, Measure: true}
	stop := running(w)
	defer stop()
	in := api.EstimateRequest{Options: recipeOptions("fine"), Width: 300, Height: 200, Styles: 1, Sizes: []int{512}}
	f.eventually("seconds are known", func() bool {
		e := f.estimate(in)[0]
		return e.Seconds != nil && *e.Seconds > 0
	})
}

// running runs a worker until stop is called.
func running(w *job.Worker) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Run(ctx)
	}()
	return func() { cancel(); <-done }
}

package studio_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/studio"
)

// samples returns the values of metrics by name and labels. Each has to follow a
// description of its metric, of which there is one.
func samples(t *testing.T, text string) map[string]string {
	t.Helper()
	values := make(map[string]string)
	kinds := make(map[string]string)
	current := ""
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if words[0] == "#" {
			current = words[2]
			if words[1] == "TYPE" {
				if kinds[current] != "" {
					t.Errorf("%s is described twice", current)
				}
				kinds[current] = words[3]
			} else if strings.HasPrefix(current, "pastiche_") && len(words) < 5 {
				t.Errorf("%s has no description: %q", current, line)
			}
			continue
		}
		name, _, _ := strings.Cut(words[0], "{")
		if !strings.HasPrefix(name, current) || kinds[current] == "" {
			t.Errorf("%s follows the description of %q, a %s", name, current, kinds[current])
		}
		if counter := strings.HasSuffix(name, "_total"); strings.HasPrefix(name, "pastiche_") && counter != (kinds[current] == "counter") {
			t.Errorf("%s is a %s", name, kinds[current])
		}
		at := strings.LastIndexByte(line, ' ')
		values[line[:at]] = strings.TrimSpace(line[at:])
	}
	return values
}

func TestMetrics(t *testing.T) {
	f := newServer(t, setup{worker: true, paint: stubPaint, Config: studio.Config{Keys: keysOf(t, "alice")}})
	f.key = bobKey
	f.decode(f.do(f.request(http.MethodGet, "/jobs", nil)), http.StatusUnauthorized, nil)
	f.key = aliceKey
	id := f.accepted()
	f.finished(id)
	f.eventually("the server counts the job", func() bool {
		s := f.jobs.Stats()
		return s.Finished[api.Done] == 1 && s.Workers == 1
	})
	f.decode(f.do(f.request(http.MethodGet, "/jobs/"+id+"0", nil)), http.StatusNotFound, nil)
	if w := ask(f.handler, http.MethodGet, "/metrics"); w.Code != http.StatusUnauthorized {
		t.Errorf("/metrics without a key: %d", w.Code)
	}
	private := ask(f.handler, http.MethodGet, "/metrics", "Authorization", "Bearer "+aliceKey)
	public := ask(f.handler.Health, http.MethodGet, "/metrics")
	for name, text := range map[string]string{"private": private.Body.String(), "public": public.Body.String()} {
		values := samples(t, text)
		for metric, expected := range map[string]string{
			"pastiche_ready": "1", `pastiche_jobs{state="queued"}`: "0", `pastiche_jobs{state="running"}`: "0",
			`pastiche_jobs_finished_total{state="done"}`: "1", `pastiche_jobs_finished_total{state="failed"}`: "0",
			"pastiche_oldest_queued_seconds": "0", "pastiche_workers": "1", "pastiche_records_damaged": "0", "pastiche_jobs_accepted_total": "1",
			"pastiche_keys_refused_total": "1", "pastiche_event_streams": "0",
			`pastiche_http_requests_total{route="POST /api/v1/jobs",status="201"}`:      "1",
			`pastiche_http_requests_total{route="GET /api/v1/jobs/{id}",status="404"}`:  "1",
			`pastiche_http_request_seconds_count{route="POST /api/v1/jobs"}`:            "1",
			`pastiche_http_request_seconds_bucket{route="POST /api/v1/jobs",le="+Inf"}`: "1",
		} {
			if values[metric] != expected {
				t.Errorf("%s: %s is %q, expected %s", name, metric, values[metric], expected)
			}
		}
		if values["go_cpu_count"] == "" {
			t.Errorf("%s: none of the process", name)
		}
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if w := ask(f.handler.Health, http.MethodGet, path); w.Code != http.StatusNoContent {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := ask(f.handler.Health, http.MethodGet, "/api/v1/jobs"); w.Code != http.StatusNotFound {
		t.Errorf("the API at the address for health: %d", w.Code)
	}
}

func TestWorkerHealth(t *testing.T) {
	connected := true
	h := studio.WorkerHealth(func(context.Context) error {
		if connected {
			return nil
		}
		return job.ErrDown
	}, func() []*job.Worker { return []*job.Worker{{}, {}} })
	for _, step := range []struct {
		connected bool
		ready     int
		value     string
	}{{true, http.StatusNoContent, "1"}, {false, http.StatusServiceUnavailable, "0"}} {
		connected = step.connected
		if w := ask(h, http.MethodGet, "/healthz"); w.Code != http.StatusNoContent {
			t.Errorf("connected %t: /healthz %d", connected, w.Code)
		}
		if w := ask(h, http.MethodGet, "/readyz"); w.Code != step.ready {
			t.Errorf("connected %t: /readyz %d, expected %d", connected, w.Code, step.ready)
		}
		values := samples(t, ask(h, http.MethodGet, "/metrics").Body.String())
		if values["pastiche_worker_connected"] != step.value || values["pastiche_worker_busy"] != "0" || values["pastiche_worker_painted_total"] != "0" {
			t.Errorf("connected %t: %v", connected, values)
		}
	}
}

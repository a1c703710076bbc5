package studio

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
)

// families are the metrics of servers and workers, whose values are in the format
// of Prometheus. Besides them there are those of the process and of Go.
var families = []struct{ name, kind, help string }{
	{"pastiche_ready", "gauge", "1 where jobs can be accepted now, 0 otherwise."},
	{"pastiche_jobs", "gauge", "Jobs of all owners, by state: queued or running."},
	{"pastiche_oldest_queued_seconds", "gauge", "Age of the oldest queued job; 0 where none is queued."},
	{"pastiche_jobs_finished_total", "counter", "Jobs that finished while this server ran, by state: done, failed or cancelled."},
	{"pastiche_looks", "gauge", "Quick looks of all owners, by state: queued or running. Numbers of jobs leave them out."},
	{"pastiche_looks_finished_total", "counter", "Quick looks that finished while this server ran, by state: done, failed or cancelled."},
	{"pastiche_workers", "gauge", "Workers that are connected."},
	{"pastiche_records_damaged", "gauge", "Records of active jobs that cannot be read."},
	{"pastiche_jobs_accepted_total", "counter", "Jobs that this server accepted."},
	{"pastiche_uploads_refused_total", "counter", "Submissions that this server refused."},
	{"pastiche_event_streams", "gauge", "Event streams that are open."},
	{"pastiche_keys_refused_total", "counter", "Wrong keys that clients tried."},
	{"pastiche_http_requests_total", "counter", "Requests, by route and status."},
	{"pastiche_http_request_seconds", "histogram", "Time until requests were answered, by route."},
	{"pastiche_worker_busy", "gauge", "Workers of this process that are painting a job."},
	{"pastiche_worker_painted_total", "counter", "Jobs, and parts of videos, that the workers of this process finished."},
	{"pastiche_worker_connected", "gauge", "1 where this worker reaches the queue, 0 otherwise."},
}

func init() { metrics.ExposeMetadata(true) } // of the process

// meters are the metrics of a server.
type meters struct {
	server  *server
	set     *metrics.Set
	guesses *metrics.Counter // wrong keys
	// Of uploads.
	accepted, refused *metrics.Counter
}

// durations are the bounds of how long requests take, in seconds.
var durations = []float64{.005, .025, .1, .25, 1, 5, 30}

func newMeters(s *server) *meters {
	m := &meters{server: s, set: metrics.NewSet()}
	m.accepted = m.set.NewCounter("pastiche_jobs_accepted_total")
	m.refused = m.set.NewCounter("pastiche_uploads_refused_total")
	m.guesses = m.set.NewCounter("pastiche_keys_refused_total")
	m.set.NewGauge("pastiche_event_streams", func() float64 { return float64(s.streams.taken()) })
	return m
}

// request counts a request by its route in mux, which contains no text of clients.
func (m *meters) request(route string, status int, took time.Duration) {
	m.set.GetOrCreateCounter(fmt.Sprintf("pastiche_http_requests_total{route=%q,status=\"%d\"}", route, status)).Inc()
	m.set.GetOrCreatePrometheusHistogramExt(fmt.Sprintf("pastiche_http_request_seconds{route=%q}", route), durations).Update(took.Seconds())
}

// write writes the metrics of a server.
func (m *meters) write(ctx context.Context, w io.Writer) {
	jobs := m.server.Jobs
	stats := jobs.Stats()
	metrics.WriteGaugeUint64(w, "pastiche_ready", oneIf(jobs.Ready(ctx) == nil))
	metrics.WriteGaugeFloat64(w, `pastiche_jobs{state="queued"}`, float64(stats.Queued))
	metrics.WriteGaugeFloat64(w, `pastiche_jobs{state="running"}`, float64(stats.Running))
	waited := 0.0
	if !stats.Oldest.IsZero() {
		waited = max(0, time.Since(stats.Oldest).Seconds())
	}
	metrics.WriteGaugeFloat64(w, "pastiche_oldest_queued_seconds", waited)
	for _, state := range []api.State{api.Done, api.Failed, api.Cancelled} {
		metrics.WriteCounterUint64(w, fmt.Sprintf("pastiche_jobs_finished_total{state=%q}", state), stats.Finished[state])
	}
	metrics.WriteGaugeFloat64(w, `pastiche_looks{state="queued"}`, float64(stats.Looks.Queued))
	metrics.WriteGaugeFloat64(w, `pastiche_looks{state="running"}`, float64(stats.Looks.Running))
	for _, state := range []api.State{api.Done, api.Failed, api.Cancelled} {
		metrics.WriteCounterUint64(w, fmt.Sprintf("pastiche_looks_finished_total{state=%q}", state), stats.Looks.Finished[state])
	}
	metrics.WriteGaugeFloat64(w, "pastiche_workers", float64(stats.Workers))
	metrics.WriteGaugeFloat64(w, "pastiche_records_damaged", float64(stats.Damaged))
	m.set.WritePrometheus(w)
}

func oneIf(is bool) uint64 {
	if is {
		return 1
	}
	return 0
}

// WorkerHealth answers /healthz, /readyz and /metrics for a process of workers. ready
// returns an error where the workers do not reach the queue.
func WorkerHealth(ready func(context.Context) error, workers func() []*job.Worker) http.Handler {
	return health(ready, func(ctx context.Context, w io.Writer) {
		busy, painted := uint64(0), uint64(0)
		for _, worker := range workers() {
			busy += oneIf(worker.Busy())
			painted += worker.Painted()
		}
		metrics.WriteGaugeUint64(w, "pastiche_worker_busy", busy)
		metrics.WriteCounterUint64(w, "pastiche_worker_painted_total", painted)
		metrics.WriteGaugeUint64(w, "pastiche_worker_connected", oneIf(ready(ctx) == nil))
	})
}

// health returns a handler of GET /healthz, which answers while the process runs, of
// GET /readyz, and of GET /metrics.
func health(ready func(context.Context) error, write func(context.Context, io.Writer)) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := ready(r.Context()); err != nil {
			answerProblem(w, newProblem(http.StatusServiceUnavailable, api.CodeUnavailable, "%v", err).after(retryAfter))
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		var values, process bytes.Buffer
		write(r.Context(), &values)
		metrics.WriteProcessMetrics(&process)
		w.Write(described(values.String())) //nolint:errcheck // the client may have disconnected
		w.Write(process.Bytes())            //nolint:errcheck // nor here
	})
	return mux
}

// described adds the kind and the description of each metric to values, in which the
// values of a metric follow each other.
func described(values string) []byte {
	var b bytes.Buffer
	for _, f := range families {
		begun := false
		for line := range strings.Lines(values) {
			if strings.HasPrefix(line, "#") {
				continue // a description without text
			}
			name := line[:strings.IndexAny(line, "{ ")]
			if f.kind == "histogram" {
				name = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
			}
			if name != f.name {
				continue
			}
			if !begun {
				fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", f.name, f.help, f.name, f.kind)
				begun = true
			}
			b.WriteString(line)
		}
	}
	return b.Bytes()
}

package studio

import (
	"fmt"
	"net/http"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/pastiche-art/pastiche/job"
)

// meters are what /metrics tells, in Prometheus' format.
type meters struct {
	server   *server
	set      *metrics.Set
	accepted *metrics.Counter
	refused  *metrics.Counter
}

// durations are the bounds of how long requests take, in seconds.
var durations = []float64{.005, .025, .1, .25, 1, 5, 30}

func newMeters(s *server) *meters {
	m := &meters{server: s, set: metrics.NewSet()}
	m.accepted = m.set.NewCounter("pastiche_jobs_accepted_total")
	m.refused = m.set.NewCounter("pastiche_uploads_refused_total")
	m.set.NewGauge("pastiche_event_streams", func() float64 { return float64(len(s.streams)) })
	return m
}

// request counts a request. Routes are those of the server, so that no client
// can make up names.
func (m *meters) request(route string, status int, took time.Duration) {
	m.set.GetOrCreateCounter(fmt.Sprintf("pastiche_http_requests_total{route=%q,status=\"%d\"}", route, status)).Inc()
	m.set.GetOrCreatePrometheusHistogramExt(fmt.Sprintf("pastiche_http_request_seconds{route=%q}", route), durations).Update(took.Seconds())
}

func (m *meters) serve(w http.ResponseWriter, r *http.Request) {
	stats, err := m.server.Store.Stats(r.Context())
	if err != nil {
		problem(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	for _, state := range []job.State{job.Queued, job.Running, job.Done, job.Failed, job.Cancelled} {
		metrics.WriteGaugeUint64(w, fmt.Sprintf("pastiche_jobs{state=%q}", state), uint64(stats.Jobs[state]))
	}
	waited := 0.0
	if !stats.Oldest.IsZero() {
		waited = time.Since(stats.Oldest).Seconds()
	}
	metrics.WriteGaugeFloat64(w, "pastiche_oldest_queued_seconds", waited)
	ready := uint64(1)
	if m.server.Store.Ready() != nil {
		ready = 0
	}
	metrics.WriteGaugeUint64(w, "pastiche_ready", ready)
	m.set.WritePrometheus(w)
	metrics.WriteProcessMetrics(w)
}

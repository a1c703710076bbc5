// Package studio serves jobs over HTTP, and the page where people paint.
//
// The way of a request: log.go counts and writes it down; guard.go refuses what
// comes from elsewhere (host, origin) and session.go who has no key or token;
// limit.go slows who asks too much. Then api.go names the operations, from
// whose Go types the OpenAPI document is made: jobs.go answers with jobs, which
// upload.go receives, pictures.go sends pictures, events.go what happens, and
// service.go what the server offers; problem.go says what went wrong. page.go
// serves the page, which web holds, and docs.go the API's documentation.
//
// Pictures of clients are decoded and encoded again before anything else sees
// them.
package studio

import (
	"crypto/rand"
	"log/slog"
	"net/http"

	"golang.org/x/sync/semaphore"

	"github.com/pastiche-art/pastiche/job"
)

// Config says whom a server answers.
type Config struct {
	Store *job.Store
	// Hosts are the values of Host that are answered, ports included.
	Hosts []string
	// Keys are those that let somebody in, who then sees the jobs of that key
	// alone. Without any, whoever has the session's token is let in.
	Keys []string
	// Rate is how many requests a second a key, or without keys an address, may
	// make for long; 0 is 50.
	Rate    float64
	Version string
	Log     *slog.Logger
}

type server struct {
	Config
	token     string
	limits    limits
	streams   chan struct{}       // a place for each event stream
	received  *semaphore.Weighted // bytes of uploads in memory
	accepting *semaphore.Weighted // a place for each upload that is decoded and stored
	viewing   *semaphore.Weighted // a place for each copy that is made
	views     views
	events    eventTexts
	metrics   *meters
}

const (
	maxStreams = 1000
	// maxReceived bounds the bytes of uploads that are in memory at a time.
	maxReceived = 8 * maxBody
	// places is how many pictures are decoded at a time, for uploads and for
	// copies: one of the greatest size takes hundreds of megabytes.
	places = 2
)

// New returns a handler that answers for a store.
func New(cfg Config) http.Handler {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &server{
		Config: cfg, token: rand.Text(), limits: newLimits(cfg.Rate),
		streams:   make(chan struct{}, maxStreams),
		received:  semaphore.NewWeighted(maxReceived),
		accepting: semaphore.NewWeighted(places),
		viewing:   semaphore.NewWeighted(places),
		events:    eventTexts{of: make(map[string]*changeTexts)},
	}
	s.metrics = newMeters(s)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /metrics", s.metrics.serve)
	s.sessions(mux)
	s.documentation(mux, s.api(mux))
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		problem(w, http.StatusNotFound, r.Method+" "+r.URL.Path+" is no operation: /api/v1/docs lists them")
	})
	s.page(mux)
	return s.record(mux, s.guard(s.admit(mux)))
}

func (s *server) ready(w http.ResponseWriter, _ *http.Request) {
	if err := s.Store.Ready(); err != nil {
		problem(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// Package studio serves jobs over HTTP, and the page where people paint.
//
// A request passes through these files: serve.go keeps the deadlines of its
// connection; log.go counts and logs it; guard.go refuses other hosts and origins,
// and session.go callers without a key (keys.go) or token; limit.go slows callers
// that exceed the rate; compress.go compresses text. api.go lists the operations, whose
// Go types define the OpenAPI document: submission.go, batch.go and files.go accept jobs
// and files, which upload.go receives and decodes within bounds; jobs.go, pictures.go and
// events.go serve jobs, pictures and events; service.go describes the server. problem.go
// turns errors into problems (RFC 9457). page.go serves the page, whose source is web,
// share.go the public pages of paintings, and docs.go the documentation of the API.
//
// Pictures of clients are decoded and encoded again before anything else sees them.
package studio

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/studio/webhook"
)

// Config configures a server: its jobs, its clients and its limits.
type Config struct {
	Jobs *job.Service
	// Painting reports whether a worker of this process is painting; nil is
	// never. Uploads are slower then.
	Painting func() bool
	// Closing ends when the server stops. Event streams end then; other requests
	// are finished, see [Serve].
	Closing context.Context //nolint:containedctx // it is the server's life, not a call's
	// Hosts are the values of Host that are answered without keys, such as
	// localhost:8080. The ports of http and https may be left out.
	Hosts []string
	// Keys are the API keys. A caller sees only the jobs of its key's name.
	// Without keys (nil), every client has access.
	Keys *Keys
	// CORSOrigins are the origins whose pages may use the API with a key, exactly as
	// browsers send them, see [CheckOrigin]. Without keys there are none.
	CORSOrigins []string
	// Proxies are the addresses of trusted proxies, whose header X-Forwarded-For names
	// the client. Proxies on this machine are always trusted.
	Proxies []netip.Prefix
	// Rate is the sustained limit of requests per second of a key, or without keys of
	// an address; 0 is 50.
	Rate float64
	// MaxRetention is the longest retention that a client may ask for. 0 is the
	// default: without keys [job.Forever], with keys 30 days, or
	// [job.Config.Retention] if that is longer.
	MaxRetention time.Duration
	// Presets are recipes that the server offers besides those of package paint.
	Presets []Preset
	// Spool is the folder of uploads while they arrive, on a disk; "" is the
	// system's folder for temporary files.
	Spool string
	// Webhooks checks the URLs of webhooks; nil is for a server that calls none.
	Webhooks *webhook.Sender
	Version  string
	Log      *slog.Logger
}

type server struct {
	Config
	token     string  // of the session; "" with keys
	limits    *limits // of requests
	guesses   *limits // of wrong keys
	streams   *quota  // of event streams
	uploads   *uploads
	converter *converter
	texts     *cache[textKey]
	metrics   *meters
}

const (
	defaultMaxRetention = 30 * 24 * time.Hour
	// maxStreams is how many event streams may be open, and keyStreams how many of
	// one key.
	maxStreams = 1000
	keyStreams = maxStreams / 4
)

// A Handler answers requests to a server.
type Handler struct {
	http.Handler
	// Health answers only /healthz, /readyz and /metrics, without a key. It is for an
	// address that is not public.
	Health http.Handler
}

// New returns the handler of a server. On a connection of [NewServer] or [Serve], a
// client has to read each 32 KiB of an answer within half a minute.
func New(cfg Config) *Handler {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Closing == nil {
		cfg.Closing = context.Background()
	}
	if cfg.Painting == nil {
		cfg.Painting = func() bool { return false }
	}
	if cfg.Rate == 0 {
		cfg.Rate = defaultRate
	}
	switch {
	case cfg.MaxRetention != 0:
	case cfg.Keys == nil:
		cfg.MaxRetention = job.Forever
	default:
		cfg.MaxRetention = max(defaultMaxRetention, cfg.Jobs.Config().Retention)
	}
	s := &server{
		Config: cfg, limits: newLimits(cfg.Rate, int(cfg.Rate*burst)), guesses: newLimits(guessRate, guessBurst),
		uploads:   newUploads(cfg.Spool, cfg.Keys != nil),
		converter: newConverter(cfg.Painting), texts: newCache[textKey](maxTexts),
	}
	if s.Keys == nil {
		s.token, s.streams = rand.Text(), newQuota(maxStreams, maxStreams)
	} else {
		s.streams = newQuota(maxStreams, keyStreams)
	}
	s.metrics = newMeters(s)
	health := health(s.Jobs.Ready, s.metrics.write)
	mux := http.NewServeMux()
	for _, path := range []string{"GET /healthz", "GET /readyz", "GET /metrics"} {
		mux.Handle(path, health)
	}
	s.sessions(mux)
	s.documentation(mux, s.api(mux))
	mux.HandleFunc(apiPattern, func(w http.ResponseWriter, r *http.Request) { noOperation(mux, w, r) })
	s.sharedPaintings(mux)
	s.page(mux)
	return &Handler{paced(s.record(mux, s.guard(s.admit(compressed(mux))))), health}
}

const apiPattern = "/api/"

// noOperation answers a request to a path of the API that has no operation, or none
// of that method.
func noOperation(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := *r
		other.Method = method
		if _, pattern := mux.Handler(&other); pattern != apiPattern {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		answerProblem(w, newProblem(http.StatusNotFound, api.CodeNotFound, "%s is no path of the API: %s/docs lists them", r.URL.Path, base))
		return
	}
	methods := strings.Join(allowed, ", ")
	w.Header().Set("Allow", methods)
	answerProblem(w, newProblem(http.StatusMethodNotAllowed, api.CodeMethod, "%s of %s: expected %s", r.Method, r.URL.Path, methods))
}

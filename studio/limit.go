package studio

import (
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	defaultRate = 50 // requests a second
	// burst is for how many seconds' worth of requests may come at once: a page
	// that opens asks for a picture of each job.
	burst = 10
	// maxLimits is how many callers are told apart before those who have been
	// quiet are forgotten.
	maxLimits = 10_000
)

// limits are how fast each caller may ask.
type limits struct {
	rate rate.Limit
	mu   *sync.Mutex
	of   map[string]*rate.Limiter
}

func newLimits(perSecond float64) limits {
	if perSecond == 0 {
		perSecond = defaultRate
	}
	return limits{rate.Limit(perSecond), new(sync.Mutex), make(map[string]*rate.Limiter)}
}

// wait returns how long a caller has to wait: 0 lets it in.
func (l limits) wait(who string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.of) >= maxLimits {
		for other, limiter := range l.of {
			if limiter.Tokens() >= float64(limiter.Burst()) {
				delete(l.of, other)
			}
		}
	}
	limiter, found := l.of[who]
	if !found {
		if len(l.of) >= maxLimits {
			return time.Second
		}
		limiter = rate.NewLimiter(l.rate, max(1, int(l.rate*burst)))
		l.of[who] = limiter
	}
	reservation := limiter.Reserve()
	delay := reservation.Delay()
	if delay > 0 {
		reservation.Cancel()
	}
	return delay
}

// pace refuses a request of a caller, or where that is "" of an address, that
// comes too soon.
func (s *server) pace(w http.ResponseWriter, r *http.Request, owner string) bool {
	who := owner
	if who == "" {
		who, _, _ = net.SplitHostPort(r.RemoteAddr)
	}
	delay := s.limits.wait(who)
	if delay > 0 {
		w.Header().Set("Retry-After", seconds(delay))
		problem(w, http.StatusTooManyRequests, "too many requests: ask less often")
	}
	return delay == 0
}

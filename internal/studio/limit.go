package studio

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/pastiche-art/pastiche/api"
)

const (
	defaultRate = 50 // requests a second
	// burst is the size of a burst of requests in seconds of the rate: a page that
	// opens requests a picture of each job.
	burst = 10
	// Wrong keys of an address: guessBurst at once, then guessRate a second.
	guessRate  = 0.2
	guessBurst = 20
	// maxLimits is the least number of callers whose rates are kept.
	maxLimits = 10_000
)

// limits are rate limiters (token buckets) of callers. Recent callers are kept in two
// generations: when the young one is full, it replaces the old one.
type limits struct {
	rate  rate.Limit
	burst int

	mu         sync.Mutex
	young, old map[string]*rate.Limiter
}

func newLimits(perSecond float64, burst int) *limits {
	return &limits{rate: rate.Limit(perSecond), burst: max(1, burst), young: make(map[string]*rate.Limiter)}
}

// of returns the limiter of a caller.
func (l *limits) of(who string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	limiter := l.young[who]
	if limiter != nil {
		return limiter
	}
	if limiter = l.old[who]; limiter == nil {
		limiter = rate.NewLimiter(l.rate, l.burst)
	}
	if len(l.young) >= maxLimits {
		l.old, l.young = l.young, make(map[string]*rate.Limiter)
	}
	l.young[who] = limiter
	return limiter
}

// take counts a request of a caller, or returns how long the caller has to wait; 0 is
// not at all.
func (l *limits) take(who string) time.Duration {
	reservation := l.of(who).Reserve()
	delay := reservation.Delay()
	if delay > 0 {
		reservation.Cancel()
	}
	return delay
}

// wait returns how long a caller has to wait before [limits.charge]. 0 is not at all.
func (l *limits) wait(who string) time.Duration {
	if missing := 1 - l.of(who).Tokens(); missing > 0 {
		return time.Duration(missing / float64(l.rate) * float64(time.Second))
	}
	return 0
}

// charge counts a request of a caller, who has to wait longer afterwards.
func (l *limits) charge(who string) { l.of(who).Reserve() }

// pace counts a request. Where it comes too soon, it answers and returns false.
func (s *server) pace(w http.ResponseWriter, who string) bool {
	return slowDown(w, s.limits.take(who), "too many requests at once: wait some seconds, then try again")
}

func slowDown(w http.ResponseWriter, wait time.Duration, detail string) bool {
	if wait <= 0 {
		return true
	}
	answerProblem(w, newProblem(http.StatusTooManyRequests, api.CodeRateLimited, "%s", detail).after(wait))
	return false
}

// subnet is the length of the prefix of an IPv6 address that identifies a client: a
// client has all addresses of its network.
const subnet = 64

// addressOf returns the address of a client, or the network of an IPv6 address. Behind a
// trusted proxy, it is the last address in the proxy's X-Forwarded-For.
func (s *server) addressOf(r *http.Request) string {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	address, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	address = address.Unmap().WithZone("")
	if address.IsLoopback() || slices.ContainsFunc(s.Proxies, func(p netip.Prefix) bool { return p.Contains(address) }) {
		if all := r.Header.Values("X-Forwarded-For"); len(all) > 0 {
			last := all[len(all)-1]
			last = last[strings.LastIndexByte(last, ',')+1:]
			if client, err := netip.ParseAddr(strings.TrimSpace(last)); err == nil {
				address = client.Unmap().WithZone("")
			}
		}
	}
	if address.Is4() {
		return address.String()
	}
	network, err := address.Prefix(subnet)
	if err != nil {
		return address.String()
	}
	return network.String()
}

package studio

import (
	"fmt"
	"net"
	"net/http"
	"time"
)

// The deadlines of a connection.
const (
	headerTimeout = 5 * time.Second
	bodyTimeout   = 10 * time.Second // which uploads extend as long as they are steady
	answerTimeout = 5 * time.Minute  // which event streams extend
	idleTimeout   = time.Minute
	maxHeader     = 16 << 10 // bytes
)

// NewServer returns an HTTP server whose clients have to keep deadlines.
func NewServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, WriteTimeout: answerTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
	}
}

// A Bind is an address to listen on, and what it means for who gets in.
type Bind struct {
	Host, Port string
	// Loopback says that no other machine reaches the address.
	Loopback bool
}

// ParseBind reads an address such as 127.0.0.1:8080.
func ParseBind(addr string) (Bind, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || port == "" {
		return Bind{}, fmt.Errorf("%s: expected an address and a port, such as 127.0.0.1:8080", addr)
	}
	ip := net.ParseIP(host)
	return Bind{host, port, host == "localhost" || ip != nil && ip.IsLoopback()}, nil
}

// Hosts returns the values of Host that requests to the address may have, given
// the names that it goes by besides. A page elsewhere that makes its own name
// resolve to this address sends another one.
func (b Bind) Hosts(named []string) []string {
	hosts := append([]string{net.JoinHostPort(b.Host, b.Port)}, named...)
	if b.Loopback {
		for _, host := range []string{"localhost", "127.0.0.1", "::1"} {
			hosts = append(hosts, net.JoinHostPort(host, b.Port))
		}
	}
	return hosts
}

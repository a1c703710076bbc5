package studio

import (
	"fmt"
	"net"
)

// A Bind is a bind address.
type Bind struct {
	Host, Port string
	// Loopback says that only this machine reaches the address.
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

// Hosts returns the values of the header Host that requests to the address may have:
// those named, the address itself, and the names of localhost where it reaches the
// address.
func (b Bind) Hosts(named []string) []string {
	hosts := append([]string{}, named...)
	ip := net.ParseIP(b.Host)
	everywhere := b.Host == "" || ip != nil && ip.IsUnspecified()
	if !everywhere {
		hosts = append(hosts, net.JoinHostPort(b.Host, b.Port))
	}
	if b.Loopback || everywhere {
		for _, host := range []string{"localhost", "127.0.0.1", "::1"} {
			hosts = append(hosts, net.JoinHostPort(host, b.Port))
		}
	}
	return hosts
}

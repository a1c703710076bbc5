// Package webhook calls the webhooks of jobs, signed as Standard Webhooks 1.0
// (https://www.standardwebhooks.com) describes.
//
// A call is a POST of a [Payload] with three headers: webhook-id is the same when a
// call is repeated, webhook-timestamp is in seconds since 1970, and
// webhook-signature is the HMAC-SHA256 of id, timestamp and body, joined by dots,
// with each of the server's secrets.
//
// The server calls hosts on its list only, by HTTPS, and follows no redirects. It
// calls an address that is not public only where the list holds that address. The
// address of each connection is checked after its name was resolved, so that no name
// leads to the network behind the server.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/pastiche-art/pastiche/api"
)

const (
	// timeout bounds a call.
	timeout = 15 * time.Second
	// maxAnswer is how much of an answer is read, so that the connection can be
	// used again.
	maxAnswer   = 64 << 10 // bytes
	maxURL      = 2048     // bytes
	defaultPort = "443"
)

// Any on the list of hosts allows every public host.
const Any = "*"

// A Payload is the body of a call.
type Payload struct {
	Type      string    `json:"type"` // such as job.done
	Timestamp time.Time `json:"timestamp"`
	Data      *api.Job  `json:"data"`
}

// A Sender calls webhooks. It is safe for use by several goroutines.
type Sender struct {
	hosts     []string       // host:port in lower case, or Any
	addresses []netip.Prefix // allowed although they may not be public
	secrets   [][]byte
	client    *http.Client
}

// New returns a sender that calls the hosts on a list and signs with secrets, the
// newest first. An entry of the list is
//
//   - a host name with or without a port (443 without),
//   - an address, or a prefix such as 10.1.0.0/16, whose addresses are allowed although
//     they are not public: in a URL, or as those of a host name on the list,
//   - or [Any].
func New(hosts []string, secrets [][]byte) (*Sender, error) {
	if len(secrets) == 0 {
		return nil, errors.New("webhooks: expected a secret to sign them with")
	}
	s := &Sender{secrets: secrets}
	if err := s.allow(hosts); err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: timeout, ControlContext: s.control}
	s.client = &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{ // without a proxy, which would resolve names itself
			DialContext: dialer.DialContext, TLSHandshakeTimeout: timeout, MaxResponseHeaderBytes: maxAnswer,
			MaxIdleConns: 16, IdleConnTimeout: time.Minute,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s, nil
}

// CheckHosts returns the error with which [New] would refuse a list of hosts, or nil.
func CheckHosts(hosts []string) error { return new(Sender).allow(hosts) }

// allow adds the entries of a list of hosts.
func (s *Sender) allow(hosts []string) error {
	for _, entry := range hosts {
		host, port := strings.ToLower(entry), defaultPort
		if prefix, err := netip.ParsePrefix(entry); err == nil {
			s.addresses = append(s.addresses, prefix.Masked())
			continue
		}
		if addr, err := netip.ParseAddr(entry); err == nil {
			s.addresses = append(s.addresses, netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()))
			continue
		}
		if h, p, err := net.SplitHostPort(host); err == nil {
			host, port = h, p
		}
		if host == "" || strings.ContainsAny(entry, "/@ ") {
			return fmt.Errorf("webhook host %q: expected a host such as hooks.example.com, an address, a prefix, or %s", entry, Any)
		}
		if entry != Any {
			host = net.JoinHostPort(host, port)
		}
		s.hosts = append(s.hosts, host)
	}
	return nil
}

// ParseSecrets reads secrets from the lines of a text, the newest first. A secret is
// base64 of 24 to 64 bytes with the prefix whsec_, as the standard has it. Empty
// lines and those that begin with # are ignored.
func ParseSecrets(text string) ([][]byte, error) {
	const least, most = 24, 64
	var secrets [][]byte
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(line, "whsec_"))
		if err != nil || len(secret) < least || len(secret) > most {
			return nil, fmt.Errorf("webhook secret in line %d: expected whsec_ and base64 of %d to %d random bytes", i+1, least, most)
		}
		secrets = append(secrets, secret)
	}
	return secrets, nil
}

// Check returns an error that says why the server does not call a URL, or nil.
func (s *Sender) Check(text string) error {
	u, err := url.Parse(text)
	if err != nil || len(text) > maxURL || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return fmt.Errorf("URL %.100q: expected one that begins with https://, without credentials and fragment", text)
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if port == "" {
		port = defaultPort
	}
	allowed := slices.Contains(s.hosts, net.JoinHostPort(host, port)) || slices.Contains(s.hosts, Any) && port == defaultPort
	if addr, err := netip.ParseAddr(host); err == nil {
		allowed = s.listed(addr)
	}
	if !allowed {
		return fmt.Errorf("host %s of the URL: this server does not call it: ask its operator to list it with --webhook-host", u.Host)
	}
	return nil
}

func (s *Sender) listed(addr netip.Addr) bool {
	return slices.ContainsFunc(s.addresses, func(p netip.Prefix) bool { return p.Contains(addr.Unmap()) })
}

// control refuses connections to addresses that are neither public nor listed.
func (s *Sender) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if addr := at.Addr().Unmap(); !public(addr) && !s.listed(addr) {
		return fmt.Errorf("the host has the address %v, which is not public: list it with --webhook-host", addr)
	}
	return nil
}

// special are the ranges of global unicast addresses that are not public, from the
// special-purpose address registries of IANA, and those that embed IPv4 addresses.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("3fff::/20"), netip.MustParsePrefix("5f00::/16"), netip.MustParsePrefix("fec0::/10"),
}

func public(addr netip.Addr) bool {
	return addr.IsGlobalUnicast() && !addr.IsPrivate() &&
		!slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// Send calls a webhook with a state of a job. The error says why the call was not
// answered with a status of success.
func (s *Sender) Send(ctx context.Context, to string, state api.State, j *api.Job) error {
	if err := s.Check(to); err != nil { // the list may have changed since the job was submitted
		return err
	}
	now := time.Now().UTC()
	body, err := json.Marshal(Payload{"job." + string(state), now, j})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return err
	}
	// A retried job has a higher number of attempts when it ends again, so that this id
	// is new.
	id := fmt.Sprintf("%s.%s.%d", j.ID, state, j.Attempts)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "pastiche")
	r.Header.Set("Webhook-Id", id)
	r.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	r.Header.Set("Webhook-Signature", s.sign(id, now, body))
	answer, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	io.CopyN(io.Discard, answer.Body, maxAnswer) //nolint:errcheck // the status decides
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("%s answered %s: expected a status of 200 to 299", r.URL.Host, answer.Status)
	}
	return nil
}

// sign returns the signatures of a call with all secrets.
func (s *Sender) sign(id string, at time.Time, body []byte) string {
	signatures := make([]string, len(s.secrets))
	for i, secret := range s.secrets {
		mac := hmac.New(sha256.New, secret)
		fmt.Fprintf(mac, "%s.%d.%s", id, at.Unix(), body)
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(signatures, " ")
}

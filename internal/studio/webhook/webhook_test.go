package webhook

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/api"
)

func newSender(t *testing.T, hosts ...string) *Sender {
	t.Helper()
	// The secret of the example of Standard Webhooks.
	secrets, err := ParseSecrets("# newest first\nwhsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n\n")
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(hosts, secrets)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSignature checks the example that implementations of Standard Webhooks share.
func TestSignature(t *testing.T) {
	s := newSender(t)
	got := s.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("signature %s, expected %s", got, want)
	}
	s.secrets = append(s.secrets, []byte("the secret before this one"))
	if n := len(strings.Fields(s.sign("a", time.Unix(1, 0), nil))); n != 2 {
		t.Errorf("%d signatures, expected one with each of 2 secrets", n)
	}
}

func TestParseSecrets(t *testing.T) {
	for _, bad := range []string{"whsec_c2hvcnQ=", "whsec_!", strings.Repeat("a", 200)} {
		if _, err := ParseSecrets("\n" + bad); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s: error %v, expected one that names line 2", bad, err)
		}
	}
	if _, err := New(nil, nil); err == nil {
		t.Error("a sender without a secret was made")
	}
}

func TestCheck(t *testing.T) {
	listed := newSender(t, "hooks.example.com", "Other.example.com:8443", "10.1.2.3", "192.168.4.0/24")
	anyHost := newSender(t, Any)
	for _, test := range []struct {
		sender *Sender
		url    string
		ok     bool
	}{
		{listed, "https://hooks.example.com/a?b=c", true},
		{listed, "https://HOOKS.example.com:443/", true},
		{listed, "https://hooks.example.com:444/", false},
		{listed, "https://other.example.com:8443/", true},
		{listed, "https://other.example.com/", false},
		{listed, "https://evil.example.com/", false},
		{listed, "https://hooks.example.com.evil.example/", false},
		{listed, "http://hooks.example.com/", false},
		{listed, "https://user:word@hooks.example.com/", false},
		{listed, "https://hooks.example.com/#fragment", false},
		{listed, "https://10.1.2.3/", true},
		{listed, "https://10.1.2.4/", false},
		{listed, "https://192.168.4.9/", true},
		{listed, "https://[::ffff:10.1.2.3]/", true},
		{listed, "https://[::1]/", false},
		{listed, "://", false},
		{listed, "https://hooks.example.com/" + strings.Repeat("x", 3000), false},
		{anyHost, "https://example.org/", true},
		{anyHost, "https://example.org:8080/", false},
		{anyHost, "https://127.0.0.1/", false},
		{anyHost, "https://8.8.8.8/", false},
	} {
		if err := test.sender.Check(test.url); (err == nil) != test.ok {
			t.Errorf("%.60s: error %v, expected allowed %v", test.url, err, test.ok)
		}
	}
	for _, bad := range []string{"", "https://hooks.example.com", "a b"} {
		if _, err := New([]string{bad}, [][]byte{nil}); err == nil {
			t.Errorf("the entry %q was taken for a host", bad)
		}
	}
}

func TestPublicAddresses(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true,
		"127.0.0.1": false, "10.0.0.1": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false,
		"0.0.0.0": false, "0.1.2.3": false, "255.255.255.255": false, "224.0.0.1": false, "198.18.0.1": false,
		"::1": false, "::": false, "fe80::1": false, "fd00::1": false, "::ffff:10.0.0.1": false, "64:ff9b::a00:1": false, "2002:a00:1::": false, "ff02::1": false,
	} {
		if got := public(netip.MustParseAddr(text).Unmap()); got != want {
			t.Errorf("%s: public %v, expected %v", text, got, want)
		}
	}
}

// A target is a server of webhooks.
type target struct {
	*httptest.Server
	calls chan call
}

type call struct {
	header http.Header
	body   []byte
}

func newTarget(t *testing.T, answer http.HandlerFunc) *target {
	t.Helper()
	to := &target{calls: make(chan call, 10)}
	to.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		to.calls <- call{r.Header, body}
		answer(w, r)
	}))
	t.Cleanup(to.Close)
	return to
}

// resolve makes a sender trust the certificate of a target, and find every name at
// the target's address, as with a name server that answers whatever it likes.
func (s *Sender) resolve(to *target) {
	transport, _ := s.client.Transport.(*http.Transport)
	trusting, _ := to.Client().Transport.(*http.Transport)
	transport.TLSClientConfig = trusting.TLSClientConfig.Clone()
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dial(ctx, network, to.Listener.Addr().String())
	}
}

func TestSend(t *testing.T) {
	to := newTarget(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	s := newSender(t, "example.com", "127.0.0.1")
	s.resolve(to)
	if err := s.Send(t.Context(), "https://example.com/hook", api.Done, &api.Job{ID: "a1", State: api.Done, Attempts: 2}); err != nil {
		t.Fatal(err)
	}
	got := <-to.calls
	var payload Payload
	if err := json.Unmarshal(got.body, &payload); err != nil || payload.Type != "job.done" || payload.Data.ID != "a1" {
		t.Errorf("body %s: %v", got.body, err)
	}
	id := got.header.Get("webhook-id")
	if id != "a1.done.2" || got.header.Get("webhook-signature") != s.sign(id, payload.Timestamp, got.body) {
		t.Errorf("headers %v", got.header)
	}
}

// TestRebinding checks that no listed name leads to a private address.
func TestRebinding(t *testing.T) {
	to := newTarget(t, func(http.ResponseWriter, *http.Request) {})
	for _, host := range []string{"example.com", Any} {
		s := newSender(t, host)
		s.resolve(to)
		err := s.Send(t.Context(), "https://example.com/", api.Done, &api.Job{})
		if err == nil || !strings.Contains(err.Error(), "not public") {
			t.Errorf("%v: error %v, expected that the address is not public", host, err)
		}
	}
	if len(to.calls) != 0 {
		t.Error("the private address was called")
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	to := newTarget(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
	})
	s := newSender(t, "example.com", "127.0.0.1")
	s.resolve(to)
	if err := s.Send(t.Context(), "https://example.com/", api.Failed, &api.Job{}); err == nil || !strings.Contains(err.Error(), "307") {
		t.Errorf("error %v, expected one that names status 307", err)
	}
	if n := len(to.calls); n != 1 {
		t.Errorf("%d calls, expected 1", n)
	}
}

// TestEndlessAnswers checks that an answer without end does not hold the sender.
func TestEndlessAnswers(t *testing.T) {
	to := newTarget(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 32<<10)); err != nil {
				return
			}
		}
	})
	s := newSender(t, "example.com", "127.0.0.1")
	s.resolve(to)
	if err := s.Send(t.Context(), "https://example.com/", api.Done, &api.Job{}); err != nil {
		t.Error(err)
	}
}

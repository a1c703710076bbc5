package client

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/pastiche-art/pastiche/api"
)

func TestResult(t *testing.T) {
	const painting = "a painting"
	sum := sha256.Sum256([]byte(painting))
	for name, test := range map[string]struct {
		serve func(w http.ResponseWriter)
		want  error
	}{
		"whole":   {func(w http.ResponseWriter) { io.WriteString(w, painting) }, nil},
		"other":   {func(w http.ResponseWriter) { io.WriteString(w, "another one") }, ErrDigest},
		"chunked": {func(w http.ResponseWriter) { flush(w); io.WriteString(w, painting[:5]) }, ErrDigest},
		"cut": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "10")
			io.WriteString(w, painting[:5])
			flush(w)
			lose(w)
		}, io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "image/png")
					test.serve(w)
				})
				j := &api.Job{ID: "a", State: api.Done, Result: &api.Result{URL: "/api/v1/jobs/a/result", SHA256: hex.EncodeToString(sum[:])}}
				d, err := c.Result(t.Context(), j)
				if err != nil {
					t.Fatal(err)
				}
				defer d.Close()
				if data, err := io.ReadAll(d); !errors.Is(err, test.want) || test.want == nil && string(data) != painting {
					t.Errorf("got %q, %v, expected the error %v", data, err, test.want)
				}
				if d.Type != "image/png" || name == "whole" && d.Bytes != int64(len(painting)) || name == "chunked" && d.Bytes != -1 {
					t.Errorf("got %d bytes of the type %s", d.Bytes, d.Type)
				}
			})
		})
	}
}

func TestNoResult(t *testing.T) {
	c, err := New("studio.test")
	if err != nil {
		t.Fatal(err)
	}
	if d, err := c.Result(t.Context(), &api.Job{ID: "a", State: api.Running}); err == nil {
		t.Errorf("got %v, expected an error", d)
	}
}

func TestOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, r.URL.RequestURI())
		})
		for url, found := range map[string]bool{
			"/examples/photos/a%20b.jpg":                   true,
			"/api/v1/jobs/a/result?format=webp&width=1024": true,
			"https://other.test/api/v1/jobs/a/result":      false,
			"//other.test/api/v1/jobs/a/result":            false,
			"api/v1/jobs/a/result":                         false,
			"/api/v1/jobs/../session":                      false,
			"@other.test/api/v1/jobs/a/result":             false,
			"/api/v1/jobs/a/inputs/style_mask/0/thumbnail": true,
		} {
			d, err := c.Open(t.Context(), url)
			if !found {
				if err == nil {
					t.Errorf("%s: expected an error", url)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", url, err)
				continue
			}
			if data, err := io.ReadAll(d); err != nil || string(data) != url {
				t.Errorf("%s: got %q, %v", url, data, err)
			}
			d.Close()
		}
		d, err := c.Preview(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if data, err := io.ReadAll(d); err != nil || string(data) != "/api/v1/jobs/a/preview" {
			t.Errorf("got %q, %v", data, err)
		}
	})
}

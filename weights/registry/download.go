package registry

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pastiche-art/pastiche/internal/atomicfile"
)

// maxRedirects is the largest number of redirects; CDNs need one or two.
const maxRedirects = 5

// chunk is the number of bytes between two progress events.
const chunk = 256 << 10

// A download is a published file that may arrive in pieces: over several attempts, from
// several mirrors, in several runs of the program. The received bytes are in the
// incoming folder, in a file named after the expected checksum.
type download struct {
	store  *Store
	retry  retryPolicy
	path   string
	want   File
	client *http.Client
	file   *os.File
	sum    *sum // the sum of the received bytes

	// The rate is that since begun, when the download had first bytes.
	begun time.Time
	first int64

	// resume is kept beside the file.
	resume resumeInfo
	// source is the URL that has sent all received bytes. It is empty if several URLs
	// have, or if an earlier run of the program received some.
	source string
}

func newDownload(s *Store, want File) *download {
	d := &download{store: s, retry: s.retry, path: s.incoming(want.SHA256), want: want}
	if d.retry == (retryPolicy{}) {
		d.retry = defaultRetry
	}
	return d
}

// resumeInfo is the JSON beside a download that lets another run resume it.
type resumeInfo struct {
	URL       string `json:"url"`
	Validator string `json:"validator"` // the server's ETag or Last-Modified of the file
}

func (d *download) resumePath() string { return d.path + ".json" }

// open opens the file of the download and reads what earlier runs have received.
func (d *download) open(ctx context.Context) error {
	// Opening a link would overwrite the file that it leads to.
	for _, path := range []string{d.path, d.resumePath()} {
		if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
			if err := os.Remove(path); err != nil {
				return atomicfile.Failed(path, err)
			}
		}
	}
	var err error
	if d.file, err = os.OpenFile(d.path, os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return atomicfile.Failed(d.path, err)
	}
	d.sum = newSum()
	if _, err := io.Copy(d.sum, &cancelable{ctx, io.LimitReader(d.file, d.want.Size)}); err != nil {
		_ = d.file.Close() // nothing was written
		return err
	}
	if err := d.file.Truncate(d.sum.size); err != nil {
		_ = d.file.Close() // which cannot be written anyway
		return atomicfile.Failed(d.path, err)
	}
	if text, err := os.ReadFile(d.resumePath()); err == nil {
		if json.Unmarshal(text, &d.resume) != nil {
			d.resume = resumeInfo{} // a damaged one costs a part of the download at most
		}
	}
	if free, known := freeSpace(d.store.Dir); known && free < uint64(d.want.Size-d.sum.size) {
		_ = d.file.Close() // as above
		if d.sum.size == 0 {
			d.discard()
		}
		return atomicfile.Failed(d.path, fmt.Errorf("%.0f MB are still to come, but only %.0f MB are free",
			float64(d.want.Size-d.sum.size)/1e6, float64(free)/1e6))
	}
	d.client = &http.Client{CheckRedirect: checkRedirect, Transport: &http.Transport{
		Proxy:              http.ProxyFromEnvironment,
		ForceAttemptHTTP2:  true,
		DisableCompression: true, // ranges count the file's own bytes
	}}
	return nil
}

// close keeps the received bytes for a later run.
func (d *download) close() error {
	d.client.CloseIdleConnections()
	err := d.file.Close()
	if d.sum.size == 0 {
		d.discard()
	}
	return atomicfile.Failed(d.path, err)
}

// discard deletes the received bytes, and reports whether there were any.
func (d *download) discard() bool {
	os.Remove(d.resumePath())
	return os.Remove(d.path) == nil
}

// reset deletes the received bytes and expects further ones from source.
func (d *download) reset(source string) error {
	if err := d.file.Truncate(0); err != nil {
		return atomicfile.Failed(d.path, err)
	}
	d.sum, d.source = newSum(), source
	return nil
}

// check compares the received file with the expected one.
func (d *download) check(mirror string) error {
	if err := d.file.Sync(); err != nil {
		return atomicfile.Failed(d.path, err)
	}
	return d.sum.file().compare(d.want, redacted(mirror))
}

// A finalError is an error that another attempt at the same URL would repeat.
type finalError struct{ error }

func (e *finalError) Unwrap() error { return e.error }

func final(format string, args ...any) error {
	return &finalError{fmt.Errorf(format, args...)}
}

// attempt requests the missing bytes from a mirror and receives them.
func (d *download) attempt(ctx context.Context, mirror string) (err error) {
	if d.sum.size == d.want.Size {
		return nil
	}
	defer func() {
		if err != nil && !errors.Is(err, ErrWrite) {
			err = fmt.Errorf("%s: %w", redacted(mirror), err)
		}
	}()
	stalled := fmt.Errorf("nothing came for %v", d.retry.stall)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(d.retry.stall, func() { cancel(stalled) })
	defer watchdog.Stop()

	response, err := d.request(ctx, mirror)
	if err != nil {
		return cause(ctx, err)
	}
	defer response.Body.Close()
	if err := d.begin(mirror, response); err != nil {
		return err
	}
	if d.begun.IsZero() || d.sum.size < d.first {
		d.begun, d.first = time.Now(), d.sum.size
	}
	body := &cancelable{ctx, response.Body}
	buffer := make([]byte, chunk)
	for d.sum.size < d.want.Size {
		watchdog.Reset(d.retry.stall)
		n, err := body.Read(buffer[:min(chunk, d.want.Size-d.sum.size)])
		if err := d.append(buffer[:n]); err != nil {
			return err
		}
		d.report(mirror, time.Now())
		switch {
		case d.sum.size == d.want.Size:
			return nil
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return fmt.Errorf("it broke off after %d of %d bytes", d.sum.size, d.want.Size)
		case err != nil:
			return cause(ctx, err)
		}
	}
	return nil
}

// report reports how much has arrived, and how fast.
func (d *download) report(mirror string, now time.Time) {
	f := Fetching{From: redacted(mirror), Done: d.sum.size, Total: d.want.Size}
	if elapsed := now.Sub(d.begun).Seconds(); elapsed > 0 && f.Done > d.first {
		f.PerSecond = float64(f.Done-d.first) / elapsed
		f.Left = time.Duration(float64(f.Total-f.Done) / f.PerSecond * float64(time.Second))
	}
	d.store.report(f)
}

// cause returns why a request failed, without the URL.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if untrusted := (*tls.CertificateVerificationError)(nil); errors.As(err, &untrusted) {
		return &finalError{err}
	}
	return err
}

// request requests the missing bytes.
func (d *download) request(ctx context.Context, mirror string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, mirror, http.NoBody)
	if err != nil {
		return nil, &finalError{err}
	}
	if d.sum.size > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.sum.size))
		if d.resume.Validator != "" && d.resume.URL == redacted(mirror) {
			request.Header.Set("If-Range", d.resume.Validator)
		}
	}
	return d.client.Do(request)
}

// begin checks a response and prepares to receive its body.
func (d *download) begin(mirror string, response *http.Response) error {
	code := response.StatusCode
	status := fmt.Sprintf("%d %s", code, http.StatusText(code)) // without text of the server
	switch {
	case code == http.StatusPartialContent && d.sum.size > 0:
		return d.goOn(mirror, response)
	case code == http.StatusOK:
		if n := response.ContentLength; n >= 0 && n != d.want.Size {
			return final("it has %d bytes, expected %d", n, d.want.Size)
		}
		if err := d.reset(mirror); err != nil {
			return err
		}
		return d.remember(mirror, response.Header)
	case code == http.StatusRequestedRangeNotSatisfiable:
		if err := d.reset(""); err != nil {
			return err
		}
		return errors.New(status)
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500:
		return errors.New(status)
	default:
		return &finalError{errors.New(status)}
	}
}

var contentRange = regexp.MustCompile(`^bytes (\d+)-\d+/(\d+|\*)$`)

// goOn checks that the response continues at the end of the file.
func (d *download) goOn(mirror string, response *http.Response) error {
	header := response.Header.Get("Content-Range")
	match := contentRange.FindStringSubmatch(header)
	if match == nil || match[1] != strconv.FormatInt(d.sum.size, 10) {
		return final("it sent the range %.80q, expected one from byte %d on", header, d.sum.size)
	}
	if match[2] != "*" && match[2] != strconv.FormatInt(d.want.Size, 10) {
		return final("it has %s bytes, expected %d", match[2], d.want.Size)
	}
	if d.source != mirror {
		d.source = ""
	}
	return nil
}

// remember stores the server's version of the file. It ignores a weak ETag, which does
// not guarantee equal bytes.
func (d *download) remember(mirror string, header http.Header) error {
	d.resume = resumeInfo{redacted(mirror), header.Get("ETag")}
	if d.resume.Validator == "" || strings.HasPrefix(d.resume.Validator, "W/") {
		d.resume.Validator = header.Get("Last-Modified")
	}
	return atomicfile.Replace(d.resumePath(), func(w io.Writer) error { return json.NewEncoder(w).Encode(d.resume) })
}

func (d *download) append(b []byte) error {
	if _, err := d.file.WriteAt(b, d.sum.size); err != nil {
		return atomicfile.Failed(d.path, err)
	}
	_, err := d.sum.Write(b)
	return err
}

// checkRedirect allows a few redirects, but none from https to http.
func checkRedirect(next *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return final("more than %d redirects", maxRedirects)
	}
	if via[len(via)-1].URL.Scheme == "https" && next.URL.Scheme != "https" {
		return final("it redirects from https to %s", next.URL.Redacted())
	}
	return nil
}

// redacted returns a URL without its password.
func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Redacted()
}

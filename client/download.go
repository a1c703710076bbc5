package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/url"
	"strings"

	"github.com/pastiche-art/pastiche/api"
)

// ErrDigest is the error of a download whose SHA-256 differs from that of the stored
// file.
var ErrDigest = errors.New("the download is damaged")

// A Download is a picture or video file to read from the server. The caller closes it.
type Download struct {
	io.ReadCloser
	Bytes int64  // length of the file; -1 where the server did not say
	Type  string // media type, such as image/png
}

// Result opens the painting of a job that is done, a PNG file. It returns an error for a
// job without a Result, as [Client.Submit] returns it: [Client.Wait] returns one that is
// complete. The last Read fails with [ErrDigest] where the file is not the one that
// j.Result describes.
func (c *Client) Result(ctx context.Context, j *api.Job) (*Download, error) {
	if j.Result == nil {
		return nil, fmt.Errorf("job %s is %s and has no result: expected a job that is done", j.ID, j.State)
	}
	d, err := c.Open(ctx, j.Result.URL)
	if err != nil {
		return nil, err
	}
	d.ReadCloser = &checked{ReadCloser: d.ReadCloser, hash: sha256.New(), expected: j.Result.SHA256, url: j.Result.URL}
	return d, nil
}

// Video opens the painted video of a job that is done, in one of the formats of the
// server's limits, such as "avi". The server makes the file when it is asked for first.
func (c *Client) Video(ctx context.Context, j *api.Job, format string) (*Download, error) {
	if j.Video == nil {
		return nil, fmt.Errorf("job %s paints no video", j.ID)
	}
	return c.download(ctx, jobPath(j.ID, "/video?format="+url.QueryEscape(format)))
}

// Preview opens the latest preview of a job, a JPEG file.
func (c *Client) Preview(ctx context.Context, id string) (*Download, error) {
	return c.download(ctx, jobPath(id, "/preview"))
}

// Open opens a picture by a URL from an answer of the server, such as that of an input,
// a thumbnail or an example. The URL of a result takes parameters, as in
// j.Result.URL + "?format=webp&width=1024".
func (c *Client) Open(ctx context.Context, url string) (*Download, error) {
	if !strings.HasPrefix(url, "/") {
		return nil, fmt.Errorf("URL %q: expected one from an answer of %s, which begins with /", url, c.server)
	}
	return c.download(ctx, url)
}

func (c *Client) download(ctx context.Context, path string) (*Download, error) {
	r := read(path)
	r.streams = true
	response, err := c.do(ctx, r)
	if err != nil {
		return nil, err
	}
	return &Download{response.Body, response.ContentLength, response.Header.Get("Content-Type")}, nil
}

// checked computes the digest of what is read.
type checked struct {
	io.ReadCloser
	hash          hash.Hash
	expected, url string
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.hash.Write(p[:n])
	if errors.Is(err, io.EOF) {
		if found := hex.EncodeToString(c.hash.Sum(nil)); found != c.expected {
			err = fmt.Errorf("%s: %w: its SHA-256 is %s, expected %s: download it again", c.url, ErrDigest, found, c.expected)
		}
	}
	return n, err
}

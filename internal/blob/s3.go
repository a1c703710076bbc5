package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3 keeps each blob in an object of a bucket of Amazon S3 or of a service that
// speaks its protocol and, as S3 does, shows an object as soon as it is stored.
//
// The bucket must exist. It needs no versioning, which would keep removed blobs.
// Give it the lifecycle rule AbortIncompleteMultipartUpload: the parts of an upload
// whose process was killed stay in the bucket without one.
type S3 struct {
	client    *minio.Core
	transport *http.Transport
	bucket    string
	prefix    string
}

var _ Store = (*S3)(nil)

// S3Config describes the bucket of an [S3]. The credentials are those of the usual
// environment variables (AWS_ACCESS_KEY_ID and others), of the shared credentials
// file (AWS_SHARED_CREDENTIALS_FILE, AWS_PROFILE), or of the role of the machine,
// in this order.
type S3Config struct {
	Endpoint string // a URL; Amazon's where it is empty
	Region   string // asked of the service where it is empty
	Bucket   string
	Prefix   string // of all keys; none where it is empty
}

const (
	amazon = "https://s3.amazonaws.com"
	// partSize is the size of each part of an upload. It is the smallest that S3
	// permits, because Put holds two parts in memory. S3 takes at most 10,000 parts.
	partSize = 5 << 20 // bytes
	// s3Tries is how often a request is sent, after growing waits.
	s3Tries = 5
)

// NewS3 opens a bucket. It returns an error where the bucket is missing.
func NewS3(ctx context.Context, cfg S3Config) (*S3, error) {
	if cfg.Endpoint == "" {
		cfg.Endpoint = amazon
	}
	endpoint, err := url.Parse(cfg.Endpoint)
	if err != nil || endpoint.Host == "" || endpoint.Scheme != "https" && endpoint.Scheme != "http" {
		return nil, fmt.Errorf("the S3 endpoint is %q; expected a URL such as %s", cfg.Endpoint, amazon)
	}
	secure := endpoint.Scheme == "https"
	transport, err := minio.DefaultTransport(secure)
	if err != nil {
		return nil, err
	}
	client, err := minio.NewCore(endpoint.Host, &minio.Options{
		Creds: credentials.NewChainCredentials([]credentials.Provider{
			&credentials.EnvAWS{},
			&credentials.FileAWSCredentials{},
			&credentials.IAM{Client: &http.Client{Transport: transport}},
		}),
		Secure:     secure,
		Transport:  transport,
		Region:     cfg.Region,
		MaxRetries: s3Tries,
	})
	if err != nil {
		return nil, fmt.Errorf("the S3 endpoint %s: %w", cfg.Endpoint, err)
	}
	s := &S3{client, transport, cfg.Bucket, cfg.Prefix}
	if err := s.Ready(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// key returns the key of a blob.
func (s *S3) key(name string) string { return path.Join(s.prefix, name) }

// Put stores a blob, see [Store].
func (s *S3) Put(ctx context.Context, name string, r io.Reader) (Info, error) {
	if err := CheckName(name); err != nil {
		return Info{}, err
	}
	src := newSource(ctx, r)
	begin, err := io.ReadAll(io.LimitReader(src, partSize))
	if err != nil {
		return Info{}, fmt.Errorf("storing the blob %s: %w", name, err)
	}
	body, size := io.Reader(bytes.NewReader(begin)), int64(len(begin))
	if size == partSize {
		body, size = io.MultiReader(body, src), -1
	}
	_, err = s.client.Client.PutObject(ctx, s.bucket, s.key(name), body, size, minio.PutObjectOptions{
		PartSize: partSize,
		// Every service checks this digest, which is signed; not every service
		// knows the newer checksums and the signature of chunks.
		SendContentMd5:       true,
		DisableContentSha256: true,
	})
	if err == nil {
		return src.info(), nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	// The service may have stored the blob, and only its answer was lost.
	_ = s.client.RemoveObject(ctx, s.bucket, s.key(name), minio.RemoveObjectOptions{}) // the first error says more
	return Info{}, s.failed("storing", name, err)
}

// Open opens a blob, see [Store].
func (s *S3) Open(ctx context.Context, name string) (Reader, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	info, err := s.client.StatObject(ctx, s.bucket, s.key(name), minio.StatObjectOptions{})
	if err != nil {
		return nil, s.failed("opening", name, err)
	}
	return &s3Reader{ctx: ctx, store: s, name: name, etag: info.ETag, size: info.Size}, nil
}

// Copy copies within the service, see [Store].
func (s *S3) Copy(ctx context.Context, from, to string) error {
	if err := errors.Join(CheckName(from), CheckName(to)); err != nil {
		return err
	}
	_, err := s.client.Client.CopyObject(ctx,
		minio.CopyDestOptions{Bucket: s.bucket, Object: s.key(to)},
		minio.CopySrcOptions{Bucket: s.bucket, Object: s.key(from)})
	if err != nil {
		return s.failed("copying", from, err)
	}
	return nil
}

// Remove removes blobs, see [Store].
func (s *S3) Remove(ctx context.Context, name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	var listErr error
	keys := func(yield func(minio.ObjectInfo) bool) {
		if !yield(minio.ObjectInfo{Key: s.key(name)}) {
			return
		}
		for object := range s.client.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.key(name) + "/", Recursive: true}) {
			if object.Err != nil {
				listErr = object.Err
				return
			}
			if !yield(object) {
				return
			}
		}
	}
	results, err := s.client.RemoveObjectsWithIter(ctx, s.bucket, keys, minio.RemoveObjectsOptions{})
	if err != nil {
		return s.failed("removing", name, err)
	}
	for result := range results {
		err = errors.Join(err, result.Err)
	}
	if err := errors.Join(err, listErr, ctx.Err()); err != nil {
		return s.failed("removing", name, err)
	}
	return nil
}

// Ready asks for the bucket, see [Store].
func (s *S3) Ready(ctx context.Context) error {
	exists, err := s.client.BucketExists(ctx, s.bucket)
	if err != nil {
		return fmt.Errorf("the S3 bucket %s: %w", s.bucket, err)
	}
	if !exists {
		return fmt.Errorf("the S3 bucket %s does not exist: make it first", s.bucket)
	}
	return nil
}

// Close closes the connections to the service.
func (s *S3) Close() error {
	s.transport.CloseIdleConnections()
	return nil
}

// failed returns the error of an operation on a blob, with the errors of [Store]
// in place of the service's.
func (s *S3) failed(operation, name string, err error) error {
	var response minio.ErrorResponse
	if errors.As(err, &response) {
		switch {
		case response.Code == minio.NoSuchKey:
			return fmt.Errorf("%w: %s", ErrNotFound, name)
		case response.StatusCode == http.StatusInsufficientStorage || strings.Contains(response.Code, "QuotaExceeded"):
			return fmt.Errorf("%w: the S3 bucket %s: %w", ErrFull, s.bucket, err)
		}
	}
	return fmt.Errorf("%s the blob %s in the S3 bucket %s: %w", operation, name, s.bucket, err)
}

// s3Reader reads a blob. It asks for all bytes from its position on when Read is
// called there for the first time. An ETag is no digest, but says which version of
// an object is read.
type s3Reader struct {
	ctx    context.Context
	store  *S3
	name   string
	etag   string
	size   int64
	pos    int64
	body   io.ReadCloser // at pos; nil before the first request
	closed bool
}

func (r *s3Reader) Read(p []byte) (int, error) {
	switch {
	case r.closed:
		return 0, fs.ErrClosed
	case len(p) == 0:
		return 0, nil
	case r.pos >= r.size:
		return 0, io.EOF
	}
	if r.body == nil {
		if err := r.request(); err != nil {
			return 0, err
		}
	}
	n, err := r.body.Read(p)
	r.pos += int64(n)
	if err == io.EOF && r.pos < r.size {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// request opens the body at the position.
func (r *s3Reader) request() error {
	var opts minio.GetObjectOptions
	if r.pos > 0 { // a range of no bytes has no request
		if err := opts.SetRange(r.pos, r.size-1); err != nil {
			return err
		}
	}
	body, info, _, err := r.store.client.GetObject(r.ctx, r.store.bucket, r.store.key(r.name), opts)
	if err != nil {
		return r.store.failed("reading", r.name, err)
	}
	r.body = body
	if info.ETag != r.etag { // checked here, because not every service knows If-Match
		return errors.Join(fmt.Errorf("the blob %s was replaced while it was read: open it again", r.name), r.end())
	}
	return nil
}

func (r *s3Reader) Seek(offset int64, whence int) (int64, error) {
	if r.closed {
		return 0, fs.ErrClosed
	}
	pos, err := seek(r.pos, r.size, offset, whence)
	if err != nil || pos == r.pos {
		return pos, err
	}
	r.pos = pos
	return pos, r.end()
}

// end closes the body.
func (r *s3Reader) end() error {
	if r.body == nil {
		return nil
	}
	err := r.body.Close()
	r.body = nil
	return err
}

func (r *s3Reader) Close() error {
	r.closed = true
	return r.end()
}

func (r *s3Reader) Size() int64 { return r.size }

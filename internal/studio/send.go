package studio

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/job"
)

// fileAnswer is a file to send.
type fileAnswer struct {
	kind  string // media type
	name  string // as which a client saves it; "" for one that is shown
	etag  string // changes with the content; "" is none
	cache string // Cache-Control
	open  func(context.Context) (fileContent, error)
}

type fileContent interface {
	io.ReadSeeker
	io.Closer
}

// memoryFile is content that is in memory.
type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error { return nil }

func inMemory(data []byte, err error) (fileContent, error) {
	if err != nil {
		return nil, err
	}
	return memoryFile{bytes.NewReader(data)}, nil
}

// send answers an operation with a file.
func (s *server) send(f fileAnswer) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		r, w := humago.Unwrap(hc)
		s.sendFile(w, r, f)
	}}
}

// sendFile answers with a file, or with 304 where If-None-Match has its ETag; then it does
// not open the file. Where the file turns out to be damaged, it breaks the connection.
func (s *server) sendFile(w http.ResponseWriter, r *http.Request, f fileAnswer) {
	h := w.Header()
	h.Set("Cache-Control", f.cache)
	if f.etag != "" {
		etag := `"` + f.etag + `"`
		if isCompressible(f.kind) {
			h.Set("ETag", "W/"+etag)
		} else {
			h.Set("ETag", etag)
		}
		if strings.Contains(r.Header.Get("If-None-Match"), etag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	c, err := f.open(r.Context())
	if err != nil {
		h.Set("Cache-Control", "no-store")
		h.Del("ETag")
		answerProblem(w, s.fail(err))
		return
	}
	defer c.Close()
	h.Set("Content-Type", f.kind)
	if f.name != "" {
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.name}))
	}
	http.ServeContent(w, r, "", time.Time{}, c)
	if stored, ok := c.(*storedFile); ok && stored.err != nil {
		if r.Context().Err() == nil {
			s.Log.Error("a stored file cannot be read", "path", loggedPath(r), "error", stored.err)
		}
		panic(http.ErrAbortHandler)
	}
}

// maxFileName is the most characters of a file name before its suffix.
const maxFileName = 100

// fileName makes the name that a client gives fit for a file system. Its suffix
// becomes that of the format.
func fileName(name, suffix string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if ext := path.Ext(name); slices.Contains([]string{".png", ".jpg", ".jpeg", ".webp", ".avi", ".y4m", ".mp4"}, strings.ToLower(ext)) {
		name = strings.TrimSuffix(name, ext)
	}
	name = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) || strings.ContainsRune(`"*/:<>?|`, c) {
			return '-'
		}
		return c
	}, name)
	if characters := []rune(name); len(characters) > maxFileName {
		name = string(characters[:maxFileName])
	}
	if name = strings.Trim(name, " ."); name == "" {
		name = "pastiche"
	}
	return name + suffix
}

// storedFile reads a blob and compares it with its record: the length when it is
// opened, the digest while it is read from beginning to end. Reading a damaged blob
// fails before its last byte, so that no damaged file is sent as a whole one.
type storedFile struct {
	blob.Reader
	want blob.Info // the zero value is not compared
	sum  hash.Hash
	// at is the position, and summed how many bytes from the beginning are in sum.
	at, summed int64
	err        error // of reading
}

// storedFile returns the answer that sends a blob of a record. Its ETag is the digest, or
// the name where the digest is not known: blobs never change.
func (s *server) storedFile(r *job.Record, name, kind string, want blob.Info) fileAnswer {
	etag := want.SHA256
	if etag == "" {
		etag = name
	}
	return fileAnswer{kind: kind, etag: etag, cache: immutable, open: func(ctx context.Context) (fileContent, error) {
		f, err := s.open(ctx, r, name, want)
		if err != nil {
			return nil, err
		}
		return f, nil
	}}
}

// open opens a blob of a record. The error is [blob.ErrNotFound] where the
// store has lost it, [job.ErrNotFound] where the job has just been deleted, a
// [*blob.DamagedError], or that of the store.
func (s *server) open(ctx context.Context, r *job.Record, name string, want blob.Info) (*storedFile, error) {
	b, err := s.Jobs.Open(ctx, name)
	if errors.Is(err, blob.ErrNotFound) {
		if _, err := s.Jobs.Get(ctx, r.Owner, r.ID); err != nil {
			return nil, err
		}
		s.Log.Error("a stored file is lost", "job", r.ID, "file", name)
		return nil, fmt.Errorf("%w: the server has lost the file %s of job %s: submit the job again", blob.ErrNotFound, name, r.ID)
	}
	if err != nil {
		return nil, err
	}
	f := &storedFile{Reader: b, want: want, sum: sha256.New()}
	if want != (blob.Info{}) && b.Size() != want.Size {
		defer b.Close()
		return nil, &blob.DamagedError{Name: name, Want: want, Got: blob.Info{Size: b.Size()}}
	}
	return f, nil
}

// Read implements [io.Reader].
func (f *storedFile) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if f.at == f.summed {
		f.sum.Write(p[:n])
		f.summed += int64(n)
	}
	f.at += int64(n)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
	case err != nil && f.at < f.Size():
		err = fmt.Errorf("the file ends after %d of %d bytes: %w", f.at, f.Size(), io.ErrUnexpectedEOF)
	case f.summed == f.want.Size && f.want.SHA256 != "":
		if got := hex.EncodeToString(f.sum.Sum(nil)); got != f.want.SHA256 {
			n, err = 0, &blob.DamagedError{Want: f.want, Got: blob.Info{Size: f.summed, SHA256: got}}
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

// Seek implements [io.Seeker].
func (f *storedFile) Seek(offset int64, whence int) (int64, error) {
	at, err := f.Reader.Seek(offset, whence)
	f.at = at
	return at, err
}

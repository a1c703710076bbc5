package client

import (
	"errors"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/pastiche-art/pastiche/api"
)

// TestForm checks what is sent, and that it is sent again with the same key.
func TestForm(t *testing.T) {
	path := filepath.Join(t.TempDir(), "photo.jpg")
	if err := os.WriteFile(path, []byte("the photo"), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var forms, keys []string
		c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			forms = append(forms, formText(t, r))
			keys = append(keys, r.Header.Get("Idempotency-Key"))
			if len(forms)%2 == 1 {
				lose(w)
			}
			answer(w, http.StatusCreated, api.Job{ID: "a"})
		})
		strength := 0.25
		for _, key := range []string{"", "mine"} {
			forms, keys = nil, nil
			j, err := c.Submit(t.Context(), key, api.Submission{
				Options: &api.Options{Strength: &strength}, Labels: map[string]string{"name": "value"},
				Retention: "48h", Webhook: &api.Webhook{URL: "https://example.org"}, Look: true,
			},
				Picture{api.Content, File(path)},
				Picture{api.Style, Bytes([]byte("first"))},
				Picture{api.Style, Bytes([]byte("second"))},
				Picture{api.StyleMask, Bytes(nil)})
			if err != nil || j.ID != "a" {
				t.Fatalf("got %+v, %v", j, err)
			}
			want := `options={"strength":0.25}
labels={"name":"value"}
webhook={"url":"https://example.org"}
look=true
retention=48h
content (content)=the photo
style (style)=first
style (style)=second
style_mask (style_mask)=
`
			if len(forms) != 2 || forms[0] != want || forms[1] != want {
				t.Errorf("got the forms %q, expected twice %q", forms, want)
			}
			if keys[0] != keys[1] || len(keys[0]) < 20 && key == "" || key != "" && keys[0] != key {
				t.Errorf("got the idempotency keys %q, expected the same, of the key %q", keys, key)
			}
		}
		first := keys[0]
		if _, err := c.Submit(t.Context(), "", api.Submission{}, Picture{api.Style, Bytes(nil)}); err != nil || keys[len(keys)-1] == first {
			t.Errorf("got the idempotency keys %q, expected another one for another submission; error %v", keys, err)
		}
	})
}

func formText(t *testing.T, r *http.Request) string {
	parts, err := r.MultipartReader()
	if err != nil {
		t.Error(err)
		return ""
	}
	var text strings.Builder
	for {
		var part *multipart.Part
		if part, err = parts.NextPart(); err != nil {
			break
		}
		text.WriteString(part.FormName())
		if part.FileName() != "" {
			text.WriteString(" (" + part.FileName() + ")")
		}
		data, err := io.ReadAll(part)
		if err != nil {
			t.Error(err)
		}
		text.WriteString("=" + string(data) + "\n")
	}
	if !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	return text.String()
}

func TestSubmitSources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var body, kind, key string
		c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			data, _ := io.ReadAll(r.Body)
			body, kind, key = string(data), r.Header.Get("Content-Type"), r.Header.Get("Idempotency-Key")
			answer(w, http.StatusOK, api.Job{ID: "a"})
		})
		s := api.Submission{Styles: []api.Source{{File: "f"}, {Job: &api.JobSource{ID: "b", Role: api.Painting}}}}
		if _, err := c.Submit(t.Context(), "", s); err != nil {
			t.Fatal(err)
		}
		if want := `{"styles":[{"file":"f"},{"job":{"id":"b","role":"result"}}]}`; body != want || kind != "application/json" || key == "" {
			t.Errorf("got %s of the type %s with the key %q, expected %s", body, kind, key, want)
		}

		body = ""
		if _, err := c.Submit(t.Context(), "", s, Picture{api.Content, Bytes(nil)}); err == nil || body != "" {
			t.Errorf("uploads and sources: got %v, expected an error and no request", err)
		}
	})
}

// TestUploadStreams checks that the server receives the begin of a file before its
// end is read.
func TestUploadStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := make(chan struct{})
		c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadFull(r.Body, make([]byte, 5)); err != nil {
				t.Error(err)
			}
			close(begun)
			rest, err := io.ReadAll(r.Body)
			if err != nil || string(rest) != "end" {
				t.Errorf("got %q, %v", rest, err)
			}
			answer(w, http.StatusCreated, api.File{ID: "f"})
		})
		f, err := c.UploadFile(t.Context(), func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(strings.NewReader("begin"), readerFunc(func([]byte) (int, error) {
				<-begun
				return 0, io.EOF
			}), strings.NewReader("end"))), nil
		})
		if err != nil || f.ID != "f" {
			t.Errorf("got %+v, %v", f, err)
		}
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A file counts how often it is opened, read and closed.
type file struct{ opened, read, closed atomic.Int32 }

func (f *file) open(r io.Reader) Opener {
	return func() (io.ReadCloser, error) {
		f.opened.Add(1)
		return &openFile{f, r}, nil
	}
}

type openFile struct {
	*file
	r io.Reader
}

func (f *openFile) Read(p []byte) (int, error) { f.read.Add(1); return f.r.Read(p) }
func (f *openFile) Close() error               { f.closed.Add(1); return nil }

// TestUnreadableFile checks that a file that cannot be read ends a submission, and
// that all files are closed.
func TestUnreadableFile(t *testing.T) {
	broken := errors.New("input/output error")
	for name, open := range map[string]Opener{
		"open": File(filepath.Join(t.TempDir(), "missing.jpg")),
		"read": func() (io.ReadCloser, error) { return io.NopCloser(iotest.ErrReader(broken)), nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts := 0
				c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
					attempts++
					io.Copy(io.Discard, r.Body) //nolint:errcheck // it breaks off
				})
				var good file
				_, err := c.Submit(t.Context(), "", api.Submission{}, Picture{api.Content, good.open(strings.NewReader("photo"))}, Picture{api.Style, open})
				if !errors.Is(err, broken) && !errors.Is(err, fs.ErrNotExist) || attempts > 1 || strings.Contains(err.Error(), "answer") {
					t.Errorf("got %v after %d attempts", err, attempts)
				}
				synctest.Wait()
				if good.opened.Load() != 1 || good.closed.Load() == 0 {
					t.Errorf("the other file was opened %d times and closed %d times", good.opened.Load(), good.closed.Load())
				}
			})
		})
	}
}

// TestRefusedBeforeBody checks that a file is not sent to a server that refuses the
// request by its header.
func TestRefusedBeforeBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			answer(w, http.StatusInsufficientStorage, api.Problem{Code: api.CodeNoSpace, Detail: "the disk is full"})
		})
		var f file
		_, err := c.UploadFile(t.Context(), f.open(strings.NewReader("photo")))
		synctest.Wait()
		if statusOf(err) != http.StatusInsufficientStorage || f.read.Load() != 0 || f.closed.Load() == 0 {
			t.Errorf("got %v; the file was read %d times and closed %d times", err, f.read.Load(), f.closed.Load())
		}
	})
}

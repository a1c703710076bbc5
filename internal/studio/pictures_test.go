package studio_test

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"io/fs"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "golang.org/x/image/webp"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/studio"
)

// painted returns a server with a finished job.
func painted(t *testing.T, s setup) (*fixture, *api.Job) {
	t.Helper()
	s.worker, s.paint = true, stubPaint
	f := newServer(t, s)
	var j api.Job
	f.decode(f.submit("", quick()...), http.StatusCreated, &j)
	done := f.finished(j.ID)
	if done.State != api.Done {
		t.Fatalf("the job ended as %+v", done)
	}
	return f, done
}

// get asks for a file of a job, with headers in pairs.
func (f *fixture) get(method, address string, headers ...string) (*http.Response, []byte) {
	f.t.Helper()
	r := f.request(method, strings.TrimPrefix(address, "/api/v1"), nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer := f.do(r)
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return answer, data
}

const forever = "private, max-age=31536000, immutable"

func TestFilesOfAJob(t *testing.T) {
	f, j := painted(t, setup{})
	for address, kind := range map[string]string{
		j.Result.URL: "image/png", j.Result.Thumbnail: "image/jpeg", j.Result.Curve: "application/json",
		j.Inputs[0].URL: "image/png", j.Inputs[1].Thumbnail: "image/jpeg",
		"/jobs/" + j.ID + fmt.Sprintf("/preview?step=%d", j.Result.Steps): "image/jpeg",
	} {
		whole, all := f.get(http.MethodGet, address)
		etag := whole.Header.Get("ETag")
		if whole.StatusCode != http.StatusOK || whole.Header.Get("Content-Type") != kind || whole.Header.Get("Cache-Control") != forever || etag == "" {
			t.Errorf("%s: %s, %v", address, whole.Status, whole.Header)
			continue
		}
		if same, _ := f.get(http.MethodGet, address, "If-None-Match", `"other", `+etag); same.StatusCode != http.StatusNotModified {
			t.Errorf("%s with its ETag: %s", address, same.Status)
		}
		if head, body := f.get(http.MethodHead, address); head.StatusCode != http.StatusOK || head.ContentLength != int64(len(all)) || len(body) != 0 {
			t.Errorf("HEAD of %s: %s, length %d, expected %d", address, head.Status, head.ContentLength, len(all))
		}
		part, some := f.get(http.MethodGet, address, "Range", "bytes=1-9")
		if part.StatusCode != http.StatusPartialContent || !bytes.Equal(some, all[1:10]) {
			t.Errorf("a range of %s: %s, %d bytes", address, part.Status, len(some))
		}
	}
	if result, _ := f.get(http.MethodGet, j.Result.URL); result.Header.Get("ETag") != `"`+j.Result.SHA256+`"` {
		t.Errorf("the ETag of the result is %s, expected its digest", result.Header.Get("ETag"))
	}
	if answer, _ := f.get(http.MethodGet, "/jobs/"+j.ID+"/preview?step=99"); answer.Header.Get("Cache-Control") != "private, no-cache" {
		t.Errorf("the preview of another step may be kept: %v", answer.Header)
	}
	if answer, _ := f.get(http.MethodGet, "/jobs/"+j.ID+"/inputs/style/1"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("a second style: %s", answer.Status)
	}
}

func TestConvertedResults(t *testing.T) {
	f, j := painted(t, setup{Config: studio.Config{Painting: func() bool { return true }}})
	for query, expected := range map[string]struct {
		format string
		width  int
	}{
		"":                         {"png", 48},
		"?format=png&width=48":     {"png", 48},
		"?width=24":                {"png", 24},
		"?format=jpeg":             {"jpeg", 48},
		"?format=webp&width=12":    {"webp", 12},
		"?format=jpeg&width=16384": {"jpeg", 48},
	} {
		answer, data := f.get(http.MethodGet, j.Result.URL+query)
		config, format, err := image.DecodeConfig(bytes.NewReader(data))
		if err != nil || format != expected.format || config.Width != expected.width || answer.Header.Get("Content-Type") != "image/"+format {
			t.Errorf("%q: %s %d pixels wide as %s, %v; expected %+v", query, format, config.Width, answer.Header.Get("Content-Type"), err, expected)
		}
		whole := expected.format == "png" && expected.width == 48
		if got := answer.Header.Get("ETag") == `"`+j.Result.SHA256+`"`; got != whole {
			t.Errorf("%q has the ETag %s", query, answer.Header.Get("ETag"))
		}
		if answer.Header.Get("Cache-Control") != forever {
			t.Errorf("%q may not be kept: %v", query, answer.Header)
		}
	}
	for _, query := range []string{"?format=gif", "?width=0", "?width=-1", "?width=99999", "?width=a"} {
		if answer, _ := f.get(http.MethodGet, j.Result.URL+query); answer.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%q: %s", query, answer.Status)
		}
	}
}

func TestNamesOfDownloads(t *testing.T) {
	f, j := painted(t, setup{})
	for asked, expected := range map[string]string{
		"castle.png": "castle.png", "castle": "castle.png", "castle.tar.JPG": "castle.tar.png",
		"../../etc/passwd": "passwd.png", `C:\boot.ini`: "boot.ini.png", ".hidden": "hidden.png", "..": "pastiche.png",
		"Schloß 城.webp": "Schloß 城.png", "a\r\nSet-Cookie: b": "a--Set-Cookie- b.png", `"quoted"`: "-quoted-.png",
		strings.Repeat("a", 150): strings.Repeat("a", 100) + ".png",
	} {
		r := f.request(http.MethodGet, "/jobs/"+j.ID+"/result", nil)
		r.URL.RawQuery = url.Values{"download": {asked}}.Encode()
		answer := f.do(r)
		kind, params, err := mime.ParseMediaType(answer.Header.Get("Content-Disposition"))
		if err != nil || kind != "attachment" || params["filename"] != expected {
			t.Errorf("%q is saved as %q (%s, %v), expected %q", asked, params["filename"], kind, err, expected)
		}
	}
	if answer, _ := f.get(http.MethodGet, j.Result.URL); answer.Header.Get("Content-Disposition") != "" {
		t.Error("a result that is shown has a Content-Disposition")
	}
}

// resultFile returns the file of a job's result in a folder.
func resultFile(t *testing.T, dir string, size int64) string {
	t.Helper()
	var found string
	err := filepath.WalkDir(filepath.Join(dir, "blobs"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Size() == size && strings.Contains(path, "result") {
			found = path
		}
		return err
	})
	if err != nil || found == "" {
		t.Fatalf("no file of the result: %v", err)
	}
	return found
}

func TestLostFile(t *testing.T) {
	dir := t.TempDir()
	f, j := painted(t, setup{dir: dir})
	whole, _ := f.get(http.MethodGet, j.Result.URL)
	file := resultFile(t, dir, j.Result.Bytes)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{"", "?format=jpeg"} {
		var p api.Problem
		f.decode(f.do(f.request(http.MethodGet, "/jobs/"+j.ID+"/result"+query, nil)), http.StatusGone, &p)
		if p.Code != api.CodeExpired || !strings.Contains(p.Detail, filepath.Base(file)) || !strings.Contains(p.Detail, j.ID) {
			t.Errorf("%q: the problem is %+v, expected the file's name", query, p)
		}
	}
	if same, _ := f.get(http.MethodGet, j.Result.URL, "If-None-Match", whole.Header.Get("ETag")); same.StatusCode != http.StatusNotModified {
		t.Errorf("a client that has the result gets %s", same.Status)
	}
}

func TestDamagedFile(t *testing.T) {
	for name, damage := range map[string]func(data []byte) []byte{
		"a byte":  func(data []byte) []byte { data[len(data)/2] ^= 1; return data },
		"shorter": func(data []byte) []byte { return data[:len(data)-1] },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			log := &logged{}
			f, j := painted(t, setup{dir: dir, Config: studio.Config{Log: slog.New(slog.NewTextHandler(log, nil))}})
			file := resultFile(t, dir, j.Result.Bytes)
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, damage(data), 0o600); err != nil {
				t.Fatal(err)
			}
			answer, err := f.Client().Do(f.request(http.MethodGet, "/jobs/"+j.ID+"/result", nil))
			if err == nil { // the connection may break before the first byte
				_, err = io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
			}
			if err == nil && answer.StatusCode == http.StatusOK {
				t.Error("a damaged result was sent as a whole one")
			}
			if converted := f.do(f.request(http.MethodGet, "/jobs/"+j.ID+"/result?format=jpeg", nil)); converted.StatusCode != http.StatusInternalServerError {
				t.Errorf("a copy of a damaged result: %s", converted.Status)
			}
			f.eventually("the damage is logged", func() bool {
				return strings.Contains(log.String(), "level=ERROR") && strings.Contains(log.String(), "damaged")
			})
		})
	}
}

func TestCurveOfAnUnfinishedJob(t *testing.T) {
	release := make(chan struct{})
	f := newServer(t, setup{worker: true, paint: paintUntil(release)})
	var running, queued api.Job
	f.decode(f.submit("", quick()...), http.StatusCreated, &running)
	f.decode(f.submit("", quick()...), http.StatusCreated, &queued)
	f.eventually("the job runs", func() bool {
		f.decode(f.do(f.request(http.MethodGet, "/jobs/"+running.ID, nil)), http.StatusOK, &running)
		return running.State == api.Running
	})
	for _, j := range []api.Job{running, queued} {
		answer, data := f.get(http.MethodGet, "/jobs/"+j.ID+"/curve")
		if answer.StatusCode != http.StatusOK || answer.Header.Get("Cache-Control") != "no-store" || !bytes.Contains(data, []byte(`"samples":[]`)) {
			t.Errorf("%s: %s, %v: %s", j.State, answer.Status, answer.Header, data)
		}
	}
	close(release)
	f.finished(running.ID)
}

package studio_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/studio"
	"github.com/pastiche-art/pastiche/internal/video"
	"github.com/pastiche-art/pastiche/picture"
)

// clip returns a YUV4MPEG2 file of two shots.
func clip(t *testing.T, frames int) []byte {
	t.Helper()
	const w, h = 64, 48
	var b bytes.Buffer
	out, err := video.Create(t.Context(), "-", video.Info{Width: w, Height: h, Rate: video.Rational{Num: 25, Den: 1}, Frames: frames}, video.WriteOptions{Stdout: &b})
	if err != nil {
		t.Fatal(err)
	}
	for n := range frames {
		p := picture.New(w, h)
		for i := range p.RGB {
			x, y, c := i%w, i/w%h, i/(w*h)
			if n < frames/2 {
				p.RGB[i] = float32(40 + 50*((x/3+y/4)%2))
			} else {
				p.RGB[i] = float32(40 + 50*((x/4+y/6+c)%3))
			}
		}
		if err := out.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const quickVideo = `{"recipe":{"name":"classic","size":48,"iterations":2,"pyramid":1},"seed":3,"video":{"iterations":1}}`

// read reads a file of an answer.
func (f *fixture) read(path string, status int) []byte {
	f.t.Helper()
	answer := f.do(f.request(http.MethodGet, path, nil))
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != status {
		f.t.Fatalf("GET %s: status %d, expected %d: %.200s %v", path, answer.StatusCode, status, data, err)
	}
	return data
}

// TestVideo: a video that was uploaded is painted, and its frames and files are sent.
func TestVideo(t *testing.T) {
	dir := t.TempDir()
	f := newServer(t, setup{worker: true, dir: dir})
	file := f.upload(clip(t, 4))
	if file.Video == nil || file.Video.Frames != 4 || file.Video.Rate != 25 || file.Width != 64 || len(file.Video.Shots) != 2 {
		t.Fatalf("the file is %+v, %+v", file, file.Video)
	}
	style := f.upload(pngOf(drawing(40, 40)))
	body := `{"video":{"file":"` + file.ID + `"},"styles":[{"file":"` + style.ID + `"}],"options":` + quickVideo + `}`
	var j api.Job
	f.decode(f.post("/jobs", body), http.StatusCreated, &j)
	if j.Video == nil || len(j.Inputs) != 2 || j.Inputs[0].Role != api.Content {
		t.Errorf("the job is %+v", j)
	}
	f.read("/jobs/"+j.ID+"/frames/4", http.StatusNotFound)
	done := f.finished(j.ID)
	if done.State != api.Done || done.Video.Painted != 4 || done.Result == nil {
		t.Fatalf("%+v", done)
	}
	for path, kind := range map[string]string{
		"/frames/3": "\x89PNG", "/frames/0?size=small": "\xff\xd8\xff", "/frames/3/original": "\x89PNG", "/frames/3/original?size=small": "\xff\xd8\xff",
	} {
		if data := f.read("/jobs/"+j.ID+path, http.StatusOK); !bytes.HasPrefix(data, []byte(kind)) {
			t.Errorf("%s begins with %q", path, data[:8])
		}
	}
	made := f.read("/jobs/"+j.ID+"/video?format=avi", http.StatusOK)
	path := filepath.Join(t.TempDir(), "painted.avi")
	if err := os.WriteFile(path, made, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := video.Open(t.Context(), path, video.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if info := r.Info(); info.Frames != 4 || info.Width != 48 || info.Rate != (video.Rational{Num: 25, Den: 1}) {
		t.Errorf("the painted video is %+v", info)
	}
	if again := f.read("/jobs/"+j.ID+"/video?format=avi", http.StatusOK); !bytes.Equal(again, made) {
		t.Error("the second answer is another file")
	}
	var list api.List
	f.decode(f.do(f.request(http.MethodGet, "/jobs", nil)), http.StatusOK, &list)
	if len(list.Jobs) != 1 {
		t.Errorf("%d jobs are listed", len(list.Jobs))
	}
	// The same video with the same bytes, as the source of another job.
	body = `{"video":{"job":{"id":"` + j.ID + `","role":"video"}},"styles":[{"job":{"id":"` + j.ID + `","role":"style"}}],"options":` + quickVideo + `}`
	var second api.Job
	f.decode(f.post("/jobs", body), http.StatusCreated, &second)
	if again := f.finished(second.ID); again.Result == nil || again.Result.SHA256 != done.Result.SHA256 {
		t.Errorf("painted again: %+v, expected the digest %s", again.Result, done.Result.SHA256)
	}
	for _, path := range []string{"/jobs/" + j.ID, "/jobs/" + second.ID, "/files/" + file.ID, "/files/" + style.ID} {
		f.decode(f.do(f.request(http.MethodDelete, path, nil)), http.StatusNoContent, nil)
	}
	f.eventually("no blob is left", func() bool { return len(filesIn(t, filepath.Join(dir, "blobs"))) == 0 })
}

// filesIn returns the files below a folder.
func filesIn(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestVideoIsRefused: videos that are too large, or none, are refused with one sentence,
// and nothing of them remains.
func TestVideoIsRefused(t *testing.T) {
	dir, spool := t.TempDir(), t.TempDir()
	f := newServer(t, setup{dir: dir, Config: studio.Config{Spool: spool}})
	y4m := func(header string, frames, bytesEach int) []byte {
		return []byte("YUV4MPEG2 " + header + "\n" + strings.Repeat("FRAME\n"+strings.Repeat("\x50", bytesEach), frames))
	}
	still := &bytes.Buffer{}
	paletted := image.NewPaletted(image.Rect(0, 0, 8, 8), color.Palette{color.Black, color.White})
	if err := gif.Encode(still, paletted, nil); err != nil {
		t.Fatal(err)
	}
	whole := clip(t, 4)
	style := pngOf(drawing(40, 40))
	for _, test := range []struct {
		name   string
		data   []byte
		status int
		detail string
	}{
		{"frames", y4m("W16 H16 F100:1 C420jpeg", 901, 384), http.StatusRequestEntityTooLarge, "900"},
		{"seconds", y4m("W16 H16 F1:2 C420jpeg", 16, 384), http.StatusRequestEntityTooLarge, "32.0 seconds"},
		{"pixels", y4m("W1920 H1081 F25:1 C420jpeg", 1, 100), http.StatusRequestEntityTooLarge, "2.1 megapixels"},
		{"picture", jpegOf(drawing(40, 40)), http.StatusUnsupportedMediaType, "still picture"},
		{"playlist", []byte("#EXTM3U\n#EXTINF:1,\n/etc/passwd\n"), http.StatusUnsupportedMediaType, "text"},
		{"empty", nil, http.StatusUnprocessableEntity, "empty"},
		{"header", []byte("YUV4MPEG2 W99999999 H99999999 F25:1\nFRAME\n"), http.StatusRequestEntityTooLarge, "megapixels"},
		{"riff", append([]byte("RIFF\xff\xff\xff\xffAVI LIST"), binary.LittleEndian.AppendUint32(nil, 1<<31)...), http.StatusUnprocessableEntity, "video"},
		{"cut short", whole[:40], http.StatusUnprocessableEntity, "video"},
	} {
		t.Run(test.name, func(t *testing.T) {
			parts := []part{{"video", test.data}, {"style", style}, {"options", []byte(quickVideo)}}
			f.refused(f.submit("", parts...), test.status, test.detail)
		})
	}
	for _, parts := range [][]part{
		{{"content", style}, {"video", whole}, {"style", style}},
		{{"video", whole}, {"style", style}, {"look", []byte("true")}},
		{{"video", whole}, {"style", style}, {"init", style}, {"options", []byte(`{"recipe":{"init":"picture"}}`)}},
		{{"video", whole}, {"style", style}, {"options", []byte(`{"video":{"iterations":-1}}`)}},
		{{"content", style}, {"style", style}, {"options", []byte(`{"video":{"loop":true}}`)}},
	} {
		f.refused(f.submit("", parts...), http.StatusUnprocessableEntity, "")
	}
	if file := f.upload(still.Bytes()); file.Video != nil {
		t.Error("a GIF of one frame is a video")
	} else {
		f.decode(f.do(f.request(http.MethodDelete, "/files/"+file.ID, nil)), http.StatusNoContent, nil)
	}
	page, err := f.jobs.List(t.Context(), job.Listing{Limit: 1})
	if err != nil || len(page.Records) > 0 {
		t.Errorf("%d jobs, %v", len(page.Records), err)
	}
	f.eventually("nothing is left", func() bool {
		return len(filesIn(t, filepath.Join(dir, "blobs")))+len(filesIn(t, spool)) == 0
	})
}

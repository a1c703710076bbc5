package studio_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/studio"
	"github.com/pastiche-art/pastiche/internal/studio/webhook"
)

// post sends a body of JSON.
func (f *fixture) post(path, body string, header ...string) *http.Response {
	f.t.Helper()
	r := f.request(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return f.do(r)
}

// upload uploads a picture for several jobs.
func (f *fixture) upload(picture []byte) *api.File {
	f.t.Helper()
	file := &api.File{}
	r := f.request(http.MethodPost, "/files", bytes.NewReader(picture))
	r.Header.Set("Content-Type", "image/png")
	f.decode(f.do(r), http.StatusCreated, file)
	return file
}

// refused checks that an answer is a problem whose detail holds a text.
func (f *fixture) refused(answer *http.Response, status int, text string) {
	f.t.Helper()
	defer answer.Body.Close()
	var p api.Problem
	data, err := io.ReadAll(answer.Body)
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err != nil || answer.StatusCode != status || !strings.Contains(p.Detail, text) {
		f.t.Errorf("status %d, %s, expected %d and %q: %v", answer.StatusCode, data, status, text, err)
	}
}

// TestTooManyPixels checks that a form is refused whose pictures are small files and
// have too many pixels together.
func TestTooManyPixels(t *testing.T) {
	if testing.Short() {
		t.Skip("it decodes 96 megapixels")
	}
	f := newServer(t, setup{})
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := encoder.Encode(&b, image.NewGray(image.Rect(0, 0, 6000, 4000))); err != nil {
		t.Fatal(err)
	}
	parts := []part{{"content", b.Bytes()}}
	for range 8 {
		parts = append(parts, part{"style", b.Bytes()})
	}
	f.refused(f.submit("", parts...), http.StatusRequestEntityTooLarge, "100 megapixels together")
	list, err := f.jobs.List(t.Context(), job.Listing{Limit: 1})
	if err != nil || len(list.Records) != 0 {
		t.Errorf("the job was accepted: %v", err)
	}
}

// TestSubmitJSON checks that jobs are made of uploaded files, of data in the request
// and of the pictures of other jobs, and that these are the same pictures.
func TestSubmitJSON(t *testing.T) {
	f := newServer(t, setup{worker: true, paint: stubPaint})
	file := f.upload(pngOf(drawing(48, 32)))
	data, err := json.Marshal(jpegOf(drawing(40, 40)))
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"content":{"file":%q},"styles":[{"data":%s}],"keep":{"file":%[1]q},`+
		`"options":{"recipe":{"name":"classic","size":48,"iterations":2}},"labels":{"album":"a"},"retention":"48h"}`, file.ID, data)
	var first api.Job
	f.decode(f.post("/jobs", body), http.StatusCreated, &first)
	if first.Labels["album"] != "a" || len(first.Inputs) != 3 || first.Inputs[0].SHA256 != file.SHA256 {
		t.Errorf("%+v", first)
	}
	done := f.finished(first.ID)
	if kept := done.Expires.Sub(*done.Finished); kept != 48*time.Hour {
		t.Errorf("the job is kept for %v, expected 48h", kept)
	}
	var second api.Job
	body = fmt.Sprintf(`{"content":{"job":{"id":%q,"role":"result"}},"styles":[{"job":{"id":%[1]q,"role":"style"}}]}`, first.ID)
	f.decode(f.post("/jobs", body, "Idempotency-Key", "k"), http.StatusCreated, &second)
	// Inputs are in the order of their roles: content, keep, style.
	if second.Inputs[0].SHA256 != done.Result.SHA256 || second.Inputs[1].SHA256 != first.Inputs[2].SHA256 {
		t.Errorf("the pictures are %+v", second.Inputs)
	}
	var again api.Job
	f.decode(f.post("/jobs", body, "Idempotency-Key", "k"), http.StatusOK, &again)
	if again.ID != second.ID {
		t.Errorf("job %s, expected %s", again.ID, second.ID)
	}
}

func TestSubmissionsThatAreRefused(t *testing.T) {
	sender, err := webhook.New([]string{"hooks.example.com"}, [][]byte{[]byte("secret")})
	if err != nil {
		t.Fatal(err)
	}
	f := newServer(t, setup{Config: studio.Config{MaxRetention: 720 * time.Hour, Webhooks: sender}})
	id := f.upload(pngOf(drawing(8, 8))).ID
	style := fmt.Sprintf(`"styles":[{"file":%q}]`, id)
	for body, want := range map[string]string{
		`{"styles":[{"file":"nosuchfile"}]}`:                     `no file "nosuchfile"`,
		`{"styles":[{"job":{"id":"nosuchjob","role":"style"}}]}`: `no job "nosuchjob"`,
		`{"styles":[{}]}`: "exactly one of file, data and job",
		fmt.Sprintf(`{"styles":[{"file":%q,"data":""}]}`, id):                           "exactly one of file, data and job",
		`{"styles":[{"data":"bm8gcGljdHVyZQ=="}]}`:                                      "not a picture",
		`{` + style + `,"recipie":{}}`:                                                  "recipie",
		`{` + style + `,"options":{"colours":[1]}}`:                                     "colours",
		`{` + style + `}{}`:                                                             "after its end",
		`{` + style + `,"retention":"soon"}`:                                            "retention",
		`{` + style + `,"retention":"-1h"}`:                                             "retention",
		`{` + style + `,"retention":"87600h"}`:                                          "retention",
		`{` + style + `,"labels":{"a b":"c"}}`:                                          "labels",
		`{` + style + `,"webhook":{"url":"http://hooks.example.com/"}}`:                 "https://",
		`{` + style + `,"webhook":{"url":"https://127.0.0.1/"}}`:                        "--webhook-host",
		`{` + style + `,"webhook":{"url":"https://hooks.example.com/","events":["x"]}}`: `event "x"`,
		`{}`:   "style",
		`null`: "style",
		`[]`:   "expected JSON",
		``:     "expected JSON",
	} {
		if !strings.Contains(body, "shape") {
			body = strings.Replace(body, `{"styles"`, `{"options":{"shape":[64,64]},"styles"`, 1)
		}
		status := http.StatusUnprocessableEntity
		if want == "not a picture" {
			status = http.StatusUnsupportedMediaType
		}
		f.refused(f.post("/jobs", body), status, want)
	}
	f.refused(f.submit("", append(quick(), part{"network", nil})...), http.StatusUnprocessableEntity, `field "network"`)
	f.refused(f.submit("", append(quick(), part{"labels", []byte("{}")}, part{"labels", []byte("{}")})...), http.StatusUnprocessableEntity, "twice")
	f.refused(f.submit("", append(quick(), part{"labels", bytes.Repeat([]byte(" "), 70<<10)})...), http.StatusUnprocessableEntity, "64 KiB")
	f.refused(f.submit("", append(quick(), part{"webhook", []byte(`{"uri":""}`)})...), http.StatusUnprocessableEntity, "uri")
}

// TestFormFields checks that a form may hold labels, a retention and a webhook.
func TestFormFields(t *testing.T) {
	sender, err := webhook.New([]string{"hooks.example.com"}, [][]byte{[]byte("secret")})
	if err != nil {
		t.Fatal(err)
	}
	f := newServer(t, setup{Config: studio.Config{Webhooks: sender}})
	var j api.Job
	f.decode(f.submit("", append(quick(), part{"labels", []byte(`{"album":"b"}`)}, part{"retention", []byte("1h")},
		part{"webhook", []byte(`{"url":"https://hooks.example.com/x","events":["running"]}`)})...), http.StatusCreated, &j)
	r, err := f.jobs.Get(t.Context(), "", j.ID)
	if err != nil || r.Labels["album"] != "b" || r.Retention != time.Hour || r.Webhook == nil || r.Webhook.URL != "https://hooks.example.com/x" {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestPreferWait checks that an answer waits for the job's end, and no longer than
// the client asks.
func TestPreferWait(t *testing.T) {
	release := make(chan struct{})
	f := newServer(t, setup{worker: true, paint: paintUntil(release)})
	wait := func(key, prefer string, status int) *api.Job {
		t.Helper()
		body, contentType := form(quick()...)
		r := f.request(http.MethodPost, "/jobs", body)
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Idempotency-Key", key)
		r.Header.Set("Prefer", prefer)
		answer := f.do(r)
		if applied := answer.Header.Get("Preference-Applied"); !strings.HasPrefix(applied, "wait=") {
			t.Errorf("Preference-Applied: %q", applied)
		}
		j := &api.Job{}
		f.decode(answer, status, j)
		return j
	}
	if j := wait("a", "respond-async, wait=1", http.StatusAccepted); j.State.Final() {
		t.Errorf("the job is %s before it was painted", j.State)
	}
	close(release)
	if j := wait("b", "wait=60", http.StatusCreated); j.State != api.Done {
		t.Errorf("the job is %s, expected done", j.State)
	}
	if j := wait("a", "wait=60", http.StatusOK); j.State != api.Done {
		t.Errorf("the job is %s, expected done", j.State)
	}
}

func TestFiles(t *testing.T) {
	alice := newServer(t, setup{Config: studio.Config{Keys: keysOf(t, "alice", "bob")}})
	alice.key = aliceKey
	bob := *alice
	bob.key = bobKey
	file := alice.upload(pngOf(drawing(8, 6)))
	if left := time.Until(file.Expires); file.Width != 8 || file.Height != 6 || left < 23*time.Hour || left > 24*time.Hour {
		t.Errorf("%+v", file)
	}
	body, contentType := form(part{"file", pngOf(drawing(8, 6))})
	r := alice.request(http.MethodPost, "/files", body)
	r.Header.Set("Content-Type", contentType)
	var same api.File
	alice.decode(alice.do(r), http.StatusCreated, &same)
	if same.SHA256 != file.SHA256 || same.ID == file.ID {
		t.Errorf("%+v, expected the digest of %+v", same, file)
	}
	get := func(f *fixture, method string, status int) {
		t.Helper()
		f.decode(f.do(f.request(method, "/files/"+file.ID, nil)), status, nil)
	}
	get(alice, http.MethodGet, http.StatusOK)
	thumbnail, small := alice.get(http.MethodGet, file.Thumbnail)
	if m, kind, err := image.Decode(bytes.NewReader(small)); err != nil || kind != "jpeg" || m.Bounds().Dx() != 8 {
		t.Errorf("its thumbnail: %s, a %s: %v", thumbnail.Status, kind, err)
	}
	if other, _ := bob.get(http.MethodGet, file.Thumbnail); other.StatusCode != http.StatusNotFound {
		t.Errorf("another one's thumbnail: %s", other.Status)
	}
	get(&bob, http.MethodGet, http.StatusNotFound)
	get(&bob, http.MethodDelete, http.StatusNotFound)
	bob.refused(bob.post("/jobs", fmt.Sprintf(`{"styles":[{"file":%q}]}`, file.ID)), http.StatusUnprocessableEntity, "no file")
	alice.decode(alice.do(alice.request(http.MethodGet, "/jobs/"+file.ID, nil)), http.StatusNotFound, nil)
	get(alice, http.MethodDelete, http.StatusNoContent)
	get(alice, http.MethodGet, http.StatusNotFound)

	body, contentType = form(part{"picture", nil})
	r = alice.request(http.MethodPost, "/files", body)
	r.Header.Set("Content-Type", contentType)
	alice.refused(alice.do(r), http.StatusUnprocessableEntity, "expected file")
	alice.refused(alice.do(alice.request(http.MethodPost, "/files", nil)), http.StatusUnprocessableEntity, "empty")
}

// TestBatch checks that a batch makes a job of each pair, the same ones when it is
// repeated, and that one that does not fit can be completed.
func TestBatch(t *testing.T) {
	f := newServer(t, setup{job: job.Config{Queue: 5}})
	data, err := json.Marshal(pngOf(drawing(40, 40)))
	if err != nil {
		t.Fatal(err)
	}
	a, b := f.upload(pngOf(drawing(48, 32))).ID, f.upload(pngOf(drawing(32, 48))).ID
	body := fmt.Sprintf(`{"contents":[{"file":%q},{"file":%q}],"styles":[[{"data":%s}],[{"file":%[1]q},{"file":%[2]q}]],`+
		`"options":{"recipe":{"name":"classic","size":32,"iterations":1}},"labels":{"album":"c"}}`, a, b, data)
	var first, again api.BatchAnswer
	f.decode(f.post("/batches", body, "Idempotency-Key", "k"), http.StatusCreated, &first)
	f.decode(f.post("/batches", body, "Idempotency-Key", "k"), http.StatusCreated, &again)
	if len(first.Jobs) != 4 || first.ID != again.ID {
		t.Fatalf("%d jobs of batch %s, then batch %s", len(first.Jobs), first.ID, again.ID)
	}
	for i, j := range first.Jobs {
		if again.Jobs[i].ID != j.ID || j.Labels[api.BatchLabel] != first.ID || j.Labels["album"] != "c" {
			t.Errorf("job %d is %s with labels %v, then %s", i, j.ID, j.Labels, again.Jobs[i].ID)
		}
	}
	if n := len(first.Jobs[0].Inputs); n != 2 {
		t.Errorf("%d pictures of the first job, expected 2", n)
	}
	if n := len(first.Jobs[3].Inputs); n != 3 {
		t.Errorf("%d pictures of the last job, expected 3", n)
	}

	f.refused(f.post("/batches", body, "Idempotency-Key", "m"), http.StatusTooManyRequests, "1 of the 4 jobs were queued")
	for _, j := range first.Jobs {
		f.decode(f.do(f.request(http.MethodDelete, "/jobs/"+j.ID, nil)), http.StatusNoContent, nil)
	}
	f.eventually("the queue has places", func() bool { return f.jobs.Stats().Queued == 1 })
	f.decode(f.post("/batches", body, "Idempotency-Key", "m"), http.StatusCreated, &again)
	if n := f.jobs.Stats().Queued; len(again.Jobs) != 4 || n != 4 {
		t.Errorf("%d jobs of which %d wait, expected 4", len(again.Jobs), n)
	}
	f.refused(f.post("/batches", `{"contents":[],"styles":[]}`), http.StatusUnprocessableEntity, "expected 1 to 100")
}

// TestSlowUploadIsAnswered checks that the answer comes though the upload took longer
// than the server allows for an answer.
func TestSlowUploadIsAnswered(t *testing.T) {
	f := newServer(t, setup{})
	const writeTimeout = 200 * time.Millisecond
	server := studio.NewServer(f.handler, slog.New(slog.DiscardHandler))
	server.WriteTimeout = writeTimeout
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(listener) //nolint:errcheck // it ends with the test
	defer server.Close()
	body, contentType := form(quick()...)
	half := body.Len() / 2
	r := f.request(http.MethodPost, "/jobs", io.MultiReader(bytes.NewReader(body.Bytes()[:half]), sleeper(2*writeTimeout), bytes.NewReader(body.Bytes()[half:])))
	r.Host, r.URL.Host = f.Listener.Addr().String(), listener.Addr().String()
	r.Header.Set("Content-Type", contentType)
	f.decode(f.do(r), http.StatusCreated, nil)
}

// sleeper is a reader of nothing that takes a while.
type sleeper time.Duration

func (s sleeper) Read([]byte) (int, error) {
	time.Sleep(time.Duration(s))
	return 0, io.EOF
}

// TestClientsThatLeave checks that a client that leaves during its upload leaves no
// draft and no error behind.
func TestClientsThatLeave(t *testing.T) {
	log := &logged{}
	f := newServer(t, setup{Config: studio.Config{Log: slog.New(slog.NewTextHandler(log, nil))}})
	body, contentType := form(quick()...)
	for i := range 10 {
		ctx, cancel := context.WithCancel(t.Context())
		part := bytes.NewReader(body.Bytes()[:body.Len()*i/10])
		r := f.request(http.MethodPost, "/jobs", io.MultiReader(part, leaver(cancel))).WithContext(ctx)
		r.ContentLength = int64(body.Len())
		r.Header.Set("Content-Type", contentType)
		if answer, err := f.Client().Do(r); err == nil {
			answer.Body.Close()
			t.Errorf("status %d for a client that left", answer.StatusCode)
		}
		if err := f.jobs.Ready(t.Context()); err != nil {
			t.Errorf("not ready: %v", err)
		}
	}
	f.eventually("all requests are logged", func() bool { return strings.Count(log.String(), "msg=request") >= 10 })
	if strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("a client that leaves is no error of the server:\n%s", log)
	}
	if n := f.jobs.Stats().Queued; n != 0 {
		t.Errorf("%d jobs were queued", n)
	}
}

// leaver is a reader that leaves.
type leaver func()

func (l leaver) Read([]byte) (int, error) {
	l()
	return 0, context.Canceled
}

package job_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/video"
	"github.com/pastiche-art/pastiche/internal/videostyle"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// videoFrames returns frames of some shots: in each, a patch moves over tiles.
func videoFrames(shots, each int) (frames []*picture.Picture) {
	const w, h = 64, 48
	for shot := range shots {
		ground := picture.New(w, h)
		for i := range ground.RGB {
			x, y, c := i%w, i/w%h, i/(w*h)
			ground.RGB[i] = float32(40 + 50*((x/(3+shot)+y/(4+2*shot)+shot*c)%(2+shot%3)))
		}
		for n := range each {
			p := picture.New(w, h)
			copy(p.RGB, ground.RGB)
			for y := 8; y < 24; y++ {
				for x := 4 + 2*n; x < 20+2*n; x++ {
					for c := range 3 {
						p.RGB[(c*h+y)*w+x] = float32(60*shot + 20*c)
					}
				}
			}
			frames = append(frames, p)
		}
	}
	return frames
}

// someFrames are the frames of a slice.
type someFrames struct {
	frames []*picture.Picture
}

func (s *someFrames) Next(context.Context) (*picture.Picture, error) {
	if len(s.frames) == 0 {
		return nil, io.EOF
	}
	next := s.frames[0]
	s.frames = s.frames[1:]
	return next, nil
}

func (s *someFrames) Skip(_ context.Context, n int) error {
	s.frames = s.frames[n:]
	return nil
}

const videoQuick = `{"recipe":{"name":"classic","size":48,"iterations":3,"pyramid":1},"seed":3,"video":{"iterations":2}}`

// submitVideo submits a video.
func (s *server) submitVideo(t *testing.T, key string, frames []*picture.Picture, edits ...func(*job.Submission)) (r *job.Record, created bool) {
	t.Helper()
	d, err := s.Begin(t.Context(), "", key)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Discard()
	clip := job.Clip{Width: frames[0].W, Height: frames[0].H, Rate: video.Rational{Num: 25, Den: 1}, Next: (&someFrames{frames}).Next}
	if err := d.AddVideo(t.Context(), api.Content, clip); err != nil {
		t.Fatal(err)
	}
	if err := d.Add(t.Context(), api.Style, &picture.File{Picture: noise(40, 40, 2)}); err != nil {
		t.Fatal(err)
	}
	options, err := job.ParseOptions([]byte(videoQuick), nil)
	if err != nil {
		t.Fatal(err)
	}
	sub := job.Submission{Options: options, HasSize: true}
	for _, edit := range edits {
		edit(&sub)
	}
	r, created, err = d.Submit(t.Context(), sub)
	if err != nil {
		t.Fatal(err)
	}
	return r, created
}

// alone paints a video as the command does, and returns the files of the frames.
func alone(t *testing.T, frames []*picture.Picture) (files [][]byte) {
	t.Helper()
	options, err := job.ParseOptions([]byte(videoQuick), nil)
	if err != nil {
		t.Fatal(err)
	}
	state, err := videostyle.OpenState(filepath.Join(t.TempDir(), "state"), "")
	if err != nil {
		t.Fatal(err)
	}
	network, err := paint.DefaultNetwork(&options.Recipe)
	if err != nil {
		t.Fatal(err)
	}
	style := noise(40, 40, 2)
	err = videostyle.Paint(t.Context(), &someFrames{frames}, state, videostyle.Options{
		Paint:    paint.Options{Recipe: &options.Recipe, Network: network, Seed: options.Seed, Memory: memory},
		Regions:  func(context.Context, int) ([]paint.Region, error) { return paint.InMannerOf(style), nil },
		Temporal: videostyle.DefaultTemporal, Iterations: options.Video.Iterations,
	}, func(n int, painted *videostyle.Painted) {
		var b bytes.Buffer
		if err := picture.Encode(&b, painted.Picture, picture.PNG, picture.SaveOptions{}); err != nil {
			t.Error(err)
		}
		files = append(files, b.Bytes())
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// painted returns the files of the painted frames of a job.
func (s *server) painted(t *testing.T, r *job.Record) (files [][]byte) {
	t.Helper()
	for n := range r.Video.Frames {
		name, err := s.Painting(t.Context(), r, n, false)
		if err != nil {
			t.Fatalf("frame %d: %v", n, err)
		}
		b, err := s.Open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(b)
		b.Close()
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, data)
	}
	return files
}

func sameFiles(t *testing.T, got, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d frames, expected %d", len(got), len(want))
	}
	for n := range got {
		if !bytes.Equal(got[n], want[n]) {
			t.Errorf("frame %d is painted otherwise than by videostyle.Paint", n)
		}
	}
}

// TestVideo: two workers paint the shots of a video to the bytes of videostyle.Paint.
func TestVideo(t *testing.T) {
	t.Parallel()
	called := make(chan string, 10)
	s := open(t, t.TempDir(), func(c *job.Config) {
		c.Webhooks = func(_ context.Context, r *job.Record, state api.State) error {
			called <- r.ID + " " + string(state)
			return nil
		}
	})
	frames := videoFrames(4, 3)
	r, _ := s.submitVideo(t, "", frames, func(sub *job.Submission) {
		sub.Webhook = &api.Webhook{URL: "https://example.com", Events: []api.State{api.Running, api.Done}}
	})
	if len(r.Video.Shots) != 4 {
		t.Fatalf("shots %v, expected 4", r.Video.Shots)
	}
	s.work(t)
	s.work(t)
	r = s.in(t, r, api.Done)
	sameFiles(t, s.painted(t, r), alone(t, frames))
	for _, state := range []api.State{api.Running, api.Done} {
		if got := <-called; got != r.ID+" "+string(state) {
			t.Errorf("the webhook is called for %q, expected that the video is %s", got, state)
		}
	}
}

// TestVideoAfterKills: a worker that dies in the middle of a part, and a server that dies
// between parts, change no byte. A key stands for the video that was accepted.
func TestVideoAfterKills(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	frames := videoFrames(2, 3)
	s := open(t, dir)
	r, _ := s.submitVideo(t, "key", frames)
	if again, created := s.submitVideo(t, "key", frames); created || again.ID != r.ID {
		t.Errorf("the key stands for %s too (created %t)", again.ID, created)
	}
	// The worker's first two frames are stored, and then it is gone without a word.
	dying := &dyingBlobs{Store: s.blobs, after: 2, dead: make(chan struct{})}
	stop := s.work(t, func(w *job.Worker) { w.Blobs, w.Store = dying, dyingStore{w.Store, dying.dead} })
	<-dying.dead
	stop()
	s.stop()
	s = open(t, dir)
	s.work(t)
	r = s.in(t, r, api.Done)
	sameFiles(t, s.painted(t, r), alone(t, frames))
	if runs := r.Video.Painted[0].Runs; len(runs) != 2 || runs[1].From != 2 {
		t.Errorf("the first shot was painted in the runs %v, expected the second from frame 2 on", runs)
	}
}

// dyingBlobs blocks for good after so many paintings.
type dyingBlobs struct {
	blob.Store
	mu    sync.Mutex
	after int
	dead  chan struct{}
}

func (d *dyingBlobs) Put(ctx context.Context, name string, r io.Reader) (blob.Info, error) {
	d.mu.Lock()
	if strings.Contains(name, "painting-") && strings.HasSuffix(name, ".png") {
		d.after--
	}
	dies := d.after < 0
	d.mu.Unlock()
	if dies {
		select {
		case <-d.dead:
		default:
			close(d.dead)
		}
		<-ctx.Done()
		return blob.Info{}, context.Cause(ctx)
	}
	return d.Store.Put(ctx, name, r)
}

// dyingStore takes no change any more once its worker is dead.
type dyingStore struct {
	job.Store
	dead chan struct{}
}

func (d dyingStore) isDead() bool {
	select {
	case <-d.dead:
		return true
	default:
		return false
	}
}

func (d dyingStore) Replace(ctx context.Context, r *job.Record) error {
	if d.isDead() {
		return job.ErrStale
	}
	return d.Store.Replace(ctx, r)
}

func (d dyingStore) Load(ctx context.Context, owner, id string) (*job.Record, error) {
	r, err := d.Store.Load(ctx, owner, id)
	if err == nil && d.isDead() {
		r.Fence++ // as if another worker had the job
	}
	return r, err
}

// TestVideoCancelRetryDelete: parts and paintings end with their video, which counts as
// one job.
func TestVideoCancelRetryDelete(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, func(c *job.Config) { c.OwnerQueue = 1 })
	frames := videoFrames(2, 2)
	r, _ := s.submitVideo(t, "", frames)
	parts := func() int { return len(recordFiles(t, dir, r.ID+"-")) }
	eventually(t, "divided", func() bool { return parts() == 2 })
	if stats := s.Stats(); stats.Queued != 1 || stats.Running != 0 {
		t.Errorf("%d jobs are queued and %d running, expected 1 and 0", stats.Queued, stats.Running)
	}
	if _, err := s.Begin(t.Context(), "", ""); !errors.Is(err, job.ErrOwnerQueue) {
		t.Errorf("the queue of one place with a video in it takes another job: %v", err)
	}
	view := s.View(s.in(t, r, api.Queued))
	if view.Waiting == nil || view.Waiting.Position != 1 || view.Video == nil || view.Video.Painted != 0 {
		t.Errorf("waiting %+v, video %+v", view.Waiting, view.Video)
	}
	list, err := s.List(t.Context(), job.Listing{Limit: 10})
	if err != nil || len(list.Records) != 1 {
		t.Errorf("%d jobs are listed, %v", len(list.Records), err)
	}
	if _, err := s.Cancel(t.Context(), "", r.ID); err != nil {
		t.Fatal(err)
	}
	eventually(t, "without parts", func() bool { return parts() == 0 })
	if _, err := s.Retry(t.Context(), "", r.ID); err != nil {
		t.Fatal(err)
	}
	stop := s.work(t)
	r = s.in(t, r, api.Done)
	stop()
	sameFiles(t, s.painted(t, r), alone(t, frames))
	eventually(t, "without parts", func() bool { return parts() == 0 })
	view = s.View(r)
	if view.Video.Painted != len(frames) || view.Result == nil {
		t.Errorf("%+v, %+v", view.Video, view.Result)
	}
	if err := s.Delete(t.Context(), "", r.ID); err != nil {
		t.Fatal(err)
	}
	eventually(t, "without blobs", func() bool { return len(blobFiles(t, dir, r.ID)) == 0 })

	// A video that is deleted while it waits takes its parts along.
	r, _ = s.submitVideo(t, "", frames)
	eventually(t, "divided", func() bool { return parts() == 2 })
	if err := s.Delete(t.Context(), "", r.ID); err != nil {
		t.Fatal(err)
	}
	eventually(t, "without parts and blobs", func() bool { return parts() == 0 && len(blobFiles(t, dir, r.ID)) == 0 })
}

// recordFiles returns the files of records whose ids hold a text.
func recordFiles(t *testing.T, dir, text string) (all []string) {
	t.Helper()
	walk(t, os.DirFS(dir+"/records/records"), func(path string) {
		if strings.Contains(path, text) {
			all = append(all, path)
		}
	})
	return all
}

// TestVideoFails: a part that cannot be painted fails the video, which names its frames.
func TestVideoFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	r, _ := s.submitVideo(t, "", videoFrames(2, 2))
	for _, file := range blobFiles(t, dir, r.ID) {
		if strings.Contains(file, "frame-000003.png") {
			if err := os.Remove(filepath.Join(dir, "blobs", file)); err != nil {
				t.Fatal(err)
			}
		}
	}
	eventually(t, "divided", func() bool { return len(recordFiles(t, dir, r.ID+"-")) == 2 })
	part := mustLoad(t, s, r.ID+"-1-0001")
	part.FailedAttempts, part.Reason = 8, "the frame is lost"
	if err := s.store.Replace(t.Context(), part); err != nil {
		t.Fatal(err)
	}
	s.work(t)
	eventually(t, "failed", func() bool {
		var err error
		r, err = s.Get(t.Context(), "", r.ID)
		return err == nil && r.State == api.Failed
	})
	if !strings.HasPrefix(r.Error, "frames 3 to 4: given up") {
		t.Error(r.Error)
	}
	eventually(t, "without parts", func() bool { return len(recordFiles(t, dir, r.ID+"-")) == 0 })
}

func mustLoad(t *testing.T, s *server, id string) *job.Record {
	t.Helper()
	r, err := s.store.Load(t.Context(), "", id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestVideoOnCluster: a worker that is killed and a leader that stops while a video is
// painted on a cluster change no byte.
func TestVideoOnCluster(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 1)
	leader, other := c.open(t), c.open(t)
	frames := videoFrames(3, 2)
	r, _ := leader.submitVideo(t, "", frames)
	workers := []*exec.Cmd{c.worker().begin(t), c.worker().begin(t)}
	t.Cleanup(func() {
		for _, w := range workers {
			end(w)
		}
	})
	eventually(t, "begun", func() bool {
		now, err := other.Get(t.Context(), "", r.ID)
		return err == nil && now.State == api.Running
	})
	end(workers[0])
	workers[0] = c.worker().begin(t)
	leader.stop()
	r = other.in(t, r, api.Done)
	sameFiles(t, other.painted(t, r), alone(t, frames))
	if err := other.Delete(t.Context(), "", r.ID); err != nil {
		t.Fatal(err)
	}
	for shot := range r.Video.Shots {
		eventually(t, "without parts", func() bool {
			_, err := other.store.Load(t.Context(), "", fmt.Sprintf("%s-1-%04d", r.ID, shot))
			return errors.Is(err, job.ErrNotFound)
		})
	}
}

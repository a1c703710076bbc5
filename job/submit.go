package job

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/pastiche-art/pastiche/paint"
)

// Submit accepts a job: when it returns, the job will be painted, whatever is
// killed. created says whether the key of the request was new. Errors are those
// of [paint.Check] and [Store.Admit], and [ErrConflict].
func (s *Store) Submit(ctx context.Context, req Request) (j *Job, created bool, err error) {
	if err := s.Ready(); err != nil {
		return nil, false, err
	}
	regions, err := req.regions()
	if err != nil {
		return nil, false, err
	}
	if (req.Recipe.Init == paint.InitPicture) != (req.Init != nil) {
		return nil, false, &paint.OptionError{Option: "init", Reason: "expected a picture init with a recipe whose init is picture, and with no other"}
	}
	network, err := s.networks.of(&req.Recipe)
	if err != nil {
		return nil, false, err
	}
	memory := s.cfg.Memory
	if memory == 0 {
		memory = DefaultMemory
	}
	err = paint.Check(imageOf(req.Content), req.shape(), regions, paint.Options{
		Recipe: &req.Recipe, Network: network, Init: imageOf(req.Init), Seed: req.Seed, Memory: memory,
	})
	if err != nil {
		return nil, false, err
	}
	files, digest, err := req.encode()
	if err != nil {
		return nil, false, err
	}
	id := newID(req.Owner, req.Key)
	if old, err := s.load(ctx, id); err == nil {
		return old.same(digest)
	} else if !errors.Is(err, ErrNotFound) {
		return nil, false, err
	}
	r := &record{
		Job: Job{
			ID: id, Owner: req.Owner, State: Queued, Created: time.Now().UTC(), Options: req.Options,
			Content: req.Content != nil, Styles: len(req.Styles), Network: network.Name,
		},
		Request: digest, Memory: memory, Masks: len(req.Masks), StyleMasks: len(req.StyleMasks),
		Keep: req.Keep != nil, Init: req.Init != nil, Digest: network.Digest,
		Upload: strings.ToLower(rand.Text()),
	}
	var bytes int64
	for _, f := range files {
		r.Inputs = append(r.Inputs, f.input)
		bytes += int64(len(f.data))
	}
	if err := s.space(bytes); err != nil {
		return nil, false, err
	}
	if err := s.room(ctx); err != nil {
		return nil, false, err
	}
	if created, err := s.accept(ctx, r, files); err != nil || !created {
		for _, f := range files {
			s.drop(context.WithoutCancel(ctx), r.object(f.Name))
		}
		if err != nil {
			return nil, false, err
		}
		old, err := s.load(ctx, id)
		if err != nil {
			return nil, false, err
		}
		return old.same(digest)
	}
	// Should this fail, Maintain does it.
	if err := s.enqueue(ctx, id); err != nil {
		s.cfg.Log.Warn("job accepted, and not yet queued", "job", id, "error", err)
	}
	return &r.Job, true, nil
}

// accept stores the files of a job, and then its record: from there on it is
// accepted. It is not created where another request with its key came first.
func (s *Store) accept(ctx context.Context, r *record, files []file) (created bool, err error) {
	data, err := json.Marshal(r)
	if err != nil {
		return false, err
	}
	for _, f := range files {
		if err := s.put(ctx, r.object(f.Name), f.data); err != nil {
			return false, s.unavailable(err)
		}
	}
	ctx, cancel := s.bounded(ctx, len(data))
	defer cancel()
	_, err = s.records.Create(ctx, r.ID, data)
	if stale(err) {
		return false, nil
	}
	if s.watchful(err) != nil {
		return false, s.unavailable(err)
	}
	return true, nil
}

// unavailable says why something could not be stored.
func (s *Store) unavailable(err error) error {
	if full := s.space(0); full != nil {
		return full
	}
	return fmt.Errorf("%w: %w", ErrDown, err)
}

// same returns the job of a key that was used before.
func (r *record) same(request string) (*Job, bool, error) {
	if r.Request != request {
		return nil, false, ErrConflict
	}
	return &r.Job, false, nil
}

// room fails where too many jobs wait.
func (s *Store) room(ctx context.Context) error {
	info, err := s.queue.Info(ctx)
	if err != nil {
		return err
	}
	if info.State.Msgs >= uint64(s.cfg.Queue) {
		return ErrBusy
	}
	return nil
}

// newID returns an identifier that cannot be guessed, or that of an owner's key.
func newID(owner, key string) string {
	if key == "" {
		return strings.ToLower(rand.Text())
	}
	sum := sha256.Sum256([]byte(owner + "\x00" + key))
	return "k" + hex.EncodeToString(sum[:16])
}

// Cancel ends a job that is not final.
func (s *Store) Cancel(ctx context.Context, id string) (*Job, error) {
	r, err := s.change(ctx, id, func(r *record) error {
		if r.State.Final() {
			return stateError(r.State, "queued or running")
		}
		s.finish(r, Cancelled)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &r.Job, s.queue.Purge(ctx, jetstream.WithPurgeSubject(queueSubject+id))
}

// Retry queues a job again that failed or was cancelled, from the beginning.
// Errors are those of [Store.Ready], [ErrNotFound] and [ErrState].
func (s *Store) Retry(ctx context.Context, id string) (*Job, error) {
	if err := s.Ready(); err != nil {
		return nil, err
	}
	r, err := s.change(ctx, id, func(r *record) error {
		if r.State != Failed && r.State != Cancelled {
			return stateError(r.State, "failed or cancelled")
		}
		r.State, r.Error, r.Trouble, r.Progress, r.Fruitless, r.Checkpoint, r.Curve = Queued, "", "", nil, 0, "", nil
		r.Started, r.Finished, r.Expires = nil, nil, nil
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &r.Job, s.enqueue(ctx, id)
}

// Delete cancels a job and forgets it with all its pictures.
func (s *Store) Delete(ctx context.Context, id string) error {
	if _, err := s.Cancel(ctx, id); err != nil && !errors.Is(err, ErrState) {
		return err
	}
	r, err := s.load(ctx, id)
	if err != nil {
		return err
	}
	if err := s.records.Purge(ctx, id); err != nil {
		return err
	}
	for _, name := range r.objects() {
		s.drop(ctx, name)
	}
	return nil
}

func (s *Store) finish(r *record, state State) {
	now := time.Now().UTC()
	expires := now.Add(s.cfg.Keep)
	r.State, r.Finished, r.Expires = state, &now, &expires
}

// Content returns the picture of a job, PNG.
func (s *Store) Content(ctx context.Context, id string) ([]byte, error) {
	return s.inputOf(ctx, id, "content")
}

// Style returns a style of a job, from 0, PNG.
func (s *Store) Style(ctx context.Context, id string, i int) ([]byte, error) {
	return s.inputOf(ctx, id, styleName(i))
}

func (s *Store) inputOf(ctx context.Context, id, name string) ([]byte, error) {
	r, err := s.load(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.get(ctx, r.object(name))
}

// Preview returns the latest preview of a job, JPEG.
func (s *Store) Preview(ctx context.Context, id string) ([]byte, error) {
	return s.get(ctx, (&record{Job: Job{ID: id}}).previewObject())
}

// Result returns the painting of a job, PNG, with a note of how it was painted.
// The error is [ErrNotFound] or [ErrState].
func (s *Store) Result(ctx context.Context, id string) ([]byte, error) {
	r, err := s.load(ctx, id)
	if err != nil {
		return nil, err
	}
	if r.State != Done {
		return nil, stateError(r.State, string(Done))
	}
	return s.get(ctx, r.Result)
}

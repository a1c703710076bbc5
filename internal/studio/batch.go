package studio

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/job"
)

// maxBatch is how many jobs a batch may have.
const maxBatch = 100

type batchHeader struct {
	Key string `header:"Idempotency-Key" maxLength:"200" doc:"idempotency key: requests with the same key create one batch, also after a restart of the server"`
}

type batchAnswer struct{ Body *api.BatchAnswer }

func (s *server) batchOperation(humaAPI huma.API) {
	op := operation(tagJobs, http.MethodPost, "/batches", "submitBatch", "Submit many jobs", http.StatusConflict)
	op.Description = fmt.Sprintf("One job for each pair of a content and a group of styles, at most %d. "+
		"Where the queue has too few places, the problem says how many of the jobs were queued. These stay: "+
		"repeat the request with the same Idempotency-Key to queue the others.", maxBatch)
	op.DefaultStatus = http.StatusCreated
	receiving(s, humaAPI, op, []string{mimeJSON}, s.batch)
	schemas := humaAPI.OpenAPI().Components.Schemas
	humaAPI.OpenAPI().Paths[op.Path].Post.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		mimeJSON: {Schema: schemas.Schema(reflect.TypeFor[api.Batch](), true, "Batch")},
	}}
}

func (s *server) batch(ctx context.Context, header *batchHeader, b *body) (*batchAnswer, error) {
	var in struct {
		api.Batch
		Options json.RawMessage `json:"options"`
	}
	if err := strictJSON(b, &in); err != nil {
		return nil, malformed("%v", err)
	}
	jobs := len(in.Contents) * len(in.Styles)
	if jobs == 0 || jobs > maxBatch {
		return nil, malformed("%d contents with %d groups of styles are %d jobs: expected 1 to %d", len(in.Contents), len(in.Styles), jobs, maxBatch)
	}
	id := batchID(callerOf(ctx).owner, header.Key)
	labels := map[string]string{api.BatchLabel: id}
	maps.Copy(labels, in.Labels)
	labels[api.BatchLabel] = id
	sub, err := s.submission(in.Options, labels, "", in.Webhook)
	if err != nil {
		return nil, err
	}
	contents, styles, forget, err := s.batchPictures(ctx, b, &in.Batch)
	defer forget()
	if err != nil {
		return nil, err
	}
	answer := &api.BatchAnswer{ID: id, Jobs: []api.Job{}}
	for i, content := range contents {
		for k, group := range styles {
			key := ""
			if header.Key != "" {
				key = fmt.Sprintf("batch %s %d %d", header.Key, i, k)
			}
			r, err := s.submitStored(ctx, key, sub, content, group)
			if err != nil {
				return nil, fmt.Errorf("%d of the %d jobs were queued, with the label %s=%s: %w", len(answer.Jobs), jobs, api.BatchLabel, id, err)
			}
			answer.Jobs = append(answer.Jobs, *s.Jobs.View(r))
		}
	}
	return &batchAnswer{answer}, nil
}

// batchID returns the id of a batch: the same for the same idempotency key, and a
// random one without.
func batchID(owner, key string) string {
	if key == "" {
		return strings.ToLower(rand.Text())
	}
	sum := sha256.Sum256([]byte(owner + "\x00" + key))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:16]))
}

// batchPictures finds the pictures of a batch. Those that the request holds become
// uploaded files, so that they are decoded once; forget deletes them.
func (s *server) batchPictures(ctx context.Context, b *body, in *api.Batch) (contents []job.Input, styles [][]job.Input, forget func(), err error) {
	var files []string
	forget = func() {
		for _, id := range files {
			s.deleteFile(context.WithoutCancel(ctx), id) //nolint:errcheck // it expires
		}
	}
	find := func(name string, src api.Source) (job.Input, error) {
		if src.Data == nil || src.File != "" || src.Job != nil {
			found, err := s.stored(ctx, name, src)
			if err != nil {
				return job.Input{}, err
			}
			return *found, nil
		}
		r, err := s.store(ctx, b, bytes.NewReader(src.Data), name)
		if err != nil {
			return job.Input{}, err
		}
		files = append(files, r.ID)
		return r.Inputs[0], nil
	}
	for i, src := range in.Contents {
		found, err := find(fmt.Sprintf("contents[%d]", i), src)
		if err != nil {
			return nil, nil, forget, err
		}
		contents = append(contents, found)
	}
	for i, group := range in.Styles {
		if len(group) == 0 || len(group) > job.MaxStyles {
			return nil, nil, forget, malformed("styles[%d]: %d styles: expected 1 to %d", i, len(group), job.MaxStyles)
		}
		found := make([]job.Input, len(group))
		for k, src := range group {
			if found[k], err = find(fmt.Sprintf("styles[%d][%d]", i, k), src); err != nil {
				return nil, nil, forget, err
			}
		}
		styles = append(styles, found)
	}
	return contents, styles, forget, nil
}

// submitStored submits a job whose pictures are stored.
func (s *server) submitStored(ctx context.Context, key string, sub job.Submission, content job.Input, styles []job.Input) (*job.Record, error) {
	draft, err := s.Jobs.Begin(ctx, callerOf(ctx).owner, key)
	if err != nil {
		return nil, err
	}
	defer draft.Discard()
	if err := draft.AddFrom(ctx, api.Content, content); err != nil {
		return nil, err
	}
	for _, style := range styles {
		if err := draft.AddFrom(ctx, api.Style, style); err != nil {
			return nil, err
		}
	}
	r, created, err := draft.Submit(ctx, sub)
	if created {
		s.metrics.accepted.Inc()
	}
	return r, err
}

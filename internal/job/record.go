package job

import (
	"errors"
	"fmt"
	"image"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/paint"
)

// States of records that clients do not see as jobs, besides those of package api.
const (
	// Receiving is the state of a job whose pictures are being uploaded.
	Receiving api.State = "receiving"
	// Stored is the state of a record that holds an uploaded file instead of a
	// job.
	Stored api.State = "stored"
	// Deleted is the state of a job that its owner deleted. The record remains
	// until no worker can be storing pictures of it.
	Deleted api.State = "deleted"
)

// A Record is a job as a [Store] keeps it. It is JSON there. Only compare-and-set
// on its Revision changes it.
type Record struct {
	// Version is the least version of the format that has the record's fields. A process
	// does not touch the records of a version after [RecordVersion], whose fields it
	// would lose.
	Version int       `json:"version"`
	ID      string    `json:"id"`
	Owner   string    `json:"owner,omitempty"` // name of the API key; "" on a server without keys
	Key     string    `json:"key,omitempty"`   // idempotency key, hashed
	State   api.State `json:"state"`
	// Look says that the job is a quick look. It is in no list of jobs.
	Look bool `json:"look,omitempty"`

	Created  time.Time  `json:"created"`
	Started  *time.Time `json:"started,omitempty"`
	Finished *time.Time `json:"finished,omitempty"`
	// Retention is how long the record stays when it is finished, and Expires
	// when that ends.
	Retention time.Duration `json:"retention"`
	Expires   *time.Time    `json:"expires,omitempty"`

	Request  string            `json:"request,omitempty"` // digest of what was submitted
	Options  Options           `json:"options"`
	Labels   map[string]string `json:"labels,omitempty"`
	Share    string            `json:"share,omitempty"`    // secret of the address at which everybody sees the painting
	Priority int               `json:"priority,omitempty"` // within an owner's share, jobs of higher priority come first
	Inputs   []Input           `json:"inputs,omitempty"`
	Video    *Video            `json:"video,omitempty"` // of a job or an uploaded file that is a video
	Part     *Part             `json:"part,omitempty"`  // of a record that is a part of a video

	// Network, Digest and Memory decide the bytes of the painting: every worker
	// paints with the same.
	Network string `json:"network,omitempty"`
	Digest  string `json:"digest,omitempty"` // of the network
	Memory  int64  `json:"memory,omitempty"` // bytes

	// Fence counts the claims. Only the worker of the latest claim may change
	// the record.
	Fence    uint64 `json:"fence,omitempty"`
	Attempts int    `json:"attempts,omitempty"`
	// FailedAttempts counts the attempts since the last checkpoint, Commits the
	// paintings that could not be stored.
	FailedAttempts int    `json:"failed_attempts,omitempty"`
	Commits        int    `json:"commits,omitempty"`
	Reason         string `json:"reason,omitempty"` // why the last attempt ended without a result
	// Checkpoint and Preview name blobs, Progress is that of the checkpoint.
	Checkpoint string        `json:"checkpoint,omitempty"`
	Preview    string        `json:"preview,omitempty"`
	Progress   *api.Progress `json:"progress,omitempty"`
	Curve      []api.Sample  `json:"curve,omitempty"` // up to the checkpoint

	Result *Result `json:"result,omitempty"`
	Error  string  `json:"error,omitempty"`

	Webhook *api.Webhook `json:"webhook,omitempty"`
	// Undelivered holds the states that the webhook has yet to be called with.
	Undelivered []api.State `json:"undelivered,omitempty"`

	// Revision is what the store compares; it grows with every change.
	Revision uint64 `json:"-"`
}

// RecordVersion is the newest version of records that this process reads and writes.
// Version 2 has videos and their parts; other records are written as version 1, which
// older processes read.
const RecordVersion = 2

// version returns the least version that has the record's fields.
func (r *Record) version() int {
	if r.Video != nil || r.Part != nil {
		return RecordVersion
	}
	return 1
}

// Active reports whether a server or worker still has to work on a record. Stores keep
// the few active records apart from the many others.
func (r *Record) Active() bool {
	switch r.State {
	case Receiving, api.Queued, api.Running:
		return true
	}
	return len(r.Undelivered) > 0 || r.Video != nil && r.Video.Parts != ""
}

// Looks in the States of a [Query] asks for the finished looks of an owner. No record has
// this state: a look is done, failed or cancelled like any other job.
const Looks api.State = "look"

// Parts is the list of the finished parts of videos, as [Looks] is that of looks.
const Parts api.State = "part"

// List returns the name of the list in which a store keeps the record when it is not
// active: the state of a job, [Looks] or [Parts], so that pages and totals of jobs are
// read without looks and parts, which are many and short-lived.
func (r *Record) List() api.State {
	switch {
	case r.Look && r.State.Final():
		return Looks
	case r.Part != nil && r.State.Final():
		return Parts
	}
	return r.State
}

// IsJob reports whether clients see the record as a job.
func (r *Record) IsJob() bool {
	return r.State != Receiving && r.State != Stored && r.State != Deleted && r.Part == nil
}

// Input is an input picture of a record. Its file is a PNG.
type Input struct {
	Role   api.Role `json:"role"`
	Number int      `json:"number,omitempty"`
	Width  int      `json:"width"`
	Height int      `json:"height"`
	Blob   string   `json:"blob"`
	Thumb  string   `json:"thumb,omitempty"` // blob of a JPEG
	// Warnings are what the picture lost when it was read.
	Warnings []string `json:"warnings,omitempty"`
	blob.Info
}

// Result is the finished painting of a record, a PNG.
type Result struct {
	Blob   string `json:"blob"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	blob.Info
	Thumb string    `json:"thumb,omitempty"` // blob of a JPEG
	Curve string    `json:"curve,omitempty"` // blob of an api.Curve
	Steps int       `json:"steps"`
	Faces int       `json:"faces,omitempty"`
	Costs api.Costs `json:"costs"`
}

// Options are those of package api with a typed, complete recipe.
type Options struct {
	Recipe       paint.Recipe    `json:"recipe"`
	Strength     *paint.Strength `json:"strength,omitempty"`
	StyleWeights []float64       `json:"style_weights,omitempty"`
	StyleScales  []float64       `json:"style_scales,omitempty"`
	Seed         uint64          `json:"seed,omitempty"`
	Shape        []int           `json:"shape,omitempty"`
	// Video is for jobs that paint a video; nil is the defaults.
	Video *api.VideoOptions `json:"video,omitempty"`
}

func (o *Options) shape() image.Point {
	if len(o.Shape) != 2 {
		return image.Point{}
	}
	return image.Pt(o.Shape[0], o.Shape[1])
}

// Errors of a [Store] and a [Service], besides those of [paint.Check].
var (
	ErrNotFound = errors.New("no such job, file or picture: it was deleted, or its retention is over")
	ErrDown     = errors.New("the job store does not answer: try again soon")
	ErrState    = errors.New("not possible now")
	// ErrStale is the error of a change to a record that has changed since it
	// was loaded.
	ErrStale = errors.New("the record has changed since it was loaded")
)

// A KeyError says that an owner's idempotency key stands for a record that exists.
type KeyError struct{ ID string }

func (e *KeyError) Error() string { return "the idempotency key belongs to job " + e.ID }

// A DamagedError says that a record cannot be read.
type DamagedError struct {
	ID  string
	Err error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("the record of job %s is damaged: %v; other jobs are not affected", e.ID, e.Err)
}

func (e *DamagedError) Unwrap() error { return e.Err }
